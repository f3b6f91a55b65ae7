/*
 * What many decisions come to: how many were allowed and denied, over time and by user, resource,
 * action, policy, reason and application, and how long they took. One pass over the rows of each
 * segment, which counts by the numbers of their texts; only then the texts are read.
 *
 * One thread; the audit_reader is the caller's (audit_query.h).
 */
#ifndef STORE_AUDIT_SUMMARY_H
#define STORE_AUDIT_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "store/audit_query.h"

enum audit_dimension {
	AUDIT_BY_USER,     /* key: the principal; label: the name as it was sent */
	AUDIT_BY_RESOURCE, /* resource URI; questions about the application have none */
	AUDIT_BY_ACTION,
	AUDIT_BY_POLICY, /* each that determined or erred; a decision may count for several */
	AUDIT_BY_REASON, /* the source, with the ids of the policies: "policy: a, b" */
	AUDIT_BY_APPLICATION,
	AUDIT_DIMENSION_COUNT
};

#define AUDIT_DIMENSION_BIT(dimension) (1U << (unsigned)(dimension))
#define AUDIT_ALL_DIMENSIONS           (AUDIT_DIMENSION_BIT(AUDIT_DIMENSION_COUNT) - 1)

enum {
	AUDIT_VERDICT_COUNT = 3,
	/* Steps of time at most: a year of hours is less. */
	AUDIT_STEPS_MAX = 10000,
	/* Different keys of one dimension at most; decisions with further ones count as `others`. */
	AUDIT_KEYS_MAX = 200000,
	/* Eight cells to each doubling, up to an hour. */
	AUDIT_LATENCY_CELLS = 256,
};

/* By enum audit_verdict. */
struct audit_counts {
	uint64_t of[AUDIT_VERDICT_COUNT];
};

uint64_t audit_counts_sum(const struct audit_counts *counts);

/* How long decisions took: counts by latency. */
struct audit_latency {
	uint32_t cells[AUDIT_LATENCY_CELLS];
};

/* The latency in microseconds that so many in a thousand of the decisions did not exceed, to 13 %; 0
 * when there are none. */
uint64_t audit_latency_at(const struct audit_latency *latency, unsigned permille);

/* One step of time. */
struct audit_step {
	struct audit_counts counts;
	struct audit_latency latency;
};

/* What was counted for one key. */
struct audit_entry {
	struct map_node node; /* of the table */
	struct str key, label;
	struct audit_counts counts;
};

struct audit_table {
	struct map map;
	struct audit_counts others;
};

struct audit_summary_plan {
	/* Decisions; order and limit do not count. */
	struct audit_filter filter;
	unsigned dimensions; /* a set of AUDIT_DIMENSION_BIT() */
	/* Steps of time from start_us on, each step_us > 0 long; step_count 0: none. Decisions
	 * before and after them are in no step. */
	int64_t start_us, step_us;
	size_t step_count; /* at most AUDIT_STEPS_MAX */
	/* Called now and then; may be NULL. False ends the work with ERR_CANCELLED. */
	bool (*on_progress)(void *arg, uint64_t row_count);
	void *arg;
};

struct audit_summary {
	struct audit_counts counts;
	struct audit_latency latency;
	int64_t first_us, last_us; /* least and greatest time of a decision; 0: there is none */
	struct audit_step *steps;
	size_t step_count;
	struct audit_table tables[AUDIT_DIMENSION_COUNT];
	struct arena arena; /* entries and their texts */
};

/* Makes a summary, which the caller frees. Errors as audit_query(), with `why`; ERR_LIMIT for too
 * many steps. Nothing is left on failure. */
enum error audit_summary_make(struct audit_reader *reader, const struct audit_summary_plan *plan,
			      struct audit_summary *out, struct buf *why) ATTR_MUST_CHECK;

/* Safe on a zeroed summary. */
void audit_summary_deinit(struct audit_summary *summary);

/* The `limit` entries of a dimension with the most decisions of the verdicts (a set of
 * AUDIT_VERDICT_BIT(); 0: all), none of them zero, most first, equal ones by their keys. Returns how
 * many there are in `*top`, which lives in the summary; ERR_NO_MEMORY. */
enum error audit_summary_top(struct audit_summary *summary, enum audit_dimension dimension,
			     unsigned verdicts, size_t limit, const struct audit_entry ***top,
			     size_t *count) ATTR_MUST_CHECK;

#endif
