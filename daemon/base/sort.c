#include "base/sort.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

enum { INSERTION_MAX = 12 };

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
