/* Heap memory: the malloc family behind one hook, so that a test can fail the N-th allocation. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

/* At least `size` bytes, uninitialised; NULL when there is no memory. Free with mem_free(). */
void *mem_alloc(size_t size) ATTR_MUST_CHECK;

/* `count` zeroed elements of `size` bytes; NULL when there is no memory or the product overflows.
 */
void *mem_calloc(size_t count, size_t size) ATTR_MUST_CHECK;

/* Resizes to `count` elements of `size` bytes. On failure (also overflow) returns NULL and leaves
 * `pointer` as it was. */
void *mem_resize(void *pointer, size_t count, size_t size) ATTR_MUST_CHECK;

/* A zero-terminated copy of `length` bytes; NULL when there is no memory. */
char *mem_copy_text(const char *text, size_t length) ATTR_MUST_CHECK;

/* Accepts NULL. */
void mem_free(void *pointer);

/* Tests only: `should_fail` is asked before each allocation of any thread and makes it fail by
 * returning true. NULL removes the hook. Set it only while one thread runs. */
void mem_set_fault_hook(bool (*should_fail)(void *arg), void *arg);

#endif
