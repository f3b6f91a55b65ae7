/* Memory for what is copied from one question: taken piece by piece, freed at once. One thread. */
#ifndef CLIENT_PLUGIN_POOL_H
#define CLIENT_PLUGIN_POOL_H

#include <stddef.h>

struct pool_piece;

/* Zero is an empty pool. */
struct pool {
	struct pool_piece *pieces;
};

/* Zeroed and aligned for any type; NULL when there is no memory. */
void *pool_take(struct pool *pool, size_t size);

/* Frees everything; the pool is empty then. */
void pool_free(struct pool *pool);

#endif
