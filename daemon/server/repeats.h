/*
 * Questions that are asked again: a host asks for the same user and the same operation in the same
 * bytes, but for the id of the request. From its second time on such a question is remembered as it
 * was read: its message, the identity, the operation, the context for the audit, and the policies
 * that permitted it. Looked at anew each time is whatever may have changed: blocks, revocations,
 * records and limits, and where the policy looks at the time the policy itself.
 *
 * Nothing is remembered that was not read without an error, and everything is forgotten when
 * another policy serves, and when there is no room for one more. The memory of a question that is
 * still being answered goes with the answer. Loop thread.
 */
#ifndef SERVER_REPEATS_H
#define SERVER_REPEATS_H

#include <stddef.h>
#include <stdint.h>

#include "authz/decide.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

enum {
	REPEATS_MAX_COUNT = 2048,
	REPEATS_MAX_BYTES = 8 * 1024 * 1024,
	/* Larger questions are read each time. */
	REPEATS_MAX_BODY_BYTES = 16 * 1024,
};

struct repeats;
struct repeat;

/* `key` is for the table. ERR_NO_MEMORY. */
enum error repeats_new(struct hash_key key, struct repeats **out) ATTR_MUST_CHECK;

/* Whoever holds a repeat must have released it. Accepts NULL. */
void repeats_free(struct repeats *repeats);

/* The question in `payload`, when a client of `application` asked it under `snapshot` before; held
 * for the caller. NULL when it has to be read from the payload. `scratch` as in struct decider. */
struct repeat *repeats_find(struct repeats *repeats, struct snapshot *snapshot,
			    struct str application, struct str payload,
			    struct buf *scratch) ATTR_MUST_CHECK;

/* Forgets what was asked under another policy than `snapshot`, which is not NULL, and lets that one
 * go. To be called now and then, for when nobody asks. */
void repeats_use_policy(struct repeats *repeats, struct snapshot *snapshot);

/* What is asked; its instant is not set. Good while the repeat is held. */
const struct question *repeat_question(const struct repeat *repeat);

/* The memory that it takes. */
size_t repeat_bytes(const struct repeat *repeat);

/* Remembers what permitted the question, if the policy did and says the same at any time. To be
 * called before the policy that decided can have been replaced. */
void repeats_keep_permission(const struct repeats *repeats, struct repeat *repeat,
			     const struct decision *decision);

/* Ends the hold. Accepts NULL. */
void repeat_release(struct repeat *repeat);

/* How many are remembered. */
size_t repeats_count(const struct repeats *repeats);

#endif
