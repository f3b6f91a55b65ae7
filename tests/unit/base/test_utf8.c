#include "support/cmocka.h"

#include "base/attributes.h"
#include "base/utf8.h"

/* RFC 3629, section 4, gives the valid sequences as ranges of bytes. This reads the same table, by
 * another way than the decoder: the length of the valid sequence at the start, 0 for none. */
static size_t by_the_table(const unsigned char *p, size_t length)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t length;
	} rows[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	if (length != 0 && p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (length < rows[i].length || p[0] < rows[i].first_low ||
		    p[0] > rows[i].first_high || p[1] < rows[i].second_low ||
		    p[1] > rows[i].second_high)
			continue;
		for (size_t j = 2; j < rows[i].length; j++) {
			if (p[j] < 0x80 || p[j] > 0xbf)
				return 0;
		}
		return rows[i].length;
	}
	return 0;
}

static void decodes_exactly_what_rfc_3629_allows(void **state)
{
	static const unsigned char tails[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
	uint32_t code_point;

	(void)state;
	for (unsigned first = 0; first <= 0xff; first++) {
		for (unsigned second = 0; second <= 0xff; second++) {
			for (size_t i = 0; i < ARRAY_COUNT(tails) * ARRAY_COUNT(tails); i++) {
				unsigned char p[] = {(unsigned char)first, (unsigned char)second,
						     tails[i / ARRAY_COUNT(tails)],
						     tails[i % ARRAY_COUNT(tails)]};

				for (size_t length = 0; length <= sizeof(p); length++)
					assert_int_equal(utf8_decode(str_make((char *)p, length),
								     &code_point),
							 by_the_table(p, length));
			}
		}
	}
}

static void every_scalar_value_comes_back(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char bytes[UTF8_MAX_BYTES];
		uint32_t back = 0;
		size_t length;

		if (c == 0xd800)
			c = 0xe000;
		length = utf8_encode(c, bytes);
		assert_int_equal(length, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
		assert_int_equal(utf8_decode(str_make(bytes, length), &back), length);
		assert_int_equal(back, c);
	}
}

static void a_failure_leaves_the_code_point(void **state)
{
	uint32_t code_point = 77;

	(void)state;
	assert_int_equal(utf8_decode(STR("\xed\xa0\x80"), &code_point), 0);
	assert_int_equal(utf8_decode(str_make(NULL, 0), &code_point), 0);
	assert_int_equal(code_point, 77);
}

static void the_valid_part_of_a_text_ends_before_the_first_bad_byte(void **state)
{
	static const struct {
		struct str text;
		size_t valid;
	} cases[] = {
		{{NULL, 0}, 0},
		{{"plain", 5}, 5},
		{{"nul\0inside", 10}, 10},
		{{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x92", 9}, 9},
		{{"ab\xff", 3}, 2},
		{{"ab\xf0\x9f\x94", 5}, 2},   /* cut short */
		{{"\xc0\xaf", 2}, 0},         /* overlong "/" */
		{{"a\xed\xb2\x80z", 5}, 1},   /* half of a surrogate pair */
		{{"\xf4\x90\x80\x80", 4}, 0}, /* U+110000 */
		{{"\xef\xbf\xbf"
		  "a\x80z",
		  6},
		 4}, /* U+FFFF is a scalar value */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(utf8_valid_length(cases[i].text), cases[i].valid);
		assert_int_equal(utf8_valid(cases[i].text), cases[i].valid == cases[i].text.length);
	}
}

static void a_bad_byte_is_found_wherever_it_stands(void **state)
{
	char text[40];

	(void)state;
	for (size_t at = 0; at < sizeof(text); at++) {
		memset(text, 'a', sizeof(text));
		text[at] = (char)0xff;
		assert_int_equal(utf8_valid_length(str_make(text, sizeof(text))), at);
	}
	memset(text, 'a', sizeof(text));
	assert_true(utf8_valid(str_make(text, sizeof(text))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_exactly_what_rfc_3629_allows),
		cmocka_unit_test(every_scalar_value_comes_back),
		cmocka_unit_test(a_failure_leaves_the_code_point),
		cmocka_unit_test(the_valid_part_of_a_text_ends_before_the_first_bad_byte),
		cmocka_unit_test(a_bad_byte_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
