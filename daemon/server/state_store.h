/*
 * The state database as worker threads share it: one at a time, and opened again after a failure
 * that leaves its connection unusable. Any thread but the loop's once the daemon serves.
 */
#ifndef SERVER_STATE_STORE_H
#define SERVER_STATE_STORE_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "store/env.h"
#include "store/state.h"

struct state_store;

/* Opens and checks the database of `directory`; `directory`, `env` and `log` are borrowed. Errors
 * as state_open(), with `why`. */
enum error state_store_open(const char *directory, const struct store_env *env,
			    const struct log *log, struct state_store **out,
			    struct buf *why) ATTR_MUST_CHECK;
void state_store_close(struct state_store *store); /* accepts NULL */

/* Calls `use` with the database and returns what it returns; an error is logged under `event`. */
enum error state_store_use(struct state_store *store, const char *event,
			   enum error (*use)(struct state *state, void *arg),
			   void *arg) ATTR_MUST_CHECK;

#endif
