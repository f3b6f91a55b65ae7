/* The client's core against a scripted server, with the clock in the test's hand. */
#include "client-plugin/client.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "client-plugin/connection.h"
#include "client-plugin/memory.h"
#include "support/cmocka.h"
#include "unit/client/fake_channel.h"
#include "unit/proto/samples.h"

enum { OPEN_MAX = 64 };

/* What the callback of one question saw. */
struct asked {
	struct client_answer answer;
	unsigned calls;
	char information[AUTHZ_INFORMATION_BYTES + 1];
};

struct fixture {
	struct client *client;
	struct channel *channel;
	struct asked asked[OPEN_MAX];
};

static const struct client_sender sender = {.name = "alice", .mechanism = "Basic"};

static const struct client_settings default_settings = {
	.endpoint = "/run/wsauthz/authorize.sock",
	.server_owner = "0",
	.application = "wsman/Contoso",
	.program = "test",
	.program_version = "1.0",
};

static void on_answer(void *arg, const struct client_answer *answer)
{
	struct asked *asked = arg;

	asked->calls++;
	asked->answer = *answer;
	snprintf(asked->information, sizeof(asked->information), "%s", answer->information);
	asked->answer.information = asked->information;
}

static void open_with(struct fixture *fixture, const struct client_settings *settings)
{
	assert_int_equal(client_open(settings, &fixture->client), CLIENT_OK);
	fixture->channel = fake_channel_last();
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fake_channel_set_connect_result(CLIENT_OK);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	client_close(fixture->client);
	free(fixture);
	return 0;
}

static void deliver(struct fixture *fixture, struct buf *frame)
{
	fake_channel_deliver(fixture->channel, frame->data, frame->length);
	buf_deinit(frame);
}

static void reply(struct fixture *fixture, enum sample_reply kind, uint64_t id)
{
	struct buf frame;

	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(kind, id, &frame);
	deliver(fixture, &frame);
}

/* Reads Hello and greets back. */
static void greet(struct fixture *fixture)
{
	const Wsauthz__Request *hello;

	fake_channel_turn(fixture->channel);
	hello = fake_channel_read(fixture->channel);
	assert_non_null(hello);
	assert_int_equal(hello->body_case, WSAUTHZ__REQUEST__BODY_HELLO);
	reply(fixture, SAMPLE_HELLO_REPLY, hello->id);
}

static void open_and_greet(struct fixture *fixture)
{
	open_with(fixture, &default_settings);
	greet(fixture);
}

/* Asks for a user; question `index` of the fixture. */
static void ask(struct fixture *fixture, size_t index)
{
	assert_int_equal(
		client_authorize_user(fixture->client, &sender, on_answer, &fixture->asked[index]),
		CLIENT_OK);
	assert_int_equal(fixture->asked[index].calls, 0);
}

/* The id of the next request, which must be of this kind. */
static uint64_t read_id(struct fixture *fixture, Wsauthz__Request__BodyCase body_case)
{
	const Wsauthz__Request *request;

	fake_channel_turn(fixture->channel);
	request = fake_channel_read(fixture->channel);
	assert_non_null(request);
	assert_int_equal(request->body_case, body_case);
	return request->id;
}

static uint64_t ask_and_read_id(struct fixture *fixture, size_t index)
{
	ask(fixture, index);
	return read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
}

static void expect_open(const struct fixture *fixture, size_t index)
{
	assert_int_equal(fixture->asked[index].calls, 0);
}

static void expect_reason(const struct fixture *fixture, size_t index, enum client_reason reason)
{
	const struct asked *asked = &fixture->asked[index];

	assert_int_equal(asked->calls, 1);
	if (asked->answer.reason != reason)
		fail_msg("question %zu: %s, expected: %s", index,
			 client_reason_text(asked->answer.reason), client_reason_text(reason));
	if (reason != CLIENT_OK) {
		assert_int_equal(asked->answer.verdict, CLIENT_DENY);
		assert_int_equal(asked->answer.code, 5);
	}
}

static void expect_allowed(const struct fixture *fixture, size_t index)
{
	expect_reason(fixture, index, CLIENT_OK);
	assert_int_equal(fixture->asked[index].answer.verdict, CLIENT_ALLOW);
}

static void expect_count(const struct fixture *fixture, enum client_reason reason, uint64_t count)
{
	assert_int_equal(client_failure_count(fixture->client, reason), count);
}

/* Greeting. */

static void a_client_connects_and_introduces_itself(void **state)
{
	struct fixture *fixture = *state;
	const Wsauthz__Request *request;

	open_with(fixture, &default_settings);
	fake_channel_turn(fixture->channel);
	assert_int_equal(fixture->channel->connect_count, 1);
	request = fake_channel_read(fixture->channel);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_HELLO);
	assert_int_equal(request->hello->protocol_major, AUTHZ_PROTOCOL_MAJOR);
	assert_int_equal(request->hello->instance.len, AUTHZ_ID_BYTES);
	assert_int_equal(request->hello->application.len, strlen("wsman/Contoso"));
	assert_int_equal(request->hello->host_pid, 4711);
	assert_null(fake_channel_read(fixture->channel));
}

static void nothing_is_asked_before_the_server_greeted(void **state)
{
	struct fixture *fixture = *state;

	open_with(fixture, &default_settings);
	ask(fixture, 0);
	fake_channel_turn(fixture->channel);
	assert_non_null(fake_channel_read(fixture->channel));
	assert_null(fake_channel_read(fixture->channel));
	reply(fixture, SAMPLE_HELLO_REPLY, CONNECTION_HELLO_ID);
	read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
}

static void a_server_that_does_not_greet_is_given_up(void **state)
{
	struct fixture *fixture = *state;

	open_with(fixture, &default_settings);
	ask(fixture, 0);
	fake_channel_turn(fixture->channel);
	fake_channel_advance(fixture->channel, 999);
	expect_open(fixture, 0);
	assert_true(fixture->channel->connected);
	fake_channel_advance(fixture->channel, 1);
	expect_reason(fixture, 0, CLIENT_CONNECT_TIMEOUT);
	assert_false(fixture->channel->connected);
	expect_count(fixture, CLIENT_CONNECT_TIMEOUT, 1);
}

/* Each of these ends the greeting, and the question that waited says why. */
static void expect_bad_greeting(struct fixture *fixture, struct buf *frame,
				enum client_reason reason)
{
	open_with(fixture, &default_settings);
	ask(fixture, 0);
	fake_channel_turn(fixture->channel);
	fixture->channel->connect_result = CLIENT_OK;
	fake_channel_deliver(fixture->channel, frame->data, frame->length);
	assert_false(fixture->channel->connected);
	assert_int_equal(fixture->channel->disconnect_count, 1);
	/* Only the reason of the last attempt counts, so that there must not be another. */
	fixture->channel->connect_result = reason;
	fake_channel_advance(fixture->channel, 1000);
	expect_reason(fixture, 0, reason);
	client_close(fixture->client);
	fixture->client = NULL;
	memset(fixture->asked, 0, sizeof(fixture->asked));
	buf_clear(frame);
}

static void hello_reply(struct buf *frame, uint64_t id, uint32_t major, uint32_t minor)
{
	Wsauthz__HelloReply hello = WSAUTHZ__HELLO_REPLY__INIT;
	Wsauthz__Reply message = WSAUTHZ__REPLY__INIT;

	hello.protocol_major = major;
	hello.protocol_minor = minor;
	hello.server_version = sample_text("1.0.0");
	hello.max_frame_bytes = 4096;
	hello.max_in_flight = 2;
	message.id = id;
	message.epoch = authz_bytes(sample_epoch, AUTHZ_ID_BYTES);
	message.body_case = WSAUTHZ__REPLY__BODY_HELLO;
	message.hello = &hello;
	sample_encode_reply(&message, frame);
}

static void refusal(struct buf *frame, uint64_t id, Wsauthz__Refusal__Reason reason)
{
	Wsauthz__Refusal body = WSAUTHZ__REFUSAL__INIT;
	Wsauthz__Reply message = WSAUTHZ__REPLY__INIT;

	body.reason = reason;
	message.id = id;
	message.epoch = authz_bytes(sample_epoch, AUTHZ_ID_BYTES);
	message.body_case = WSAUTHZ__REPLY__BODY_REFUSAL;
	message.refusal = &body;
	sample_encode_reply(&message, frame);
}

static void a_bad_greeting_ends_the_connection(void **state)
{
	struct fixture *fixture = *state;
	struct buf frame;

	buf_init(&frame, SIZE_MAX);
	hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR + 1, 0);
	expect_bad_greeting(fixture, &frame, CLIENT_VERSION);
	hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR, AUTHZ_PROTOCOL_MINOR + 1);
	expect_bad_greeting(fixture, &frame, CLIENT_VERSION);
	hello_reply(&frame, 1, AUTHZ_PROTOCOL_MAJOR, AUTHZ_PROTOCOL_MINOR);
	expect_bad_greeting(fixture, &frame, CLIENT_MALFORMED);
	sample_reply_frame(SAMPLE_ALLOW, CONNECTION_HELLO_ID, &frame);
	expect_bad_greeting(fixture, &frame, CLIENT_MALFORMED);
	refusal(&frame, CONNECTION_HELLO_ID, WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED);
	expect_bad_greeting(fixture, &frame, CLIENT_REFUSED_PEER);
	refusal(&frame, 0, WSAUTHZ__REFUSAL__REASON__VERSION);
	expect_bad_greeting(fixture, &frame, CLIENT_VERSION);
	buf_append_str(&frame, STR("HTTP/1.1 400 Bad Request\r\n"));
	expect_bad_greeting(fixture, &frame, CLIENT_MALFORMED);
	buf_deinit(&frame);
}

static void a_server_of_the_wrong_owner_is_sent_nothing(void **state)
{
	struct fixture *fixture = *state;

	fake_channel_set_connect_result(CLIENT_WRONG_OWNER);
	open_with(fixture, &default_settings);
	ask(fixture, 0);
	for (unsigned i = 0; i < 100; i++)
		fake_channel_advance(fixture->channel, 10);
	expect_reason(fixture, 0, CLIENT_WRONG_OWNER);
	assert_int_equal(fixture->channel->written.length, 0);
	expect_count(fixture, CLIENT_WRONG_OWNER, 1);
}

/* Answers. */

static void every_kind_of_question_is_answered(void **state)
{
	struct fixture *fixture = *state;
	struct client *client;
	uint64_t id;

	open_and_greet(fixture);
	client = fixture->client;
	id = ask_and_read_id(fixture, 0);
	reply(fixture, SAMPLE_ALLOW, id);
	expect_allowed(fixture, 0);
	assert_true(fixture->asked[0].answer.administrator);
	assert_memory_equal(fixture->asked[0].answer.record_id, sample_record_id, AUTHZ_ID_BYTES);

	assert_int_equal(client_authorize_operation(client, &sender, sample_record_id, "action",
						    "resource", on_answer, &fixture->asked[1]),
			 CLIENT_OK);
	id = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION);
	reply(fixture, SAMPLE_DENY, id);
	expect_reason(fixture, 1, CLIENT_OK);
	assert_int_equal(fixture->asked[1].answer.verdict, CLIENT_DENY);
	assert_string_equal(fixture->asked[1].information, "Ask the help desk, number 1234567.");

	assert_int_equal(client_query_quota(client, &sender, sample_record_id, on_answer,
					    &fixture->asked[2]),
			 CLIENT_OK);
	id = read_id(fixture, WSAUTHZ__REQUEST__BODY_QUERY_QUOTA);
	reply(fixture, SAMPLE_QUOTA, id);
	expect_allowed(fixture, 2);
	assert_int_equal(fixture->asked[2].answer.quota.timeslot_s, 60);

	assert_int_equal(client_ping(client, on_answer, &fixture->asked[3]), CLIENT_OK);
	id = read_id(fixture, WSAUTHZ__REQUEST__BODY_PING);
	reply(fixture, SAMPLE_PONG, id);
	expect_reason(fixture, 3, CLIENT_OK);
	assert_int_equal(fixture->asked[3].answer.verdict, CLIENT_DENY);

	id = ask_and_read_id(fixture, 4);
	reply(fixture, SAMPLE_REDIRECT, id);
	expect_reason(fixture, 4, CLIENT_OK);
	assert_int_equal(fixture->asked[4].answer.verdict, CLIENT_REDIRECT);
	assert_string_equal(fixture->asked[4].information, "https://other.contoso.example/wsman");

	id = ask_and_read_id(fixture, 5);
	reply(fixture, SAMPLE_REFUSAL, id);
	expect_reason(fixture, 5, CLIENT_REFUSED_BUSY);
	for (int reason = CLIENT_OK + 1; reason < CLIENT_INVALID; reason++)
		expect_count(fixture, (enum client_reason)reason,
			     reason == CLIENT_REFUSED_BUSY ? 1 : 0);
}

static void the_largest_decision_is_understood(void **state)
{
	char information[AUTHZ_INFORMATION_BYTES], reason[AUTHZ_REASON_BYTES];
	ProtobufCBinaryData reasons[AUTHZ_REASONS_MAX];
	Wsauthz__Decision decision = WSAUTHZ__DECISION__INIT;
	Wsauthz__Reply message = WSAUTHZ__REPLY__INIT;
	struct fixture *fixture = *state;
	struct buf frame;

	open_and_greet(fixture);
	memset(information, 'x', sizeof(information));
	memset(reason, 'y', sizeof(reason));
	for (size_t i = 0; i < ARRAY_COUNT(reasons); i++)
		reasons[i] = authz_bytes(reason, sizeof(reason));
	decision.verdict = VERDICT_DENY;
	decision.verdict_twin = ~VERDICT_DENY;
	decision.code = VERDICT_CODE_DENY;
	decision.extended_information = authz_bytes(information, sizeof(information));
	decision.record_id = authz_bytes(sample_record_id, AUTHZ_ID_BYTES);
	decision.source = WSAUTHZ__DECISION__SOURCE__POLICY;
	decision.decision_id = UINT64_MAX;
	decision.policy_revision = UINT64_MAX;
	decision.reasons = reasons;
	decision.n_reasons = ARRAY_COUNT(reasons);
	decision.reason_count = UINT32_MAX;
	message.id = ask_and_read_id(fixture, 0);
	message.epoch = authz_bytes(sample_epoch, AUTHZ_ID_BYTES);
	message.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	message.decision = &decision;
	buf_init(&frame, SIZE_MAX);
	sample_encode_reply(&message, &frame);
	deliver(fixture, &frame);
	expect_reason(fixture, 0, CLIENT_OK);
	assert_int_equal(strlen(fixture->asked[0].information), AUTHZ_INFORMATION_BYTES);
	assert_true(fixture->asked[0].answer.decision_id == UINT64_MAX);
}

static void replies_may_come_in_any_order(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[3];

	open_and_greet(fixture);
	for (size_t i = 0; i < 3; i++)
		ids[i] = ask_and_read_id(fixture, i);
	reply(fixture, SAMPLE_ALLOW, ids[2]);
	expect_allowed(fixture, 2);
	expect_open(fixture, 0);
	reply(fixture, SAMPLE_DENY, ids[0]);
	reply(fixture, SAMPLE_ALLOW, ids[1]);
	expect_reason(fixture, 0, CLIENT_OK);
	assert_int_equal(fixture->asked[0].answer.verdict, CLIENT_DENY);
	expect_allowed(fixture, 1);
}

static void replies_may_come_in_pieces_and_together(void **state)
{
	struct fixture *fixture = *state;
	struct buf frames;
	uint64_t ids[3];

	open_and_greet(fixture);
	for (size_t i = 0; i < 3; i++)
		ids[i] = ask_and_read_id(fixture, i);
	buf_init(&frames, SIZE_MAX);
	sample_reply_frame(SAMPLE_ALLOW, ids[0], &frames);
	for (size_t i = 0; i < frames.length; i++) {
		expect_open(fixture, 0);
		fake_channel_deliver(fixture->channel, frames.data + i, 1);
	}
	expect_allowed(fixture, 0);
	buf_clear(&frames);
	sample_reply_frame(SAMPLE_ALLOW, ids[1], &frames);
	sample_reply_frame(SAMPLE_ALLOW, ids[2], &frames);
	deliver(fixture, &frames);
	expect_allowed(fixture, 1);
	expect_allowed(fixture, 2);
}

static void a_context_is_released_without_an_answer(void **state)
{
	struct client_settings settings = default_settings;
	struct fixture *fixture = *state;
	const Wsauthz__Request *request;

	settings.max_pending = 1;
	open_with(fixture, &settings);
	greet(fixture);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(client_context_released(fixture->client, sample_record_id),
				 CLIENT_OK);
		fake_channel_turn(fixture->channel);
		request = fake_channel_read(fixture->channel);
		assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED);
		assert_memory_equal(request->context_released->record_id.data, sample_record_id,
				    AUTHZ_ID_BYTES);
	}
}

/* Time. */

static void a_question_is_denied_when_its_time_is_over(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	open_and_greet(fixture);
	id = ask_and_read_id(fixture, 0);
	fake_channel_advance(fixture->channel, 4999);
	expect_open(fixture, 0);
	assert_true(fixture->channel->next_ms == FAKE_START_MS + 5000);
	fake_channel_advance(fixture->channel, 1);
	expect_reason(fixture, 0, CLIENT_DEADLINE);
	expect_count(fixture, CLIENT_DEADLINE, 1);

	/* The late reply does nothing, and the connection goes on. */
	fake_channel_read(fixture->channel); /* the report of the failure */
	reply(fixture, SAMPLE_ALLOW, id);
	expect_reason(fixture, 0, CLIENT_DEADLINE);
	expect_count(fixture, CLIENT_STALE_REPLY, 1);
	id = ask_and_read_id(fixture, 1);
	reply(fixture, SAMPLE_ALLOW, id);
	expect_allowed(fixture, 1);
	assert_int_equal(fixture->channel->connect_count, 1);
}

static void time_outs_can_be_set(void **state)
{
	struct client_settings settings = default_settings;
	struct fixture *fixture = *state;

	settings.reply_timeout_ms = 300;
	settings.connect_timeout_ms = 200;
	open_with(fixture, &settings);
	ask(fixture, 0);
	fake_channel_turn(fixture->channel);
	fake_channel_advance(fixture->channel, 199);
	expect_open(fixture, 0);
	fake_channel_advance(fixture->channel, 1);
	expect_reason(fixture, 0, CLIENT_CONNECT_TIMEOUT);
	fake_channel_advance(fixture->channel, 50);
	greet(fixture);
	read_id(fixture, WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	ask_and_read_id(fixture, 1);
	fake_channel_advance(fixture->channel, 299);
	expect_open(fixture, 1);
	fake_channel_advance(fixture->channel, 1);
	expect_reason(fixture, 1, CLIENT_DEADLINE);
}

static void without_a_server_questions_wait_for_the_connect_time_only(void **state)
{
	struct fixture *fixture = *state;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	open_with(fixture, &default_settings);
	ask(fixture, 0);
	fake_channel_turn(fixture->channel);
	fake_channel_advance(fixture->channel, 600);
	ask(fixture, 1);
	fake_channel_advance(fixture->channel, 399);
	expect_open(fixture, 0);
	fake_channel_advance(fixture->channel, 1);
	expect_reason(fixture, 0, CLIENT_NO_SERVER);
	expect_open(fixture, 1);
	fake_channel_advance(fixture->channel, 600);
	expect_reason(fixture, 1, CLIENT_NO_SERVER);
	expect_count(fixture, CLIENT_NO_SERVER, 2);
}

static void a_server_that_appears_in_time_answers(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	open_with(fixture, &default_settings);
	ask(fixture, 0);
	fake_channel_turn(fixture->channel);
	fixture->channel->connect_result = CLIENT_OK;
	fake_channel_advance(fixture->channel, 50);
	greet(fixture);
	id = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	reply(fixture, SAMPLE_ALLOW, id);
	expect_allowed(fixture, 0);
}

/* The pauses between attempts grow to two seconds, and are never longer. */
static void attempts_back_off(void **state)
{
	struct fixture *fixture = *state;
	int64_t last_ms, longest_ms = CONNECTION_BACKOFF_FIRST_MS;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	open_with(fixture, &default_settings);
	fake_channel_turn(fixture->channel);
	last_ms = fixture->channel->connected_ms;
	for (unsigned attempt = 2; attempt < 20; attempt++) {
		int64_t pause_ms;

		fake_channel_advance(fixture->channel,
				     fixture->channel->next_ms - fixture->channel->now_ms);
		assert_int_equal(fixture->channel->connect_count, attempt);
		pause_ms = fixture->channel->connected_ms - last_ms;
		last_ms = fixture->channel->connected_ms;
		assert_in_range(pause_ms, longest_ms / 2, longest_ms);
		longest_ms = 2 * longest_ms < CONNECTION_BACKOFF_MAX_MS ? 2 * longest_ms
									: CONNECTION_BACKOFF_MAX_MS;
	}
	assert_int_equal(longest_ms, 2000);
}

static void clients_do_not_come_back_in_step(void **state)
{
	struct fixture *fixture = *state;
	int64_t pauses[8];
	unsigned different = 0;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	open_with(fixture, &default_settings);
	for (size_t i = 0; i < ARRAY_COUNT(pauses); i++) {
		fake_channel_advance(fixture->channel, 5000);
		pauses[i] = fixture->channel->next_ms - fixture->channel->now_ms;
		if (i > 5 && pauses[i] != pauses[i - 1])
			different++;
	}
	assert_int_not_equal(different, 0);
}

static void a_server_that_answered_is_tried_again_soon(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	open_and_greet(fixture);
	for (unsigned i = 0; i < 10; i++) {
		id = ask_and_read_id(fixture, i);
		reply(fixture, SAMPLE_ALLOW, id);
		fake_channel_hang_up(fixture->channel);
		assert_in_range(fixture->channel->next_ms - fixture->channel->now_ms, 1,
				CONNECTION_BACKOFF_FIRST_MS);
		fake_channel_advance(fixture->channel, CONNECTION_BACKOFF_FIRST_MS);
		greet(fixture);
	}
}

static void a_server_that_only_greets_is_backed_off_from(void **state)
{
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	for (unsigned i = 0; i < 10; i++) {
		fake_channel_hang_up(fixture->channel);
		fake_channel_advance(fixture->channel, CONNECTION_BACKOFF_MAX_MS);
		greet(fixture);
	}
	fake_channel_hang_up(fixture->channel);
	assert_in_range(fixture->channel->next_ms - fixture->channel->now_ms,
			CONNECTION_BACKOFF_MAX_MS / 2, CONNECTION_BACKOFF_MAX_MS);
}

/* Losing the connection. */

static void what_was_sent_is_denied_when_the_connection_ends(void **state)
{
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	ask_and_read_id(fixture, 0);
	ask_and_read_id(fixture, 1);
	fake_channel_hang_up(fixture->channel);
	expect_reason(fixture, 0, CLIENT_DISCONNECTED);
	expect_reason(fixture, 1, CLIENT_DISCONNECTED);
	expect_count(fixture, CLIENT_DISCONNECTED, 2);
}

static void what_was_not_sent_waits_for_the_next_connection(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	open_and_greet(fixture);
	fixture->channel->hold_writes = true;
	ask(fixture, 0);
	fake_channel_turn(fixture->channel); /* is being written */
	ask(fixture, 1);
	fake_channel_turn(fixture->channel); /* waits for the buffer */
	fake_channel_hang_up(fixture->channel);
	expect_reason(fixture, 0, CLIENT_DISCONNECTED);
	expect_open(fixture, 1);
	fixture->channel->hold_writes = false;
	fake_channel_advance(fixture->channel, CONNECTION_BACKOFF_FIRST_MS);
	greet(fixture);
	assert_int_equal(fake_channel_read(fixture->channel)->body_case,
			 WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	id = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	assert_null(fake_channel_read(fixture->channel)); /* nothing is sent twice */
	reply(fixture, SAMPLE_ALLOW, id);
	expect_allowed(fixture, 1);
}

static void garbage_denies_what_was_sent_and_ends_the_connection(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{"\0\0\0\0", 4},                   /* a length of zero */
		{"\1\0\1\0", 4},                   /* 65,537 */
		{"\xff\xff\xff\xff", 4},           /* oversized */
		{"\4\0\0\0\xff\xff\xff\xff", 8},   /* no message */
		{"\2\0\0\0\x08\x05", 6},           /* a reply without epoch and body */
		{"\6\0\0\0\x08\1\xf8\x0f\1\0", 10} /* an unknown field */
	};
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		unsigned disconnect_count = fixture->channel->disconnect_count;

		ask(fixture, i);
		fake_channel_turn(fixture->channel);
		fake_channel_deliver(fixture->channel, cases[i].bytes, cases[i].length);
		expect_reason(fixture, i, CLIENT_MALFORMED);
		assert_int_equal(fixture->channel->disconnect_count, disconnect_count + 1);
		assert_false(fixture->channel->connected);
		fake_channel_advance(fixture->channel, CONNECTION_BACKOFF_MAX_MS);
		greet(fixture);
	}
	expect_count(fixture, CLIENT_MALFORMED, ARRAY_COUNT(cases));
}

static void what_follows_garbage_is_not_read(void **state)
{
	struct fixture *fixture = *state;
	struct buf bytes;
	uint64_t id;

	open_and_greet(fixture);
	id = ask_and_read_id(fixture, 0);
	buf_init(&bytes, SIZE_MAX);
	buf_append_str(&bytes, STR("\1\0\0\0\xff"));
	sample_reply_frame(SAMPLE_ALLOW, id, &bytes);
	deliver(fixture, &bytes);
	expect_reason(fixture, 0, CLIENT_MALFORMED);
}

static void garbage_of_any_length_ends_the_connection_once(void **state)
{
	static const uint8_t zeros[2 * CONNECTION_BUFFER_BYTES];
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	fake_channel_deliver(fixture->channel, zeros, sizeof(zeros));
	assert_false(fixture->channel->connected);
	assert_int_equal(fixture->channel->disconnect_count, 1);
}

static void a_reply_of_the_wrong_kind_ends_the_connection(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	open_and_greet(fixture);
	id = ask_and_read_id(fixture, 0);
	reply(fixture, SAMPLE_QUOTA, id);
	expect_reason(fixture, 0, CLIENT_MALFORMED);
	assert_false(fixture->channel->connected);
}

static void a_refusal_for_nobody_ends_the_connection(void **state)
{
	struct fixture *fixture = *state;
	struct buf frame;

	open_and_greet(fixture);
	ask_and_read_id(fixture, 0);
	buf_init(&frame, SIZE_MAX);
	refusal(&frame, 0, WSAUTHZ__REFUSAL__REASON__FRAME_SIZE);
	deliver(fixture, &frame);
	expect_reason(fixture, 0, CLIENT_REFUSED_OTHER);
	assert_false(fixture->channel->connected);
}

static void an_answer_for_nobody_ends_the_connection(void **state)
{
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	ask_and_read_id(fixture, 0);
	reply(fixture, SAMPLE_ALLOW, 0);
	expect_reason(fixture, 0, CLIENT_MALFORMED);
	assert_false(fixture->channel->connected);
}

/* Replies that must not be believed. */

static void a_reply_of_another_epoch_is_ignored(void **state)
{
	struct fixture *fixture = *state;
	struct buf frame;
	size_t at;
	uint64_t id;

	open_and_greet(fixture);
	id = ask_and_read_id(fixture, 0);
	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(SAMPLE_ALLOW, id, &frame);
	/* Any difference in the epoch will do. */
	for (at = 0; memcmp(frame.data + at, sample_epoch, AUTHZ_ID_BYTES) != 0; at++)
		assert_in_range(at, 0, frame.length - AUTHZ_ID_BYTES);
	for (size_t i = 0; i < AUTHZ_ID_BYTES; i++) {
		frame.data[at + i] ^= 1;
		fake_channel_deliver(fixture->channel, frame.data, frame.length);
		frame.data[at + i] ^= 1;
	}
	buf_deinit(&frame);
	expect_open(fixture, 0);
	expect_count(fixture, CLIENT_STALE_REPLY, AUTHZ_ID_BYTES);
	assert_true(fixture->channel->connected);
	fake_channel_advance(fixture->channel, 5000);
	expect_reason(fixture, 0, CLIENT_DEADLINE);
}

static void a_refusal_of_another_epoch_does_not_end_the_connection(void **state)
{
	struct fixture *fixture = *state;
	struct buf frame;

	open_and_greet(fixture);
	buf_init(&frame, SIZE_MAX);
	refusal(&frame, 0, WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	frame.data[FRAME_HEADER_BYTES + 2] ^= 1; /* the epoch follows its tag and length */
	deliver(fixture, &frame);
	assert_true(fixture->channel->connected);
	expect_count(fixture, CLIENT_STALE_REPLY, 1);
}

static void a_reply_to_no_question_is_ignored(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	open_and_greet(fixture);
	id = ask_and_read_id(fixture, 0);
	reply(fixture, SAMPLE_ALLOW, id + 1);
	reply(fixture, SAMPLE_HELLO_REPLY, CONNECTION_HELLO_ID);
	expect_open(fixture, 0);
	reply(fixture, SAMPLE_DENY, id);
	reply(fixture, SAMPLE_ALLOW, id); /* a second reply */
	expect_reason(fixture, 0, CLIENT_OK);
	assert_int_equal(fixture->asked[0].answer.verdict, CLIENT_DENY);
	expect_count(fixture, CLIENT_STALE_REPLY, 3);
}

static void a_decision_whose_twin_is_wrong_denies(void **state)
{
	struct fixture *fixture = *state;
	Wsauthz__Decision decision = WSAUTHZ__DECISION__INIT;
	Wsauthz__Reply message = WSAUTHZ__REPLY__INIT;
	struct buf frame;

	open_and_greet(fixture);
	message.id = ask_and_read_id(fixture, 0);
	message.epoch = authz_bytes(sample_epoch, AUTHZ_ID_BYTES);
	message.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	message.decision = &decision;
	decision.verdict = VERDICT_ALLOW;
	decision.verdict_twin = VERDICT_ALLOW;
	decision.source = WSAUTHZ__DECISION__SOURCE__POLICY;
	buf_init(&frame, SIZE_MAX);
	sample_encode_reply(&message, &frame);
	deliver(fixture, &frame);
	expect_reason(fixture, 0, CLIENT_BAD_VERDICT);
	assert_true(fixture->channel->connected);
	expect_count(fixture, CLIENT_BAD_VERDICT, 1);
}

/* Limits. */

static void no_more_is_sent_than_the_server_has_room_for(void **state)
{
	struct fixture *fixture = *state;
	struct buf frame;
	uint64_t ids[3];

	open_with(fixture, &default_settings);
	fake_channel_turn(fixture->channel);
	fake_channel_read(fixture->channel);
	buf_init(&frame, SIZE_MAX);
	hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR, 0); /* two at a time */
	deliver(fixture, &frame);
	for (size_t i = 0; i < 3; i++)
		ask(fixture, i);
	ids[0] = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	ids[1] = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	assert_null(fake_channel_read(fixture->channel));
	reply(fixture, SAMPLE_ALLOW, ids[1]);
	ids[2] = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	reply(fixture, SAMPLE_ALLOW, ids[0]);
	reply(fixture, SAMPLE_ALLOW, ids[2]);
	for (size_t i = 0; i < 3; i++)
		expect_allowed(fixture, i);
}

static void a_question_above_the_servers_frames_is_denied(void **state)
{
	struct fixture *fixture = *state;
	struct client_sender large = sender;
	char name[4096] = "";
	struct buf frame;
	uint64_t id;

	open_with(fixture, &default_settings);
	fake_channel_turn(fixture->channel);
	fake_channel_read(fixture->channel);
	buf_init(&frame, SIZE_MAX);
	hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR, 0); /* 4,096 bytes */
	deliver(fixture, &frame);
	memset(name, 'x', sizeof(name) - 1);
	large.name = name;
	assert_int_equal(
		client_authorize_user(fixture->client, &large, on_answer, &fixture->asked[0]),
		CLIENT_OK);
	id = ask_and_read_id(fixture, 1);
	expect_reason(fixture, 0, CLIENT_TOO_LARGE);
	reply(fixture, SAMPLE_ALLOW, id);
	expect_allowed(fixture, 1);
}

static void more_questions_than_agreed_are_refused_at_once(void **state)
{
	struct client_settings settings = default_settings;
	struct fixture *fixture = *state;

	settings.max_pending = 2;
	open_with(fixture, &settings);
	ask(fixture, 0);
	ask(fixture, 1);
	assert_int_equal(
		client_authorize_user(fixture->client, &sender, on_answer, &fixture->asked[2]),
		CLIENT_QUEUE_FULL);
	assert_int_equal(client_ping(fixture->client, on_answer, &fixture->asked[2]),
			 CLIENT_QUEUE_FULL);
	expect_count(fixture, CLIENT_QUEUE_FULL, 1); /* a ping is no denial */
	fake_channel_advance(fixture->channel, 1000);
	expect_reason(fixture, 0, CLIENT_CONNECT_TIMEOUT);
	expect_open(fixture, 2);
	ask(fixture, 2);
}

static void a_question_that_cannot_be_packed_is_refused_at_once(void **state)
{
	static char name[AUTHZ_NAME_BYTES + 2];
	struct client_sender bad = sender;
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	bad.name = "\xc3\x28";
	assert_int_equal(
		client_authorize_user(fixture->client, &bad, on_answer, &fixture->asked[0]),
		CLIENT_SENDER);
	memset(name, 'x', sizeof(name) - 1);
	bad.name = name;
	assert_int_equal(
		client_query_quota(fixture->client, &bad, NULL, on_answer, &fixture->asked[0]),
		CLIENT_TOO_LARGE);
	expect_count(fixture, CLIENT_SENDER, 1);
	expect_count(fixture, CLIENT_TOO_LARGE, 1);
	expect_open(fixture, 0);
}

/* A peer that does not read: the client must neither spin nor forget time. */
static void a_server_that_does_not_read_stops_nothing(void **state)
{
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	fixture->channel->hold_writes = true;
	ask(fixture, 0);
	ask(fixture, 1);
	fake_channel_turn(fixture->channel);
	client_count_failure(fixture->client, CLIENT_SENDER); /* there is a report to send, too */
	ask(fixture, 2);
	fake_channel_turn(fixture->channel);
	fake_channel_advance(fixture->channel, 5000);
	for (size_t i = 0; i < 3; i++)
		expect_reason(fixture, i, CLIENT_DEADLINE);
	fake_channel_complete_write(fixture->channel);
	assert_int_equal(fake_channel_read(fixture->channel)->body_case,
			 WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
}

/* Reports. */

static void failures_are_reported_when_the_server_is_back(void **state)
{
	struct fixture *fixture = *state;
	const Wsauthz__Request *request;
	uint64_t id;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	open_with(fixture, &default_settings);
	ask(fixture, 0);
	fake_channel_turn(fixture->channel);
	fake_channel_advance(fixture->channel, 1000);
	client_count_failure(fixture->client, CLIENT_SENDER);
	fixture->channel->connect_result = CLIENT_OK;
	fake_channel_advance(fixture->channel, 2000);
	greet(fixture);
	request = fake_channel_read(fixture->channel);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	assert_int_equal(request->failure_report->n_counts, 2);
	assert_int_equal(request->failure_report->counts[0]->reason,
			 WSAUTHZ__FAILURE_COUNT__REASON__NO_SERVER);
	assert_int_equal(request->failure_report->to_us - request->failure_report->from_us,
			 3000000);
	reply(fixture, SAMPLE_PONG, request->id);
	expect_count(fixture, CLIENT_STALE_REPLY, 0);

	/* Acknowledged: not told again. */
	fake_channel_hang_up(fixture->channel);
	fake_channel_advance(fixture->channel, 2000);
	greet(fixture);
	id = ask_and_read_id(fixture, 1);
	reply(fixture, SAMPLE_ALLOW, id);
	fake_channel_advance(fixture->channel, 3600000);
	assert_null(fake_channel_read(fixture->channel));
}

static const Wsauthz__FailureReport *read_report(struct fixture *fixture, uint64_t *id)
{
	const Wsauthz__Request *request = fake_channel_read(fixture->channel);

	assert_non_null(request);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	*id = request->id;
	return request->failure_report;
}

static void a_report_that_was_not_acknowledged_is_sent_again(void **state)
{
	struct fixture *fixture = *state;
	struct buf frame;
	uint64_t id;

	open_and_greet(fixture);
	client_count_failure(fixture->client, CLIENT_SENDER);
	fake_channel_turn(fixture->channel);
	assert_int_equal(read_report(fixture, &id)->counts[0]->count, 1);
	fake_channel_hang_up(fixture->channel);
	fake_channel_advance(fixture->channel, 2000);
	greet(fixture);
	assert_int_equal(read_report(fixture, &id)->counts[0]->count, 1);

	/* Refused: again after a while, not at once. */
	client_count_failure(fixture->client, CLIENT_SENDER);
	buf_init(&frame, SIZE_MAX);
	refusal(&frame, id, WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED);
	deliver(fixture, &frame);
	assert_null(fake_channel_read(fixture->channel));
	fake_channel_advance(fixture->channel, 59999);
	assert_null(fake_channel_read(fixture->channel));
	fake_channel_advance(fixture->channel, 1);
	assert_int_equal(read_report(fixture, &id)->counts[0]->count, 2);
	reply(fixture, SAMPLE_PONG, id);
	assert_true(fixture->channel->next_ms == INT64_MAX);
}

static void a_reply_to_a_report_must_be_one(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	open_and_greet(fixture);
	client_count_failure(fixture->client, CLIENT_SENDER);
	fake_channel_turn(fixture->channel);
	read_report(fixture, &id);
	reply(fixture, SAMPLE_ALLOW, id);
	assert_false(fixture->channel->connected);
}

/* The end. */

static void stopping_answers_everything(void **state)
{
	struct fixture *fixture = *state;

	open_and_greet(fixture);
	ask_and_read_id(fixture, 0); /* sent */
	fixture->channel->hold_writes = true;
	ask(fixture, 1);
	fake_channel_turn(fixture->channel); /* being written */
	ask(fixture, 2);
	fake_channel_turn(fixture->channel); /* in the queue */
	ask(fixture, 3);                     /* in the inbox */
	client_stop(fixture->client);
	for (size_t i = 0; i < 4; i++)
		expect_reason(fixture, i, CLIENT_CLOSED);
	assert_false(fixture->channel->connected);
	assert_int_equal(
		client_authorize_user(fixture->client, &sender, on_answer, &fixture->asked[4]),
		CLIENT_CLOSED);
	expect_open(fixture, 4);
	expect_count(fixture, CLIENT_CLOSED, 5);
	client_stop(fixture->client);
}

/* A call whose question is answered, by a stop, before it has returned. */
struct slow_call {
	struct client *client;
	pthread_t stopper;
	atomic_bool is_answered, is_stopped, is_over;
};

static void note_answer(void *arg, const struct client_answer *answer)
{
	struct slow_call *call = arg;

	(void)answer;
	atomic_store(&call->is_answered, true);
}

static void *stop_client(void *arg)
{
	struct slow_call *call = arg;

	client_stop(call->client);
	atomic_store(&call->is_stopped, true);
	return NULL;
}

/* The question is in the inbox; its call has yet to let go of the client. */
static void stop_meanwhile(void *arg)
{
	struct slow_call *call = arg;

	fake_channel_last()->on_wake = NULL; /* stopping wakes too */
	assert_int_equal(pthread_create(&call->stopper, NULL, stop_client, call), 0);
	while (!atomic_load(&call->is_answered))
		sched_yield();
	for (int i = 0; i < 1000; i++)
		sched_yield();
	atomic_store(&call->is_over, atomic_load(&call->is_stopped));
}

static void stopping_waits_for_the_calls_that_are_not_over(void **state)
{
	struct fixture *fixture = *state;
	struct slow_call call = {.stopper = pthread_self()};

	open_and_greet(fixture);
	call.client = fixture->client;
	fixture->channel->on_wake_arg = &call;
	fixture->channel->on_wake = stop_meanwhile;
	assert_int_equal(client_authorize_user(fixture->client, &sender, note_answer, &call),
			 CLIENT_OK);
	assert_int_equal(pthread_join(call.stopper, NULL), 0);
	assert_false(atomic_load(&call.is_over));
	assert_true(atomic_load(&call.is_stopped));
}

static void a_client_that_never_connected_can_be_closed(void **state)
{
	struct fixture *fixture = *state;

	open_with(fixture, &default_settings);
	ask(fixture, 0);
	client_close(fixture->client);
	fixture->client = NULL;
	expect_reason(fixture, 0, CLIENT_CLOSED);
	client_close(NULL);
}

static void ask_from_callback(void *arg, const struct client_answer *answer)
{
	struct fixture *fixture = arg;

	(void)answer;
	fixture->asked[0].calls++;
	assert_int_equal(
		client_authorize_user(fixture->client, &sender, on_answer, &fixture->asked[1]),
		CLIENT_OK);
}

static void a_callback_may_ask_again(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id;

	open_and_greet(fixture);
	assert_int_equal(
		client_authorize_user(fixture->client, &sender, ask_from_callback, fixture),
		CLIENT_OK);
	id = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	reply(fixture, SAMPLE_ALLOW, id);
	assert_int_equal(fixture->asked[0].calls, 1);
	id = read_id(fixture, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	reply(fixture, SAMPLE_ALLOW, id);
	expect_allowed(fixture, 1);
}

static void settings_are_checked(void **state)
{
	static char long_text[AUTHZ_APPLICATION_BYTES + 2];
	struct fixture *fixture = *state;
	struct client_settings settings = default_settings;

	memset(long_text, 'x', AUTHZ_APPLICATION_BYTES);
	settings.application = long_text;
	open_with(fixture, &settings);
	client_close(fixture->client);
	fixture->client = NULL;
	long_text[AUTHZ_APPLICATION_BYTES] = 'x';
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	settings.application = NULL;
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	settings.application = "\xff";
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	settings = default_settings;
	settings.program = long_text;
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	settings = default_settings;
	settings.endpoint = NULL;
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	settings = default_settings;
	settings.server_owner = NULL;
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	settings = default_settings;
	settings.reply_timeout_ms = CLIENT_MAX_TIMEOUT_MS + 1;
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	settings.reply_timeout_ms = 999; /* less than the connect time-out */
	assert_int_equal(client_open(&settings, &fixture->client), CLIENT_INVALID);
	assert_null(fixture->client);
	settings.reply_timeout_ms = CLIENT_MAX_TIMEOUT_MS;
	settings.connect_timeout_ms = CLIENT_MAX_TIMEOUT_MS;
	settings.program = NULL;
	settings.program_version = NULL;
	open_with(fixture, &settings);
}

static void reasons_have_texts(void **state)
{
	(void)state;
	for (int reason = 0; reason < CLIENT_REASON_COUNT; reason++)
		assert_string_not_equal(client_reason_text((enum client_reason)reason),
					"unknown reason");
	assert_string_equal(client_reason_text((enum client_reason)999), "unknown reason");
}

/* Memory. */

struct countdown {
	unsigned left;
	bool fired;
};

static bool count_down(void *arg)
{
	struct countdown *countdown = arg;

	if (countdown->left-- != 0)
		return false;
	countdown->left = 0;
	countdown->fired = true;
	return true;
}

static void opening_and_asking_survive_every_missing_allocation(void **state)
{
	struct fixture *fixture = *state;
	bool fired = true;

	for (unsigned n = 0; fired; n++) {
		struct countdown countdown = {n, false};
		enum client_reason reason;

		memory_set_fault_hook(count_down, &countdown);
		reason = client_open(&default_settings, &fixture->client);
		if (reason == CLIENT_OK) {
			reason = client_authorize_user(fixture->client, &sender, on_answer,
						       &fixture->asked[0]);
			memory_set_fault_hook(NULL, NULL);
			if (countdown.fired)
				expect_count(fixture, CLIENT_NO_MEMORY, 1);
			client_close(fixture->client);
			fixture->client = NULL;
		}
		memory_set_fault_hook(NULL, NULL);
		fired = countdown.fired;
		assert_int_equal(reason, fired ? CLIENT_NO_MEMORY : CLIENT_OK);
		assert_int_equal(fixture->asked[0].calls, fired ? 0 : 1);
		assert_true(n < 20);
	}
}

/* Chaos: whatever happens, each question is answered once, and none is allowed that was not. */

struct chaos {
	struct fixture *fixture;
	uint64_t random;
	unsigned asked_count, allowed_count, answered_count, given_count;
};

enum { CHAOS_QUESTIONS = 4000 };

static struct asked chaos_asked[CHAOS_QUESTIONS];

static uint64_t pick(struct chaos *chaos, uint64_t choices)
{
	chaos->random = chaos->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (chaos->random >> 33) % choices;
}

/* Answers the next request in one of many ways, good ones and bad ones. */
static void chaos_reply(struct chaos *chaos)
{
	struct fixture *fixture = chaos->fixture;
	const Wsauthz__Request *request = fake_channel_read(fixture->channel);
	enum sample_reply kind = SAMPLE_ALLOW;
	struct buf frame;
	uint64_t id;

	if (request == NULL || pick(chaos, 10) == 0)
		return;
	id = request->id;
	if (request->body_case == WSAUTHZ__REQUEST__BODY_HELLO)
		kind = SAMPLE_HELLO_REPLY;
	else if (request->body_case == WSAUTHZ__REQUEST__BODY_FAILURE_REPORT)
		kind = SAMPLE_PONG;
	else if (pick(chaos, 8) == 0)
		kind = (enum sample_reply)pick(chaos, SAMPLE_REPLY_COUNT);
	if (pick(chaos, 20) == 0)
		id += 1 + pick(chaos, 3);
	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(kind, id, &frame);
	if (kind == SAMPLE_ALLOW)
		chaos->given_count++;
	if (pick(chaos, 20) == 0)
		frame.data[pick(chaos, frame.length)] ^= (char)(1 << pick(chaos, 8));
	fake_channel_deliver(fixture->channel, frame.data,
			     pick(chaos, 30) == 0 ? (size_t)pick(chaos, frame.length)
						  : frame.length);
	buf_deinit(&frame);
}

static void chaos_step(struct chaos *chaos)
{
	struct fixture *fixture = chaos->fixture;
	struct channel *channel = fixture->channel;

	switch (pick(chaos, 12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		if (chaos->asked_count < CHAOS_QUESTIONS &&
		    client_authorize_user(fixture->client, &sender, on_answer,
					  &chaos_asked[chaos->asked_count]) == CLIENT_OK)
			chaos->asked_count++;
		break;
	case 4: fake_channel_turn(channel); break;
	case 5: fake_channel_advance(channel, (int64_t)pick(chaos, 400)); break;
	case 6:
		if (channel->connected && pick(chaos, 20) == 0)
			fake_channel_hang_up(channel);
		break;
	case 7:
		if (pick(chaos, 10) == 0)
			channel->connect_result =
				pick(chaos, 3) == 0 ? CLIENT_NO_SERVER : CLIENT_OK;
		break;
	case 8:
		channel->hold_writes = pick(chaos, 4) == 0;
		if (!channel->hold_writes && channel->writing != NULL)
			fake_channel_complete_write(channel);
		break;
	default:
		if (channel->connected)
			chaos_reply(chaos);
		break;
	}
}

static void whatever_happens_each_question_is_answered_once(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct chaos chaos = {.fixture = fixture, .random = seed};

		memset(chaos_asked, 0, sizeof(chaos_asked));
		open_with(fixture, &default_settings);
		for (unsigned step = 0; step < 10000; step++)
			chaos_step(&chaos);
		client_close(fixture->client);
		fixture->client = NULL;
		for (unsigned i = 0; i < chaos.asked_count; i++) {
			if (chaos_asked[i].calls != 1)
				fail_msg("seed %llu: question %u was answered %u times",
					 (unsigned long long)seed, i, chaos_asked[i].calls);
			if (chaos_asked[i].answer.verdict == CLIENT_ALLOW)
				chaos.allowed_count++;
		}
		assert_in_range(chaos.asked_count, 100, CHAOS_QUESTIONS);
		assert_in_range(chaos.allowed_count, 1, chaos.given_count);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_connects_and_introduces_itself),
		TEST(nothing_is_asked_before_the_server_greeted),
		TEST(a_server_that_does_not_greet_is_given_up),
		TEST(a_bad_greeting_ends_the_connection),
		TEST(a_server_of_the_wrong_owner_is_sent_nothing),
		TEST(every_kind_of_question_is_answered),
		TEST(the_largest_decision_is_understood),
		TEST(replies_may_come_in_any_order),
		TEST(replies_may_come_in_pieces_and_together),
		TEST(a_context_is_released_without_an_answer),
		TEST(a_callback_may_ask_again),
		TEST(a_question_is_denied_when_its_time_is_over),
		TEST(time_outs_can_be_set),
		TEST(without_a_server_questions_wait_for_the_connect_time_only),
		TEST(a_server_that_appears_in_time_answers),
		TEST(attempts_back_off),
		TEST(clients_do_not_come_back_in_step),
		TEST(a_server_that_answered_is_tried_again_soon),
		TEST(a_server_that_only_greets_is_backed_off_from),
		TEST(what_was_sent_is_denied_when_the_connection_ends),
		TEST(what_was_not_sent_waits_for_the_next_connection),
		TEST(garbage_denies_what_was_sent_and_ends_the_connection),
		TEST(what_follows_garbage_is_not_read),
		TEST(garbage_of_any_length_ends_the_connection_once),
		TEST(a_reply_of_the_wrong_kind_ends_the_connection),
		TEST(an_answer_for_nobody_ends_the_connection),
		TEST(a_refusal_for_nobody_ends_the_connection),
		TEST(a_reply_of_another_epoch_is_ignored),
		TEST(a_refusal_of_another_epoch_does_not_end_the_connection),
		TEST(a_reply_to_no_question_is_ignored),
		TEST(a_decision_whose_twin_is_wrong_denies),
		TEST(no_more_is_sent_than_the_server_has_room_for),
		TEST(a_question_above_the_servers_frames_is_denied),
		TEST(more_questions_than_agreed_are_refused_at_once),
		TEST(a_question_that_cannot_be_packed_is_refused_at_once),
		TEST(a_server_that_does_not_read_stops_nothing),
		TEST(failures_are_reported_when_the_server_is_back),
		TEST(a_report_that_was_not_acknowledged_is_sent_again),
		TEST(a_reply_to_a_report_must_be_one),
		TEST(stopping_answers_everything),
		TEST(stopping_waits_for_the_calls_that_are_not_over),
		TEST(a_client_that_never_connected_can_be_closed),
		TEST(settings_are_checked),
		TEST(reasons_have_texts),
		TEST(opening_and_asking_survive_every_missing_allocation),
		TEST(whatever_happens_each_question_is_answered_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
