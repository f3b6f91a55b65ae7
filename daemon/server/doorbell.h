/*
 * Tells the loop that somebody waits at an endpoint. Where the endpoint is a descriptor the loop
 * watches it; where it is not, the endpoint calls from another thread and wakes the loop. Loop
 * thread.
 */
#ifndef SERVER_DOORBELL_H
#define SERVER_DOORBELL_H

#include <stdbool.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/error.h"
#include "platform/endpoint.h"

struct doorbell {
	union {
		uv_handle_t handle;
		uv_poll_t poll;
		uv_async_t async;
	} as;
	struct endpoint *endpoint;
	bool is_polled, is_muted;
	void (*on_ring)(void *arg);
	void *arg;
};

/* Calls `on_ring` from now on when endpoint_accept() may have something to say. ERR_IO; the handle
 * is there nevertheless when `*has_handle` is set, and is to be closed. */
enum error doorbell_start(struct doorbell *bell, uv_loop_t *loop, struct endpoint *endpoint,
			  void (*on_ring)(void *arg), void *arg, bool *has_handle) ATTR_MUST_CHECK;

/* Rings once more in the next pass of the loop: the owner has not accepted all who wait. */
void doorbell_ring_again(struct doorbell *bell);

/* Rings for nobody until it is unmuted, and then for whoever waits. */
void doorbell_mute(struct doorbell *bell);
void doorbell_unmute(struct doorbell *bell);

/* Closes the handle. The endpoint, which must still be open, is not used any more. */
void doorbell_close(struct doorbell *bell, void (*on_closed)(void *arg));

#endif
