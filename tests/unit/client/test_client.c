/* The client from its opening to its end: greeting, answers, limits, stopping, memory. */
#include "client-plugin/client.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/attributes.h"
#include "client-plugin/connection.h"
#include "client-plugin/memory.h"
#include "support/cmocka.h"
#include "unit/client/asking.h"
#include "unit/client/fake_channel.h"

/* Greeting. */

static void a_client_connects_and_introduces_itself(void **state)
{
	struct asking *asking = *state;
	const Wsauthz__Request *request;

	asking_open(asking, &asking_settings);
	fake_channel_turn(asking->channel);
	assert_int_equal(asking->channel->connect_count, 1);
	request = fake_channel_read(asking->channel);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_HELLO);
	assert_int_equal(request->hello->protocol_major, AUTHZ_PROTOCOL_MAJOR);
	assert_int_equal(request->hello->instance.len, AUTHZ_ID_BYTES);
	assert_int_equal(request->hello->application.len, strlen("wsman/Contoso"));
	assert_int_equal(request->hello->host_pid, 4711);
	assert_null(fake_channel_read(asking->channel));
}

static void nothing_is_asked_before_the_server_greeted(void **state)
{
	struct asking *asking = *state;

	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel);
	assert_non_null(fake_channel_read(asking->channel));
	assert_null(fake_channel_read(asking->channel));
	asking_reply(asking, SAMPLE_HELLO_REPLY, CONNECTION_HELLO_ID);
	asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
}

static void a_server_that_does_not_greet_is_given_up(void **state)
{
	struct asking *asking = *state;

	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel);
	fake_channel_advance(asking->channel, 999);
	asking_expect_open(asking, 0);
	assert_true(asking->channel->connected);
	fake_channel_advance(asking->channel, 1);
	asking_expect_reason(asking, 0, CLIENT_CONNECT_TIMEOUT);
	assert_false(asking->channel->connected);
	asking_expect_count(asking, CLIENT_CONNECT_TIMEOUT, 1);
}

/* Each of these ends the greeting, and the question that waited says why. */
static void expect_bad_greeting(struct asking *asking, struct buf *frame, enum client_reason reason)
{
	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel);
	asking->channel->connect_result = CLIENT_OK;
	fake_channel_deliver(asking->channel, frame->data, frame->length);
	assert_false(asking->channel->connected);
	assert_int_equal(asking->channel->disconnect_count, 1);
	/* Only the reason of the last attempt counts, so that there must not be another. */
	asking->channel->connect_result = reason;
	fake_channel_advance(asking->channel, 1000);
	asking_expect_reason(asking, 0, reason);
	client_close(asking->client);
	asking->client = NULL;
	memset(asking->asked, 0, sizeof(asking->asked));
	buf_clear(frame);
}

static void a_bad_greeting_ends_the_connection(void **state)
{
	struct asking *asking = *state;
	struct buf frame;

	buf_init(&frame, SIZE_MAX);
	asking_hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR + 1, 0);
	expect_bad_greeting(asking, &frame, CLIENT_VERSION);
	asking_hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR,
			   AUTHZ_PROTOCOL_MINOR + 1);
	expect_bad_greeting(asking, &frame, CLIENT_VERSION);
	asking_hello_reply(&frame, 1, AUTHZ_PROTOCOL_MAJOR, AUTHZ_PROTOCOL_MINOR);
	expect_bad_greeting(asking, &frame, CLIENT_MALFORMED);
	sample_reply_frame(SAMPLE_ALLOW, CONNECTION_HELLO_ID, &frame);
	expect_bad_greeting(asking, &frame, CLIENT_MALFORMED);
	asking_refusal(&frame, CONNECTION_HELLO_ID, WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED);
	expect_bad_greeting(asking, &frame, CLIENT_REFUSED_PEER);
	asking_refusal(&frame, 0, WSAUTHZ__REFUSAL__REASON__VERSION);
	expect_bad_greeting(asking, &frame, CLIENT_VERSION);
	buf_append_str(&frame, STR("HTTP/1.1 400 Bad Request\r\n"));
	expect_bad_greeting(asking, &frame, CLIENT_MALFORMED);
	buf_deinit(&frame);
}

static void a_server_of_the_wrong_owner_is_sent_nothing(void **state)
{
	struct asking *asking = *state;

	fake_channel_set_connect_result(CLIENT_WRONG_OWNER);
	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	for (unsigned i = 0; i < 100; i++)
		fake_channel_advance(asking->channel, 10);
	asking_expect_reason(asking, 0, CLIENT_WRONG_OWNER);
	assert_int_equal(asking->channel->written.length, 0);
	asking_expect_count(asking, CLIENT_WRONG_OWNER, 1);
}

/* Answers. */

static void every_kind_of_question_is_answered(void **state)
{
	struct asking *asking = *state;
	struct client *client;
	uint64_t id;

	asking_open_and_greet(asking);
	client = asking->client;
	id = asking_ask_and_read_id(asking, 0);
	asking_reply(asking, SAMPLE_ALLOW, id);
	asking_expect_allowed(asking, 0);
	assert_true(asking->asked[0].answer.administrator);
	assert_memory_equal(asking->asked[0].answer.record_id, sample_record_id, AUTHZ_ID_BYTES);

	assert_int_equal(client_authorize_operation(client, &asking_sender, sample_record_id,
						    "action", "resource", asking_on_answer,
						    &asking->asked[1]),
			 CLIENT_OK);
	id = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION);
	asking_reply(asking, SAMPLE_DENY, id);
	asking_expect_reason(asking, 1, CLIENT_OK);
	assert_int_equal(asking->asked[1].answer.verdict, CLIENT_DENY);
	assert_string_equal(asking->asked[1].information, "Ask the help desk, number 1234567.");

	assert_int_equal(client_query_quota(client, &asking_sender, sample_record_id,
					    asking_on_answer, &asking->asked[2]),
			 CLIENT_OK);
	id = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_QUERY_QUOTA);
	asking_reply(asking, SAMPLE_QUOTA, id);
	asking_expect_allowed(asking, 2);
	assert_int_equal(asking->asked[2].answer.quota.timeslot_s, 60);

	assert_int_equal(client_ping(client, asking_on_answer, &asking->asked[3]), CLIENT_OK);
	id = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_PING);
	asking_reply(asking, SAMPLE_PONG, id);
	asking_expect_reason(asking, 3, CLIENT_OK);
	assert_int_equal(asking->asked[3].answer.verdict, CLIENT_DENY);

	id = asking_ask_and_read_id(asking, 4);
	asking_reply(asking, SAMPLE_REDIRECT, id);
	asking_expect_reason(asking, 4, CLIENT_OK);
	assert_int_equal(asking->asked[4].answer.verdict, CLIENT_REDIRECT);
	assert_string_equal(asking->asked[4].information, "https://other.contoso.example/wsman");

	id = asking_ask_and_read_id(asking, 5);
	asking_reply(asking, SAMPLE_REFUSAL, id);
	asking_expect_reason(asking, 5, CLIENT_REFUSED_BUSY);
	for (int reason = CLIENT_OK + 1; reason < CLIENT_INVALID; reason++)
		asking_expect_count(asking, (enum client_reason)reason,
				    reason == CLIENT_REFUSED_BUSY ? 1 : 0);
}

static void the_largest_decision_is_understood(void **state)
{
	char information[AUTHZ_INFORMATION_BYTES], reason[AUTHZ_REASON_BYTES];
	ProtobufCBinaryData reasons[AUTHZ_REASONS_MAX];
	Wsauthz__Decision decision = WSAUTHZ__DECISION__INIT;
	Wsauthz__Reply message = WSAUTHZ__REPLY__INIT;
	struct asking *asking = *state;
	struct buf frame;

	asking_open_and_greet(asking);
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
	message.id = asking_ask_and_read_id(asking, 0);
	message.epoch = authz_bytes(sample_epoch, AUTHZ_ID_BYTES);
	message.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	message.decision = &decision;
	buf_init(&frame, SIZE_MAX);
	sample_encode_reply(&message, &frame);
	asking_deliver(asking, &frame);
	asking_expect_reason(asking, 0, CLIENT_OK);
	assert_int_equal(strlen(asking->asked[0].information), AUTHZ_INFORMATION_BYTES);
	assert_true(asking->asked[0].answer.decision_id == UINT64_MAX);
}

static void replies_may_come_in_any_order(void **state)
{
	struct asking *asking = *state;
	uint64_t ids[3];

	asking_open_and_greet(asking);
	for (size_t i = 0; i < 3; i++)
		ids[i] = asking_ask_and_read_id(asking, i);
	asking_reply(asking, SAMPLE_ALLOW, ids[2]);
	asking_expect_allowed(asking, 2);
	asking_expect_open(asking, 0);
	asking_reply(asking, SAMPLE_DENY, ids[0]);
	asking_reply(asking, SAMPLE_ALLOW, ids[1]);
	asking_expect_reason(asking, 0, CLIENT_OK);
	assert_int_equal(asking->asked[0].answer.verdict, CLIENT_DENY);
	asking_expect_allowed(asking, 1);
}

static void replies_may_come_in_pieces_and_together(void **state)
{
	struct asking *asking = *state;
	struct buf frames;
	uint64_t ids[3];

	asking_open_and_greet(asking);
	for (size_t i = 0; i < 3; i++)
		ids[i] = asking_ask_and_read_id(asking, i);
	buf_init(&frames, SIZE_MAX);
	sample_reply_frame(SAMPLE_ALLOW, ids[0], &frames);
	for (size_t i = 0; i < frames.length; i++) {
		asking_expect_open(asking, 0);
		fake_channel_deliver(asking->channel, frames.data + i, 1);
	}
	asking_expect_allowed(asking, 0);
	buf_clear(&frames);
	sample_reply_frame(SAMPLE_ALLOW, ids[1], &frames);
	sample_reply_frame(SAMPLE_ALLOW, ids[2], &frames);
	asking_deliver(asking, &frames);
	asking_expect_allowed(asking, 1);
	asking_expect_allowed(asking, 2);
}

static void a_context_is_released_without_an_answer(void **state)
{
	struct client_settings settings = asking_settings;
	struct asking *asking = *state;
	const Wsauthz__Request *request;

	settings.max_pending = 1;
	asking_open(asking, &settings);
	asking_greet(asking);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(client_context_released(asking->client, sample_record_id),
				 CLIENT_OK);
		fake_channel_turn(asking->channel);
		request = fake_channel_read(asking->channel);
		assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED);
		assert_memory_equal(request->context_released->record_id.data, sample_record_id,
				    AUTHZ_ID_BYTES);
	}
}

/* Limits. */

static void no_more_is_sent_than_the_server_has_room_for(void **state)
{
	struct asking *asking = *state;
	struct buf frame;
	uint64_t ids[3];

	asking_open(asking, &asking_settings);
	fake_channel_turn(asking->channel);
	fake_channel_read(asking->channel);
	buf_init(&frame, SIZE_MAX);
	asking_hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR,
			   0); /* two at a time */
	asking_deliver(asking, &frame);
	for (size_t i = 0; i < 3; i++)
		asking_ask(asking, i);
	ids[0] = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	ids[1] = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	assert_null(fake_channel_read(asking->channel));
	asking_reply(asking, SAMPLE_ALLOW, ids[1]);
	ids[2] = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	asking_reply(asking, SAMPLE_ALLOW, ids[0]);
	asking_reply(asking, SAMPLE_ALLOW, ids[2]);
	for (size_t i = 0; i < 3; i++)
		asking_expect_allowed(asking, i);
}

static void a_question_above_the_servers_frames_is_denied(void **state)
{
	struct asking *asking = *state;
	struct client_sender large = asking_sender;
	char name[4096] = "";
	struct buf frame;
	uint64_t id;

	asking_open(asking, &asking_settings);
	fake_channel_turn(asking->channel);
	fake_channel_read(asking->channel);
	buf_init(&frame, SIZE_MAX);
	asking_hello_reply(&frame, CONNECTION_HELLO_ID, AUTHZ_PROTOCOL_MAJOR, 0); /* 4,096 bytes */
	asking_deliver(asking, &frame);
	memset(name, 'x', sizeof(name) - 1);
	large.name = name;
	assert_int_equal(
		client_authorize_user(asking->client, &large, asking_on_answer, &asking->asked[0]),
		CLIENT_OK);
	id = asking_ask_and_read_id(asking, 1);
	asking_expect_reason(asking, 0, CLIENT_TOO_LARGE);
	asking_reply(asking, SAMPLE_ALLOW, id);
	asking_expect_allowed(asking, 1);
}

static void more_questions_than_agreed_are_refused_at_once(void **state)
{
	struct client_settings settings = asking_settings;
	struct asking *asking = *state;

	settings.max_pending = 2;
	asking_open(asking, &settings);
	asking_ask(asking, 0);
	asking_ask(asking, 1);
	assert_int_equal(client_authorize_user(asking->client, &asking_sender, asking_on_answer,
					       &asking->asked[2]),
			 CLIENT_QUEUE_FULL);
	assert_int_equal(client_ping(asking->client, asking_on_answer, &asking->asked[2]),
			 CLIENT_QUEUE_FULL);
	asking_expect_count(asking, CLIENT_QUEUE_FULL, 1); /* a ping is no denial */
	fake_channel_advance(asking->channel, 1000);
	asking_expect_reason(asking, 0, CLIENT_CONNECT_TIMEOUT);
	asking_expect_open(asking, 2);
	asking_ask(asking, 2);
}

static void a_question_that_cannot_be_packed_is_refused_at_once(void **state)
{
	static char name[AUTHZ_NAME_BYTES + 2];
	struct client_sender bad = asking_sender;
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	bad.name = "\xc3\x28";
	assert_int_equal(
		client_authorize_user(asking->client, &bad, asking_on_answer, &asking->asked[0]),
		CLIENT_SENDER);
	memset(name, 'x', sizeof(name) - 1);
	bad.name = name;
	assert_int_equal(
		client_query_quota(asking->client, &bad, NULL, asking_on_answer, &asking->asked[0]),
		CLIENT_TOO_LARGE);
	asking_expect_count(asking, CLIENT_SENDER, 1);
	asking_expect_count(asking, CLIENT_TOO_LARGE, 1);
	asking_expect_open(asking, 0);
}

/* A peer that does not read: the client must neither spin nor forget time. */
static void a_server_that_does_not_read_stops_nothing(void **state)
{
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	asking->channel->hold_writes = true;
	asking_ask(asking, 0);
	asking_ask(asking, 1);
	fake_channel_turn(asking->channel);
	client_count_failure(asking->client, CLIENT_SENDER); /* there is a report to send, too */
	asking_ask(asking, 2);
	fake_channel_turn(asking->channel);
	fake_channel_advance(asking->channel, 5000);
	for (size_t i = 0; i < 3; i++)
		asking_expect_reason(asking, i, CLIENT_DEADLINE);
	fake_channel_complete_write(asking->channel);
	assert_int_equal(fake_channel_read(asking->channel)->body_case,
			 WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
}

/* The end. */

static void stopping_answers_everything(void **state)
{
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	asking_ask_and_read_id(asking, 0); /* sent */
	asking->channel->hold_writes = true;
	asking_ask(asking, 1);
	fake_channel_turn(asking->channel); /* being written */
	asking_ask(asking, 2);
	fake_channel_turn(asking->channel); /* in the queue */
	asking_ask(asking, 3);              /* in the inbox */
	client_stop(asking->client);
	for (size_t i = 0; i < 4; i++)
		asking_expect_reason(asking, i, CLIENT_CLOSED);
	assert_false(asking->channel->connected);
	assert_int_equal(client_authorize_user(asking->client, &asking_sender, asking_on_answer,
					       &asking->asked[4]),
			 CLIENT_CLOSED);
	asking_expect_open(asking, 4);
	asking_expect_count(asking, CLIENT_CLOSED, 5);
	client_stop(asking->client);
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
	struct asking *asking = *state;
	struct slow_call call = {.stopper = pthread_self()};

	asking_open_and_greet(asking);
	call.client = asking->client;
	asking->channel->on_wake_arg = &call;
	asking->channel->on_wake = stop_meanwhile;
	assert_int_equal(client_authorize_user(asking->client, &asking_sender, note_answer, &call),
			 CLIENT_OK);
	assert_int_equal(pthread_join(call.stopper, NULL), 0);
	assert_false(atomic_load(&call.is_over));
	assert_true(atomic_load(&call.is_stopped));
}

static void a_client_that_never_connected_can_be_closed(void **state)
{
	struct asking *asking = *state;

	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	client_close(asking->client);
	asking->client = NULL;
	asking_expect_reason(asking, 0, CLIENT_CLOSED);
	client_close(NULL);
}

static void ask_from_callback(void *arg, const struct client_answer *answer)
{
	struct asking *asking = arg;

	(void)answer;
	asking->asked[0].calls++;
	assert_int_equal(client_authorize_user(asking->client, &asking_sender, asking_on_answer,
					       &asking->asked[1]),
			 CLIENT_OK);
}

static void a_callback_may_ask_again(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	asking_open_and_greet(asking);
	assert_int_equal(
		client_authorize_user(asking->client, &asking_sender, ask_from_callback, asking),
		CLIENT_OK);
	id = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	asking_reply(asking, SAMPLE_ALLOW, id);
	assert_int_equal(asking->asked[0].calls, 1);
	id = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	asking_reply(asking, SAMPLE_ALLOW, id);
	asking_expect_allowed(asking, 1);
}

static void settings_are_checked(void **state)
{
	static char long_text[AUTHZ_APPLICATION_BYTES + 2];
	struct asking *asking = *state;
	struct client_settings settings = asking_settings;

	memset(long_text, 'x', AUTHZ_APPLICATION_BYTES);
	settings.application = long_text;
	asking_open(asking, &settings);
	client_close(asking->client);
	asking->client = NULL;
	long_text[AUTHZ_APPLICATION_BYTES] = 'x';
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	settings.application = NULL;
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	settings.application = "\xff";
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	settings = asking_settings;
	settings.program = long_text;
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	settings = asking_settings;
	settings.endpoint = NULL;
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	settings = asking_settings;
	settings.server_owner = NULL;
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	settings = asking_settings;
	settings.reply_timeout_ms = CLIENT_MAX_TIMEOUT_MS + 1;
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	settings.reply_timeout_ms = 999; /* less than the connect time-out */
	assert_int_equal(client_open(&settings, &asking->client), CLIENT_INVALID);
	assert_null(asking->client);
	settings.reply_timeout_ms = CLIENT_MAX_TIMEOUT_MS;
	settings.connect_timeout_ms = CLIENT_MAX_TIMEOUT_MS;
	settings.program = NULL;
	settings.program_version = NULL;
	asking_open(asking, &settings);
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
	struct asking *asking = *state;
	bool fired = true;

	for (unsigned n = 0; fired; n++) {
		struct countdown countdown = {n, false};
		enum client_reason reason;

		memory_set_fault_hook(count_down, &countdown);
		reason = client_open(&asking_settings, &asking->client);
		if (reason == CLIENT_OK) {
			reason = client_authorize_user(asking->client, &asking_sender,
						       asking_on_answer, &asking->asked[0]);
			memory_set_fault_hook(NULL, NULL);
			if (countdown.fired)
				asking_expect_count(asking, CLIENT_NO_MEMORY, 1);
			client_close(asking->client);
			asking->client = NULL;
		}
		memory_set_fault_hook(NULL, NULL);
		fired = countdown.fired;
		assert_int_equal(reason, fired ? CLIENT_NO_MEMORY : CLIENT_OK);
		assert_int_equal(asking->asked[0].calls, fired ? 0 : 1);
		assert_true(n < 20);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, asking_setup, asking_teardown)

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
		TEST(no_more_is_sent_than_the_server_has_room_for),
		TEST(a_question_above_the_servers_frames_is_denied),
		TEST(more_questions_than_agreed_are_refused_at_once),
		TEST(a_question_that_cannot_be_packed_is_refused_at_once),
		TEST(a_server_that_does_not_read_stops_nothing),
		TEST(stopping_answers_everything),
		TEST(stopping_waits_for_the_calls_that_are_not_over),
		TEST(a_client_that_never_connected_can_be_closed),
		TEST(settings_are_checked),
		TEST(reasons_have_texts),
		TEST(opening_and_asking_survive_every_missing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
