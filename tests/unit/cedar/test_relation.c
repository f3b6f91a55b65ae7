#include "support/cmocka.h"

#include "cedar/relation.h"
#include "support/fault.h"

static void a_relation_holds_what_was_added(void **state)
{
	struct arena arena;
	struct relation relation;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(relation_init(&relation, &arena, 130), ERR_NONE);
	relation_add(&relation, 0, 129);
	relation_add(&relation, 64, 63);
	assert_true(relation_has(&relation, 0, 129));
	assert_true(relation_has(&relation, 64, 63));
	assert_false(relation_has(&relation, 129, 0));
	assert_false(relation_has(&relation, 63, 64));
	assert_false(relation_has(&relation, 0, 0));
	arena_deinit(&arena);
}

static void closing_follows_chains_and_cycles(void **state)
{
	enum { COUNT = 200 };
	struct arena arena;
	struct relation relation;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(relation_init(&relation, &arena, COUNT), ERR_NONE);
	/* A chain through all even numbers, and a cycle of three odd ones. */
	for (uint32_t i = COUNT - 2; i >= 2; i -= 2)
		relation_add(&relation, i, i - 2);
	relation_add(&relation, 1, 3);
	relation_add(&relation, 3, 5);
	relation_add(&relation, 5, 1);
	relation_close(&relation);
	for (uint32_t i = 0; i < COUNT; i += 2) {
		for (uint32_t j = 0; j < COUNT; j += 2)
			assert_int_equal(relation_has(&relation, i, j), j < i);
	}
	assert_true(relation_has(&relation, 1, 1));
	assert_true(relation_has(&relation, 3, 1));
	assert_false(relation_has(&relation, 7, 7));
	assert_false(relation_has(&relation, 1, 0));
	arena_deinit(&arena);
}

static void the_empty_relation_takes_nothing(void **state)
{
	struct arena arena;
	struct relation relation;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_int_equal(relation_init(&relation, &arena, 0), ERR_NONE);
	relation_close(&relation);
	arena_deinit(&arena);
}

static void a_missing_allocation_is_reported(void **state)
{
	struct arena arena;
	struct relation relation;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(relation_init(&relation, &arena, RELATION_MAX), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	assert_int_equal(relation_init(&relation, &arena, RELATION_MAX), ERR_NONE);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relation_holds_what_was_added),
		cmocka_unit_test(closing_follows_chains_and_cycles),
		cmocka_unit_test(the_empty_relation_takes_nothing),
		cmocka_unit_test(a_missing_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
