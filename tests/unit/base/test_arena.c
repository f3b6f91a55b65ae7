#include "support/cmocka.h"

#include <stdalign.h>

#include "base/arena.h"
#include "support/fault.h"

static void an_unused_arena_takes_no_memory(void **state)
{
	struct arena arena;

	(void)state;
	fault_arm(0, FAULT_STICKY);
	arena_init(&arena, 4096, SIZE_MAX);
	arena_reset(&arena, arena_get_mark(&arena));
	arena_deinit(&arena);
	assert_false(fault_disarm());
}

static void blocks_are_aligned_for_any_type_and_do_not_overlap(void **state)
{
	unsigned char *blocks[300];
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, SIZE_MAX);
	for (size_t i = 0; i < 300; i++) {
		blocks[i] = arena_alloc(&arena, i);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
		memset(blocks[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 300; i++) {
		for (size_t j = 0; j < i; j++)
			assert_int_equal(blocks[i][j], i & 0xff);
	}
	assert_ptr_not_equal(blocks[0], blocks[1]);
	arena_deinit(&arena);
}

static void a_block_may_be_larger_than_any_chunk(void **state)
{
	enum { LARGE = 3 << 20 };
	struct arena arena;
	unsigned char *large;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	large = arena_calloc(&arena, LARGE, 1);
	assert_non_null(large);
	for (size_t i = 0; i < LARGE; i++)
		assert_int_equal(large[i], 0);
	arena_deinit(&arena);
}

static void the_bound_is_reached_and_not_passed(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, 1024);
	assert_non_null(arena_alloc(&arena, 512));
	assert_null(arena_alloc(&arena, 513));
	assert_non_null(arena_alloc(&arena, 512));
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_alloc(&arena, 0));
	assert_int_equal(arena.used_bytes, 1024);
	arena_deinit(&arena);
	assert_non_null(arena_alloc(&arena, 1024));
	arena_deinit(&arena);
}

static void sizes_that_overflow_are_refused(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 15));
	assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_copy(&arena, str_make("x", SIZE_MAX)).ptr);
	assert_non_null(arena_calloc(&arena, 0, SIZE_MAX));
	assert_non_null(arena_calloc(&arena, SIZE_MAX, 0));
	arena_deinit(&arena);
}

static void lack_of_memory_leaves_the_arena_as_it_was(void **state)
{
	struct arena arena;
	char *kept;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	kept = arena_alloc(&arena, 200);
	assert_non_null(kept);
	memcpy(kept, "kept", 5);
	fault_arm(0, FAULT_ONCE);
	assert_null(arena_alloc(&arena, 100));
	assert_true(fault_disarm());
	assert_string_equal(kept, "kept");
	assert_int_equal(arena.used_bytes, 208);
	assert_non_null(arena_alloc(&arena, 100));
	arena_deinit(&arena);
}

static void a_refusal_says_why(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, 1024);
	assert_null(arena_alloc(&arena, 1025));
	assert_int_equal(arena.refusal, ERR_LIMIT);
	fault_arm(0, FAULT_ONCE);
	assert_null(arena_alloc(&arena, 100));
	assert_true(fault_disarm());
	assert_int_equal(arena.refusal, ERR_NO_MEMORY);
	assert_null(arena_calloc(&arena, SIZE_MAX, 2));
	assert_int_equal(arena.refusal, ERR_LIMIT);
	arena_deinit(&arena);
}

static void an_array_grows_and_keeps_its_elements(void **state)
{
	struct arena arena;
	uint64_t *numbers = NULL;
	uint32_t capacity = 0, count = 0;

	(void)state;
	arena_init(&arena, 256, 3000);
	for (;;) {
		uint64_t *grown =
			arena_grow_array(&arena, numbers, count, &capacity, sizeof(*numbers));

		if (grown == NULL)
			break;
		numbers = grown;
		numbers[count] = count;
		count++;
	}
	/* 16 + 32 + 64 + 128 elements fit the bound, 256 more do not. */
	assert_int_equal(capacity, 128);
	assert_int_equal(count, 128);
	assert_int_equal(arena.refusal, ERR_LIMIT);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(numbers[i], i);
	arena_deinit(&arena);
}

static void a_copy_is_terminated_and_keeps_nul_bytes(void **state)
{
	struct arena arena;
	struct str copy;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	copy = arena_copy(&arena, STR("a\0b"));
	assert_int_equal(copy.length, 3);
	assert_memory_equal(copy.ptr, "a\0b", 4);
	copy = arena_copy(&arena, str_make(NULL, 0));
	assert_int_equal(copy.length, 0);
	assert_string_equal(copy.ptr, "");
	arena_deinit(&arena);
}

static void a_reset_keeps_what_is_older_than_the_mark(void **state)
{
	struct arena arena;
	struct arena_mark outer, inner;
	char *first, *second;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	first = arena_alloc(&arena, 100);
	assert_non_null(first);
	memcpy(first, "first", 6);
	outer = arena_get_mark(&arena);
	second = arena_alloc(&arena, 5000);
	assert_non_null(second);
	memcpy(second, "second", 7);
	inner = arena_get_mark(&arena);
	assert_non_null(arena_alloc(&arena, 100000));
	arena_reset(&arena, inner);
	assert_string_equal(second, "second");
	assert_non_null(arena_alloc(&arena, 100000));
	arena_reset(&arena, outer);
	assert_string_equal(first, "first");
	assert_int_equal(arena.used_bytes, 112);
	arena_deinit(&arena);
}

static void a_reset_gives_back_the_rest_of_a_chunk_and_no_more(void **state)
{
	struct arena arena;
	struct arena_mark mark;
	char *kept, *given_back;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	kept = arena_alloc(&arena, 32);
	assert_non_null(kept);
	mark = arena_get_mark(&arena);
	given_back = arena_alloc(&arena, 32);
	assert_non_null(given_back);
	arena_reset(&arena, mark);
	assert_ptr_equal(arena_alloc(&arena, 32), given_back);
	assert_ptr_not_equal(given_back, kept);
	arena_deinit(&arena);
}

static void a_reset_to_the_mark_of_an_empty_arena_empties_it(void **state)
{
	struct arena arena;
	struct arena_mark mark;

	(void)state;
	arena_init(&arena, 256, 4096);
	mark = arena_get_mark(&arena);
	for (int round = 0; round < 3; round++) {
		assert_non_null(arena_alloc(&arena, 4096));
		assert_null(arena_alloc(&arena, 1));
		arena_reset(&arena, mark);
		assert_int_equal(arena.used_bytes, 0);
	}
	arena_deinit(&arena);
}

/* What a request does: some blocks of mixed size. */
static void work(struct arena *arena)
{
	for (size_t i = 1; i < 200; i++)
		assert_non_null(arena_alloc(arena, i * 7 % 3000));
}

static void repeated_work_soon_takes_nothing_from_the_heap(void **state)
{
	struct arena arena;
	struct arena_mark mark;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	assert_non_null(arena_alloc(&arena, 100));
	mark = arena_get_mark(&arena);
	for (int round = 0; round < 12; round++) {
		work(&arena);
		arena_reset(&arena, mark);
	}
	fault_arm(0, FAULT_STICKY);
	for (int round = 0; round < 100; round++) {
		work(&arena);
		arena_reset(&arena, mark);
	}
	assert_false(fault_disarm());
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unused_arena_takes_no_memory),
		cmocka_unit_test(blocks_are_aligned_for_any_type_and_do_not_overlap),
		cmocka_unit_test(a_block_may_be_larger_than_any_chunk),
		cmocka_unit_test(the_bound_is_reached_and_not_passed),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(lack_of_memory_leaves_the_arena_as_it_was),
		cmocka_unit_test(a_refusal_says_why),
		cmocka_unit_test(an_array_grows_and_keeps_its_elements),
		cmocka_unit_test(a_copy_is_terminated_and_keeps_nul_bytes),
		cmocka_unit_test(a_reset_keeps_what_is_older_than_the_mark),
		cmocka_unit_test(a_reset_gives_back_the_rest_of_a_chunk_and_no_more),
		cmocka_unit_test(a_reset_to_the_mark_of_an_empty_arena_empties_it),
		cmocka_unit_test(repeated_work_soon_takes_nothing_from_the_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
