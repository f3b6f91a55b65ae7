/*
 * Very many recorded decisions, by the numbers of their texts: work that comes to the same for the
 * same inputs need be done once for all decisions that have them.
 */
#ifndef STORE_AUDIT_SCAN_H
#define STORE_AUDIT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/audit_query.h"

/* Of each the texts are the same where the numbers are, within one segment. */
struct audit_inputs {
	int64_t subject, group_set, request, context, outcome;
};

struct audit_scan_row {
	uint64_t decision_id;
	int64_t wall_us;
	int32_t utc_offset_minutes;
	enum audit_verdict verdict;
	bool has_record;
	uint32_t segment; /* its number */
	struct audit_inputs inputs;
};

/* Which decisions; the zero range means all. */
struct audit_scan_range {
	int64_t since_us;  /* wall clock, inclusive; 0: from the first */
	int64_t until_us;  /* wall clock, exclusive; 0: to the last */
	uint64_t after_id; /* with greater ids */
	uint64_t limit;    /* that many at most; 0: all */
	uint64_t newest;   /* among the last that many decisions and events only; 0: all */
};

struct audit_scan;

/* How far a scan has come: decisions and events passed, and about how many there are. */
struct audit_scan_progress {
	uint64_t done, total;
};

/* Delivers the decisions of the range, oldest first. Ends early when `on_row` returns an error, which
 * is returned. Read in pages, so that a writer is not held up. Errors as audit_query(), with `why`.
 */
enum error audit_scan(struct audit_reader *reader, const struct audit_scan_range *range,
		      enum error (*on_row)(void *arg, struct audit_scan *scan,
					   const struct audit_scan_row *row),
		      void *arg, struct buf *why) ATTR_MUST_CHECK;

/* From within `on_row`: the whole row. Its texts live until the next call, or until `on_row`
 * returns. */
enum error audit_scan_read(struct audit_scan *scan, const struct audit_scan_row *row,
			   struct audit_row *out) ATTR_MUST_CHECK;

/* From within `on_row`. */
struct audit_scan_progress audit_scan_progress(const struct audit_scan *scan,
					       const struct audit_scan_row *row);

#endif
