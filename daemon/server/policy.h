/*
 * The policy that serves, and how it is replaced: a load runs on a worker, and only when all of it
 * succeeded the loop thread swaps one pointer. A failure leaves the revision that serves. Loads run
 * one after the other in the order they were asked for. Loop thread.
 */
#ifndef SERVER_POLICY_H
#define SERVER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "authz/snapshot.h"
#include "base/attributes.h"
#include "base/error.h"
#include "server/audit_events.h"
#include "server/metrics.h"
#include "server/policy_store.h"

struct policy;

struct policy_options {
	uv_loop_t *loop;
	const struct log *log;
	const struct clock *clock;
	const char *directory;
	struct hash_key key;
	bool isolates_candidates; /* see struct settings */
	struct policy_gate gate;
	struct state_store *store;
	struct metrics *metrics;
	struct audit_events *events;
};

/* Who wants to know how a load ended. */
struct policy_waiter {
	struct policy_waiter *next;
	bool check_only; /* build and validate, but neither store nor activate */
	/* A stored revision to go back to and pin, instead of the directory; 0 for none. */
	uint64_t rollback_to;
	/* A gate for this load in place of the configured one. */
	bool has_gate;
	uint32_t max_flips;
	int64_t window_ms; /* 0: the configured one */
	struct str actor;  /* whose action it is, for the record of what administrators did */
	/* `load` is valid until the function returns; `activated` when it now serves and something
	 * else did before. */
	void (*on_done)(struct policy_waiter *waiter, const struct policy_load *load,
			bool activated);
};

/* What serves; valid until the policy changes. */
struct policy_status {
	struct snapshot *snapshot; /* NULL when no policy is active */
	int64_t activated_us;
	bool is_fallback; /* the directory was invalid at start */
	bool is_pinned;   /* by a rollback: changes of the directory do not replace it */
	/* The last load, when it failed; else NULL. */
	const struct policy_load *failure;
};

/* The options are borrowed but for the struct itself. */
enum error policy_new(const struct policy_options *options, struct policy **out) ATTR_MUST_CHECK;

/* The first load, before the loop runs: of the pinned revision if there is one, else of the
 * directory, or of the newest stored revision when the directory is invalid. What is wrong is logged. ERR_INVALID when there is nothing to serve. */
enum error policy_start(struct policy *policy) ATTR_MUST_CHECK;

/* Loads the directory again, as somebody asked; when that succeeds it ends a pin. `waiter`, which
 * may be NULL, must live until it is called; it is called later, never from here. */
void policy_reload(struct policy *policy, struct policy_waiter *waiter);

/* Loads the directory again because it changed, unless a revision is pinned. */
void policy_notice_change(struct policy *policy);

struct policy_status policy_status(const struct policy *policy);

/* The revision that serves; NULL when none does. No reference is taken. */
struct snapshot *policy_snapshot(const struct policy *policy);

/* Calls those whose load has not begun, with ERR_CANCELLED. */
void policy_cancel(struct policy *policy);

/* Ends the load in progress, calls the waiters, and calls `on_closed` when the policy is gone. */
void policy_close(struct policy *policy, void (*on_closed)(void *arg), void *arg);

#endif
