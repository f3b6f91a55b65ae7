/*
 * The policy and the daemon's memory of it: revisions into the state database and out of it, what
 * administrators did to them, and what the log says. All of it blocks: at start and on workers.
 */
#ifndef SERVER_POLICY_STORE_H
#define SERVER_POLICY_STORE_H

#include "base/clock.h"
#include "base/log.h"
#include "policy/load.h"
#include "server/state_store.h"

enum { POLICY_LOGGED_DIAGS = 20 /* diagnostics of one load that are logged */ };

/* Loads `directory` and stores the revision in `store`, which numbers it; `store` may be NULL. */
void policy_store_load(struct policy_load *load, const char *directory, struct hash_key key,
		       const struct clock *clock, struct state_store *store);

/* Loads revision `number` from `store`, the newest one for 0. ERR_NOT_FOUND when there is none. */
void policy_store_fetch(struct policy_load *load, uint64_t number, struct hash_key key,
			const struct clock *clock, struct state_store *store);

/* Stores that `actor` asked for the load and what came of it. A failure is logged. */
void policy_store_record(const struct policy_load *load, struct str actor,
			 const struct clock *clock, struct state_store *store);

/* Logs what stands against it, a line of it an event "policy.invalid" or, for warnings,
 * "policy.warning". */
void policy_store_log(const struct policy_load *load, const struct log *log);

#endif
