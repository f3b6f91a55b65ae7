/* The calling end of a local connection, for wsauthzctl. One thread, blocking with deadlines. `why`:
 * platform/why.h. */
#ifndef PLATFORM_CHANNEL_H
#define PLATFORM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "platform/peer.h"

struct channel;

/* ERR_NOT_FOUND (nobody listens), ERR_DENIED, ERR_TIMEOUT, ERR_INVALID (path), each with `why`. */
enum error channel_open(const char *path, int timeout_ms, struct channel **out,
			struct buf *why) ATTR_MUST_CHECK;
void channel_close(struct channel *channel); /* accepts NULL */

/* Who serves. */
const struct peer *channel_peer(const struct channel *channel);

/* Whether whoever serves may be told anything: root, the user who calls, or the owner of the
 * directory that the endpoint lies in, when nobody else can write to it; on Windows the service, the
 * system, administrators, or the user who calls. */
bool channel_is_trusted(const struct channel *channel) ATTR_MUST_CHECK;

/* Says that nothing more will be written; what comes back can still be read. */
enum error channel_finish(struct channel *channel) ATTR_MUST_CHECK;

/* All of it or an error: ERR_CLOSED, ERR_TIMEOUT, ERR_IO. */
enum error channel_write(struct channel *channel, const void *bytes, size_t length,
			 int timeout_ms) ATTR_MUST_CHECK;

/* What is there, at least one byte, at most `capacity`. ERR_CLOSED at the end. */
enum error channel_read(struct channel *channel, void *bytes, size_t capacity, int timeout_ms,
			size_t *length) ATTR_MUST_CHECK;

#endif
