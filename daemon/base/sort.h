/*
 * Sorting in place without recursion and without memory of its own, which qsort() does not promise:
 * glibc's takes heap memory for large arrays.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>
#include <stdint.h>

enum { SORT_MAX_BYTES = 128 }; /* of one element */

/* Sorts `count` elements of `size` bytes by `compare`, which returns <0, 0 or >0 as for qsort().
 * Not stable. O(n log n) in the worst case. */
void sort(void *elements, size_t count, size_t size, int (*compare)(const void *a, const void *b));

/* The same for numbers, several times faster. */
void sort_u32(uint32_t *numbers, size_t count);

/* Sorts, moves each number that occurs to the front once, and returns how many these are. */
size_t sort_u32_unique(uint32_t *numbers, size_t count);

#endif
