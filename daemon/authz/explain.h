/*
 * Why a recorded decision was made: the recorded question is asked again, of the revision that
 * decided it, and what each policy came to is traced to its text. Nothing of this was kept when the
 * decision was made, so that decisions pay nothing for it. Any thread.
 */
#ifndef AUTHZ_EXPLAIN_H
#define AUTHZ_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/decide.h"
#include "authz/recorded.h"
#include "authz/snapshot.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/trace.h"
#include "store/audit.h"

enum { EXPLAIN_NEAREST_MAX = 32 };

/* A policy and what it came to. */
struct explained_policy {
	const struct cedar_policy_info *info;
	struct cedar_trace trace;
};

struct explained_list {
	const struct explained_policy *items;
	size_t count;
};

struct explanation {
	struct recorded recorded;
	/* The question was put to the policy, which said: */
	bool is_evaluated;
	/* Of the decision as it is made anew; `asked` is the action that decided, Connect when
	 * somebody who asked for an operation was not let in. */
	struct decision decision;
	enum action asked;
	struct explained_list determining; /* permits that allowed, or forbids that denied */
	struct explained_list erring;
	struct explained_list nearest; /* permits, when none applied */
	/* The recorded decision is what the policy says, as far as the policy decided it. When not,
	 * settings differed, or a record answered for Connect. */
	bool agrees;
};

struct explain_options {
	const struct decide_settings *settings; /* of the daemon */
	size_t nearest;                         /* permits at most, up to EXPLAIN_NEAREST_MAX */
};

/* Explains `row`, which was decided by `snapshot`. What it points to lives in `arena`, the row and the
 * snapshot. ERR_INVALID as recorded_read(); ERR_LIMIT, ERR_NO_MEMORY. */
enum error explain_decision(struct explanation *explanation, struct arena *arena,
			    const struct snapshot *snapshot, const struct audit_row *row,
			    const struct explain_options *options) ATTR_MUST_CHECK;

/* True for a source of which the policy knows nothing: a block, a record, a limit, ... */
bool explain_is_beside_policy(struct str source);

#endif
