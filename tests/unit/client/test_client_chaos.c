/* Whatever happens, each question is answered once, and none is allowed that was not. */
#include <string.h>

#include "support/cmocka.h"
#include "unit/client/asking.h"
#include "unit/client/fake_channel.h"

struct chaos {
	struct asking *asking;
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
	struct asking *asking = chaos->asking;
	const Wsauthz__Request *request = fake_channel_read(asking->channel);
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
	fake_channel_deliver(asking->channel, frame.data,
			     pick(chaos, 30) == 0 ? (size_t)pick(chaos, frame.length)
						  : frame.length);
	buf_deinit(&frame);
}

static void chaos_step(struct chaos *chaos)
{
	struct asking *asking = chaos->asking;
	struct channel *channel = asking->channel;

	switch (pick(chaos, 12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		if (chaos->asked_count < CHAOS_QUESTIONS &&
		    client_authorize_user(asking->client, &asking_sender, asking_on_answer,
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
	struct asking *asking = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct chaos chaos = {.asking = asking, .random = seed};

		memset(chaos_asked, 0, sizeof(chaos_asked));
		asking_open(asking, &asking_settings);
		for (unsigned step = 0; step < 10000; step++)
			chaos_step(&chaos);
		client_close(asking->client);
		asking->client = NULL;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, asking_setup, asking_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whatever_happens_each_question_is_answered_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
