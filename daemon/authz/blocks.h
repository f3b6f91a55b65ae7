/*
 * Principals that an administrator blocked: denied before any policy is asked. Loop thread.
 *
 * A block names a principal (a SID, or the text that identity.h makes without a token) or a name. A
 * name blocks whoever comes under it, whatever the SID: what only ever denies may be wide.
 */
#ifndef AUTHZ_BLOCKS_H
#define AUTHZ_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/identity.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

enum { BLOCKS_MAX_COUNT = 100000 };

#define BLOCK_FOR_EVER INT64_MAX

struct block {
	struct str principal; /* canonical, see identity_read_principal() */
	int64_t created_us;   /* wall clock */
	int64_t until_us;     /* wall clock, the last microsecond of the block; or BLOCK_FOR_EVER */
	struct str reason;    /* what the administrator said; may be empty */
};

struct blocks;

enum error blocks_new(struct hash_key key, struct blocks **out) ATTR_MUST_CHECK;
void blocks_free(struct blocks *blocks);

/* Adds a block, or replaces the one of the same principal; texts are copied. ERR_LIMIT,
 * ERR_NO_MEMORY leave the blocks as they were. */
enum error blocks_put(struct blocks *blocks, const struct block *block) ATTR_MUST_CHECK;

/* True when there was one. */
bool blocks_remove(struct blocks *blocks, struct str principal);

/* The block that stops `identity` at `now_us`, or NULL. Valid until the blocks change. */
const struct block *blocks_find(const struct blocks *blocks, const struct identity *identity,
				int64_t now_us);

size_t blocks_count(const struct blocks *blocks);

/* Visits all blocks, those that ended too, in no particular order; stops when `visit` returns
 * false. `visit` must not change the blocks. */
void blocks_each(const struct blocks *blocks, bool (*visit)(const struct block *block, void *arg),
		 void *arg);

#endif
