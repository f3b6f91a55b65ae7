#include "support/cmocka.h"

#include <stdlib.h>

#include "authz/expiry.h"
#include "support/fault.h"

enum { NODE_COUNT = 500 };

struct fixture {
	struct expiry expiry;
	struct expiry_node nodes[NODE_COUNT];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	expiry_init(&fixture->expiry);
	assert_int_equal(expiry_reserve(&fixture->expiry, NODE_COUNT), ERR_NONE);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	expiry_deinit(&fixture->expiry);
	free(fixture);
	return 0;
}

/* A fixed sequence that looks random (Numerical Recipes' LCG). */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void assert_leaves_in_order(struct expiry *expiry, size_t count)
{
	int64_t last_ms = INT64_MIN;

	for (size_t i = 0; i < count; i++) {
		struct expiry_node *first = expiry_first(expiry);
		assert_non_null(first);
		assert_true(first->due_ms >= last_ms);
		last_ms = first->due_ms;
		expiry_remove(expiry, first);
	}
	assert_null(expiry_first(expiry));
}

static void nodes_leave_in_the_order_they_fall_due(void **state)
{
	struct fixture *fixture = *state;
	uint32_t seed = 1;

	for (size_t i = 0; i < NODE_COUNT; i++)
		expiry_put(&fixture->expiry, &fixture->nodes[i], next_random(&seed) % 100);
	assert_leaves_in_order(&fixture->expiry, NODE_COUNT);
}

static void nodes_may_move_and_leave_from_anywhere(void **state)
{
	struct fixture *fixture = *state;
	uint32_t seed = 2;
	size_t count = NODE_COUNT;

	for (size_t i = 0; i < NODE_COUNT; i++)
		expiry_put(&fixture->expiry, &fixture->nodes[i], next_random(&seed) % 1000);
	for (size_t i = 0; i < NODE_COUNT; i += 2)
		expiry_move(&fixture->expiry, &fixture->nodes[i], next_random(&seed) % 1000);
	for (size_t i = 0; i < NODE_COUNT; i += 3, count--)
		expiry_remove(&fixture->expiry, &fixture->nodes[i]);
	assert_leaves_in_order(&fixture->expiry, count);
}

static void without_memory_nothing_is_reserved(void **state)
{
	struct fixture *fixture = *state;

	fault_arm(0, FAULT_ONCE);
	assert_int_equal(expiry_reserve(&fixture->expiry, 100 * NODE_COUNT), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	expiry_put(&fixture->expiry, &fixture->nodes[0], 1);
	assert_ptr_equal(expiry_first(&fixture->expiry), &fixture->nodes[0]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nodes_leave_in_the_order_they_fall_due, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nodes_may_move_and_leave_from_anywhere, setup,
						teardown),
		cmocka_unit_test_setup_teardown(without_memory_nothing_is_reserved, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
