/*
 * Keys for seals as texts: a secret key in a file of its own, and the public key that goes with it,
 * which auditors keep elsewhere.
 *
 *	wsauthz-audit-secret-key HEX	32 random bytes
 *	wsauthz-audit-public-key HEX	32 bytes, an Ed25519 public key
 */
#ifndef STORE_SEAL_KEY_H
#define STORE_SEAL_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "store/seal.h"

enum {
	SEAL_SEED_BYTES = 32,
	SEAL_KEY_TEXT_MAX_BYTES = 1024, /* of a file with a key */
};

/* Appends the text of a secret key. */
void seal_key_write(struct buf *out, const uint8_t seed[SEAL_SEED_BYTES]);

/* Reads such a text; ERR_SYNTAX for any other. */
enum error seal_key_read(struct str text, struct seal_key *out) ATTR_MUST_CHECK;

/* Overwrites a secret key, or a text of one. */
void seal_key_wipe(void *bytes, size_t length);

/* Appends the text of a public key. */
void seal_public_key_write(struct buf *out, const uint8_t key[SEGMENT_KEY_BYTES]);

/* Reads such a text, or the 64 digits alone; ERR_SYNTAX for any other. */
enum error seal_public_key_read(struct str text, uint8_t out[SEGMENT_KEY_BYTES]) ATTR_MUST_CHECK;

#endif
