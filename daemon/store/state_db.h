/* The inside of the state database. For this layer only. */
#ifndef STORE_STATE_DB_H
#define STORE_STATE_DB_H

#include "store/db.h"
#include "store/state.h"

struct state {
	struct db db;
};

/* The error with which a change must fail before it is tried, if any. */
enum error state_may_change(const struct state *state) ATTR_MUST_CHECK;

/* Ends a transaction: commits when `error` is ERR_NONE, else rolls back and returns it. */
enum error state_end(struct state *state, enum error error) ATTR_MUST_CHECK;

#endif
