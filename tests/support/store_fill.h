/*
 * Many rows for measurements: an audit of any size, in segments, written through the store, with
 * the mix of users, requests and answers that a busy installation has. The same plan makes the same
 * rows.
 */
#ifndef TESTS_SUPPORT_STORE_FILL_H
#define TESTS_SUPPORT_STORE_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/env.h"

enum {
	STORE_FILL_USERS = 2000,
	STORE_FILL_SEGMENT_ROWS = 250000, /* the default of audit.seal_rows */
	/* Between two rows, so that a million is a day. */
	STORE_FILL_STEP_US = 86400,
};

/* The texts of one row. */
struct store_fill_texts {
	char sid[64], user[64], user_folded[64], policy[32], resource[128], context[320];
	char groups[8][64];
	struct str group_list[8], deny_only[1], policies[1];
};

/* Row `number`, at `wall_us`. A few users do most of the work, one row in eleven is a denial, mostly
 * of a few users. `texts` must live as long as the row. */
void store_fill_row(uint64_t number, int64_t wall_us, struct store_fill_texts *texts,
		    struct audit_row *row);

struct store_fill {
	const char *directory; /* exists; an audit that is there is continued */
	const struct store_env *env;
	uint64_t row_count;    /* decisions */
	uint64_t segment_rows; /* 0: STORE_FILL_SEGMENT_ROWS */
	int64_t last_us;       /* wall clock of the last row, see STORE_FILL_STEP_US */
	bool seal_last;        /* else the last segment stays the live one */
	/* May be NULL: called after each batch. */
	void (*on_progress)(void *arg, uint64_t done);
	void *arg;
};

/* Writes the rows, and seals every segment behind which another begins. Errors of the store, with
 * `why`. */
enum error store_fill(const struct store_fill *plan, struct buf *why) ATTR_MUST_CHECK;

#endif
