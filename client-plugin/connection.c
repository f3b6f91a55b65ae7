#include "client-plugin/connection.h"

#include <string.h>

#include "client-plugin/answer.h"

bool connection_is_ready(const struct connection *connection)
{
	return connection->state == CONNECTION_READY;
}

bool connection_is_writing(const struct connection *connection)
{
	return connection->writing;
}

bool connection_is_due(const struct connection *connection, int64_t now_ms)
{
	return connection->state == CONNECTION_DOWN && now_ms >= connection->attempt_ms;
}

int64_t connection_next_ms(const struct connection *connection)
{
	switch (connection->state) {
	case CONNECTION_DOWN: return connection->attempt_ms;
	case CONNECTION_GREETING: return connection->attempt_ms + connection->timeout_ms;
	case CONNECTION_READY: break;
	}
	return INT64_MAX;
}

/* Losing the connection. */

/* Between half the back-off and all of it, so that many clients do not come back at once
 * (xorshift64, Marsaglia 2003). */
static uint32_t jittered(struct connection *connection)
{
	uint32_t half_ms = connection->backoff_ms / 2;

	connection->random ^= connection->random << 13;
	connection->random ^= connection->random >> 7;
	connection->random ^= connection->random << 17;
	return half_ms + (uint32_t)(connection->random % (half_ms + 1));
}

/* Ends an attempt or a connection, which the channel has closed already. */
static void end(struct connection *connection, enum client_reason reason)
{
	bool was_ready = connection->state == CONNECTION_READY;

	connection->state = CONNECTION_DOWN;
	connection->reason = reason;
	connection->in_bytes = 0;
	connection->out_bytes = 0;
	connection->writing = false;
	connection->attempt_ms = channel_now_ms(connection->channel) + jittered(connection);
	connection->backoff_ms *= 2;
	if (connection->backoff_ms > CONNECTION_BACKOFF_MAX_MS)
		connection->backoff_ms = CONNECTION_BACKOFF_MAX_MS;
	if (was_ready)
		connection->events->on_lost(connection->arg, reason);
}

static void lose(struct connection *connection, enum client_reason reason)
{
	channel_disconnect(connection->channel);
	end(connection, reason);
}

void connection_on_closed(struct connection *connection)
{
	end(connection, CLIENT_DISCONNECTED);
}

void connection_close(struct connection *connection)
{
	if (connection->state != CONNECTION_DOWN)
		channel_disconnect(connection->channel);
	connection->state = CONNECTION_DOWN;
	connection->attempt_ms = INT64_MAX;
}

/* Connecting and greeting. */

static ProtobufCBinaryData bytes_of(const char *text)
{
	return authz_bytes(text, strlen(text));
}

/* Writes the frame of Hello to the buffer. */
static enum wire_error put_hello(struct connection *connection)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.instance = authz_bytes(connection->hello->instance, AUTHZ_ID_BYTES);
	hello.application = bytes_of(connection->hello->application);
	hello.program = bytes_of(connection->hello->program);
	hello.program_version = bytes_of(connection->hello->program_version);
	hello.host_pid = channel_process_id(connection->channel);
	request.id = CONNECTION_HELLO_ID;
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	return authz_request_encode(&request, connection->out, sizeof(connection->out),
				    &connection->out_bytes, NULL);
}

enum client_reason connection_init(struct connection *connection, struct channel *channel,
				   const struct connection_hello *hello,
				   const struct connection_events *events, void *arg,
				   uint32_t timeout_ms, uint64_t seed)
{
	memset(connection, 0, sizeof(*connection));
	connection->channel = channel;
	connection->hello = hello;
	connection->events = events;
	connection->arg = arg;
	connection->timeout_ms = timeout_ms;
	connection->state = CONNECTION_DOWN;
	connection->reason = CLIENT_CONNECT_TIMEOUT;
	connection->attempt_ms = INT64_MIN;
	connection->backoff_ms = CONNECTION_BACKOFF_FIRST_MS;
	connection->random = seed | 1;
	if (put_hello(connection) != WIRE_OK)
		return CLIENT_INVALID;
	connection->out_bytes = 0;
	return CLIENT_OK;
}

static enum client_reason try_to_connect(struct connection *connection)
{
	enum client_reason reason = channel_connect(connection->channel);

	if (reason != CLIENT_OK)
		return reason;
	if (put_hello(connection) != WIRE_OK) {
		channel_disconnect(connection->channel);
		return CLIENT_INVALID;
	}
	connection_flush(connection);
	return CLIENT_OK;
}

void connection_turn(struct connection *connection, int64_t now_ms)
{
	if (connection_is_due(connection, now_ms)) {
		enum client_reason reason = try_to_connect(connection);

		if (reason != CLIENT_OK) {
			end(connection, reason);
			return;
		}
		connection->state = CONNECTION_GREETING;
		connection->attempt_ms = now_ms;
	} else if (connection->state == CONNECTION_GREETING &&
		   now_ms - connection->attempt_ms >= (int64_t)connection->timeout_ms) {
		lose(connection, CLIENT_CONNECT_TIMEOUT);
	}
}

static void on_greeting(struct connection *connection, const Wsauthz__Reply *reply)
{
	const Wsauthz__HelloReply *hello = reply->hello;

	if (reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL) {
		lose(connection, answer_refusal_reason(reply->refusal->reason));
		return;
	}
	if (reply->body_case != WSAUTHZ__REPLY__BODY_HELLO || reply->id != CONNECTION_HELLO_ID) {
		lose(connection, CLIENT_MALFORMED);
		return;
	}
	if (hello->protocol_major != AUTHZ_PROTOCOL_MAJOR ||
	    hello->protocol_minor > AUTHZ_PROTOCOL_MINOR) {
		lose(connection, CLIENT_VERSION);
		return;
	}
	memcpy(connection->epoch, reply->epoch.data, AUTHZ_ID_BYTES);
	connection->max_payload_bytes = hello->max_frame_bytes;
	connection->max_in_flight = hello->max_in_flight;
	connection->state = CONNECTION_READY;
}

/* Bytes in. */

static void on_reply(struct connection *connection, const Wsauthz__Reply *reply)
{
	enum client_reason reason;

	if (connection->state == CONNECTION_GREETING) {
		on_greeting(connection, reply);
		return;
	}
	if (memcmp(reply->epoch.data, connection->epoch, AUTHZ_ID_BYTES) != 0) {
		connection->events->on_stale(connection->arg);
		return;
	}
	if (reply->id == 0) {
		/* The server could not read what we sent, and answers nobody in particular. */
		reason = reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL
				 ? answer_refusal_reason(reply->refusal->reason)
				 : CLIENT_MALFORMED;
	} else {
		reason = connection->events->on_reply(connection->arg, reply);
	}
	if (reason != CLIENT_OK)
		lose(connection, reason);
	else
		connection->backoff_ms = CONNECTION_BACKOFF_FIRST_MS; /* the server works */
}

static void on_payload(struct connection *connection, const struct frame *frame)
{
	struct budget budget;
	Wsauthz__Reply *reply;

	budget_init_buffer(&budget, connection->budget, sizeof(connection->budget));
	if (authz_reply_decode(frame->payload, frame->payload_bytes, &budget, &reply, NULL) !=
	    WIRE_OK)
		lose(connection, CLIENT_MALFORMED);
	else
		on_reply(connection, reply);
}

/* Takes the complete frames off the buffer. Each may end the connection. */
static void take_frames(struct connection *connection)
{
	size_t at = 0;

	while (connection->state != CONNECTION_DOWN) {
		struct frame frame;
		enum frame_status status =
			frame_find(connection->in + at, connection->in_bytes - at,
				   FRAME_AUTHZ_MAX_BYTES, &frame);

		if (status == FRAME_REFUSED) {
			lose(connection, CLIENT_MALFORMED);
			return;
		}
		if (status == FRAME_MORE) {
			memmove(connection->in, connection->in + at, connection->in_bytes - at);
			connection->in_bytes -= at;
			return;
		}
		at += frame.needed_bytes;
		on_payload(connection, &frame);
	}
}

void connection_on_bytes(struct connection *connection, const uint8_t *bytes, size_t length)
{
	while (length != 0 && connection->state != CONNECTION_DOWN) {
		size_t room = sizeof(connection->in) - connection->in_bytes;
		size_t part = length < room ? length : room;

		memcpy(connection->in + connection->in_bytes, bytes, part);
		connection->in_bytes += part;
		bytes += part;
		length -= part;
		take_frames(connection);
	}
}

/* Bytes out. */

bool connection_put(struct connection *connection, const uint8_t *frame, size_t frame_bytes)
{
	if (connection->writing || frame_bytes > sizeof(connection->out) - connection->out_bytes)
		return false;
	memcpy(connection->out + connection->out_bytes, frame, frame_bytes);
	connection->out_bytes += frame_bytes;
	return true;
}

void connection_flush(struct connection *connection)
{
	if (connection->writing || connection->out_bytes == 0)
		return;
	connection->writing = true;
	channel_write(connection->channel, connection->out, connection->out_bytes);
}

void connection_on_written(struct connection *connection)
{
	connection->writing = false;
	connection->out_bytes = 0;
}
