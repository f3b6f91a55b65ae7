#include "base/arena.h"

#include <stdbool.h>
#include <string.h>

#include "base/attributes.h"
#include "base/mem.h"

enum {
	ARENA_ALIGN = 16,
	ARENA_MIN_CHUNK = 256,
	ARENA_MAX_CHUNK = 1 << 20,
	ARENA_FIRST_ELEMENTS = 16
};

struct arena_chunk {
	struct arena_chunk *older;
	size_t capacity;
	size_t used;
	size_t pad; /* keeps the payload aligned to ARENA_ALIGN */
};

/* The address sanitizer sees one large block; told what of it is in use, it finds steps beyond the
 * end of a small one, and uses after a reset. */
#if defined(SANITIZE_ADDRESS)
#include <sanitizer/asan_interface.h>

enum { RED_ZONE = ARENA_ALIGN }; /* bytes behind each block that nobody may touch */

static void hide(const unsigned char *start, size_t size)
{
	ASAN_POISON_MEMORY_REGION(start, size);
}

static void reveal(const unsigned char *start, size_t size)
{
	ASAN_UNPOISON_MEMORY_REGION(start, size);
}
#else
enum { RED_ZONE = 0 };

static void hide(const unsigned char *start, size_t size)
{
	(void)start;
	(void)size;
}

static void reveal(const unsigned char *start, size_t size)
{
	(void)start;
	(void)size;
}
#endif

static unsigned char *payload(struct arena_chunk *chunk)
{
	return (unsigned char *)(chunk + 1);
}

static void hide_unused(struct arena_chunk *chunk)
{
	hide(payload(chunk) + chunk->used, chunk->capacity - chunk->used);
}

void arena_init(struct arena *arena, size_t first_chunk_bytes, size_t max_bytes)
{
	if (first_chunk_bytes < ARENA_MIN_CHUNK)
		first_chunk_bytes = ARENA_MIN_CHUNK;
	*arena = (struct arena){NULL, first_chunk_bytes, 0, max_bytes, ERR_LIMIT, 0};
}

static void free_chunks(struct arena_chunk *chunk, const struct arena_chunk *stop)
{
	while (chunk != stop) {
		struct arena_chunk *older = chunk->older;

		reveal(payload(chunk), chunk->capacity);
		mem_free(chunk);
		chunk = older;
	}
}

void arena_deinit(struct arena *arena)
{
	free_chunks(arena->current, NULL);
	arena->current = NULL;
	arena->used_bytes = 0;
}

static bool add_chunk(struct arena *arena, size_t size)
{
	size_t capacity = size > arena->next_chunk_bytes ? size : arena->next_chunk_bytes;
	struct arena_chunk *chunk = mem_alloc(sizeof(*chunk) + capacity);

	if (chunk == NULL)
		return false;
	*chunk = (struct arena_chunk){arena->current, capacity, 0, 0};
	hide_unused(chunk);
	arena->current = chunk;
	if (arena->next_chunk_bytes < ARENA_MAX_CHUNK)
		arena->next_chunk_bytes *= 2;
	return true;
}

static void *refuse(struct arena *arena, enum error reason)
{
	arena->refusal = reason;
	arena->refusal_count++;
	return NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->current;
	unsigned char *result;
	size_t wanted = size;

	if (size > SIZE_MAX / 2)
		return refuse(arena, ERR_LIMIT);
	size = size != 0 ? (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1) : ARENA_ALIGN;
	if (size > arena->max_bytes - arena->used_bytes)
		return refuse(arena, ERR_LIMIT);
	if (chunk == NULL || chunk->capacity - chunk->used < size + RED_ZONE) {
		if (!add_chunk(arena, size + RED_ZONE))
			return refuse(arena, ERR_NO_MEMORY);
		chunk = arena->current;
	}
	result = payload(chunk) + chunk->used;
	chunk->used += size + RED_ZONE;
	arena->used_bytes += size;
	reveal(result, wanted);
	return result;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	void *result;

	if (size != 0 && count > SIZE_MAX / size)
		return refuse(arena, ERR_LIMIT);
	result = arena_alloc(arena, count * size);
	if (result != NULL)
		memset(result, 0, count * size);
	return result;
}

void *arena_grow_array(struct arena *arena, void *elements, uint32_t count, uint32_t *capacity,
		       size_t size)
{
	uint32_t wanted = *capacity != 0 ? *capacity * 2 : ARENA_FIRST_ELEMENTS;
	void *bigger;

	if (count < *capacity)
		return elements;
	if (wanted < *capacity || wanted > SIZE_MAX / size)
		return refuse(arena, ERR_LIMIT);
	bigger = arena_alloc(arena, wanted * size);
	if (bigger == NULL)
		return NULL;
	if (count != 0)
		memcpy(bigger, elements, count * size);
	*capacity = wanted;
	return bigger;
}

struct str arena_copy(struct arena *arena, struct str s)
{
	char *copy = s.length < SIZE_MAX ? arena_alloc(arena, s.length + 1) : NULL;

	if (copy == NULL)
		return (struct str){NULL, 0};
	if (s.length != 0)
		memcpy(copy, s.ptr, s.length);
	copy[s.length] = '\0';
	return (struct str){copy, s.length};
}

struct arena_mark arena_get_mark(const struct arena *arena)
{
	struct arena_chunk *chunk = arena->current;

	return (struct arena_mark){chunk, chunk != NULL ? chunk->used : 0, arena->used_bytes};
}

/* The newest chunk is as a rule the largest, so it is the one worth keeping when a reset would free
 * it: it takes the place behind `mark.chunk`. */
void arena_reset(struct arena *arena, struct arena_mark mark)
{
	struct arena_chunk *newest = arena->current;

	arena->used_bytes = mark.used_bytes;
	if (newest != mark.chunk) {
		free_chunks(newest->older, mark.chunk);
		newest->older = mark.chunk;
		newest->used = 0;
	}
	if (mark.chunk != NULL) {
		mark.chunk->used = mark.chunk_used;
		hide_unused(mark.chunk);
	}
}
