/*
 * Reading the audit, also while the daemon writes it and also without the daemon.
 *
 * A reader sees all segments of the audit as one, also those that come and go while it is open.
 *
 * One thread at a time uses a reader; readers of other threads and processes do not disturb it, nor
 * the writer. A reader that stays in a query for long keeps the writer's log from being recycled:
 * read in pages (`limit`, then `after_id` or `before_id`).
 */
#ifndef STORE_AUDIT_QUERY_H
#define STORE_AUDIT_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "store/audit.h"
#include "store/env.h"
#include "store/segment.h"

struct audit_reader;

/* Opens the audit in `directory` for reading; changes nothing. ERR_NOT_FOUND when there is none;
 * else as audit_open(), but a file of an earlier version is read as it is. `env->create_private` is not
 * used. */
enum error audit_reader_open(const char *directory, const struct store_env *env,
			     struct audit_reader **out, struct buf *why) ATTR_MUST_CHECK;

/* Accepts NULL. */
void audit_reader_close(struct audit_reader *reader);

/* The segments as the last call found them; valid until the next call. */
const struct segment_list *audit_reader_segments(const struct audit_reader *reader);

/* Which of the two kinds of rows. */
enum audit_rows { AUDIT_DECISIONS, AUDIT_EVENTS, AUDIT_ALL_ROWS };

#define AUDIT_VERDICT_BIT(verdict) (1U << (unsigned)(verdict))

/* Which rows; the zero filter means all decisions. Conditions are joined by "and". */
struct audit_filter {
	enum audit_rows rows;

	/* Of decisions. */
	struct str user;        /* equals the principal, ASCII case aside, or `user_folded`: fold
				   it as the writer does */
	struct str application; /* equals */
	struct str action;      /* equals the Cedar action, ASCII case aside */
	struct str resource_prefix; /* the resource URI starts with it, ASCII case aside */
	struct str host;            /* of the URL that was asked, equals, ASCII case aside */
	struct str policy;          /* among the determining or the erring policies */
	struct str source;          /* equals */
	uint64_t policy_revision;   /* 0: any */
	unsigned verdicts;          /* a set of AUDIT_VERDICT_BIT(); 0: any */

	/* Of events. */
	struct str event_kind; /* the kind starts with it */

	/* Of both. */
	uint64_t decision_id; /* or event id; 0: any */
	int64_t since_us;     /* wall clock, inclusive; 0: from the first row */
	int64_t until_us;     /* wall clock, exclusive; 0: to the last row */
	uint64_t after_id;    /* ids above it */
	uint64_t before_id;   /* ids below it; 0: no bound */
	bool newest_first;    /* by id; else oldest first */
	uint64_t limit;       /* rows at most; 0: all */

	bool with_delivery; /* fills in audit_row.delivered, which takes a look-up a row */
};

/* Delivers the matching rows in order, those of one segment from one moment; an event is a row with
 * `event` set. The texts of a row live until `on_row` returns; when it returns false the query ends
 * early. ERR_CORRUPT, ERR_IO, ERR_BUSY, ERR_NO_MEMORY, with `why`; rows delivered before the error
 * are good. */
enum error audit_query(struct audit_reader *reader, const struct audit_filter *filter,
		       bool (*on_row)(void *arg, const struct audit_row *row), void *arg,
		       struct buf *why) ATTR_MUST_CHECK;

/* What can be wrong with an audit. */
enum audit_flaw {
	AUDIT_FLAW_NONE,
	AUDIT_FLAW_ROW,       /* a decision or event is not what was written, or one is missing */
	AUDIT_FLAW_BEGINNING, /* a segment does not begin where the one before ends */
	AUDIT_FLAW_MISSING,   /* a segment between two others is not there */
	AUDIT_FLAW_SEAL,      /* a sealed segment does not have the rows that its seal tells of */
	AUDIT_FLAW_SIGNATURE, /* a segment has no seal that is signed by the given key */
	AUDIT_FLAW_UNSIGNED, /* the chain holds, but no segment at all is signed by the given key */
	AUDIT_FLAW_TEXT,     /* a text that no decision of the segment has, or has any more */
	AUDIT_FLAW_CUT,      /* the audit ends before the expected head */
	AUDIT_FLAW_HEAD,     /* the chain at the expected head is another one */
	AUDIT_FLAW_INDEX,    /* the rows are there, and not every question is led to all of them */
};

/* What audit_verify() found. */
struct audit_verification {
	bool intact;
	enum audit_flaw flaw;
	uint32_t segment;       /* where the flaw is; 0: none */
	struct audit_head head; /* the last row whose chain holds; decision id 0: none */
	/* When not intact: the first decision or event that does not hold. Of a cut tail, and of a
	 * segment that lost its end, the first that is missing. */
	uint64_t first_bad_id;
	/* Of AUDIT_FLAW_INDEX: the index, the table, "the file" as a whole, or "state.db" with its note
	 * of the segment. Static; else NULL. */
	const char *place;
	uint64_t row_count; /* decisions and events that were looked at */
	uint64_t event_count;
	uint32_t segment_count, signed_count;
	/* Behind the last signature, which by way of the chain proves what is before it. */
	uint32_t unsigned_segments;
	uint64_t unsigned_rows;
	/* The expected head is older than the oldest segment, and could not be compared. */
	bool head_is_older;
};

struct audit_verify_options {
	/* A head that was kept elsewhere (audit_head()); NULL: none. Without it a tail that was cut
	 * off leaves a chain that holds. */
	const struct audit_head *expected;
	/* The key that signatures must be of, SEGMENT_KEY_BYTES; NULL: the one in the seal, which
	 * shows only that the seal was not changed by somebody without it. */
	const uint8_t *public_key;
	/* With a public key, segments that are not signed are a flaw from this number on; what is
	 * older may be from before there was a key. Segments are sealed in their order: those at the
	 * end of the audit that are not sealed yet are only counted. */
	uint32_t signed_from;
	/* Only what the chain proves: indexes, which take a fifth of the time, are left alone. */
	bool rows_only;
	/* Called now and then with the rows looked at and how many there are, about; may be NULL.
	 * False ends the work with ERR_CANCELLED. */
	bool (*on_progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

/* Computes the chain anew over all decisions and events of all segments and compares, and looks
 * whether the indexes, by which questions find rows, lead to each of them; the hash key that the
 * reader was opened with must be unknown to whoever may have changed them. Finding a break is a
 * result, not an error; ERR_CORRUPT is for a file that SQLite cannot read on. `options` may be NULL.
 * Takes about 25 bytes of memory for each text of one segment. */
enum error audit_verify(struct audit_reader *reader, const struct audit_verify_options *options,
			struct audit_verification *out, struct buf *why) ATTR_MUST_CHECK;

#endif
