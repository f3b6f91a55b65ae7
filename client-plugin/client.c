/*
 * Any thread packs a question into a frame, leaves it in the inbox and wakes the client's thread.
 * There each turn moves it on: from the inbox to the queue; from the queue, when the connection is
 * ready and the server has room, to the table of questions that were sent; out of the table when
 * its reply arrives. A question whose time is over is answered with a denial wherever it is, and a
 * connection that is lost takes all that was sent on it along. Nothing is sent twice.
 */
#include "client-plugin/client.h"

#include <stdatomic.h>
#include <string.h>

#include "client-plugin/answer.h"
#include "client-plugin/channel.h"
#include "client-plugin/connection.h"
#include "client-plugin/failures.h"
#include "client-plugin/limits.h"
#include "client-plugin/memory.h"
#include "client-plugin/notices.h"
#include "client-plugin/pending.h"
#include "client-plugin/question.h"

/* Failures that come up while the server can be reached are reported not more often than this. */
enum { REPORT_INTERVAL_MS = 60000 };

struct client {
	struct channel *channel;
	uint32_t reply_timeout_ms, connect_timeout_ms, max_pending;
	char *application, *program, *program_version, *endpoint, *server_owner;
	struct connection_hello hello; /* borrows the texts above */

	/* Any thread: */
	struct pending_inbox inbox;
	atomic_uint_fast64_t last_id;
	atomic_uint_fast32_t open_count; /* questions that were taken and not answered */
	atomic_uint_fast32_t asking;     /* calls that have not let go of the client */
	atomic_bool stopping;
	struct failures failures;

	/* The caller of client_stop(): */
	bool stopped;

	/* The client's thread: */
	struct pending_queue queue; /* not sent */
	struct pending_table sent;
	int64_t next_report_ms;
	struct notices notices; /* borrows texts above */
	struct connection connection;
};

const char *client_reason_text(enum client_reason reason)
{
	switch (reason) {
	case CLIENT_OK: return "no error";
	case CLIENT_NO_SERVER: return "the server cannot be reached";
	case CLIENT_WRONG_OWNER: return "the server runs under the wrong account";
	case CLIENT_CONNECT_TIMEOUT: return "the server did not greet in time";
	case CLIENT_DEADLINE: return "no reply in time";
	case CLIENT_DISCONNECTED: return "the connection was lost";
	case CLIENT_MALFORMED: return "the server broke the protocol";
	case CLIENT_BAD_VERDICT: return "the decision contradicts itself";
	case CLIENT_STALE_REPLY: return "a reply came that nobody waits for";
	case CLIENT_VERSION: return "the server speaks another protocol version";
	case CLIENT_REFUSED_BUSY: return "the server is busy";
	case CLIENT_REFUSED_NO_POLICY: return "the server has no policy";
	case CLIENT_REFUSED_AUDIT: return "the decision could not be recorded";
	case CLIENT_REFUSED_PEER: return "this account is not served";
	case CLIENT_REFUSED_OTHER: return "the server refused";
	case CLIENT_QUEUE_FULL: return "too many questions are open";
	case CLIENT_NO_MEMORY: return "out of memory";
	case CLIENT_TOO_LARGE: return "the question is too large";
	case CLIENT_SENDER: return "the question is not valid";
	case CLIENT_CLOSED: return "the client was stopped";
	case CLIENT_INVALID: return "the settings are not valid";
	case CLIENT_REASON_COUNT: break;
	}
	return "unknown reason";
}

/* Answering, on the client's thread. */

/* Only what is a denial counts as one. */
static bool asks_for_permission(enum pending_kind kind)
{
	return kind != PENDING_PING && kind != PENDING_RELEASE;
}

/* Answers a question that is in no queue any more, and frees it. */
static void finish(struct client *client, struct pending *pending,
		   const struct client_answer *answer)
{
	if (asks_for_permission(pending->kind))
		failures_count(&client->failures, answer->reason);
	atomic_fetch_sub(&client->open_count, 1);
	pending_answer(pending, answer);
	pending_free(pending);
}

static void deny(struct client *client, struct pending *pending, enum client_reason reason)
{
	struct client_answer answer = answer_deny(reason);

	finish(client, pending, &answer);
}

static void deny_queue(struct client *client, enum client_reason reason)
{
	while (client->queue.first != NULL) {
		struct pending *pending = client->queue.first;

		pending_queue_remove(&client->queue, pending);
		deny(client, pending, reason);
	}
}

static void deny_sent(struct client *client, enum client_reason reason)
{
	while (client->sent.queue.first != NULL) {
		struct pending *pending = client->sent.queue.first;

		pending_table_remove(&client->sent, pending);
		deny(client, pending, reason);
	}
}

/* Events of the connection. */

static enum client_reason on_report_reply(struct client *client, const Wsauthz__Reply *reply)
{
	if (reply->body_case == WSAUTHZ__REPLY__BODY_PONG)
		failures_acknowledge(&client->failures);
	else if (reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL)
		failures_abandon(&client->failures);
	else
		return CLIENT_MALFORMED;
	return CLIENT_OK;
}

static void on_stale(void *arg)
{
	struct client *client = arg;

	failures_count(&client->failures, CLIENT_STALE_REPLY);
}

static enum client_reason on_reply(void *arg, const Wsauthz__Reply *reply)
{
	char text[AUTHZ_INFORMATION_BYTES + 1];
	struct client *client = arg;
	struct client_answer answer;
	struct pending *pending;

	if (client->failures.report_id != 0 && reply->id == client->failures.report_id)
		return on_report_reply(client, reply);
	pending = pending_table_find(&client->sent, reply->id);
	if (pending == NULL) {
		on_stale(client);
		return CLIENT_OK;
	}
	answer = answer_read(pending->kind, reply, text);
	if (answer.reason == CLIENT_MALFORMED)
		return CLIENT_MALFORMED; /* this question is lost with the connection */
	pending_table_remove(&client->sent, pending);
	finish(client, pending, &answer);
	return CLIENT_OK;
}

static void on_lost(void *arg, enum client_reason reason)
{
	struct client *client = arg;

	failures_abandon(&client->failures);
	deny_sent(client, reason);
}

static const struct connection_events connection_events = {
	.on_reply = on_reply,
	.on_stale = on_stale,
	.on_lost = on_lost,
};

/* A turn of the client's thread. */

static void take_inbox(struct client *client)
{
	struct pending *pending = pending_inbox_take(&client->inbox);

	while (pending != NULL) {
		struct pending *next = pending->next;

		pending_queue_put(&client->queue, pending);
		pending = next;
	}
}

static struct notices_view view_now(const struct client *client)
{
	return (struct notices_view){
		.now_ms = channel_now_ms(client->channel),
		.is_connected = connection_is_ready(&client->connection),
		.reason = client->connection.reason,
		.obstacle = channel_obstacle(client->channel),
		.failures = &client->failures,
	};
}

static void shut_down(struct client *client)
{
	struct notices_view view;
	struct pending *pending = pending_inbox_close(&client->inbox);

	connection_close(&client->connection);
	failures_abandon(&client->failures);
	deny_sent(client, CLIENT_CLOSED);
	deny_queue(client, CLIENT_CLOSED);
	while (pending != NULL) {
		struct pending *next = pending->next;

		deny(client, pending, CLIENT_CLOSED);
		pending = next;
	}
	view = view_now(client);
	notices_end(&client->notices, &view);
}

/* How long a question that was not sent may be open: without a connection, not for long. */
static uint32_t queue_timeout_ms(const struct client *client)
{
	return connection_is_ready(&client->connection) ? client->reply_timeout_ms
							: client->connect_timeout_ms;
}

/* Both queues are in the order of asking, and the time-outs are the same for all, so only the
 * first of each needs to be looked at. */
static void expire(struct client *client, int64_t now_ms)
{
	struct pending *pending;

	while ((pending = client->queue.first) != NULL &&
	       now_ms - pending->asked_ms >= queue_timeout_ms(client)) {
		pending_queue_remove(&client->queue, pending);
		deny(client, pending,
		     connection_is_ready(&client->connection) ? CLIENT_DEADLINE
							      : client->connection.reason);
	}
	while ((pending = client->sent.queue.first) != NULL &&
	       now_ms - pending->asked_ms >= client->reply_timeout_ms) {
		pending_table_remove(&client->sent, pending);
		deny(client, pending, CLIENT_DEADLINE);
	}
}

static void send_report(struct client *client, int64_t now_ms)
{
	uint8_t frame[FAILURES_FRAME_BYTES];
	uint64_t id;
	size_t frame_bytes;

	if (now_ms < client->next_report_ms || !failures_due(&client->failures))
		return;
	id = atomic_fetch_add(&client->last_id, 1) + 1;
	frame_bytes =
		failures_report(&client->failures, id, channel_wall_us(client->channel), frame);
	if (connection_put(&client->connection, frame, frame_bytes))
		client->next_report_ms = now_ms + REPORT_INTERVAL_MS;
	else
		failures_abandon(&client->failures);
}

/* Puts what the server and the buffer have room for. */
static void send_queue(struct client *client)
{
	struct connection *connection = &client->connection;
	struct pending *pending;

	while ((pending = client->queue.first) != NULL &&
	       client->sent.queue.count < connection->max_in_flight) {
		if (pending->frame_bytes - FRAME_HEADER_BYTES > connection->max_payload_bytes) {
			pending_queue_remove(&client->queue, pending);
			deny(client, pending, CLIENT_TOO_LARGE);
			continue;
		}
		if (!connection_put(connection, pending->frame, pending->frame_bytes))
			break;
		pending_queue_remove(&client->queue, pending);
		if (pending->kind == PENDING_RELEASE)
			deny(client, pending, CLIENT_OK); /* is not answered, only freed */
		else
			pending_table_put(&client->sent, pending);
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When there is something to do even if nothing happens. */
static int64_t next_turn_ms(const struct client *client)
{
	int64_t next_ms = connection_next_ms(&client->connection);

	if (client->queue.first != NULL)
		next_ms =
			earlier(next_ms, client->queue.first->asked_ms + queue_timeout_ms(client));
	if (client->sent.queue.first != NULL)
		next_ms = earlier(next_ms,
				  client->sent.queue.first->asked_ms + client->reply_timeout_ms);
	if (connection_is_ready(&client->connection) &&
	    !connection_is_writing(&client->connection) && failures_due(&client->failures))
		next_ms = earlier(next_ms, client->next_report_ms);
	return earlier(next_ms, notices_next_ms(&client->notices));
}

static int64_t on_turn(void *arg, int64_t now_ms)
{
	struct client *client = arg;
	struct connection *connection = &client->connection;
	struct notices_view view;

	if (atomic_load(&client->stopping)) {
		shut_down(client);
		return CHANNEL_STOP;
	}
	take_inbox(client);
	if (connection_is_due(connection, now_ms))
		client->next_report_ms = now_ms; /* the first thing to tell a new connection */
	connection_turn(connection, now_ms);
	expire(client, now_ms);
	if (connection_is_ready(connection)) {
		send_report(client, now_ms);
		send_queue(client);
		connection_flush(connection);
	}
	/* Last, as the host's log may take its time. */
	view = view_now(client);
	notices_turn(&client->notices, &view);
	return next_turn_ms(client);
}

static void on_bytes(void *arg, const uint8_t *bytes, size_t length)
{
	struct client *client = arg;

	connection_on_bytes(&client->connection, bytes, length);
}

static void on_written(void *arg)
{
	struct client *client = arg;

	connection_on_written(&client->connection);
}

static void on_closed(void *arg)
{
	struct client *client = arg;

	connection_on_closed(&client->connection);
}

static const struct channel_events channel_events = {
	.on_turn = on_turn,
	.on_bytes = on_bytes,
	.on_written = on_written,
	.on_closed = on_closed,
};

/* Opening and closing. */

static enum client_reason set_limits(struct client *client, const struct client_settings *settings)
{
	struct limits limits;
	const char *rule;
	enum client_reason reason = limits_read(settings, &limits, &rule);

	if (reason != CLIENT_OK)
		return reason;
	client->reply_timeout_ms = limits.reply_timeout_ms;
	client->connect_timeout_ms = limits.connect_timeout_ms;
	client->max_pending = limits.max_pending;
	return CLIENT_OK;
}

static enum client_reason set_texts(struct client *client, const struct client_settings *settings)
{
	client->application = memory_copy_text(settings->application);
	client->program = memory_copy_text(settings->program);
	client->program_version = memory_copy_text(settings->program_version);
	client->endpoint = memory_copy_text(settings->endpoint);
	client->server_owner = memory_copy_text(settings->server_owner);
	if (client->application == NULL || client->program == NULL ||
	    client->program_version == NULL || client->endpoint == NULL ||
	    client->server_owner == NULL)
		return CLIENT_NO_MEMORY;
	client->hello.application = client->application;
	client->hello.program = client->program;
	client->hello.program_version = client->program_version;
	return CLIENT_OK;
}

static void init_notices(struct client *client, const struct client_settings *settings)
{
	const struct notices_settings notices = {
		.tell = settings->tell,
		.arg = settings->tell_arg,
		.application = client->application,
		.endpoint = client->endpoint,
		.server_owner = client->server_owner,
		.grace_ms = client->connect_timeout_ms,
	};

	notices_init(&client->notices, &notices);
}

static enum client_reason start(struct client *client, const struct client_settings *settings)
{
	enum client_reason reason;
	uint64_t seed;

	reason = set_limits(client, settings);
	if (reason == CLIENT_OK)
		reason = set_texts(client, settings);
	if (reason == CLIENT_OK)
		reason = channel_new(settings->endpoint, settings->server_owner, &channel_events,
				     client, &client->channel);
	if (reason == CLIENT_OK)
		reason = channel_random(client->channel, client->hello.instance, AUTHZ_ID_BYTES);
	if (reason == CLIENT_OK)
		reason = channel_random(client->channel, &seed, sizeof(seed));
	if (reason != CLIENT_OK)
		return reason;
	reason = connection_init(&client->connection, client->channel, &client->hello,
				 &connection_events, client, client->connect_timeout_ms, seed);
	if (reason != CLIENT_OK)
		return reason;
	failures_init(&client->failures, channel_wall_us(client->channel));
	init_notices(client, settings);
	return channel_start(client->channel);
}

static void free_client(struct client *client)
{
	channel_free(client->channel);
	memory_free(client->application);
	memory_free(client->program);
	memory_free(client->program_version);
	memory_free(client->endpoint);
	memory_free(client->server_owner);
	memory_free(client);
}

enum client_reason client_open(const struct client_settings *settings, struct client **out)
{
	struct client *client = memory_calloc(1, sizeof(*client));
	enum client_reason reason;

	if (client == NULL)
		return CLIENT_NO_MEMORY;
	pending_inbox_init(&client->inbox);
	atomic_init(&client->last_id, 0);
	atomic_init(&client->open_count, 0);
	atomic_init(&client->asking, 0);
	atomic_init(&client->stopping, false);
	reason = start(client, settings);
	if (reason != CLIENT_OK) {
		free_client(client);
		return reason;
	}
	*out = client;
	return CLIENT_OK;
}

void client_stop(struct client *client)
{
	if (client->stopped)
		return;
	atomic_store(&client->stopping, true);
	channel_wake(client->channel);
	channel_join(client->channel);
	/* An answer can be faster than the call that asked for it: whoever takes the answer for the
	 * end of the call may free the client next. */
	while (atomic_load(&client->asking) != 0)
		channel_yield();
	client->stopped = true;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	client_stop(client);
	free_client(client);
}

/* Asking, on any thread. */

static enum client_reason leave_question(struct client *client, const struct question *question,
					 client_callback *callback, void *arg)
{
	uint64_t id = atomic_fetch_add(&client->last_id, 1) + 1;
	struct pending *pending;
	enum client_reason reason = question_pack(question, id, &pending);

	if (reason != CLIENT_OK)
		return reason;
	pending->callback = callback;
	pending->arg = arg;
	pending->asked_ms = channel_now_ms(client->channel);
	if (!pending_inbox_put(&client->inbox, pending)) {
		pending_free(pending);
		return CLIENT_CLOSED;
	}
	channel_wake(client->channel);
	return CLIENT_OK;
}

static enum client_reason ask(struct client *client, const struct question *question,
			      client_callback *callback, void *arg)
{
	enum client_reason reason = CLIENT_QUEUE_FULL;

	atomic_fetch_add(&client->asking, 1);
	if (atomic_fetch_add(&client->open_count, 1) < client->max_pending)
		reason = leave_question(client, question, callback, arg);
	if (reason != CLIENT_OK) {
		atomic_fetch_sub(&client->open_count, 1);
		if (asks_for_permission(question->kind))
			client_count_failure(client, reason);
	}
	atomic_fetch_sub(&client->asking, 1);
	return reason;
}

enum client_reason client_authorize_user(struct client *client, const struct client_sender *sender,
					 client_callback *callback, void *arg)
{
	const struct question question = {.kind = PENDING_USER, .sender = sender};

	return ask(client, &question, callback, arg);
}

enum client_reason client_authorize_operation(struct client *client,
					      const struct client_sender *sender,
					      const uint8_t *record_id, const char *action_uri,
					      const char *resource_uri, client_callback *callback,
					      void *arg)
{
	const struct question question = {
		.kind = PENDING_OPERATION,
		.sender = sender,
		.record_id = record_id,
		.action_uri = action_uri,
		.resource_uri = resource_uri,
	};

	return ask(client, &question, callback, arg);
}

enum client_reason client_query_quota(struct client *client, const struct client_sender *sender,
				      const uint8_t *record_id, client_callback *callback,
				      void *arg)
{
	const struct question question = {
		.kind = PENDING_QUOTA, .sender = sender, .record_id = record_id};

	return ask(client, &question, callback, arg);
}

enum client_reason client_ping(struct client *client, client_callback *callback, void *arg)
{
	const struct question question = {.kind = PENDING_PING};

	return ask(client, &question, callback, arg);
}

enum client_reason client_context_released(struct client *client, const uint8_t *record_id)
{
	const struct question question = {.kind = PENDING_RELEASE, .record_id = record_id};

	return ask(client, &question, NULL, NULL);
}

void client_count_failure(struct client *client, enum client_reason reason)
{
	failures_count(&client->failures, reason);
	channel_wake(client->channel); /* to report it, to the daemon and here */
}

uint64_t client_failure_count(const struct client *client, enum client_reason reason)
{
	return failures_get(&client->failures, reason);
}
