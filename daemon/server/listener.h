/*
 * One door: accepts connections, asks the kernel who is there, and turns away who is not on the
 * list or one too many, with a word on the reason. Loop thread.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <stdbool.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "platform/endpoint.h"
#include "server/doorbell.h"
#include "server/role.h"
#include "server/service.h"
#include "server/session.h"

enum {
	LISTENER_QUEUE_LENGTH = 128, /* connections the kernel holds until they are accepted */
	LISTENER_ACCEPT_MAX = 64,    /* accepted in one pass of the loop */
	LISTENER_PAUSE_MS = 100,     /* without accepting after descriptors ran out */
};

struct listener {
	struct session_owner sessions;
	struct endpoint *endpoint;
	struct role_rules roles;
	uint32_t max_connections;
	struct doorbell bell;
	uv_timer_t pause;
	bool has_bell, has_pause;
	uint8_t open_handles;
};

/* Takes the address; accepts nobody yet, and later whoever has a role by `roles`. Errors as
 * endpoint_open(), with `why`. `settings` is borrowed during the call. */
enum error listener_open(struct listener *listener, struct service *service,
			 const struct session_channel *channel,
			 const struct settings_endpoint *settings, const struct role_rules *roles,
			 struct conn_pool *pool, struct buf *why) ATTR_MUST_CHECK;

/* Accepts from now on. ERR_IO. */
enum error listener_start(struct listener *listener, uv_loop_t *loop) ATTR_MUST_CHECK;

/* Gives the address back and accepts nobody any more; sessions go on. The handles of the listener
 * are closed when the loop has run. Accepts one that was never opened or started. */
void listener_close(struct listener *listener);

#endif
