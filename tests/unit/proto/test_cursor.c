#include "proto/cursor.h"

#include "support/cmocka.h"

static struct cursor cursor_of(const char *bytes, size_t length)
{
	return (struct cursor){(const uint8_t *)bytes, (const uint8_t *)bytes + length};
}

#define CURSOR(literal) cursor_of(literal, sizeof(literal) - 1)

static void integers_are_read_in_their_shortest_form(void **state)
{
	struct cursor cursor = CURSOR("\x00\x7f\x80\x01\xac\x02");
	struct cursor largest = CURSOR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	uint64_t value;

	(void)state;
	assert_int_equal(cursor_varint(&cursor, &value), WIRE_OK);
	assert_int_equal(value, 0);
	assert_int_equal(cursor_varint(&cursor, &value), WIRE_OK);
	assert_int_equal(value, 127);
	assert_int_equal(cursor_varint(&cursor, &value), WIRE_OK);
	assert_int_equal(value, 128);
	assert_int_equal(cursor_varint(&cursor, &value), WIRE_OK);
	assert_int_equal(value, 300);
	assert_ptr_equal(cursor.at, cursor.end);
	assert_int_equal(cursor_varint(&largest, &value), WIRE_OK);
	assert_true(value == UINT64_MAX);
}

static void a_longer_form_of_an_integer_is_refused(void **state)
{
	struct cursor zero = CURSOR("\x80\x00"), one = CURSOR("\x81\x80\x00");
	uint64_t value = 99;

	(void)state;
	assert_int_equal(cursor_varint(&zero, &value), WIRE_BAD_VARINT);
	assert_int_equal(cursor_varint(&one, &value), WIRE_BAD_VARINT);
	assert_int_equal(value, 99);
}

static void an_integer_above_64_bits_is_refused(void **state)
{
	struct cursor large = CURSOR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
	struct cursor long_one = CURSOR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01");
	uint64_t value;

	(void)state;
	assert_int_equal(cursor_varint(&large, &value), WIRE_BAD_VARINT);
	assert_int_equal(cursor_varint(&long_one, &value), WIRE_BAD_VARINT);
}

static void a_cut_value_is_truncated(void **state)
{
	struct cursor empty = CURSOR(""), varint = CURSOR("\xff\xff"), fixed = CURSOR("\1\2\3");
	struct cursor content = CURSOR("\3ab"), rest;
	uint64_t value;
	uint32_t value32;

	(void)state;
	assert_int_equal(cursor_varint(&empty, &value), WIRE_TRUNCATED);
	assert_int_equal(cursor_varint(&varint, &value), WIRE_TRUNCATED);
	assert_int_equal(cursor_fixed32(&fixed, &value32), WIRE_TRUNCATED);
	assert_int_equal(cursor_content(&content, &rest), WIRE_TRUNCATED);
}

static void a_length_of_any_size_is_compared_without_overflow(void **state)
{
	struct cursor cursor = CURSOR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
				      "ab");
	struct cursor rest;

	(void)state;
	assert_int_equal(cursor_content(&cursor, &rest), WIRE_TRUNCATED);
}

static void content_and_fixed_values_move_the_cursor_on(void **state)
{
	struct cursor cursor = CURSOR("\2ab\0\1\2\3\4"), content;
	uint32_t value;

	(void)state;
	assert_int_equal(cursor_content(&cursor, &content), WIRE_OK);
	assert_int_equal(content.end - content.at, 2);
	assert_memory_equal(content.at, "ab", 2);
	assert_int_equal(cursor_content(&cursor, &content), WIRE_OK);
	assert_ptr_equal(content.at, content.end);
	assert_int_equal(cursor_fixed32(&cursor, &value), WIRE_OK);
	assert_int_equal(value, 0x04030201);
	assert_ptr_equal(cursor.at, cursor.end);
}

/* The boundaries of RFC 3629, section 4. */
static void utf8_is_checked_strictly(void **state)
{
	const struct {
		struct str text;
		enum wire_error expected;
	} cases[] = {
		{STR(""), WIRE_OK},
		{STR("alice"), WIRE_OK},
		{STR("\x7f"), WIRE_OK},
		{STR("\xc2\x80"), WIRE_OK},
		{STR("\xdf\xbf"), WIRE_OK},
		{STR("\xe0\xa0\x80"), WIRE_OK},
		{STR("\xed\x9f\xbf"), WIRE_OK},
		{STR("\xee\x80\x80"), WIRE_OK},
		{STR("\xef\xbf\xbf"), WIRE_OK},
		{STR("\xf0\x90\x80\x80"), WIRE_OK},
		{STR("\xf4\x8f\xbf\xbf"), WIRE_OK},
		{STR("\0"), WIRE_NUL},
		{STR("alice\0admin"), WIRE_NUL},
		{STR("\x80"), WIRE_NOT_UTF8},
		{STR("\xbf"), WIRE_NOT_UTF8},
		{STR("\xc0\x80"), WIRE_NOT_UTF8},     /* an overlong NUL */
		{STR("\xc1\xbf"), WIRE_NOT_UTF8},     /* overlong */
		{STR("\xc2"), WIRE_NOT_UTF8},         /* cut */
		{STR("\xc2\xc0"), WIRE_NOT_UTF8},     /* no continuation */
		{STR("\xe0\x9f\xbf"), WIRE_NOT_UTF8}, /* overlong */
		{STR("\xe1\x80"), WIRE_NOT_UTF8},     /* cut */
		{STR("\xe1\x80\x7f"), WIRE_NOT_UTF8},
		{STR("\xed\xa0\x80"), WIRE_NOT_UTF8}, /* surrogates */
		{STR("\xed\xbf\xbf"), WIRE_NOT_UTF8},
		{STR("\xf0\x8f\xbf\xbf"), WIRE_NOT_UTF8}, /* overlong */
		{STR("\xf1\x80\x80"), WIRE_NOT_UTF8},     /* cut */
		{STR("\xf1\x80\x80\xc0"), WIRE_NOT_UTF8},
		{STR("\xf4\x90\x80\x80"), WIRE_NOT_UTF8}, /* above U+10FFFF */
		{STR("\xf5\x80\x80\x80"), WIRE_NOT_UTF8},
		{STR("\xff"), WIRE_NOT_UTF8},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cursor text = cursor_of(cases[i].text.ptr, cases[i].text.length);

		if (cursor_check_text(text) != cases[i].expected)
			fail_msg("case %zu: %s", i, wire_error_text(cursor_check_text(text)));
	}
}

/* ASCII is looked at in words. */
static void a_byte_that_is_wrong_is_found_wherever_it_stands(void **state)
{
	const struct {
		char byte;
		enum wire_error expected;
	} cases[] = {
		{'\0', WIRE_NUL},        {'\x01', WIRE_OK},       {'\x7f', WIRE_OK},
		{'\x80', WIRE_NOT_UTF8}, {'\x81', WIRE_NOT_UTF8}, {'\xff', WIRE_NOT_UTF8},
	};
	char text[20];

	(void)state;
	for (size_t at = 0; at < sizeof(text); at++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			memset(text, '\x01', sizeof(text));
			text[at] = cases[i].byte;
			assert_int_equal(cursor_check_text(cursor_of(text, sizeof(text))),
					 cases[i].expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_read_in_their_shortest_form),
		cmocka_unit_test(a_longer_form_of_an_integer_is_refused),
		cmocka_unit_test(an_integer_above_64_bits_is_refused),
		cmocka_unit_test(a_cut_value_is_truncated),
		cmocka_unit_test(a_length_of_any_size_is_compared_without_overflow),
		cmocka_unit_test(content_and_fixed_values_move_the_cursor_on),
		cmocka_unit_test(utf8_is_checked_strictly),
		cmocka_unit_test(a_byte_that_is_wrong_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
