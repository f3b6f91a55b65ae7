#include "base/sort.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

/* Up to so many elements insertion beats the heap. */
enum { INSERTION_MAX = 12, INSERTION_MAX_U32 = 48 };

struct array {
	unsigned char *start;
	size_t size;
	int (*compare)(const void *a, const void *b);
};

static unsigned char *at(const struct array *array, size_t index)
{
	return array->start + index * array->size;
}

static void insertion_sort(const struct array *array, size_t count)
{
	alignas(max_align_t) unsigned char held[SORT_MAX_BYTES];

	for (size_t i = 1; i < count; i++) {
		size_t hole = i;

		if (array->compare(at(array, i - 1), at(array, i)) <= 0)
			continue;
		memcpy(held, at(array, i), array->size);
		for (; hole > 0 && array->compare(at(array, hole - 1), held) > 0; hole--)
			memcpy(at(array, hole), at(array, hole - 1), array->size);
		memcpy(at(array, hole), held, array->size);
	}
}

/* Lets the element at `root` sink until the heap below it, of `count` elements, is in order. */
static void sift_down(const struct array *array, size_t root, size_t count)
{
	alignas(max_align_t) unsigned char held[SORT_MAX_BYTES];
	size_t child;

	memcpy(held, at(array, root), array->size);
	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && array->compare(at(array, child), at(array, child + 1)) < 0)
			child++;
		if (array->compare(held, at(array, child)) >= 0)
			break;
		memcpy(at(array, root), at(array, child), array->size);
		root = child;
	}
	memcpy(at(array, root), held, array->size);
}

static void heap_sort(const struct array *array, size_t count)
{
	alignas(max_align_t) unsigned char held[SORT_MAX_BYTES];

	for (size_t root = count / 2; root > 0; root--)
		sift_down(array, root - 1, count);
	for (size_t end = count - 1; end > 0; end--) {
		memcpy(held, at(array, 0), array->size);
		memcpy(at(array, 0), at(array, end), array->size);
		memcpy(at(array, end), held, array->size);
		sift_down(array, 0, end);
	}
}

static bool is_sorted(const struct array *array, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (array->compare(at(array, i - 1), at(array, i)) > 0)
			return false;
	}
	return true;
}

void sort(void *elements, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
	struct array array = {elements, size, compare};

	assert(size <= SORT_MAX_BYTES);
	if (count <= INSERTION_MAX)
		insertion_sort(&array, count);
	else if (!is_sorted(&array, count))
		heap_sort(&array, count);
}

static void insertion_sort_u32(uint32_t *numbers, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint32_t held = numbers[i];
		size_t hole = i;

		for (; hole > 0 && numbers[hole - 1] > held; hole--)
			numbers[hole] = numbers[hole - 1];
		numbers[hole] = held;
	}
}

static void sift_down_u32(uint32_t *numbers, size_t root, size_t count)
{
	uint32_t held = numbers[root];
	size_t child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && numbers[child] < numbers[child + 1])
			child++;
		if (held >= numbers[child])
			break;
		numbers[root] = numbers[child];
		root = child;
	}
	numbers[root] = held;
}

void sort_u32(uint32_t *numbers, size_t count)
{
	if (count <= INSERTION_MAX_U32) {
		insertion_sort_u32(numbers, count);
		return;
	}
	for (size_t root = count / 2; root > 0; root--)
		sift_down_u32(numbers, root - 1, count);
	for (size_t end = count - 1; end > 0; end--) {
		uint32_t largest = numbers[0];

		numbers[0] = numbers[end];
		numbers[end] = largest;
		sift_down_u32(numbers, 0, end);
	}
}

size_t sort_u32_unique(uint32_t *numbers, size_t count)
{
	size_t kept = 0;

	sort_u32(numbers, count);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || numbers[kept - 1] != numbers[i])
			numbers[kept++] = numbers[i];
	}
	return kept;
}
