#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A test sets them while workers of the server it tests take memory. */
static bool (*_Atomic fault_hook)(void *arg);
static void *_Atomic fault_arg;

static bool fault(void)
{
	bool (*hook)(void *arg) = atomic_load_explicit(&fault_hook, memory_order_acquire);

	return UNLIKELY(hook != NULL) &&
	       hook(atomic_load_explicit(&fault_arg, memory_order_relaxed));
}

void *mem_alloc(size_t size)
{
	if (fault())
		return NULL;
	return malloc(size != 0 ? size : 1);
}

void *mem_calloc(size_t count, size_t size)
{
	if (fault() || (size != 0 && count > SIZE_MAX / size))
		return NULL;
	return count != 0 && size != 0 ? calloc(count, size) : calloc(1, 1);
}

void *mem_resize(void *pointer, size_t count, size_t size)
{
	if (fault() || (size != 0 && count > SIZE_MAX / size))
		return NULL;
	size *= count;
	return realloc(pointer, size != 0 ? size : 1);
}

char *mem_copy_text(const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? mem_alloc(length + 1) : NULL;

	if (copy == NULL)
		return NULL;
	if (length != 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

void mem_free(void *pointer)
{
	free(pointer);
}

void mem_set_fault_hook(bool (*should_fail)(void *arg), void *arg)
{
	atomic_store_explicit(&fault_arg, arg, memory_order_relaxed);
	atomic_store_explicit(&fault_hook, should_fail, memory_order_release);
}
