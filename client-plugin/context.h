/*
 * The authorization contexts of one application. A context stands for a user record of the daemon;
 * WinRM holds it by as many references as completions returned it, and gives back each with
 * WSManPluginAuthzReleaseContext(), which names nothing but the context. With the last reference
 * the daemon is told that the host let go of the record, once for each AuthzUser that the record
 * answered, as it counts them itself.
 */
#ifndef CLIENT_PLUGIN_CONTEXT_H
#define CLIENT_PLUGIN_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-plugin/client.h"

struct context;
struct contexts;

/* Releases are told to `client`, which is borrowed. NULL when there is no memory. */
struct contexts *contexts_new(struct client *client);

/* Frees all contexts, also those that were never released, and tells nobody. No other call may run
 * or follow. Accepts NULL. */
void contexts_free(struct contexts *contexts);

/* One more reference to the context of this record, which is made when there is none. `for_user`:
 * an AuthzUser is answered with it. NULL when there is no memory. Any thread. */
struct context *context_get(struct contexts *contexts,
			    const uint8_t record_id[CLIENT_RECORD_ID_BYTES], bool for_user);

/* Gives back a reference. Any thread. */
void context_put(struct context *context);

#endif
