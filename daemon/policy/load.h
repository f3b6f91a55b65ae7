/*
 * From a policy directory, or from a revision that was stored, to a snapshot: read safely, build,
 * validate. All of it blocks and none of it touches what serves: it runs at start, on workers and in
 * wsauthzctl.
 */
#ifndef POLICY_LOAD_H
#define POLICY_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/snapshot.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "cedar/cedar.h"
#include "platform/tree.h"
#include "policy/tests.h"
#include "store/state.h"

enum {
	POLICY_MAX_FILE_BYTES = STATE_FILE_MAX_BYTES,
	POLICY_MAX_TOTAL_BYTES = 64 * 1024 * 1024,
};

struct policy_load {
	enum error error; /* ERR_NONE: `snapshot` can serve */
	/* Why the directory could not be read or the revision not be stored; else empty. */
	struct buf obstacle;
	struct cedar_diags diags;
	/* Its own tests; some ran only when nothing else was wrong. */
	struct policy_tests_summary tests;
	bool has_digest;
	uint8_t digest[SNAPSHOT_DIGEST_BYTES];
	/* The revision, numbered if it was ever stored; owned. */
	struct snapshot *snapshot;
	int64_t finished_us; /* wall clock; set by the daemon */
};

void policy_load_init(struct policy_load *load);
void policy_load_deinit(struct policy_load *load);

/* Reads the files of `directory`, as they are at one moment, into `tree`, which is to be deinitialised
 * on success. Errors as tree_read_settled(), with `why`. */
enum error policy_read_directory(const char *directory, struct tree *tree,
				 struct buf *why) ATTR_MUST_CHECK;

/* Builds a snapshot of what was read and puts its own tests to it, which must pass; `key` as for
 * snapshot_new(). */
void policy_load_tree(struct policy_load *load, const struct tree *tree, struct hash_key key);

/* The same for what policy_candidate_check() found nothing wrong with: without validating or
 * testing it again, and without the warnings that `load` has from there. */
void policy_load_checked(struct policy_load *load, const struct tree *tree, struct hash_key key);

/* The same as policy_load_tree() for who throws the snapshot away: it has no digest. */
void policy_load_trial(struct policy_load *load, const struct tree *tree, struct hash_key key);

/* Reads `directory` and does the same as policy_load_tree(). */
void policy_load_directory(struct policy_load *load, const char *directory, struct hash_key key);

/* Finds revision `number` in `state`, the newest one for 0, and builds a snapshot of it.
 * ERR_NOT_FOUND with an obstacle when there is none. */
void policy_load_stored(struct policy_load *load, struct state *state, uint64_t number,
			struct hash_key key);

/* Appends all that stands against it for a person at a terminal, with source lines and carets. */
void policy_load_print(const struct policy_load *load, struct buf *out);

#endif
