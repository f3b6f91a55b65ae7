#include "support/cmocka.h"

#include <stdio.h>

#include "authz/blocks.h"
#include "support/fault.h"

static const struct identity alice = {
	.principal = {"S-1-5-21-1", 10},
	.name = {"contoso\\alice", 13},
};

static int setup(void **state)
{
	struct blocks *blocks;

	assert_int_equal(blocks_new((struct hash_key){1, 2}, &blocks), ERR_NONE);
	*state = blocks;
	return 0;
}

static int teardown(void **state)
{
	blocks_free(*state);
	return 0;
}

static void put(struct blocks *blocks, const char *principal, int64_t until_us)
{
	struct block block = {.principal = str_from(principal),
			      .created_us = 1,
			      .until_us = until_us,
			      .by_wall_clock = true,
			      .reason = STR("because")};

	assert_int_equal(blocks_put(blocks, &block), ERR_NONE);
}

static const struct block *find_at(const struct blocks *blocks, int64_t now_us)
{
	return blocks_find(blocks, &alice, (struct block_time){.wall_us = now_us});
}

static void nobody_is_blocked_at_first(void **state)
{
	assert_null(find_at(*state, 0));
	assert_int_equal(blocks_count(*state), 0);
}

static void a_sid_and_a_name_block_their_user(void **state)
{
	put(*state, "S-1-5-21-1", BLOCK_FOR_EVER);
	assert_str_equal(find_at(*state, 0)->principal, "S-1-5-21-1");
	assert_str_equal(find_at(*state, INT64_MAX)->reason, "because");
	assert_true(blocks_remove(*state, STR("S-1-5-21-1")));
	assert_null(find_at(*state, 0));
	put(*state, "contoso\\alice", BLOCK_FOR_EVER);
	assert_non_null(find_at(*state, 0));
	assert_false(blocks_remove(*state, STR("contoso\\bob")));
}

static void others_are_not_blocked(void **state)
{
	put(*state, "S-1-5-21-11", BLOCK_FOR_EVER);
	put(*state, "S-1-5-21", BLOCK_FOR_EVER);
	put(*state, "alice", BLOCK_FOR_EVER);
	assert_null(find_at(*state, 0));
}

static void a_block_ends_behind_its_last_microsecond(void **state)
{
	put(*state, "S-1-5-21-1", 1000);
	assert_non_null(find_at(*state, 1000));
	assert_null(find_at(*state, 1001));
}

static void a_block_for_a_span_goes_by_the_boot_clock_alone(void **state)
{
	struct block block = {.principal = STR("S-1-5-21-1"), .until_us = 5000, .until_ms = 100};

	assert_int_equal(blocks_put(*state, &block), ERR_NONE);
	for (int64_t wall_us = -1; wall_us <= 1000000; wall_us += 1000001) {
		assert_non_null(blocks_find(*state, &alice, (struct block_time){wall_us, 100}));
		assert_null(blocks_find(*state, &alice, (struct block_time){wall_us, 101}));
	}
	assert_int_equal(block_left_ms(&block, (struct block_time){99999, 40}), 61);
	assert_int_equal(block_left_ms(&block, (struct block_time){99999, 100}), 1);
	assert_int_equal(block_left_ms(&block, (struct block_time){0, 101}), 0);
	assert_int_equal(block_end_us(&block, (struct block_time){99000, 40}), 159000);
	assert_int_equal(block_end_us(&block, (struct block_time){99000, 140}), 59000);
	assert_false(block_is_over(&block, (struct block_time){99999, 100}));
	assert_true(block_is_over(&block, (struct block_time){0, 101}));
}

static void a_block_until_a_time_goes_by_the_wall_clock_alone(void **state)
{
	struct block block = {.principal = STR("S-1-5-21-1"),
			      .until_us = 5000,
			      .until_ms = 100,
			      .by_wall_clock = true};

	assert_int_equal(blocks_put(*state, &block), ERR_NONE);
	assert_non_null(blocks_find(*state, &alice, (struct block_time){5000, 1000}));
	assert_null(blocks_find(*state, &alice, (struct block_time){5001, 0}));
	assert_int_equal(block_left_ms(&block, (struct block_time){3000, 1000}), 3);
	assert_int_equal(block_left_ms(&block, (struct block_time){5000, 1000}), 1);
	assert_int_equal(block_left_ms(&block, (struct block_time){5001, 0}), 0);
	assert_int_equal(block_end_us(&block, (struct block_time){3000, 1000}), 5000);
}

static void a_wall_clock_that_is_set_forward_does_not_end_a_block_for_good(void **state)
{
	struct block block = {.principal = STR("S-1-5-21-1"),
			      .until_us = 5000,
			      .until_ms = 100,
			      .by_wall_clock = true};

	assert_int_equal(blocks_put(*state, &block), ERR_NONE);
	blocks_remove_over(*state, block.principal, (struct block_time){5001, 100});
	assert_non_null(blocks_find(*state, &alice, (struct block_time){5000, 100}));
	blocks_remove_over(*state, block.principal, (struct block_time){5000, 101});
	assert_non_null(blocks_find(*state, &alice, (struct block_time){5000, 101}));
	blocks_remove_over(*state, block.principal, (struct block_time){5001, 101});
	assert_int_equal(blocks_count(*state), 0);
	blocks_remove_over(*state, block.principal, (struct block_time){5001, 101});
}

static void a_block_for_ever_is_never_over(void **state)
{
	struct block block = {.principal = STR("S-1-5-21-1"), .until_us = BLOCK_FOR_EVER};
	struct block_time end = {INT64_MAX, INT64_MAX};

	assert_int_equal(blocks_put(*state, &block), ERR_NONE);
	blocks_remove_over(*state, block.principal, end);
	assert_non_null(blocks_find(*state, &alice, end));
	assert_int_equal(block_left_ms(&block, end), BLOCK_FOR_EVER);
	assert_int_equal(block_end_us(&block, end), BLOCK_FOR_EVER);
}

static void a_name_still_blocks_when_the_block_of_the_sid_has_ended(void **state)
{
	put(*state, "S-1-5-21-1", 1000);
	put(*state, "contoso\\alice", 2000);
	assert_str_equal(find_at(*state, 1001)->principal, "contoso\\alice");
}

static void a_second_block_replaces_the_first(void **state)
{
	put(*state, "S-1-5-21-1", 1000);
	put(*state, "S-1-5-21-1", 10);
	assert_null(find_at(*state, 11));
	assert_int_equal(blocks_count(*state), 1);
}

static bool count_to_two(const struct block *block, void *arg)
{
	size_t *count = arg;

	assert_true(block->principal.length > 0);
	return ++*count < 2;
}

static void blocks_are_listed_until_the_visitor_has_enough(void **state)
{
	size_t count = 0;

	put(*state, "a", 1);
	put(*state, "b", 1);
	put(*state, "c", 1);
	blocks_each(*state, count_to_two, &count);
	assert_int_equal(count, 2);
}

static void blocks_are_bounded(void **state)
{
	struct block block = {.principal = STR("one more")};
	char name[16];

	for (int i = 0; i < BLOCKS_MAX_COUNT; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(*state, name, 1);
	}
	assert_int_equal(blocks_put(*state, &block), ERR_LIMIT);
	put(*state, "0", 2);
}

static void without_memory_the_old_block_stays(void **state)
{
	struct block block = {
		.principal = STR("S-1-5-21-1"), .until_us = 2000, .by_wall_clock = true};

	put(*state, "S-1-5-21-1", 1000);
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(blocks_put(*state, &block), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	assert_int_equal(find_at(*state, 1000)->until_us, 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_is_blocked_at_first, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sid_and_a_name_block_their_user, setup, teardown),
		cmocka_unit_test_setup_teardown(others_are_not_blocked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_for_a_span_goes_by_the_boot_clock_alone,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_until_a_time_goes_by_the_wall_clock_alone,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_wall_clock_that_is_set_forward_does_not_end_a_block_for_good, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_block_for_ever_is_never_over, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_ends_behind_its_last_microsecond, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_name_still_blocks_when_the_block_of_the_sid_has_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_block_replaces_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_are_listed_until_the_visitor_has_enough,
						setup, teardown),
		cmocka_unit_test_setup_teardown(blocks_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory_the_old_block_stays, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
