#include "support/cmocka.h"

#include <string.h>

#include "base/hex.h"

static void bytes_become_pairs_of_digits_and_bytes_again(void **state)
{
	uint8_t bytes[256], again[sizeof(bytes)];
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	buf_init(&out, SIZE_MAX);
	hex_append(&out, bytes, sizeof(bytes));
	assert_int_equal(out.length, 2 * sizeof(bytes));
	assert_true(str_starts_with(buf_str(&out), STR("000102")));
	assert_true(str_ends_with(buf_str(&out), STR("feff")));
	assert_true(hex_parse(buf_str(&out), again, sizeof(again)));
	assert_memory_equal(again, bytes, sizeof(bytes));
	buf_deinit(&out);
}

static void either_case_is_read(void **state)
{
	uint8_t bytes[2];

	(void)state;
	assert_true(hex_parse(STR("aBCd"), bytes, sizeof(bytes)));
	assert_int_equal(bytes[0], 0xab);
	assert_int_equal(bytes[1], 0xcd);
	assert_true(hex_parse(STR(""), bytes, 0));
}

static void another_text_is_refused_and_nothing_written(void **state)
{
	static const char *const texts[] = {"",       "ab",   "abc",  "abcde",
					    "abcdef", "abcg", "gbcd", " abc"};
	uint8_t bytes[2] = {1, 2};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(hex_parse(str_from(texts[i]), bytes, sizeof(bytes)));
		assert_int_equal(bytes[0], 1);
		assert_int_equal(bytes[1], 2);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_pairs_of_digits_and_bytes_again),
		cmocka_unit_test(either_case_is_read),
		cmocka_unit_test(another_text_is_refused_and_nothing_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
