#include "support/cmocka.h"

#include "base/attributes.h"
#include "base/casefold.h"
#include "base/casefold_table.h"
#include "base/utf8.h"
#include "support/fault.h"

enum { LAST_CODE_POINT = 0x10ffff, MAPPING_COUNT_15_0 = 1454 };

static void letters_of_many_scripts_lose_their_case(void **state)
{
	static const struct {
		uint32_t from, to;
	} pairs[] = {
		{'A', 'a'},       {'Z', 'z'},           {'a', 'a'},         {'@', '@'},
		{'[', '['},       {0xb5, 0x3bc},        {0xc4, 0xe4},       {0xd7, 0xd7},
		{0xdf, 0xdf},     {0x100, 0x101},       {0x101, 0x101},     {0x178, 0xff},
		{0x17f, 's'},     {0x3a3, 0x3c3},       {0x3c2, 0x3c3},     {0x416, 0x436},
		{0x531, 0x561},   {0x10a0, 0x2d00},     {0x1e9e, 0xdf},     {0x212a, 'k'},
		{0x2126, 0x3c9},  {0xff21, 0xff41},     {0x10400, 0x10428}, {0x1e900, 0x1e922},
		{0x4e00, 0x4e00}, {0x10ffff, 0x10ffff},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
		assert_int_equal(casefold_code_point(pairs[i].from), pairs[i].to);
}

static void turkic_and_multiple_foldings_are_left_out(void **state)
{
	(void)state;
	assert_int_equal(casefold_code_point(0x130), 0x130);
	assert_int_equal(casefold_code_point('I'), 'i');
	assert_int_equal(casefold_code_point(0xfb01), 0xfb01);
}

static void the_table_holds_all_simple_mappings_of_its_unicode_version(void **state)
{
	size_t mapping_count = 0;

	(void)state;
	for (uint32_t c = 0; c <= LAST_CODE_POINT; c++)
		mapping_count += casefold_code_point(c) != c;
	assert_int_equal(mapping_count, MAPPING_COUNT_15_0);
}

static void folding_twice_is_folding_once(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= LAST_CODE_POINT; c++) {
		uint32_t folded = casefold_code_point(c);
		assert_int_equal(casefold_code_point(folded), folded);
	}
}

static void the_ranges_ascend_without_overlap(void **state)
{
	(void)state;
	for (size_t i = 0; i < casefold_range_count; i++) {
		const struct casefold_range *range = &casefold_ranges[i];
		assert_true(range->first <= range->last);
		assert_true(range->step == 1 || range->step == 2);
		assert_true(i == 0 || casefold_ranges[i - 1].last < range->first);
	}
}

static void a_text_that_folding_does_not_change_is_not_copied(void **state)
{
	struct arena arena;
	struct str text = STR("contoso\\alice \xc3\xa4\xe4\xb8\x80");

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_ptr_equal(casefold(&arena, text).ptr, text.ptr);
	assert_ptr_equal(casefold(&arena, STR("")).length, 0);
	assert_int_equal(arena.used_bytes, 0);
	arena_deinit(&arena);
}

static void a_text_may_shrink_and_grow_by_folding(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_str_equal(casefold(&arena, STR("A\xe2\x84\xaa\xc8\xba!")), "ak\xe2\xb1\xa5!");
	assert_str_equal(casefold(&arena, STR("\xd0\x96\xd0\xb6")), "\xd0\xb6\xd0\xb6");
	assert_int_equal(casefold(&arena, STR("A\0B")).length, 3);
	arena_deinit(&arena);
}

static void without_memory_there_is_no_text(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	fault_arm(0, FAULT_ONCE);
	assert_null(casefold(&arena, STR("ALICE")).ptr);
	assert_true(fault_disarm());
	arena_deinit(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_of_many_scripts_lose_their_case),
		cmocka_unit_test(turkic_and_multiple_foldings_are_left_out),
		cmocka_unit_test(the_table_holds_all_simple_mappings_of_its_unicode_version),
		cmocka_unit_test(folding_twice_is_folding_once),
		cmocka_unit_test(the_ranges_ascend_without_overlap),
		cmocka_unit_test(a_text_that_folding_does_not_change_is_not_copied),
		cmocka_unit_test(a_text_may_shrink_and_grow_by_folding),
		cmocka_unit_test(without_memory_there_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
