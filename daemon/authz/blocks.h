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

/*
 * A block for a span of time ends by the boot clock (base/clock.h), which counts sleep and which
 * nobody sets: neither an administrator of the machine nor a time server ends it early. A block
 * until a time ends by the wall clock, for that is what was promised.
 */
struct block {
	struct str principal; /* canonical, see identity_read_principal() */
	int64_t created_us;   /* wall clock */
	/* Its last moment, by either clock as they stood when it was made; or BLOCK_FOR_EVER. */
	int64_t until_us;   /* wall clock */
	int64_t until_ms;   /* boot clock */
	bool by_wall_clock; /* which of the two counts */
	struct str reason;  /* what the administrator said; may be empty */
};

/* A moment, by both clocks. */
struct block_time {
	int64_t wall_us;
	int64_t boot_ms;
};

/* Whether the block stops its principal at `now`. */
bool block_holds(const struct block *block, struct block_time now);

/* Whether it has ended for good: of one until a time, once as much time has run as there was to
 * run, so that a wall clock that is set wrong and right again lets nobody go. */
bool block_is_over(const struct block *block, struct block_time now);

/* How long it still holds, 0 when it has ended; BLOCK_FOR_EVER. */
int64_t block_left_ms(const struct block *block, struct block_time now);

/* When it ends or ended by the wall clock as that stands now; BLOCK_FOR_EVER. */
int64_t block_end_us(const struct block *block, struct block_time now);

struct blocks;

enum error blocks_new(struct hash_key key, struct blocks **out) ATTR_MUST_CHECK;
void blocks_free(struct blocks *blocks);

/* Adds a block, or replaces the one of the same principal; texts are copied. ERR_LIMIT,
 * ERR_NO_MEMORY leave the blocks as they were. */
enum error blocks_put(struct blocks *blocks, const struct block *block) ATTR_MUST_CHECK;

/* True when there was one. */
bool blocks_remove(struct blocks *blocks, struct str principal);

/* The block that stops `identity` at `now`, or NULL. Valid until the blocks change. */
const struct block *blocks_find(const struct blocks *blocks, const struct identity *identity,
				struct block_time now);

/* Takes out the block of this principal if it is over at `now`. */
void blocks_remove_over(struct blocks *blocks, struct str principal, struct block_time now);

size_t blocks_count(const struct blocks *blocks);

/* Visits all blocks, those that ended too, in no particular order; stops when `visit` returns
 * false. `visit` must not change the blocks. */
void blocks_each(const struct blocks *blocks, bool (*visit)(const struct block *block, void *arg),
		 void *arg);

#endif
