/*
 * The audit as the daemon keeps it: rows go to the live segment; when that is full or old the next
 * one begins, and a worker of the loop seals the one before, removes what retention does not keep,
 * and prepares the next. The writer is held up by none of it: it begins a prepared segment with one
 * commit.
 *
 *	loop     a timer looks what is due and queues the work
 *	worker   audit_prepare_next(), audit_upkeep_seal(), audit_upkeep_prune()
 *	writer   audit_append(), audit_rotate(); it is the sink of the audit queue
 */
#ifndef SERVER_AUDIT_LOG_H
#define SERVER_AUDIT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "config/settings.h"
#include "server/audit_queue.h"
#include "server/state_store.h"
#include "store/audit.h"
#include "store/env.h"

enum {
	AUDIT_LOG_TICK_MS = 250,         /* between two looks at what is due */
	AUDIT_LOG_RETRY_MS = 5000,       /* after work that failed */
	AUDIT_LOG_PRUNE_MS = 10 * 60000, /* between two looks at what retention keeps */
	AUDIT_LOG_HEAD_MS = 5 * 60000,   /* between two heads in the log */
	/* A wall clock that is set wrong, or was when the machine started, makes everything old:
	 * nothing is removed by age for so long after it was set by so much, and after a start. */
	AUDIT_LOG_AGE_HOLD_MS = 60 * 60000,
	AUDIT_LOG_CLOCK_STEP_MS = 60000,
};

struct audit_log;

struct audit_log_options {
	const struct log *log;
	const struct clock *clock;
	const struct settings *settings;
	const struct store_env *env;
};

/* Opens the audit, after its newest file was set aside where that cannot be used and the settings say
 * so, and reads the key for its seals; everything is borrowed. Errors as audit_open() and
 * audit_key_read(), with `why`. */
enum error audit_log_open(const struct audit_log_options *options, struct audit_log **out,
			  struct buf *why) ATTR_MUST_CHECK;

/* The name of the file that was set aside at the opening, and why; both empty when none was. */
struct str audit_log_aside_name(const struct audit_log *log);
struct str audit_log_aside_reason(const struct audit_log *log);

/* After audit_log_stop() has ended, or without audit_log_start(). Accepts NULL. */
void audit_log_close(struct audit_log *log);

/* The way of the queue to the rows. */
struct audit_sink audit_log_sink(struct audit_log *log);

/* Begins the work in the background. Loop thread, as all below. */
void audit_log_start(struct audit_log *log, uv_loop_t *loop, struct audit_queue *queue,
		     struct state_store *store);

/* Ends it, when what the worker does is done; the queue must be closed. */
void audit_log_stop(struct audit_log *log, void (*on_stopped)(void *arg), void *arg);

/* Who waits for work that was asked for. */
struct audit_log_waiter {
	struct audit_log_waiter *next;
	/* How it ended, and how many segments it sealed or removed. ERR_CANCELLED: the daemon
	 * stops. */
	void (*on_done)(struct audit_log_waiter *waiter, enum error error, uint32_t count);
	bool is_prune;
};

/* Begins the next segment as soon as it can and seals the one before; without rows in the live one
 * there is nothing to do. */
void audit_log_seal(struct audit_log *log, struct audit_log_waiter *waiter);

/* Removes now what retention does not keep, by the clock as it is. */
void audit_log_prune(struct audit_log *log, struct audit_log_waiter *waiter);

/* The live segment. */
uint32_t audit_log_segment(struct audit_log *log);

/* The last decision id that is on disk. */
uint64_t audit_log_last_id(struct audit_log *log);

#endif
