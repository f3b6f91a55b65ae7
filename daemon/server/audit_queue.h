/*
 * Rows on their way to the audit. The loop thread pushes entries; one writer thread appends what
 * has gathered as one transaction (group commit) while the next batch gathers; the entries come back
 * to the loop thread in order, with the number of their row or with the error that kept it from
 * disk.
 *
 * When the audit fails in a way that leaves its connection unusable, the writer closes it, opens
 * and checks it again, and goes on trying until that succeeds. Meanwhile nothing can be pushed.
 *
 *	strict   a batch that fails is handed back as failed; nothing of it was recorded.
 *	relaxed  a batch that fails is tried again until it succeeds, because its answers have left.
 *	         Meanwhile nothing can be pushed. Entries carry their decision ids already.
 */
#ifndef SERVER_AUDIT_QUEUE_H
#define SERVER_AUDIT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "server/histogram.h"
#include "store/audit.h"

enum {
	AUDIT_QUEUE_BATCH_ROWS = 1024,       /* most rows of one transaction */
	AUDIT_QUEUE_GATHER_ROWS = 128,       /* so many are worth a commit */
	AUDIT_QUEUE_ROW_BYTES = 8 * 1024,    /* most memory that waits with a row, on average */
	AUDIT_QUEUE_LOG_INTERVAL_MS = 30000, /* between two messages about them */
};

/* Where the rows go: the store, or what a test puts in its place. Called by the writer thread. */
struct audit_sink {
	/* As audit_append(). */
	enum error (*append)(void *arg, const struct audit_row *rows, size_t count,
			     uint64_t *first_id);
	/* Closes, opens and checks again; `why` as audit_open(). */
	enum error (*reopen)(void *arg, struct buf *why);
	/* What went wrong last, for the log. */
	const char *(*failure_text)(void *arg);
	void *arg;
	/* After audit_queue_poke(), when no rows wait; may be NULL when that is never called. */
	void (*on_poke)(void *arg);
};

/* One row on its way. Belongs to the queue from the push until it comes back; until then nothing
 * that the row points to may change. */
struct audit_entry {
	struct audit_entry *next;
	struct audit_row row; /* decision_id is written before the entry comes back recorded */
	size_t held_bytes;    /* memory that cannot be given back before the entry comes back */
	enum error error;
	uint64_t pushed_ns; /* when it was pushed, by uv_hrtime(); set by the queue */
	struct audit_entry *next_out;
};

struct audit_queue_options {
	uv_loop_t *loop;
	const struct log *log;
	struct audit_sink sink;
	uint32_t max_rows;
	uint32_t retry_ms; /* between attempts to recover */
	/* How long rows wait for AUDIT_QUEUE_GATHER_ROWS of them, or a quarter of max_rows, to share
	 * a commit; 0: not at all. For answers that do not wait for their row. */
	uint32_t gather_ms;
	bool relaxed;
	/* An entry comes back; loop thread. May push again, except while the queue closes. */
	void (*on_done)(struct audit_entry *entry, enum error error, void *arg);
	void *arg;
};

struct audit_queue;

/* Starts the writer thread. */
enum error audit_queue_new(const struct audit_queue_options *options,
			   struct audit_queue **out) ATTR_MUST_CHECK;

/* Takes an entry. ERR_BUSY when max_rows entries are on their way or, unless it is the only one,
 * when they would hold more memory than max_rows times AUDIT_QUEUE_ROW_BYTES; ERR_IO when the audit
 * cannot be written; ERR_LIMIT when the row is too large for it. The entry is then the caller's as
 * before. */
enum error audit_queue_push(struct audit_queue *queue, struct audit_entry *entry) ATTR_MUST_CHECK;

/* Hands what was pushed to the writer; to be called before the loop waits, so that all that came in
 * one pass of the loop goes in one batch. */
void audit_queue_submit(struct audit_queue *queue);

/* Has the writer call the sink's on_poke() soon, although there may be no rows. */
void audit_queue_poke(struct audit_queue *queue);

/* Entries on their way. */
uint32_t audit_queue_length(const struct audit_queue *queue);

/* Memory of the entries on their way. */
size_t audit_queue_held_bytes(const struct audit_queue *queue);

/* False from a failure until rows can be written again. */
bool audit_queue_writable(const struct audit_queue *queue);

/* How long the oldest entry has been on its way, in nanoseconds; 0 when none is. */
uint64_t audit_queue_lag_ns(const struct audit_queue *queue);

/* What the writer has done since the queue was made. */
struct audit_queue_work {
	struct histogram commits; /* transactions that succeeded */
	uint64_t row_count;       /* rows they recorded */
	uint64_t failed_count;    /* transactions that failed */
};

void audit_queue_get_work(struct audit_queue *queue, struct audit_queue_work *out);

/* Since when the audit cannot be written, by the wall clock, and why, appended to `why`; 0 when it
 * can. */
int64_t audit_queue_failing_since_us(struct audit_queue *queue, struct buf *why);

/* Writes what is left and ends the writer; everything pushed comes back before this returns. What is
 * pushed from now on is written by the next drain, in this thread. In relaxed mode rows that still
 * fail are given up. Waits for a commit in progress. */
void audit_queue_drain(struct audit_queue *queue);

/* Drains, and calls `on_closed` when the queue is gone. `on_done` must not push any more. */
void audit_queue_close(struct audit_queue *queue, void (*on_closed)(void *arg), void *arg);

#endif
