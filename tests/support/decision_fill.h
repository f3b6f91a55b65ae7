/*
 * Decisions as the daemon makes and records them, without the daemon: senders of many kinds ask a
 * policy, and what comes of it goes into an audit and a state database. The same plan makes the same
 * decisions.
 */
#ifndef TESTS_SUPPORT_DECISION_FILL_H
#define TESTS_SUPPORT_DECISION_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/decide.h"
#include "base/arena.h"
#include "base/buf.h"
#include "store/audit.h"
#include "store/env.h"
#include "store/state.h"
#include "support/fake_clock.h"

enum {
	DECISION_FILL_BATCH = 1000,
	DECISION_FILL_GROUPS = 20, /* S-1-5-21-1-2-3-5000 and so on; each user is in some of them */
};

#define DECISION_FILL_WMI "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"

struct decision_fill {
	/* To be set before opening. */
	const char *directory;
	uint32_t user_count;
	uint32_t resource_count;
	uint32_t step_ms; /* between two decisions, at most */

	struct store_env env;
	struct audit *audit;
	struct state *state;
	struct snapshot *snapshot;
	struct decide_settings settings;
	struct records *records;
	struct blocks *blocks;
	struct cedar_request *cedar;
	struct buf scratch;
	struct arena arena; /* of a batch */
	struct fake_clock clock;
	struct audit_row rows[DECISION_FILL_BATCH];
	uint32_t row_count;
	uint64_t decision_id;
	uint64_t random;
};

/* Makes the databases in `directory`. False when something fails, as for all below. */
bool decision_fill_open(struct decision_fill *fill);
void decision_fill_close(struct decision_fill *fill);

/* Builds and stores a revision, which decides from now on. */
bool decision_fill_set_policy(struct decision_fill *fill, const char *text);

/* Makes and records `count` decisions. */
bool decision_fill_run(struct decision_fill *fill, uint32_t count);

/* Builds a snapshot of one file; NULL, with the reasons on stderr, when it is not valid. */
struct snapshot *decision_fill_build(const char *text);

#endif
