/*
 * The decision: may this sender connect, do this, and within which quota? Reads the policy, the
 * blocks and the user records, and writes nothing but reservations of records. The loop thread.
 *
 * Every way through ends in a complete decision. A denial is the zero value, and whatever goes
 * wrong denies under a source of its own.
 */
#ifndef AUTHZ_DECIDE_H
#define AUTHZ_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/blocks.h"
#include "authz/identity.h"
#include "authz/obligations.h"
#include "authz/operation.h"
#include "authz/records.h"
#include "authz/sender.h"
#include "authz/snapshot.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "store/audit.h"

/* Far apart from each other and from zero (16 bits), so that no flipped bit turns one into another.
 * Every value that is not listed denies. */
enum decision_verdict {
	DECISION_DENY = 0,
	DECISION_ALLOW = 0x5AA53CC3,
	DECISION_REDIRECT = 0x66995A5A,
};

/* What a decision rests on. */
#define DECISION_SOURCE_LIST(X)                                                                    \
	X(NONE, "none")                 /* nothing was decided */                                  \
	X(POLICY, "policy")             /* the policies in `reasons` */                            \
	X(DEFAULT, "default")           /* no policy permits it */                                 \
	X(RECORD, "record")             /* a live user record */                                   \
	X(BLOCK, "block")               /* an administrator blocked the principal */               \
	X(REVOKED, "revoked")           /* an administrator revoked the user's record */           \
	X(BREAK_GLASS, "break_glass")   /* let in by the break-glass group, against a denial */    \
	X(POLICY_ERROR, "policy_error") /* a forbid policy could not be evaluated */               \
	X(NO_POLICY, "no_policy")       /* no policy is active */                                  \
	X(MALFORMED, "malformed")       /* the sender or the operation breaks its bounds */        \
	X(LIMIT, "limit")               /* evaluation or records are at their limit */             \
	X(RESOURCES, "resources")       /* no memory */                                            \
	X(INTERNAL, "internal")         /* an error of ours */

enum decision_source {
#define X(name, text) DECISION_FROM_##name,
	DECISION_SOURCE_LIST(X)
#undef X
};

/* "policy", "block", ...; "unknown" for a value outside the list. */
const char *decision_source_text(enum decision_source source);

enum decide_on_error { DECIDE_ERROR_DENIES, DECIDE_ERROR_AS_CEDAR };
enum decide_on_reload { DECIDE_RELOAD_REEVALUATES, DECIDE_RELOAD_KEEPS };

/* Configuration; constant while the daemon runs. */
struct decide_settings {
	enum decide_on_error on_error;   /* policy.on_error */
	enum decide_on_reload on_reload; /* records.on_reload */
	/* What holds when no determining policy sets it. Time-outs must be set; a quota field that
	 * is 0 is not. */
	struct grant defaults;
	/* SID of the group whose members get in whatever the policy, blocks and revocations say;
	 * empty for none. Without a record, so that each use is decided and audited by itself. */
	struct str break_glass_group;
};

/* on_error deny, on_reload reevaluate, idle 15 minutes, lifetime 8 hours, no quota, no break-glass
 * group. */
struct decide_settings decide_settings_default(void);

/* The time of a request, read once. */
struct instant {
	int64_t wall_us;
	int64_t boot_ms;
	int32_t utc_offset_s; /* local time minus UTC; whole minutes count */
};

/* What decisions may write to their scratch buffer: a context with all texts at their bounds, and
 * each byte escaped. */
enum { DECIDE_SCRATCH_BYTES = 512 * 1024 };

enum {
	DECISION_MAX_POLICIES = 256, /* listed in a decision, of each kind */
	DECIDE_TIMESLOT_S = 60,      /* of a quota that does not say */
};

/* What decisions are made with. Borrowed; the caller owns all of it. */
struct decider {
	const struct snapshot *snapshot; /* NULL when no policy is active */
	struct records *records;
	const struct blocks *blocks;
	const struct decide_settings *settings;
	struct cedar_request *cedar; /* used again for each decision */
	struct buf *scratch;         /* likewise; at least DECIDE_SCRATCH_BYTES long at most */
};

enum question_kind { QUESTION_USER, QUESTION_OPERATION, QUESTION_QUOTA };

/* What identity_read() and operation_read() make of a question. */
struct question_reading {
	struct identity identity;
	struct operation operation; /* QUESTION_OPERATION */
	/* As struct decision has it; empty when it is not there and has to be written. */
	struct str context_json;
};

/* The policies that permitted an operation. */
struct permission {
	const struct str *reasons;
	size_t reason_count;
};

struct question {
	enum question_kind kind;
	struct str application;
	const struct sender *sender;
	struct str action_uri, resource_uri; /* QUESTION_OPERATION */
	struct instant instant;
	/* When the question is asked more than once: what was made of it before; else NULL. */
	const struct question_reading *reading;
	/* QUESTION_OPERATION: what permitted it before, under the same policy, which says the same
	 * at any time (snapshot_looks_at_time()); else NULL. */
	const struct permission *permission;
};

struct decision {
	enum decision_verdict verdict;
	enum decision_source source;
	const struct question *question;
	/* DECISION_REDIRECT: the URL. DECISION_DENY: a text for the user, may be empty. */
	struct str extended_information;
	bool administrator;
	struct record_id record_id; /* none without a record */
	uint64_t revision;          /* of the policy; 0 without one */

	/* The Cedar action that decided: Connect when an operation failed at it. */
	enum action decided_action;
	/* The determining policies, by id, and those that erred, by id and with what is wrong, in
	 * the order of the policy set; at most DECISION_MAX_POLICIES of each. */
	const struct str *reasons;
	size_t reason_count;
	const struct str *erring;
	const struct cedar_policy_error *errors; /* one for each of `erring` */
	size_t error_count;

	/* QUESTION_USER and QUESTION_QUOTA, DECISION_ALLOW: without it WinRM's default applies. No
	 * field is 0. */
	bool has_quota;
	struct quota quota;

	/* DECISION_ALLOW: what the user may come in with, by the record or the permits of Connect
	 * and the configuration's defaults. */
	struct grant grant;

	/* To be applied behind the durable audit row, or dropped; see authz/records.h. */
	struct record_change change;

	/* What was asked and of whom, for the audit. Complete as far as the sender could be read;
	 * `detail` then says what was wrong. */
	struct identity identity;
	struct operation operation; /* QUESTION_OPERATION */
	struct str detail;          /* for the log, never for the user */
	/* The Cedar context as JSON, except time, localTime and weekday, which follow from
	 * the instant. Empty when nothing was evaluated. */
	struct str context_json;
};

/* Reads a question that will be asked again, whose answers then take `reading`, which may point to
 * what the question points to and into `arena`. `scratch` as in struct decider. ERR_INVALID or
 * ERR_LIMIT when the sender or the operation breaks its bounds; ERR_NO_MEMORY. */
enum error question_read(struct arena *arena, struct buf *scratch, const struct question *question,
			 struct question_reading *reading) ATTR_MUST_CHECK;

/* Decide the question; memory comes from `arena` and, until it is reset, the decision points into
 * it, into the snapshot and into the question. */
void decide_user(const struct decider *decider, struct arena *arena,
		 const struct question *question, struct decision *decision);
void decide_operation(const struct decider *decider, struct arena *arena,
		      const struct question *question, struct decision *decision);
void decide_quota(const struct decider *decider, struct arena *arena,
		  const struct question *question, struct decision *decision);

/* What the active policy says to `question`, by evaluation alone: records are neither read nor
 * reserved, `change` is RECORD_KEEP, and there is no context for an audit row. Blocks hold. */
void decide_what_if(const struct decider *decider, struct arena *arena,
		    const struct question *question, struct decision *decision);

/* The same for somebody who was let in before: Connect is not asked for an operation. */
void decide_what_if_connected(const struct decider *decider, struct arena *arena,
			      const struct question *question, struct decision *decision);

/* The code to complete the WinRM callback with: 0 only for DECISION_ALLOW, 0x80338199 for
 * DECISION_REDIRECT, 5 (ERROR_ACCESS_DENIED) for anything else. */
uint32_t decision_win32_code(const struct decision *decision);

/* The audit row of a decision; it points to what the decision points to. decision_id, connection,
 * peer, peer_pid, latency_us and relaxed are left 0, for the caller to fill in. */
struct audit_row decision_audit_row(const struct decision *decision);

#endif
