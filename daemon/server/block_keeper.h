/*
 * Keeps the stored blocks in step with time: notes now and then how far the boot clock has come, by
 * which blocks for a span end, and removes blocks that are over, from memory and the state database,
 * once an event of the audit says so. Loop thread.
 */
#ifndef SERVER_BLOCK_KEEPER_H
#define SERVER_BLOCK_KEEPER_H

#include "authz/blocks.h"
#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "platform/clock.h"
#include "server/audit_events.h"
#include "server/changes.h"

enum {
	BLOCK_KEEPER_INTERVAL_MS = 60 * 1000, /* boot clock */
	BLOCK_KEEPER_BATCH_COUNT = 256,       /* blocks that are removed at once */
};

struct block_keeper;

/* All are borrowed. */
struct block_keeper_options {
	const struct clock *clock;
	const struct boot_id *boot_id;
	struct blocks *blocks;
	struct changes *changes;
	struct audit_events *events;
};

enum error block_keeper_new(const struct block_keeper_options *options,
			    struct block_keeper **out) ATTR_MUST_CHECK;
void block_keeper_free(struct block_keeper *keeper); /* accepts NULL */

/* Does what is due; to be called every second or so. */
void block_keeper_tick(struct block_keeper *keeper);

/* Notes the clock once more and begins nothing from here on; before the changes are closed. */
void block_keeper_stop(struct block_keeper *keeper);

#endif
