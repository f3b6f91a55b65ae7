/*
 * Bump allocation, freed whole: for anything parsed and anything that lives as long as a request.
 * One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *current; /* newest chunk, linked to the older ones */
	size_t next_chunk_bytes;     /* size of the next chunk; doubles up to a bound */
	size_t used_bytes;           /* payload of all chunks together, padding included */
	size_t max_bytes;            /* used_bytes never passes this */
	enum error refusal;     /* of the latest allocation refused: ERR_NO_MEMORY, or ERR_LIMIT
			       when max_bytes forbade it; never ERR_NONE */
	uint32_t refusal_count; /* allocations refused since the arena was made */
};

/* A point to which an arena can be taken back. */
struct arena_mark {
	struct arena_chunk *chunk;
	size_t chunk_used;
	size_t used_bytes;
};

/* No memory is taken before the first allocation. `first_chunk_bytes` is a hint, at least 256;
 * `max_bytes` bounds the payload (SIZE_MAX for no bound). */
void arena_init(struct arena *arena, size_t first_chunk_bytes, size_t max_bytes);

/* Frees everything; the arena may be used again. */
void arena_deinit(struct arena *arena);

/* `size` bytes aligned for any type, uninitialised; NULL when memory or the bound is spent. */
void *arena_alloc(struct arena *arena, size_t size) ATTR_MUST_CHECK;

/* `count` zeroed elements of `size` bytes; NULL as above, also when the product overflows. */
void *arena_calloc(struct arena *arena, size_t count, size_t size) ATTR_MUST_CHECK;

/* Room for one more element in an array that grows by doubling: returns `elements`, or a copy of
 * its `count` elements of `size` bytes with a new `*capacity` when it is full (the old one stays in
 * the arena until it is freed). NULL, and nothing changed, when memory or the bound is spent. An
 * empty array is NULL with capacity 0. */
void *arena_grow_array(struct arena *arena, void *elements, uint32_t count, uint32_t *capacity,
		       size_t size) ATTR_MUST_CHECK;

/* A copy of the bytes, zero-terminated beyond its length; ptr is NULL when memory is spent. */
struct str arena_copy(struct arena *arena, struct str s) ATTR_MUST_CHECK;

struct arena_mark arena_get_mark(const struct arena *arena);

/* Gives back all that was allocated since `mark`, which must be of this arena and not yet given
 * back itself. Keeps the newest chunk for reuse; since chunks double up to 1 MiB, work repeated
 * between resets that needs less than that soon takes nothing from the heap. */
void arena_reset(struct arena *arena, struct arena_mark mark);

#endif
