/*
 * Keeps the copy of the user records in the state database: what changed is written behind the
 * audit rows that allowed it, in batches, by a worker. Loop thread.
 */
#ifndef SERVER_RECORD_KEEPER_H
#define SERVER_RECORD_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "authz/records.h"
#include "base/attributes.h"
#include "base/error.h"
#include "platform/clock.h"
#include "server/state_store.h"

enum {
	RECORD_KEEPER_DELAY_MS = 100,     /* from a change to its transaction, at most */
	RECORD_KEEPER_RETRY_MS = 1000,    /* after a transaction that failed */
	RECORD_KEEPER_BATCH_COUNT = 4096, /* changes of one transaction */
};

struct record_keeper;

/* Who wants to know when what happened to some records is on disk. */
struct record_keeper_waiter {
	struct record_keeper_waiter *next;
	const struct record_id *ids;
	size_t count;
	/* Called once, never from record_keeper_await(): ERR_NONE when it is on disk; else the last
	 * attempt failed, and the keeper tries again. */
	void (*on_stored)(struct record_keeper_waiter *waiter, enum error error);
};

/* All arguments are borrowed. */
enum error record_keeper_new(uv_loop_t *loop, struct records *records, struct state_store *store,
			     const struct boot_id *boot_id,
			     struct record_keeper **out) ATTR_MUST_CHECK;

/* To be called after the records may have changed, also when changes to them were dropped. */
void record_keeper_notice(struct record_keeper *keeper);

/* Writes at once what there is to write, and calls the waiter, which must live until then. A record
 * that was revoked while it is pending is waited for until its audit row is written or given up. */
void record_keeper_await(struct record_keeper *keeper, struct record_keeper_waiter *waiter);

/* Writes what is left, tries once more if that fails, calls those who wait, and calls
 * `on_closed` when the keeper is gone. */
void record_keeper_close(struct record_keeper *keeper, void (*on_closed)(void *arg), void *arg);

#endif
