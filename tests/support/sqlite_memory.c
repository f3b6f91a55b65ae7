#include "support/sqlite_memory.h"

#include <sqlite3.h>

#include "base/mem.h"
#include "support/cmocka.h"

/* What SQLite gets lies behind its size. */
struct header {
	union {
		size_t size;
		max_align_t alignment;
	};
};

static struct header *header_of(void *pointer)
{
	return (struct header *)pointer - 1;
}

static void *take(int size)
{
	struct header *header = mem_alloc(sizeof(*header) + (size_t)size);

	if (header == NULL)
		return NULL;
	header->size = (size_t)size;
	return header + 1;
}

static void give_back(void *pointer)
{
	mem_free(header_of(pointer));
}

static void *resize(void *pointer, int size)
{
	struct header *header = mem_resize(header_of(pointer), 1, sizeof(*header) + (size_t)size);

	if (header == NULL)
		return NULL;
	header->size = (size_t)size;
	return header + 1;
}

static int size_of(void *pointer)
{
	return pointer != NULL ? (int)header_of(pointer)->size : 0;
}

static int round_up(int size)
{
	return (size + 7) & ~7;
}

static int init(void *arg)
{
	(void)arg;
	return SQLITE_OK;
}

static void shutdown(void *arg)
{
	(void)arg;
}

void sqlite_memory_install(void)
{
	static const sqlite3_mem_methods methods = {
		.xMalloc = take,
		.xFree = give_back,
		.xRealloc = resize,
		.xSize = size_of,
		.xRoundup = round_up,
		.xInit = init,
		.xShutdown = shutdown,
	};

	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK)
		fail_msg("SQLite is in use already");
}
