#include "support/cmocka.h"

#include "base/sort.h"
#include "support/fault.h"

enum { MAX_COUNT = 300 };

static int compare_u32(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* A sequence that looks random and is the same in every run. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void assert_unique(const uint32_t *sorted, const uint32_t *unique, size_t count,
			  size_t unique_count)
{
	size_t next = 0;

	for (size_t i = 0; i < count; i++) {
		if (i != 0 && sorted[i] == sorted[i - 1])
			continue;
		assert_true(next < unique_count);
		assert_int_equal(unique[next++], sorted[i]);
	}
	assert_int_equal(next, unique_count);
}

static void assert_sorts(uint32_t *numbers, size_t count)
{
	uint32_t copy[MAX_COUNT], unique[MAX_COUNT];
	uint64_t sum_before = 0, sum_after = 0, squares_before = 0, squares_after = 0;

	for (size_t i = 0; i < count; i++) {
		sum_before += numbers[i];
		squares_before += (uint64_t)numbers[i] * numbers[i];
	}
	if (count != 0) {
		memcpy(copy, numbers, count * sizeof(*numbers));
		memcpy(unique, numbers, count * sizeof(*numbers));
	}
	sort(numbers, count, sizeof(*numbers), compare_u32);
	sort_u32(copy, count);
	assert_unique(numbers, unique, count, sort_u32_unique(unique, count));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(copy[i], numbers[i]);
		sum_after += numbers[i];
		squares_after += (uint64_t)numbers[i] * numbers[i];
		if (i != 0)
			assert_true(numbers[i - 1] <= numbers[i]);
	}
	assert_int_equal(sum_before, sum_after);
	assert_int_equal(squares_before, squares_after);
}

static void every_count_is_sorted_whatever_the_order_was(void **state)
{
	uint32_t numbers[MAX_COUNT], random = 1;

	(void)state;
	for (uint32_t count = 0; count <= MAX_COUNT; count++) {
		for (uint32_t i = 0; i < count; i++)
			numbers[i] = next_number(&random);
		assert_sorts(numbers, count);
		for (uint32_t i = 0; i < count; i++)
			numbers[i] = next_number(&random) % 4;
		assert_sorts(numbers, count);
		for (uint32_t i = 0; i < count; i++)
			numbers[i] = count - i;
		assert_sorts(numbers, count);
		for (uint32_t i = 0; i < count; i++)
			numbers[i] = i;
		assert_sorts(numbers, count);
	}
}

struct wide {
	uint32_t key;
	unsigned char rest[SORT_MAX_BYTES - sizeof(uint32_t)];
};

static void the_whole_element_moves(void **state)
{
	struct wide elements[100];

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		elements[i].key = i * 37 % 100;
		memset(elements[i].rest, (int)elements[i].key, sizeof(elements[i].rest));
	}
	sort(elements, 100, sizeof(elements[0]), compare_u32);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(elements[i].key, i);
		for (size_t k = 0; k < sizeof(elements[i].rest); k++)
			assert_int_equal(elements[i].rest[k], i);
	}
}

static void sorting_takes_no_memory(void **state)
{
	uint32_t numbers[MAX_COUNT], random = 7;

	(void)state;
	for (size_t i = 0; i < MAX_COUNT; i++)
		numbers[i] = next_number(&random);
	fault_arm(0, FAULT_STICKY);
	assert_sorts(numbers, MAX_COUNT);
	assert_false(fault_disarm());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_count_is_sorted_whatever_the_order_was),
		cmocka_unit_test(the_whole_element_moves),
		cmocka_unit_test(sorting_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
