/*
 * Sorting in place without recursion and without memory of its own, which qsort() does not promise:
 * glibc's takes heap memory for large arrays.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>

/* Sorts `count` elements of `size` bytes (at most SORT_MAX_BYTES) by `compare`, which returns <0, 0
 * or >0 as for qsort(). Not stable. O(n log n) in the worst case. */
enum { SORT_MAX_BYTES = 64 };

void sort(void *elements, size_t count, size_t size, int (*compare)(const void *a, const void *b));

#endif
