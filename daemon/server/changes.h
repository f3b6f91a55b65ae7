/*
 * What administrators change in the state database: one change after the other, in the order they
 * came, each on disk together with who asked for it before anybody is told. Loop thread.
 */
#ifndef SERVER_CHANGES_H
#define SERVER_CHANGES_H

#include <uv.h>

#include "base/attributes.h"
#include "base/error.h"
#include "server/audit_events.h"
#include "server/state_store.h"
#include "store/state.h"

struct changes;

/* A change on its way; what it points to must live until `on_done`. */
struct change {
	struct change *next;
	/* What to write, on a worker; NULL when there is nothing but the action to record. */
	enum error (*write)(struct state *state, struct change *change);
	/* Recorded behind it; its outcome is set here on failure. Without a name nothing is recorded:
	 * nobody asked for the change. */
	struct state_action action;
	/* The change is on disk, or it is not; ERR_CANCELLED when the daemon stops. */
	void (*on_done)(struct change *change, enum error error);
	enum error error;
};

/* The arguments are borrowed. What was done also becomes an event of the audit. ERR_NO_MEMORY. */
enum error changes_new(uv_loop_t *loop, struct state_store *store, struct audit_events *events,
		       struct changes **out) ATTR_MUST_CHECK;

/* Never calls `on_done` from here. */
void changes_push(struct changes *changes, struct change *change);

/* Ends what is being written, cancels the rest, and calls `on_closed` when all is over; from here
 * when nothing is on its way. */
void changes_close(struct changes *changes, void (*on_closed)(void *arg), void *arg);

#endif
