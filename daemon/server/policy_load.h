/*
 * From a policy directory to a revision ready to serve: read safely, build and validate, store. All
 * of it blocks and none of it touches what serves, so it runs at start and on workers.
 */
#ifndef SERVER_POLICY_LOAD_H
#define SERVER_POLICY_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/snapshot.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "cedar/cedar.h"
#include "server/state_store.h"

enum {
	POLICY_MAX_FILE_BYTES = STATE_FILE_MAX_BYTES,
	POLICY_MAX_TOTAL_BYTES = 64 * 1024 * 1024,
	POLICY_LOGGED_DIAGS = 20, /* diagnostics of one load that are logged */
};

struct policy_load {
	enum error error; /* ERR_NONE: `snapshot` can serve */
	/* Why the directory could not be read or the revision not be stored; else empty. */
	struct buf obstacle;
	struct cedar_diags diags;
	bool has_digest;
	uint8_t digest[SNAPSHOT_DIGEST_BYTES];
	/* The revision, numbered once it is stored; owned. */
	struct snapshot *snapshot;
	int64_t finished_us; /* wall clock */
};

void policy_load_init(struct policy_load *load);
void policy_load_deinit(struct policy_load *load);

/* Reads `directory` and builds a snapshot; `key` as for snapshot_new(). */
void policy_load_directory(struct policy_load *load, const char *directory, struct hash_key key,
			   const struct clock *clock);

/* The same, and stores the revision in `store`, which numbers it. */
void policy_load_revision(struct policy_load *load, const char *directory, struct hash_key key,
			  const struct clock *clock, struct state_store *store);

/* Builds a snapshot of the newest revision in `store` instead. ERR_NOT_FOUND when there is none. */
void policy_load_stored(struct policy_load *load, struct hash_key key, const struct clock *clock,
			struct state_store *store);

/* Stores that `actor` asked for the load and what came of it. A failure is logged. */
void policy_load_record(const struct policy_load *load, struct str actor, const struct clock *clock,
			struct state_store *store);

/* Appends all that stands against it for a person at a terminal, with source lines and carets. */
void policy_load_print(const struct policy_load *load, struct buf *out);

/* Logs the same, a line of it an event "policy.invalid" or, for warnings, "policy.warning". */
void policy_load_log(const struct policy_load *load, const struct log *log);

#endif
