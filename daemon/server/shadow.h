/*
 * The shadow: a second policy directory that decides beside the one that serves, and answers nobody.
 * A worker asks it the decisions that were recorded since it last looked, so that no request waits
 * for it, and what comes out otherwise goes into the state database. It takes no more than its share
 * of one processor: a pass that took long is followed by a longer rest, and when too many decisions
 * wait meanwhile the oldest of them are skipped and counted.
 *
 * Loop thread, but for the work itself.
 */
#ifndef SERVER_SHADOW_H
#define SERVER_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "authz/decide.h"
#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "server/state_store.h"
#include "store/env.h"
#include "store/state.h"

enum {
	SHADOW_INTERVAL_MS = 1000,
	SHADOW_PASS_DECISIONS = 5000, /* asked at a time */
	SHADOW_BACKLOG_DECISIONS = 100000,
};

/* All pointers are borrowed. */
struct shadow_options {
	uv_loop_t *loop;
	const struct log *log;
	const struct clock *clock;
	const char *directory; /* of the shadow policy */
	const char *state_directory;
	const struct store_env *env;
	const struct decide_settings *settings;
	struct state_store *store;
	struct hash_key key;
	bool isolates_candidates;
	uint32_t max_backlog;             /* decisions that may wait; older ones are skipped */
	uint32_t cpu_percent;             /* of one processor, 1 to 100 */
	const uint64_t *last_decision_id; /* the newest decision, as the loop knows */
};

struct shadow;

/* Begins behind the newest decision. ERR_NO_MEMORY. */
enum error shadow_start(const struct shadow_options *options, struct shadow **out) ATTR_MUST_CHECK;

/* Reads the directory again before the next pass. */
void shadow_notice_change(struct shadow *shadow);

/* Ends the work in progress and calls `on_stopped`, maybe at once. Its handles end with the loop;
 * then it is to be freed. */
void shadow_stop(struct shadow *shadow, void (*on_stopped)(void *arg), void *arg);
void shadow_free(struct shadow *shadow); /* accepts NULL */

/* How it is. */
struct shadow_status {
	struct state_shadow progress; /* as in the state database */
	bool is_valid;                /* the directory could be loaded */
	int64_t not_watched_since_us; /* by the wall clock; 0 when its changes are noticed */
};

struct shadow_status shadow_status(const struct shadow *shadow);

#endif
