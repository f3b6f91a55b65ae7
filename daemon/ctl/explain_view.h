/*
 * All that is known of one recorded decision: its row, the revision that decided it, why the policy
 * says what it says, and what else had a part in it. Gathered from the databases alone.
 */
#ifndef CTL_EXPLAIN_VIEW_H
#define CTL_EXPLAIN_VIEW_H

#include "authz/explain.h"
#include "base/arena.h"
#include "ctl/ctl.h"
#include "policy/load.h"
#include "store/audit.h"

/* What an administrator did that the decision rests on. */
struct explain_action {
	bool is_known;
	int64_t at_us;
	struct str actor;
	struct str reason; /* may be empty */
	int64_t until_us;  /* when it ends; 0: never, or it is not known */
};

struct explain_view {
	struct arena arena;
	struct audit_row row;

	/* The revision that decided, when there was one and it could be read. */
	struct policy_load load;
	bool has_revision;
	int64_t activated_us;
	struct str origin;

	bool is_explained;
	enum error obstacle; /* why it is not, when there was a revision */
	struct explanation explanation;

	/* The decision that let the user in whose record was used, when the row has a record. */
	bool has_maker;
	struct audit_row maker;

	struct explain_action block, revocation;
	struct explain_action unblock; /* the first behind the decision that a block made */
};

/* Gathers what there is about decision `id`, and at most `nearest` permits for a denial. CTL_DONE,
 * or another exit code after a message on stderr; to be deinitialised either way. */
enum ctl_exit explain_view_open(struct explain_view *view, const struct ctl *ctl, uint64_t id,
				uint64_t nearest);
void explain_view_deinit(struct explain_view *view);

/* Appends what people read, or one JSON object. */
void explain_text(struct buf *out, const struct explain_view *view);
void explain_json(struct buf *out, const struct explain_view *view);

/* Why, in a few words: "no policy permits it". */
const char *explain_because(const struct explain_view *view);

#endif
