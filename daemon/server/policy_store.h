/*
 * The policy and the daemon's memory of it: revisions into the state database and out of it, what
 * administrators did to them, and what the log says. All of it blocks: at start and on workers.
 */
#ifndef SERVER_POLICY_STORE_H
#define SERVER_POLICY_STORE_H

#include "base/clock.h"
#include "base/log.h"
#include "policy/load.h"
#include "server/policy_gate.h"
#include "server/state_store.h"

enum { POLICY_LOGGED_DIAGS = 20 /* diagnostics of one load that are logged */ };

/* Where a candidate comes from and how it is loaded. */
struct policy_candidate {
	const char *directory;
	struct hash_key key;            /* as for snapshot_new() */
	bool in_child;                  /* check it in a child first (policy/candidate.h) */
	const struct policy_gate *gate; /* NULL for none */
};

/* Loads the candidate, asks the gate, and stores the revision in `store`, which numbers it; `store` may be NULL. */
void policy_store_load(struct policy_load *load, const struct policy_candidate *candidate,
		       const struct clock *clock, struct state_store *store);

/* Loads revision `number` from `store`, the newest one for 0. ERR_NOT_FOUND when there is none. */
void policy_store_fetch(struct policy_load *load, uint64_t number, struct hash_key key,
			const struct clock *clock, struct state_store *store);

/* Pins the revision of `load`, or ends the pin when it is NULL; on disk when this returns ERR_NONE.
 * A failure is logged. */
enum error policy_store_pin(const struct policy_load *load,
			    struct state_store *store) ATTR_MUST_CHECK;

/* The pinned revision, 0 for none. */
enum error policy_store_pinned(struct state_store *store, uint64_t *number) ATTR_MUST_CHECK;

/* What an administrator asked for. */
struct policy_action {
	struct str actor;
	const char *name;     /* "policy.reload", "policy.rollback" */
	uint64_t rollback_to; /* 0 for none */
};

/* "done", or the first thing that is wrong; lives as long as the load. */
struct str policy_store_outcome(const struct policy_load *load);

/* Stores what was asked for and what came of it. A failure is logged. */
void policy_store_record(const struct policy_load *load, const struct policy_action *asked,
			 const struct clock *clock, struct state_store *store);

/* Logs what stands against it, a line of it an event "policy.invalid" or, for warnings,
 * "policy.warning". */
void policy_store_log(const struct policy_load *load, const struct log *log);

#endif
