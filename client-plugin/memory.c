#include "client-plugin/memory.h"

#include <stdlib.h>
#include <string.h>

static bool (*fault_hook)(void *arg);
static void *fault_arg;

void *memory_calloc(size_t count, size_t size)
{
	if (fault_hook != NULL && fault_hook(fault_arg))
		return NULL;
	return count != 0 && size != 0 ? calloc(count, size) : calloc(1, 1);
}

char *memory_copy_text(const char *text)
{
	size_t length = text != NULL ? strlen(text) : 0;
	char *copy = memory_calloc(length + 1, 1);

	if (copy != NULL && length != 0)
		memcpy(copy, text, length);
	return copy;
}

void memory_free(void *pointer)
{
	free(pointer);
}

void memory_set_fault_hook(bool (*should_fail)(void *arg), void *arg)
{
	fault_hook = should_fail;
	fault_arg = arg;
}
