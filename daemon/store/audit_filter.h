/*
 * The conditions of an audit_filter as SQL, for one segment at a time.
 *
 * A sealed segment has indexes, a live one only that on denials, and neither has one on time alone.
 * Ids and times grow together, though, while nobody sets the clock, so a span of time becomes a
 * range of ids (audit_filter_narrow()), and what is left is a question of which index to use.
 *
 * For this layer only.
 */
#ifndef STORE_AUDIT_FILTER_H
#define STORE_AUDIT_FILTER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "store/audit_query.h"
#include "store/db.h"
#include "store/segment.h"
#include "store/stmt.h"

/* The SQL functions that conditions use; `arena` is for their work and outlives the connection. */
enum error audit_filter_add_functions(struct db *db, struct arena *arena) ATTR_MUST_CHECK;

/* Whether a decision or event of the segment could match. Of one that is not sealed only the first
 * id is sure: rows may have been added since it was described. */
bool audit_filter_may_match(const struct audit_filter *filter, const struct segment *segment);

/*
 * Narrows the filter's ids to what its times leave of the open segment, without losing a row that
 * matches: by a look at one row in AUDIT_FILTER_SAMPLE_ROWS, with AUDIT_FILTER_SLACK_US to either
 * side for rows that are out of order. Where the clock was set (an event of the kind "clock...",
 * or a start of the daemon before the row behind it) nothing is narrowed.
 */
enum { AUDIT_FILTER_SAMPLE_ROWS = 4096, AUDIT_FILTER_SLACK_US = 600 * 1000 * 1000 };
enum error audit_filter_narrow(struct audit_filter *filter, struct db *db) ATTR_MUST_CHECK;

/* The numbers that a segment has for the user of a filter; few as a rule: one for each application
 * and spelling. */
enum { AUDIT_FILTER_SUBJECTS_MAX = 16 };
struct audit_subjects {
	int64_t ids[AUDIT_FILTER_SUBJECTS_MAX];
	size_t count; /* above AUDIT_FILTER_SUBJECTS_MAX: too many to list */
};

/* Finds them in the open segment; without any, no row of it can match. Not for a filter without a
 * user. */
enum error audit_filter_find_subjects(const struct audit_filter *filter, struct db *db,
				      struct audit_subjects *subjects) ATTR_MUST_CHECK;

/* How the rows of a segment are found. */
enum audit_access {
	AUDIT_SCAN,       /* all of a range of ids, in their order */
	AUDIT_BY_SUBJECT, /* index on user and time */
	AUDIT_BY_DENIAL,  /* index on the times of denials */
	AUDIT_BY_TEXT,    /* indexes on request and outcome */
};

/* Chooses for the open segment and a filter that audit_filter_narrow() has seen. */
enum error audit_filter_choose(const struct audit_filter *filter, struct db *db, bool is_sealed,
			       enum audit_access *access) ATTR_MUST_CHECK;

/* Appends " WHERE ..." on the table `decision d`, so that it is found in the chosen way. `subjects` is
 * not looked at without a user. */
void audit_filter_write(const struct audit_filter *filter, const struct audit_subjects *subjects,
			enum audit_access access, struct buf *sql);

/* The same on the table `event e`. */
void audit_filter_write_events(const struct audit_filter *filter, struct buf *sql);

/* Binds what audit_filter_write() or audit_filter_write_events() named. */
void audit_filter_bind(const struct audit_filter *filter, const struct audit_subjects *subjects,
		       struct stmt *stmt);
void audit_filter_bind_events(const struct audit_filter *filter, struct stmt *stmt);

/* The parameter for filter->limit, to be written where it belongs, and bound where it is written. */
#define AUDIT_FILTER_LIMIT "?14"
void audit_filter_bind_limit(const struct audit_filter *filter, struct stmt *stmt);

#endif
