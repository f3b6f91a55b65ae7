#include "client-plugin/pool.h"

#include <stdalign.h>
#include <stdint.h>

#include "client-plugin/memory.h"

enum { PIECE_BYTES = 4096 };

struct pool_piece {
	struct pool_piece *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

static struct pool_piece *add_piece(struct pool *pool, size_t size)
{
	struct pool_piece *piece;

	if (size > SIZE_MAX - sizeof(*piece))
		return NULL;
	piece = memory_calloc(1, sizeof(*piece) + size);
	if (piece == NULL)
		return NULL;
	piece->size = size;
	piece->next = pool->pieces;
	pool->pieces = piece;
	return piece;
}

void *pool_take(struct pool *pool, size_t size)
{
	const size_t unit = alignof(max_align_t);
	struct pool_piece *piece = pool->pieces;
	void *taken;

	if (size > SIZE_MAX - unit)
		return NULL;
	size = (size + unit - 1) / unit * unit;
	if (piece == NULL || piece->size - piece->used < size)
		piece = add_piece(pool, size > PIECE_BYTES ? size : PIECE_BYTES);
	if (piece == NULL)
		return NULL;
	taken = piece->bytes + piece->used;
	piece->used += size;
	return taken;
}

void pool_free(struct pool *pool)
{
	while (pool->pieces != NULL) {
		struct pool_piece *next = pool->pieces->next;

		memory_free(pool->pieces);
		pool->pieces = next;
	}
}
