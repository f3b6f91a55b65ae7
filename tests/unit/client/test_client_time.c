/* When the client gives up a question, and when it tries the server again. */
#include "base/attributes.h"
#include "client-plugin/connection.h"
#include "support/cmocka.h"
#include "unit/client/asking.h"
#include "unit/client/fake_channel.h"

static void a_question_is_denied_when_its_time_is_over(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	asking_open_and_greet(asking);
	id = asking_ask_and_read_id(asking, 0);
	fake_channel_advance(asking->channel, 4999);
	asking_expect_open(asking, 0);
	assert_true(asking->channel->next_ms == FAKE_START_MS + 5000);
	fake_channel_advance(asking->channel, 1);
	asking_expect_reason(asking, 0, CLIENT_DEADLINE);
	asking_expect_count(asking, CLIENT_DEADLINE, 1);

	/* The late reply does nothing, and the connection goes on. */
	fake_channel_read(asking->channel); /* the report of the failure */
	asking_reply(asking, SAMPLE_ALLOW, id);
	asking_expect_reason(asking, 0, CLIENT_DEADLINE);
	asking_expect_count(asking, CLIENT_STALE_REPLY, 1);
	id = asking_ask_and_read_id(asking, 1);
	asking_reply(asking, SAMPLE_ALLOW, id);
	asking_expect_allowed(asking, 1);
	assert_int_equal(asking->channel->connect_count, 1);
}

static void time_outs_can_be_set(void **state)
{
	struct client_settings settings = asking_settings;
	struct asking *asking = *state;

	settings.reply_timeout_ms = 300;
	settings.connect_timeout_ms = 200;
	asking_open(asking, &settings);
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel);
	fake_channel_advance(asking->channel, 199);
	asking_expect_open(asking, 0);
	fake_channel_advance(asking->channel, 1);
	asking_expect_reason(asking, 0, CLIENT_CONNECT_TIMEOUT);
	fake_channel_advance(asking->channel, 50);
	asking_greet(asking);
	asking_read_id(asking, WSAUTHZ__REQUEST__BODY_FAILURE_REPORT);
	asking_ask_and_read_id(asking, 1);
	fake_channel_advance(asking->channel, 299);
	asking_expect_open(asking, 1);
	fake_channel_advance(asking->channel, 1);
	asking_expect_reason(asking, 1, CLIENT_DEADLINE);
}

static void without_a_server_questions_wait_for_the_connect_time_only(void **state)
{
	struct asking *asking = *state;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel);
	fake_channel_advance(asking->channel, 600);
	asking_ask(asking, 1);
	fake_channel_advance(asking->channel, 399);
	asking_expect_open(asking, 0);
	fake_channel_advance(asking->channel, 1);
	asking_expect_reason(asking, 0, CLIENT_NO_SERVER);
	asking_expect_open(asking, 1);
	fake_channel_advance(asking->channel, 600);
	asking_expect_reason(asking, 1, CLIENT_NO_SERVER);
	asking_expect_count(asking, CLIENT_NO_SERVER, 2);
}

static void a_server_that_appears_in_time_answers(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	asking_open(asking, &asking_settings);
	asking_ask(asking, 0);
	fake_channel_turn(asking->channel);
	asking->channel->connect_result = CLIENT_OK;
	fake_channel_advance(asking->channel, 50);
	asking_greet(asking);
	id = asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
	asking_reply(asking, SAMPLE_ALLOW, id);
	asking_expect_allowed(asking, 0);
}

/* The pauses between attempts grow to two seconds, and are never longer. */
static void attempts_back_off(void **state)
{
	struct asking *asking = *state;
	int64_t last_ms, longest_ms = CONNECTION_BACKOFF_FIRST_MS;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	asking_open(asking, &asking_settings);
	fake_channel_turn(asking->channel);
	last_ms = asking->channel->connected_ms;
	for (unsigned attempt = 2; attempt < 20; attempt++) {
		int64_t pause_ms;

		fake_channel_advance(asking->channel,
				     asking->channel->next_ms - asking->channel->now_ms);
		assert_int_equal(asking->channel->connect_count, attempt);
		pause_ms = asking->channel->connected_ms - last_ms;
		last_ms = asking->channel->connected_ms;
		assert_in_range(pause_ms, longest_ms / 2, longest_ms);
		longest_ms = 2 * longest_ms < CONNECTION_BACKOFF_MAX_MS ? 2 * longest_ms
									: CONNECTION_BACKOFF_MAX_MS;
	}
	assert_int_equal(longest_ms, 2000);
}

static void clients_do_not_come_back_in_step(void **state)
{
	struct asking *asking = *state;
	int64_t pauses[8];
	unsigned different = 0;

	fake_channel_set_connect_result(CLIENT_NO_SERVER);
	asking_open(asking, &asking_settings);
	for (size_t i = 0; i < ARRAY_COUNT(pauses); i++) {
		fake_channel_advance(asking->channel, 5000);
		pauses[i] = asking->channel->next_ms - asking->channel->now_ms;
		if (i > 5 && pauses[i] != pauses[i - 1])
			different++;
	}
	assert_int_not_equal(different, 0);
}

static void a_server_that_answered_is_tried_again_soon(void **state)
{
	struct asking *asking = *state;
	uint64_t id;

	asking_open_and_greet(asking);
	for (unsigned i = 0; i < 10; i++) {
		id = asking_ask_and_read_id(asking, i);
		asking_reply(asking, SAMPLE_ALLOW, id);
		fake_channel_hang_up(asking->channel);
		assert_in_range(asking->channel->next_ms - asking->channel->now_ms, 1,
				CONNECTION_BACKOFF_FIRST_MS);
		fake_channel_advance(asking->channel, CONNECTION_BACKOFF_FIRST_MS);
		asking_greet(asking);
	}
}

static void a_server_that_only_greets_is_backed_off_from(void **state)
{
	struct asking *asking = *state;

	asking_open_and_greet(asking);
	for (unsigned i = 0; i < 10; i++) {
		fake_channel_hang_up(asking->channel);
		fake_channel_advance(asking->channel, CONNECTION_BACKOFF_MAX_MS);
		asking_greet(asking);
	}
	fake_channel_hang_up(asking->channel);
	assert_in_range(asking->channel->next_ms - asking->channel->now_ms,
			CONNECTION_BACKOFF_MAX_MS / 2, CONNECTION_BACKOFF_MAX_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, asking_setup, asking_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_is_denied_when_its_time_is_over),
		TEST(time_outs_can_be_set),
		TEST(without_a_server_questions_wait_for_the_connect_time_only),
		TEST(a_server_that_appears_in_time_answers),
		TEST(attempts_back_off),
		TEST(clients_do_not_come_back_in_step),
		TEST(a_server_that_answered_is_tried_again_soon),
		TEST(a_server_that_only_greets_is_backed_off_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
