/* The client's heap memory, behind one hook so that a test can fail the N-th allocation. */
#ifndef CLIENT_PLUGIN_MEMORY_H
#define CLIENT_PLUGIN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* `count` zeroed elements of `size` bytes; NULL when there is no memory or the product overflows.
 * Free with memory_free(). */
void *memory_calloc(size_t count, size_t size);

/* A copy of the zero-terminated text, of "" for NULL; NULL when there is no memory. */
char *memory_copy_text(const char *text);

/* Accepts NULL. */
void memory_free(void *pointer);

/* Tests only: as mem_set_fault_hook() in base/mem.h. */
void memory_set_fault_hook(bool (*should_fail)(void *arg), void *arg);

#endif
