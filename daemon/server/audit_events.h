/*
 * What happens besides decisions, on its way to the audit, where it stands in the same order and the
 * same chain. An event that cannot be recorded now waits, behind it all later ones, and is tried
 * again; only when too many wait, or memory is spent, events are lost, and then an event says how
 * many. Loop thread.
 */
#ifndef SERVER_AUDIT_EVENTS_H
#define SERVER_AUDIT_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/str.h"
#include "server/audit_queue.h"
#include "store/state.h"

enum {
	AUDIT_EVENTS_WAITING_MAX = 1024,
	/* The wall clock was set when it moved that much against the machine's running time. */
	AUDIT_EVENTS_CLOCK_STEP_MS = 2000,
};

struct audit_events;

struct audit_events_options {
	const struct log *log;
	const struct clock *clock;
	/* Relaxed durability: who adds a row gives its id, one more than this. NULL: the store. */
	uint64_t *last_id;
};

/* ERR_NO_MEMORY. The options are borrowed but for the struct itself. */
enum error audit_events_new(const struct audit_events_options *options,
			    struct audit_events **out) ATTR_MUST_CHECK;

/* Everything that was queued must have come back. Accepts NULL. */
void audit_events_free(struct audit_events *events);

/* From now on events go to the queue, those that wait first; NULL: they wait again. */
void audit_events_attach(struct audit_events *events, struct audit_queue *queue);

/* Adds an event, whose texts are copied: see struct audit_event. False when it is lost. */
bool audit_events_add(struct audit_events *events, const char *kind, struct str actor,
		      struct str detail);

/* Adds what an administrator did or was refused, as "admin.ACTION". */
void audit_events_add_action(struct audit_events *events, const struct state_action *action);

/* Adds that a file of the audit was set aside: it may have rows that are missing here. */
void audit_events_add_aside(struct audit_events *events, struct str file, struct str reason);

/* Tries again what waits, and looks whether the wall clock was set; to be called every second or
 * so. */
void audit_events_tick(struct audit_events *events);

/* Takes back the entry of an event; entries whose row has an event are of here. */
void audit_events_on_recorded(struct audit_events *events, struct audit_entry *entry,
			      enum error error);

/* The events that wait or are on their way. */
uint32_t audit_events_pending(const struct audit_events *events);

#endif
