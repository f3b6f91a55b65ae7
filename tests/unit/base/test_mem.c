#include "support/cmocka.h"

#include <stdint.h>

#include "base/mem.h"
#include "support/fault.h"

static void zero_bytes_are_still_an_allocation(void **state)
{
	void *a = mem_alloc(0), *b = mem_calloc(0, 8), *c = mem_calloc(8, 0);
	void *d = mem_resize(NULL, 0, 8);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_non_null(d);
	mem_free(a);
	mem_free(b);
	mem_free(c);
	mem_free(d);
	mem_free(NULL);
}

static void calloc_zeroes(void **state)
{
	unsigned char *bytes = mem_calloc(1000, 3);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(bytes[i], 0);
	mem_free(bytes);
}

static void a_product_that_overflows_fails_and_leaves_the_block(void **state)
{
	char *text = mem_copy_text("kept", 4);

	(void)state;
	assert_non_null(text);
	assert_null(mem_calloc(SIZE_MAX / 2, 3));
	assert_null(mem_resize(text, SIZE_MAX / 2, 3));
	assert_string_equal(text, "kept");
	mem_free(text);
}

static void resize_keeps_the_content(void **state)
{
	char *text = mem_copy_text("kept", 4);
	char *bigger;

	(void)state;
	assert_non_null(text);
	bigger = mem_resize(text, 100000, 2);
	assert_non_null(bigger);
	assert_string_equal(bigger, "kept");
	mem_free(bigger);
}

static void copied_text_is_terminated_and_may_hold_nul(void **state)
{
	char *text = mem_copy_text("a\0bcd", 3);
	char *empty = mem_copy_text(NULL, 0);

	(void)state;
	assert_memory_equal(text, "a\0b", 4);
	assert_string_equal(empty, "");
	mem_free(text);
	mem_free(empty);
}

static void each_allocating_function_asks_the_fault_hook_once(void **state)
{
	char *text = mem_copy_text("kept", 4);

	(void)state;
	fault_arm(0, FAULT_STICKY);
	assert_null(mem_alloc(1));
	assert_null(mem_calloc(1, 1));
	assert_null(mem_resize(text, 10, 1));
	assert_null(mem_copy_text("x", 1));
	assert_true(fault_disarm());
	assert_string_equal(text, "kept");
	mem_free(text);
}

static void a_single_fault_fails_only_the_allocation_it_counts_to(void **state)
{
	void *blocks[5];

	(void)state;
	fault_arm(3, FAULT_ONCE);
	for (size_t i = 0; i < 5; i++)
		blocks[i] = mem_alloc(8);
	assert_true(fault_disarm());
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(blocks[i] == NULL, i == 3);
		mem_free(blocks[i]);
	}
}

static void a_fault_that_is_not_reached_is_reported_as_such(void **state)
{
	void *block;

	(void)state;
	fault_arm(1, FAULT_STICKY);
	block = mem_alloc(8);
	assert_false(fault_disarm());
	assert_non_null(block);
	mem_free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_bytes_are_still_an_allocation),
		cmocka_unit_test(calloc_zeroes),
		cmocka_unit_test(a_product_that_overflows_fails_and_leaves_the_block),
		cmocka_unit_test(resize_keeps_the_content),
		cmocka_unit_test(copied_text_is_terminated_and_may_hold_nul),
		cmocka_unit_test(each_allocating_function_asks_the_fault_hook_once),
		cmocka_unit_test(a_single_fault_fails_only_the_allocation_it_counts_to),
		cmocka_unit_test(a_fault_that_is_not_reached_is_reported_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
