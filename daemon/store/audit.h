/*
 * The audit: one row for every completion, appended in batches, never changed.
 *
 * A batch is one transaction and is on disk when audit_append() returns: the caller may let its
 * answers go only then. The audit is a row of segments (segment.h), each one SQLite file that
 * stands alone: the texts of a row are kept once by content in tables of their own, so that a row
 * stays small, and the digests of those texts go into a chain over all rows, so that no row can be
 * changed, removed or moved without all later ones showing it (audit_verify()). Rows are added to
 * the newest segment, the live one; audit_rotate() begins the next.
 *
 * Synchronous; one thread at a time uses a `struct audit`. Any number of readers (audit_query.h)
 * may have the same directory open meanwhile.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "store/env.h"

enum {
	AUDIT_RECORD_ID_BYTES = 16,
	AUDIT_CHAIN_BYTES = 32,
	/* Texts of one row together, each list item counted with two bytes more. Frames of the
	 * authorize channel stay far below; the ids of very many policies might not. */
	AUDIT_ROW_MAX_BYTES = 128 * 1024,
};

/* What was asked. The numbers are stored. */
enum audit_kind {
	AUDIT_AUTHORIZE_USER = 1,
	AUDIT_AUTHORIZE_OPERATION = 2,
	AUDIT_QUERY_QUOTA = 3,
};

/* What was answered. The numbers are stored; zero, as everywhere, is the refusal. */
enum audit_verdict { AUDIT_DENY = 0, AUDIT_ALLOW = 1, AUDIT_REDIRECT = 2 };

/* Whether the client was still there for its answer. */
enum audit_delivered { AUDIT_DELIVERY_UNKNOWN, AUDIT_DELIVERED, AUDIT_UNDELIVERED };

/* A list of texts. `items` may be NULL when `count` is 0. */
struct audit_list {
	const struct str *items;
	size_t count;
};

enum { AUDIT_EVENT_KIND_MAX_BYTES = 64 };

/* What happened besides decisions. Texts are borrowed and stored as they are. */
struct audit_event {
	struct str kind;   /* "daemon.started", "policy.activated", ...; docs/audit.md lists them */
	struct str actor;  /* who: uid:N or a SID; empty: the daemon by itself */
	struct str detail; /* JSON object */
};

/* One completion. All texts are borrowed and may hold any bytes, also NUL; they are stored as they
 * are. A text that does not apply is empty. */
struct audit_row {
	/* 0: audit_append() gives the next one. Else it is taken, and must be greater than all
	 * before, stored or in this batch. */
	uint64_t decision_id;

	/* When: `wall_us` is the time the policy saw, in microseconds since 1970 UTC, and
	 * `utc_offset_minutes` what local time was ahead of it; `boot_ms` is clock_boot_ms(). */
	int64_t wall_us;
	int64_t boot_ms;
	int32_t utc_offset_minutes;

	/* Not NULL: this is no completion but an event, and of what follows nothing counts. */
	const struct audit_event *event;

	/* Who. `principal` is the key (a SID, or MECHANISM:NAME without token), `user` the name as
	 * it was sent, `user_folded` the same folded for case, which is what queries compare. */
	struct str application;
	struct str principal;
	struct str user;
	struct str user_folded;
	struct str mechanism;
	struct audit_list groups;           /* SIDs of the enabled groups, sorted */
	struct audit_list deny_only_groups; /* SIDs of the deny-only groups, sorted */

	/* What. `context` is the Cedar context of the request as JSON text WITHOUT its attributes
	 * time, localTime and weekday: these follow from wall_us and utc_offset_minutes (time is
	 * wall_us rounded down to milliseconds), and with them no two contexts would be the same
	 * text. */
	enum audit_kind kind;
	struct str action; /* Cedar's, such as "CreateShell" */
	struct str action_uri;
	struct str resource_uri;
	struct str context;

	/* Why and with which answer. */
	enum audit_verdict verdict;
	bool administrator;
	uint32_t code;              /* Win32 */
	struct str source;          /* "policy", "record", "block", "policy_error", ... */
	struct str extended;        /* extended information that went with the code */
	uint64_t policy_revision;   /* 0: none was active */
	struct audit_list policies; /* ids of the determining policies */
	struct audit_list erring;   /* ids of the policies whose evaluation failed */
	uint8_t record_id[AUDIT_RECORD_ID_BYTES]; /* the user record; all zero for none */

	/* From where: the connection, and the host program at its other end. */
	uint64_t connection;
	struct str peer; /* "uid:33" or a SID */
	uint64_t peer_pid;

	uint64_t latency_us; /* from the request's last byte to the decision */
	bool relaxed;        /* the answer did not wait for this row */

	/* Whether the answer left; of rows from a query with `with_delivery`. Not part of the row, an
	 * event tells. */
	enum audit_delivered delivered;
};

/* Appends why, in short: the source, and the ids of the policies that determined or else erred:
 * "policy: helpdesk-read, no-basic". */
void audit_row_reason(struct buf *out, const struct audit_row *row);

/* False when the texts of the row exceed AUDIT_ROW_MAX_BYTES, or the kind of its event
 * AUDIT_EVENT_KIND_MAX_BYTES: audit_append() would refuse it, and with it the batch. */
bool audit_row_fits(const struct audit_row *row);

struct audit;

/*
 * Opens the live segment in `directory`, creates it when it is missing and brings an older one up
 * to date. When the newest is sealed already, because the live one was taken away, the next begins
 * where it ended. `directory` must exist and belong to the daemon alone, which is for the caller to
 * ensure, as is that no second daemon uses it. With `check` the whole file is checked first (after
 * an error, or at start): about 0.5 s for 100 MB.
 *
 * On failure nothing is open and a file that is not ours or not sound is exactly as it was; `why`
 * gets one sentence for people: ERR_FOREIGN (not SQLite, or of another program, or with a schema
 * that somebody changed), ERR_VERSION (of a newer wsauthz), ERR_CORRUPT, ERR_IO, ERR_FULL,
 * ERR_BUSY, ERR_NO_MEMORY.
 */
enum error audit_open(const char *directory, const struct store_env *env, bool check,
		      struct audit **out, struct buf *why) ATTR_MUST_CHECK;

/* Accepts NULL. */
void audit_close(struct audit *audit);

/*
 * Makes and opens the file of the segment that will follow `number`, which takes some commits; to
 * be done before audit_rotate() needs it, by any thread. Errors as audit_open(); ERR_LIMIT when
 * there is no such number. What it makes does not count as a segment before audit_rotate().
 */
enum error audit_prepare_next(const char *directory, const struct store_env *env, uint32_t number,
			      struct audit **out, struct buf *why) ATTR_MUST_CHECK;

/*
 * Begins the segment `next`, which audit_prepare_next() gave for the number of `audit`, where
 * `audit` ends; costs one commit. On success rows are to be appended to `next`, and `audit` takes
 * no more and is to be closed, by any thread. On failure, which is one of audit_append(), `audit`
 * goes on, or fails alike until it is closed and opened when it is not known whether `next` has
 * begun; `next` is to be closed.
 */
enum error audit_rotate(struct audit *audit, struct audit *next, int64_t wall_us) ATTR_MUST_CHECK;

/* The live segment: its number, the ids that it may have used so far, and when it began (0: the first
 * segment, without rows yet). */
uint32_t audit_segment_number(const struct audit *audit);
uint64_t audit_segment_rows(const struct audit *audit);
int64_t audit_segment_begun_us(const struct audit *audit);

/*
 * Appends `count` rows in one transaction, which is on disk when this returns ERR_NONE. The rows
 * get consecutive ids but where they bring their own; `*first_id` is the id of rows[0] (untouched
 * when `count` is 0). On error no row was added and no id is used up:
 *   ERR_FULL       no space left; may be tried again
 *   ERR_BUSY       another program holds the write lock for longer than STORE_BUSY_MS; likewise
 *   ERR_NO_MEMORY  likewise
 *   ERR_LIMIT      a row does not fit, see audit_row_fits()
 *   ERR_INVALID    a decision id that is not greater than all before, or above INT64_MAX
 *   ERR_IO         writing or syncing failed. What is on disk is not known: rows of this batch may
 *                  be there or not. Every further call fails alike. Close, open with `check`.
 *   ERR_CORRUPT    the file is damaged; likewise
 *   ERR_INTERNAL   anything else; likewise
 * The text of the last failure is audit_failure_text().
 */
enum error audit_append(struct audit *audit, const struct audit_row *rows, size_t count,
			uint64_t *first_id) ATTR_MUST_CHECK;

/* What went wrong last, in SQLite's words; "" when nothing did. Valid until the next call. */
const char *audit_failure_text(const struct audit *audit);

/* The end of the audit: the greatest decision id (0: no row) and the chain value there. Written to
 * a place off the machine it shows whether later rows were cut off. */
struct audit_head {
	uint64_t decision_id;
	uint8_t chain[AUDIT_CHAIN_BYTES];
};

struct audit_head audit_head(const struct audit *audit);

#endif
