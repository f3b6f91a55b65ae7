/*
 * How often each principal asks: a burst at once, then so many a second. Every principal that asks
 * has a bucket in a table of fixed size, found by a keyed hash; when many ask at the same time, the
 * bucket that is nearest to full makes room, for it forgives least. Loop thread.
 */
#ifndef SERVER_RATES_H
#define SERVER_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

enum {
	RATES_SETS = 4096, /* of buckets that a hash can fall into */
	RATES_WAYS = 4,    /* buckets of a set */
	RATES_MAX_PER_SECOND = 1000000,
	RATES_MAX_BURST = 1000000,
};

struct rates;

/* `per_second` from 1 to RATES_MAX_PER_SECOND, `burst` from 1 to RATES_MAX_BURST. ERR_NO_MEMORY. */
enum error rates_new(uint32_t per_second, uint32_t burst, struct hash_key key,
		     struct rates **out) ATTR_MUST_CHECK;
void rates_free(struct rates *rates); /* accepts NULL */

/* Whether `principal` may ask once more at `now_ms`, of a clock that never steps back. */
bool rates_take(struct rates *rates, struct str principal, int64_t now_ms) ATTR_MUST_CHECK;

#endif
