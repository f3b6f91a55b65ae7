#include "store/intern.h"

#include <stdio.h>

#include "support/cmocka.h"
#include "support/fault.h"

static const struct hash_key key = {1, 2};

static struct str name(char out[16], int number)
{
	return str_make(out, (size_t)snprintf(out, 16, "content %04d", number));
}

static void put(struct intern *intern, int number)
{
	struct intern_value value = {.id = number, .digest = {(uint8_t)number}};
	char out[16];

	assert_int_equal(intern_put(intern, name(out, number), &value), ERR_NONE);
}

static bool has(struct intern *intern, int number)
{
	char out[16];
	const struct intern_value *value = intern_find(intern, name(out, number));

	if (value == NULL)
		return false;
	assert_int_equal(value->id, number);
	assert_int_equal(value->digest[0], (uint8_t)number);
	return true;
}

static void what_was_put_is_found(void **state)
{
	struct intern intern;

	(void)state;
	intern_init(&intern, key, 1000, 1000000);
	assert_false(has(&intern, 1));
	for (int i = 0; i < 500; i++)
		put(&intern, i);
	for (int i = 0; i < 500; i++)
		assert_true(has(&intern, i));
	assert_false(has(&intern, 500));
	intern_clear(&intern);
	assert_false(has(&intern, 1));
	put(&intern, 1);
	assert_true(has(&intern, 1));
	intern_deinit(&intern);
}

static void the_one_not_used_for_longest_makes_room(void **state)
{
	struct intern intern;

	(void)state;
	intern_init(&intern, key, 3, 1000000);
	put(&intern, 1);
	put(&intern, 2);
	put(&intern, 3);
	assert_true(has(&intern, 1));
	put(&intern, 4);
	assert_false(has(&intern, 2));
	assert_true(has(&intern, 1));
	assert_true(has(&intern, 3));
	assert_true(has(&intern, 4));
	assert_int_equal(intern.entries.count, 3);
	intern_deinit(&intern);
}

static void the_bytes_are_bounded(void **state)
{
	struct intern intern;

	(void)state;
	intern_init(&intern, key, 1000, 36); /* three contents of 12 bytes */
	for (int i = 0; i < 3; i++)
		put(&intern, i);
	assert_int_equal(intern.bytes, 36);
	for (int i = 0; i < 3; i++)
		assert_true(has(&intern, i));
	put(&intern, 3);
	assert_int_equal(intern.bytes, 36);
	assert_false(has(&intern, 0));
	assert_true(has(&intern, 3));
	intern_deinit(&intern);
}

static void what_is_larger_than_the_bound_is_not_kept(void **state)
{
	static const char big[37];
	struct intern_value value = {.id = 1};
	struct intern intern;

	(void)state;
	intern_init(&intern, key, 1000, 36);
	put(&intern, 1);
	assert_int_equal(intern_put(&intern, str_make(big, 37), &value), ERR_NONE);
	assert_null(intern_find(&intern, str_make(big, 37)));
	assert_true(has(&intern, 1));
	assert_int_equal(intern_put(&intern, str_make(big, 36), &value), ERR_NONE);
	assert_non_null(intern_find(&intern, str_make(big, 36)));
	assert_false(has(&intern, 1));
	intern_deinit(&intern);
}

static void a_put_without_memory_leaves_what_is_there(void **state)
{
	struct intern_value value = {.id = 9};
	struct intern intern;
	char out[16];

	(void)state;
	for (uint64_t n = 0; n < 2; n++) {
		intern_init(&intern, key, 10, 1000);
		fault_arm(n, FAULT_ONCE);
		assert_int_equal(intern_put(&intern, name(out, 9), &value), ERR_NO_MEMORY);
		assert_true(fault_disarm());
		assert_false(has(&intern, 9));
		assert_int_equal(intern.bytes, 0);
		put(&intern, 9);
		assert_true(has(&intern, 9));
		intern_deinit(&intern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found),
		cmocka_unit_test(the_one_not_used_for_longest_makes_room),
		cmocka_unit_test(the_bytes_are_bounded),
		cmocka_unit_test(what_is_larger_than_the_bound_is_not_kept),
		cmocka_unit_test(a_put_without_memory_leaves_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
