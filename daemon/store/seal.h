/*
 * Sealing: a closed segment gets the indexes for questions, a row that says what it holds, and,
 * with a key, a signature of that; then it is one file without a log that nobody may write.
 *
 * What is signed, with Ed25519: the text "wsauthz audit seal 1", then as 8 bytes each, least
 * significant first, the number of the segment, base id, first id, last id, decision count, event
 * count, first_us, last_us and sealed_us, then the chain at the base id and the chain at the last
 * id.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/env.h"
#include "store/segment.h"

enum { SEAL_SECRET_BYTES = 64 }; /* an Ed25519 secret key as libsodium has it */

/* A key for signing; wiped by whoever made it. */
struct seal_key {
	uint8_t secret[SEAL_SECRET_BYTES];
	uint8_t public_key[SEGMENT_KEY_BYTES];
};

/* Makes a key pair from 32 secret random bytes. */
enum error seal_key_make(const uint8_t seed[32], struct seal_key *out) ATTR_MUST_CHECK;

/*
 * Seals segment `number`, which must not be the live one, nor be open for writing. Whatever was
 * done already is not done again, so that it may be repeated after a failure or a crash at any
 * point. `key` may be NULL. `out` is the segment as it is sealed. Takes seconds for a million rows;
 * readers of the segment are not disturbed, but while one is in it ERR_BUSY is returned near the
 * end and the rest is to be tried again. Other errors as audit_open(), with `why`.
 */
enum error seal_segment(const char *directory, uint32_t number, const struct store_env *env,
			const struct seal_key *key, int64_t wall_us, struct segment *out,
			struct buf *why) ATTR_MUST_CHECK;

/* Whether the segment's signature is of its seal by `public_key`, or by the key that it names when
 * that is NULL. */
bool seal_is_signed(const struct segment *segment, const uint8_t *public_key);

#endif
