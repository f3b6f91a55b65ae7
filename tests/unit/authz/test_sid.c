#include "support/cmocka.h"

#include "authz/sid.h"
#include "base/attributes.h"

static void canonical_texts_are_accepted(void **state)
{
	static const char *const texts[] = {
		"S-1-0-0",
		"S-1-1-0",
		"S-1-5-18",
		"S-1-5-32-544",
		"S-1-5-21-0-4294967295-3-1001",
		"S-1-4294967295-1",
		"S-1-0x000100000000-1",
		"S-1-0xffffffffffff-1",
		"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_true(sid_valid(str_from(texts[i])));
}

static void other_spellings_of_a_sid_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"S",
		"S-1-",
		"S-1-5",
		"S-1-5-",
		"s-1-5-18",
		"S-2-5-18",
		"S-01-5-18",
		"S-1-05-18",
		"S-1-5-018",
		"S-1-5-+18",
		"S-1-5--18",
		"S-1-5-18-",
		"S-1-5-18 ",
		" S-1-5-18",
		"S-1-5-18\n",
		"S-1-5-0x12",
		"S-1-0x5-18",
		"S-1-0x000000000005-18",
		"S-1-0x0000ffffffff-18",
		"S-1-0xFFFFFFFFFFFF-18",
		"S-1-0xfffffffffffff-18",
		"S-1-0x-18",
		"S-1--18",
		"BA",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_false(sid_valid(str_from(texts[i])));
	assert_false(sid_valid(STR("S-1-5-18\0")));
	assert_false(sid_valid(STR("S-1-5\0-18")));
}

static void numbers_end_at_32_bits_and_lists_at_15(void **state)
{
	(void)state;
	assert_true(sid_valid(STR("S-1-5-4294967295")));
	assert_false(sid_valid(STR("S-1-5-4294967296")));
	assert_false(sid_valid(STR("S-1-5-18446744073709551616")));
	assert_false(sid_valid(STR("S-1-4294967296-1")));
	assert_false(sid_valid(STR("S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16")));
}

static void the_longest_sid_has_the_longest_text(void **state)
{
	char text[SID_MAX_BYTES + 1] = "S-1-0xffffffffffff";

	(void)state;
	for (int i = 0; i < SID_SUB_AUTHORITIES_MAX; i++)
		strcat(text, "-4294967295");
	assert_true(sid_valid(str_from(text)));
	assert_true(strlen(text) <= SID_MAX_BYTES);
}

static void a_logon_has_exactly_two_numbers(void **state)
{
	static const char *const others[] = {"S-1-5-5",      "S-1-5-5-0",    "S-1-5-5-0-1-2",
					     "S-1-5-50-0-1", "S-1-5-15-0-1", "S-1-5-32-544"};

	(void)state;
	assert_true(sid_is_logon(STR("S-1-5-5-0-123456")));
	assert_true(sid_is_logon(STR("S-1-5-5-4294967295-0")));
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_false(sid_is_logon(str_from(others[i])));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_texts_are_accepted),
		cmocka_unit_test(other_spellings_of_a_sid_are_refused),
		cmocka_unit_test(numbers_end_at_32_bits_and_lists_at_15),
		cmocka_unit_test(the_longest_sid_has_the_longest_text),
		cmocka_unit_test(a_logon_has_exactly_two_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
