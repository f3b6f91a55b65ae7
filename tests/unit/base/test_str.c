#include "support/cmocka.h"

#include "base/attributes.h"
#include "base/str.h"

static const struct str nothing = {NULL, 0};

static void a_slice_of_a_text_has_its_length(void **state)
{
	(void)state;
	assert_int_equal(str_from("four").length, 4);
	assert_int_equal(str_from(NULL).length, 0);
	assert_int_equal(STR("a\0b").length, 3);
	assert_int_equal(STR("").length, 0);
}

static void equality_is_by_bytes(void **state)
{
	(void)state;
	assert_true(str_equal(STR("a\0b"), str_make("a\0bc", 3)));
	assert_false(str_equal(STR("a\0b"), STR("a\0c")));
	assert_false(str_equal(STR("a"), STR("ab")));
	assert_true(str_equal(nothing, STR("")));
}

static void order_is_by_unsigned_bytes_and_then_length(void **state)
{
	static const struct str sorted[] = {
		{NULL, 0}, {"\0", 1}, {"A", 1}, {"Aa", 2}, {"B", 1}, {"\x7f", 1}, {"\x80", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sorted); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(sorted); j++) {
			int order = str_compare(sorted[i], sorted[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
	(void)state;
	assert_true(str_equal_ascii_case(STR("AZaz09"), STR("azAZ09")));
	assert_false(str_equal_ascii_case(STR("@"), STR("`")));
	assert_false(str_equal_ascii_case(STR("["), STR("{")));
	assert_false(str_equal_ascii_case(STR("\xc3\x84"), STR("\xc3\xa4")));
	assert_false(str_equal_ascii_case(STR("a"), STR("ab")));
	assert_true(str_equal_ascii_case(nothing, STR("")));
}

static void starts_and_ends_are_found_up_to_the_whole(void **state)
{
	(void)state;
	assert_true(str_starts_with(STR("abc"), STR("")));
	assert_true(str_starts_with(STR("abc"), STR("abc")));
	assert_false(str_starts_with(STR("abc"), STR("abcd")));
	assert_false(str_starts_with(STR("abc"), STR("b")));
	assert_true(str_ends_with(STR("abc"), STR("")));
	assert_true(str_ends_with(STR("abc"), STR("bc")));
	assert_true(str_ends_with(STR("abc"), STR("abc")));
	assert_false(str_ends_with(STR("abc"), STR("zabc")));
	assert_false(str_ends_with(STR("abc"), STR("ab")));
	assert_true(str_starts_with(nothing, nothing));
	assert_true(str_ends_with(nothing, nothing));
}

static void the_first_byte_is_found(void **state)
{
	struct str s = STR("a\0b\0");

	(void)state;
	assert_ptr_equal(str_find_byte(s, '\0'), s.ptr + 1);
	assert_ptr_equal(str_find_byte(s, 'b'), s.ptr + 2);
	assert_null(str_find_byte(s, 'c'));
	assert_null(str_find_byte(str_make(s.ptr, 2), 'b'));
	assert_null(str_find_byte(nothing, 'a'));
}

static void numbers_are_read_up_to_the_largest(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{"0", 0},
		{"9", 9},
		{"10", 10},
		{"18446744073709551609", UINT64_MAX - 6},
		{"18446744073709551615", UINT64_MAX},
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		value = 1;
		assert_true(str_to_u64(str_from(good[i].text), &value));
		assert_int_equal(value, good[i].value);
	}
}

static void what_is_not_exactly_a_number_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"00",
		"01",
		"+1",
		"-1",
		" 1",
		"1 ",
		"1a",
		"/",
		":",
		"18446744073709551616",
		"18446744073709551620",
		"99999999999999999999",
	};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(str_to_u64(str_from(bad[i]), &value));
	assert_false(str_to_u64(STR("1\0"), &value));
	assert_int_equal(value, 7);
}

static void hexadecimal_digits_have_values_in_either_case(void **state)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	int digits = 0;

	(void)state;
	for (int i = 0; i < 16; i++) {
		assert_int_equal(str_hex_digit(lower[i]), i);
		assert_int_equal(str_hex_digit(upper[i]), i);
	}
	for (int byte = 0; byte < 256; byte++)
		digits += str_hex_digit((char)byte) >= 0;
	assert_int_equal(digits, 22);
}

static void a_noun_goes_with_its_count(void **state)
{
	(void)state;
	assert_string_equal(count_noun(0, "policy", "policies"), "policies");
	assert_string_equal(count_noun(1, "policy", "policies"), "policy");
	assert_string_equal(count_noun(2, "policy", "policies"), "policies");
	assert_string_equal(count_noun(UINT64_MAX, "policy", "policies"), "policies");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_of_a_text_has_its_length),
		cmocka_unit_test(a_noun_goes_with_its_count),
		cmocka_unit_test(equality_is_by_bytes),
		cmocka_unit_test(order_is_by_unsigned_bytes_and_then_length),
		cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
		cmocka_unit_test(starts_and_ends_are_found_up_to_the_whole),
		cmocka_unit_test(the_first_byte_is_found),
		cmocka_unit_test(numbers_are_read_up_to_the_largest),
		cmocka_unit_test(what_is_not_exactly_a_number_is_refused),
		cmocka_unit_test(hexadecimal_digits_have_values_in_either_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
