/* Connections that end, replies that must not be believed, and what the server is told of it when it
 * is back. */
#include "base/attributes.h"
#include "client-plugin/connection.h"
#include "support/cmocka.h"
#include "unit/client/asking.h"
#include "unit/client/fake_channel.h"

/* Losing the connection. */

static void what_was_sent_is_denied_when_the_connection_ends(void **state)
{
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	asking_ask_and_read_id(asking, 0);
	asking_ask_and_read_id(asking, 1);
	fake_channel_hang_up(asking->channel);
	asking_expect_reason(asking, 0, CLIENT_DISCONNECTED);
	asking_expect_reason(asking, 1, CLIENT_DISCONNECTED);
	asking_expect_count(asking, CLIENT_DISCONNECTED, 2);
}

static void what_was_not_sent_waits_for_the_next_connection(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	asking_open_and_greet(asking);
	asking->channel->hold_writes = true;
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel); /* is being written */
	asking_ask(asking, 1);
	fake_channel_turn(asking->channel); /* waits for the buffer */
	fake_channel_hang_up(asking->channel);
	asking_expect_reason(asking, 0, CLIENT_DISCONNECTED);
	asking_expect_open(asking, 1);
	asking->channel->hold_writes = false;
	fake_channel_advance(asking->channel, CONNECTION_BACKOFF_FIRST_MS);
	asking_greet(asking);
	assert_int_equal(fake_channel_read(asking->channel)->body_case,
			 WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	id = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	assert_null(fake_channel_read(asking->channel)); /* nothing is sent twice */
	asking_reply(asking, SAMPLE_ALLOW, id);
	asking_expect_allowed(asking, 1);
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
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		unsigned disconnect_count = asking->channel->disconnect_count;

		asking_ask(asking, i);
		fake_channel_turn(asking->channel);
		fake_channel_deliver(asking->channel, cases[i].bytes, cases[i].length);
		asking_expect_reason(asking, i, CLIENT_MALFORMED);
		assert_int_equal(asking->channel->disconnect_count, disconnect_count + 1);
		assert_false(asking->channel->connected);
		fake_channel_advance(asking->channel, CONNECTION_BACKOFF_MAX_MS);
		asking_greet(asking);
	}
	asking_expect_count(asking, CLIENT_MALFORMED, ARRAY_COUNT(cases));
}

static void what_follows_garbage_is_not_read(void **state)
{
	struct asking *asking = *state;
	struct buf bytes;
	uint64_t id;

	asking_open_and_greet(asking);
	id = asking_ask_and_read_id(asking, 0);
	buf_init(&bytes, SIZE_MAX);
	buf_append_str(&bytes, STR("\1\0\0\0\xff"));
	sample_reply_frame(SAMPLE_ALLOW, id, &bytes);
	asking_deliver(asking, &bytes);
	asking_expect_reason(asking, 0, CLIENT_MALFORMED);
}

static void garbage_of_any_length_ends_the_connection_once(void **state)
{
	static const uint8_t zeros[2 * CONNECTION_BUFFER_BYTES];
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	fake_channel_deliver(asking->channel, zeros, sizeof(zeros));
	assert_false(asking->channel->connected);
	assert_int_equal(asking->channel->disconnect_count, 1);
}

static void a_reply_of_the_wrong_kind_ends_the_connection(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	asking_open_and_greet(asking);
	id = asking_ask_and_read_id(asking, 0);
	asking_reply(asking, SAMPLE_QUOTA, id);
	asking_expect_reason(asking, 0, CLIENT_MALFORMED);
	assert_false(asking->channel->connected);
}

static void a_refusal_for_nobody_ends_the_connection(void **state)
{
	struct asking *asking = *state;
	struct buf frame;

	asking_open_and_greet(asking);
	asking_ask_and_read_id(asking, 0);
	buf_init(&frame, SIZE_MAX);
	asking_refusal(&frame, 0, WSAUTHZ__REFUSAL__REASON__FRAME_SIZE);
	asking_deliver(asking, &frame);
	asking_expect_reason(asking, 0, CLIENT_REFUSED_OTHER);
	assert_false(asking->channel->connected);
}

static void an_answer_for_nobody_ends_the_connection(void **state)
{
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	asking_ask_and_read_id(asking, 0);
	asking_reply(asking, SAMPLE_ALLOW, 0);
	asking_expect_reason(asking, 0, CLIENT_MALFORMED);
	assert_false(asking->channel->connected);
}

/* Replies that must not be believed. */

static void a_reply_of_another_epoch_is_ignored(void **state)
{
	struct asking *asking = *state;
	struct buf frame;
	size_t at;
	uint64_t id;

	asking_open_and_greet(asking);
	id = asking_ask_and_read_id(asking, 0);
	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(SAMPLE_ALLOW, id, &frame);
	/* Any difference in the epoch will do. */
	for (at = 0; memcmp(frame.data + at, sample_epoch, AUTHZ_ID_BYTES) != 0; at++)
		assert_in_range(at, 0, frame.length - AUTHZ_ID_BYTES);
	for (size_t i = 0; i < AUTHZ_ID_BYTES; i++) {
		frame.data[at + i] ^= 1;
		fake_channel_deliver(asking->channel, frame.data, frame.length);
		frame.data[at + i] ^= 1;
	}
	buf_deinit(&frame);
	asking_expect_open(asking, 0);
	asking_expect_count(asking, CLIENT_STALE_REPLY, AUTHZ_ID_BYTES);
	assert_true(asking->channel->connected);
	fake_channel_advance(asking->channel, 5000);
	asking_expect_reason(asking, 0, CLIENT_DEADLINE);
}

static void a_refusal_of_another_epoch_does_not_end_the_connection(void **state)
{
	struct asking *asking = *state;
	struct buf frame;

	asking_open_and_greet(asking);
	buf_init(&frame, SIZE_MAX);
	asking_refusal(&frame, 0, WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	frame.data[FRAME_HEADER_BYTES + 2] ^= 1; /* the epoch follows its tag and length */
	asking_deliver(asking, &frame);
	assert_true(asking->channel->connected);
	asking_expect_count(asking, CLIENT_STALE_REPLY, 1);
}

static void a_reply_to_no_question_is_ignored(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	asking_open_and_greet(asking);
	id = asking_ask_and_read_id(asking, 0);
	asking_reply(asking, SAMPLE_ALLOW, id + 1);
	asking_reply(asking, SAMPLE_HELLO_REPLY, CONNECTION_HELLO_ID);
	asking_expect_open(asking, 0);
	asking_reply(asking, SAMPLE_DENY, id);
	asking_reply(asking, SAMPLE_ALLOW, id); /* a second reply */
	asking_expect_reason(asking, 0, CLIENT_OK);
	assert_int_equal(asking->asked[0].answer.verdict, CLIENT_DENY);
	asking_expect_count(asking, CLIENT_STALE_REPLY, 3);
}

static void a_decision_whose_twin_is_wrong_denies(void **state)
{
	struct asking *asking = *state;
	Wsauthz__Decision decision = WSAUTHZ__DECISION__INIT;
	Wsauthz__Reply message = WSAUTHZ__REPLY__INIT;
	struct buf frame;

	asking_open_and_greet(asking);
	message.id = asking_ask_and_read_id(asking, 0);
	message.epoch = authz_bytes(sample_epoch, AUTHZ_ID_BYTES);
	message.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	message.decision = &decision;
	decision.verdict = VERDICT_ALLOW;
	decision.verdict_twin = VERDICT_ALLOW;
	decision.source = WSAUTHZ__DECISION__SOURCE__POLICY;
	buf_init(&frame, SIZE_MAX);
	sample_encode_reply(&message, &frame);
	asking_deliver(asking, &frame);
	asking_expect_reason(asking, 0, CLIENT_BAD_VERDICT);
	assert_true(asking->channel->connected);
	asking_expect_count(asking, CLIENT_BAD_VERDICT, 1);
}

/* Reports. */

static void failures_are_reported_when_the_server_is_back(void **state)
{
	struct asking *asking = *state;
	const Wsauthz__Request *request;
	uint64_t id;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel);
	fake_channel_advance(asking->channel, 1000);
	client_count_failure(asking->client, CLIENT_SENDER);
	asking->channel->connect_result = CLIENT_OK;
	fake_channel_advance(asking->channel, 2000);
	asking_greet(asking);
	request = fake_channel_read(asking->channel);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	assert_int_equal(request->failure_report->n_counts, 2);
	assert_int_equal(request->failure_report->counts[0]->reason,
			 WSAUTHZ__FAILURE_COUNT__REASON__NO_SERVER);
	assert_int_equal(request->failure_report->to_us - request->failure_report->from_us,
			 3000000);
	asking_reply(asking, SAMPLE_PONG, request->id);
	asking_expect_count(asking, CLIENT_STALE_REPLY, 0);

	/* Acknowledged: not told again. */
	fake_channel_hang_up(asking->channel);
	fake_channel_advance(asking->channel, 2000);
	asking_greet(asking);
	id = asking_ask_and_read_id(asking, 1);
	asking_reply(asking, SAMPLE_ALLOW, id);
	fake_channel_advance(asking->channel, 3600000);
	assert_null(fake_channel_read(asking->channel));
}

static const Wsauthz__FailureReport *read_report(struct asking *asking, uint64_t *id)
{
	const Wsauthz__Request *request = fake_channel_read(asking->channel);

	assert_non_null(request);
	assert_int_equal(request->body_case, WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	*id = request->id;
	return request->failure_report;
}

static void a_report_that_was_not_acknowledged_is_sent_again(void **state)
{
	struct asking *asking = *state;
	struct buf frame;
	uint64_t id;

	asking_open_and_greet(asking);
	client_count_failure(asking->client, CLIENT_SENDER);
	fake_channel_turn(asking->channel);
	assert_int_equal(read_report(asking, &id)->counts[0]->count, 1);
	fake_channel_hang_up(asking->channel);
	fake_channel_advance(asking->channel, 2000);
	asking_greet(asking);
	assert_int_equal(read_report(asking, &id)->counts[0]->count, 1);

	/* Refused: again after a while, not at once. */
	client_count_failure(asking->client, CLIENT_SENDER);
	buf_init(&frame, SIZE_MAX);
	asking_refusal(&frame, id, WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED);
	asking_deliver(asking, &frame);
	assert_null(fake_channel_read(asking->channel));
	fake_channel_advance(asking->channel, 59999);
	assert_null(fake_channel_read(asking->channel));
	fake_channel_advance(asking->channel, 1);
	assert_int_equal(read_report(asking, &id)->counts[0]->count, 2);
	asking_reply(asking, SAMPLE_PONG, id);
	assert_true(asking->channel->next_ms == INT64_MAX);
}

static void a_reply_to_a_report_must_be_one(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	asking_open_and_greet(asking);
	client_count_failure(asking->client, CLIENT_SENDER);
	fake_channel_turn(asking->channel);
	read_report(asking, &id);
	asking_reply(asking, SAMPLE_ALLOW, id);
	assert_false(asking->channel->connected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, asking_setup, asking_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		TEST(failures_are_reported_when_the_server_is_back),
		TEST(a_report_that_was_not_acknowledged_is_sent_again),
		TEST(a_reply_to_a_report_must_be_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
