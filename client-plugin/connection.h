/*
 * The connection to the server, on the client's thread: connects and connects again, greets, checks
 * the epoch of replies, and turns bytes into replies and frames into bytes.
 *
 *	DOWN -> GREETING    the channel connected; Hello is sent
 *	GREETING -> READY   the server greeted back
 *	any -> DOWN         lost; the next attempt waits, longer each time in vain
 */
#ifndef CLIENT_PLUGIN_CONNECTION_H
#define CLIENT_PLUGIN_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-plugin/channel.h"
#include "client-plugin/client.h"
#include "proto/authz.h"

enum {
	CONNECTION_BACKOFF_FIRST_MS = 50,
	CONNECTION_BACKOFF_MAX_MS = 2000,
	CONNECTION_BUFFER_BYTES = FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES, /* one frame fits */
	CONNECTION_REPLY_BUDGET_BYTES = 32 * 1024, /* more than any valid reply unpacks to */
};

/* The request id of Hello; questions count up from 1. */
#define CONNECTION_HELLO_ID UINT64_MAX

/* Sent in Hello; borrowed. */
struct connection_hello {
	const char *application, *program, *program_version;
	uint8_t instance[AUTHZ_ID_BYTES];
};

struct connection_events {
	/* A reply of this connection, valid during the call. CLIENT_OK, or a reason to lose the
	 * connection. */
	enum client_reason (*on_reply)(void *arg, const Wsauthz__Reply *reply);
	/* A reply of another connection was discarded. */
	void (*on_stale)(void *arg);
	/* A connection that was READY ended; nothing that was sent on it will be answered. */
	void (*on_lost)(void *arg, enum client_reason reason);
};

struct connection {
	struct channel *channel;
	const struct connection_hello *hello;
	const struct connection_events *events;
	void *arg;
	uint32_t timeout_ms; /* from connecting to the greeting */

	enum { CONNECTION_DOWN, CONNECTION_GREETING, CONNECTION_READY } state;
	enum client_reason reason; /* why the last connection or attempt ended */
	int64_t attempt_ms;        /* GREETING: when it began. DOWN: when the next one is due */
	uint32_t backoff_ms;
	uint64_t random; /* state of the generator for jitter; never 0 */

	uint8_t epoch[AUTHZ_ID_BYTES];
	uint32_t max_payload_bytes, max_in_flight; /* as the server said */

	size_t in_bytes, out_bytes;
	bool writing; /* `out` is being written and must not change */
	uint8_t in[CONNECTION_BUFFER_BYTES];
	uint8_t out[CONNECTION_BUFFER_BYTES];
	uint64_t budget[CONNECTION_REPLY_BUDGET_BYTES / sizeof(uint64_t)];
};

/* All pointers are borrowed. The first attempt is due at once. `seed` makes the jitter.
 * CLIENT_INVALID when the texts cannot be sent. */
enum client_reason connection_init(struct connection *connection, struct channel *channel,
				   const struct connection_hello *hello,
				   const struct connection_events *events, void *arg,
				   uint32_t timeout_ms, uint64_t seed);

/* Connects when that is due, and gives up on a server that does not greet. */
void connection_turn(struct connection *connection, int64_t now_ms);

/* True when connection_turn() will connect now. */
bool connection_is_due(const struct connection *connection, int64_t now_ms);

/* When the connection wants a turn by itself; INT64_MAX for never. */
int64_t connection_next_ms(const struct connection *connection);

bool connection_is_ready(const struct connection *connection);

/* True while nothing can be put, because a write is under way. */
bool connection_is_writing(const struct connection *connection);

/* Adds a frame to what is sent with the next connection_flush(); false when there is no room now.
 * READY only. */
bool connection_put(struct connection *connection, const uint8_t *frame, size_t frame_bytes);

/* Starts writing what was put, if anything was. */
void connection_flush(struct connection *connection);

/* Events of the channel. */
void connection_on_bytes(struct connection *connection, const uint8_t *bytes, size_t length);
void connection_on_written(struct connection *connection);
void connection_on_closed(struct connection *connection);

/* Closes it for good, without events. */
void connection_close(struct connection *connection);

#endif
