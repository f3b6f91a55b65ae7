/*
 * What a candidate would have said: recorded decisions are asked again, of a policy that did not
 * make them, and those that come out otherwise are counted. Decisions with the same inputs are asked
 * once, unless the policy looks at the time.
 *
 * What an administrator decided, or a limit, stays as it is under any policy and is not asked again;
 * how many such decisions there are is told first. Somebody whose user record let them in stays in
 * when the revision that decided would not have let them in at that moment either: the record did
 * it, and no policy is to blame.
 *
 * Blocks for as long as it takes; any thread but the loop's.
 */
#ifndef POLICY_REPLAY_H
#define POLICY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/decide.h"
#include "authz/snapshot.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "store/audit_query.h"
#include "store/audit_scan.h"
#include "store/state.h"

enum {
	REPLAY_EXAMPLES = 3,
	REPLAY_GROUPS_MAX = 10000, /* kinds of flips by policy, and by user, that are told apart */
};

/* How a decision comes out otherwise. */
#define REPLAY_FLIP_LIST(X)                                                                        \
	X(ALLOW_TO_DENY, "allow to deny")                                                          \
	X(DENY_TO_ALLOW, "deny to allow")                                                          \
	X(ALLOW_TO_REDIRECT, "allow to redirect")                                                  \
	X(DENY_TO_REDIRECT, "deny to redirect")                                                    \
	X(REDIRECT_TO_ALLOW, "redirect to allow")                                                  \
	X(REDIRECT_TO_DENY, "redirect to deny")                                                    \
	X(ADMINISTRATOR_GAINED,                                                                    \
	  "administrator gained") /* allowed as before, and more than that */                      \
	X(ADMINISTRATOR_LOST, "administrator lost")

enum replay_flip {
#define X(name, text) REPLAY_##name,
	REPLAY_FLIP_LIST(X)
#undef X
		REPLAY_FLIP_COUNT
};

/* "allow to deny", ... */
const char *replay_flip_text(enum replay_flip flip);

/* Why a decision is not asked again. */
#define REPLAY_GAP_LIST(X)                                                                         \
	X(BLOCKED, "an administrator blocked the principal")                                       \
	X(REVOKED, "an administrator revoked the user's record")                                   \
	X(BREAK_GLASS, "let in by the break-glass group, whatever the policy says")                \
	X(MALFORMED, "the request was malformed")                                                  \
	X(LIMITED, "a limit or a failure of the daemon decided")                                   \
	X(UNREADABLE, "the recorded request is masked, or read otherwise by this version")         \
	X(REVISION, "the revision that decided cannot be had")

enum replay_gap {
#define X(name, text) REPLAY_GAP_##name,
	REPLAY_GAP_LIST(X)
#undef X
		REPLAY_GAP_COUNT
};

const char *replay_gap_text(enum replay_gap gap);

/* Decisions that come out otherwise alike. */
struct replay_group {
	enum replay_flip flip;
	struct str user;   /* of the groups by user; else empty */
	struct str before; /* what decided: ids of policies, or a source such as "default" */
	struct str after;
	uint64_t count;
	uint64_t examples[REPLAY_EXAMPLES]; /* decision ids, the first ones; 0 for none */
};

struct replay_groups {
	struct replay_group **items; /* the most frequent first */
	size_t count;
	uint64_t others; /* flips beyond REPLAY_GROUPS_MAX */
};

/* One decision that comes out otherwise. Texts live until the call returns; they are empty beyond
 * REPLAY_GROUPS_MAX. */
struct replay_difference {
	uint64_t decision_id;
	int64_t wall_us;
	enum replay_flip flip;
	struct str user, before, after;
};

struct replay_options {
	const struct decide_settings *settings; /* of the daemon */
	struct audit_scan_range range;
	struct hash_key key;
	/* Where the revisions that decided are; borrowed, and used by this thread alone. */
	struct state *state;
	/* Called now and then; may be NULL. False ends the work with ERR_CANCELLED. */
	bool (*on_progress)(void *arg, const struct audit_scan_progress *progress);
	void *arg;
	/* Called for each decision that comes out otherwise, with `arg`; may be NULL. Its error ends
	 * the work and is returned. */
	enum error (*on_difference)(void *arg, const struct replay_difference *difference);
	/* For measurements and tests: ask for each decision anew. */
	bool asks_each;
};

struct replay_result {
	struct arena arena;      /* of the groups */
	uint64_t decision_count; /* in the range */
	uint64_t replayed_count;
	uint64_t gaps[REPLAY_GAP_COUNT];
	uint64_t flips[REPLAY_FLIP_COUNT];
	uint64_t flip_count;       /* all of them */
	uint64_t asked_count;      /* questions put to the candidate */
	uint64_t last_id;          /* the last decision of the range; 0: none */
	int64_t first_us, last_us; /* of the decisions in the range */
	struct replay_groups by_policy, by_user;
};

/* Asks `candidate`. On success `*result` is to be deinitialised. Errors as audit_query(), and
 * ERR_CANCELLED, with `why`; ERR_NO_MEMORY. */
enum error replay_run(const struct snapshot *candidate, struct audit_reader *reader,
		      const struct replay_options *options, struct replay_result *result,
		      struct buf *why) ATTR_MUST_CHECK;

void replay_result_deinit(struct replay_result *result);

#endif
