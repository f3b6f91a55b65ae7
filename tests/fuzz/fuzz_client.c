/*
 * A client whose server says anything at all: each question is answered exactly once, and nothing
 * is allowed unless the server's bytes hold an intact verdict. The input is a list of steps, each a
 * byte that says what happens and, for bytes from the server, how many of the input follow.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client-plugin/client.h"
#include "proto/authz.h"
#include "unit/client/fake_channel.h"
#include "unit/proto/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUESTIONS_MAX = 64 };

struct world {
	struct client *client;
	struct channel *channel;
	unsigned asked_count;
	unsigned calls[QUESTIONS_MAX];
};

static const struct client_sender sender = {.name = "alice", .mechanism = "Basic"};

static void on_answer(void *arg, const struct client_answer *answer)
{
	unsigned *calls = arg;

	(*calls)++;
	assert(answer->information != NULL);
	switch (answer->verdict) {
	case CLIENT_DENY: assert(answer->code == VERDICT_CODE_DENY); break;
	case CLIENT_ALLOW: assert(answer->code == 0 && answer->reason == CLIENT_OK); break;
	case CLIENT_REDIRECT:
		assert(answer->code == VERDICT_CODE_REDIRECT && answer->reason == CLIENT_OK);
		assert(answer->information[0] != '\0');
		break;
	default: abort();
	}
}

static void ask(struct world *world, uint8_t kind)
{
	unsigned *calls = &world->calls[world->asked_count];
	enum client_reason reason;

	if (world->asked_count == QUESTIONS_MAX)
		return;
	if (kind % 4 == 0)
		reason = client_authorize_user(world->client, &sender, on_answer, calls);
	else if (kind % 4 == 1)
		reason = client_authorize_operation(world->client, &sender, NULL, "action",
						    "resource", on_answer, calls);
	else if (kind % 4 == 2)
		reason = client_query_quota(world->client, &sender, NULL, on_answer, calls);
	else
		reason = client_ping(world->client, on_answer, calls);
	assert(reason == CLIENT_OK);
	world->asked_count++;
	fake_channel_turn(world->channel);
}

/* A valid reply to the next request, so that the fuzzer gets past the greeting. */
static void reply_well(struct world *world, uint8_t kind)
{
	const Wsauthz__Request *request = fake_channel_read(world->channel);
	struct buf frame;

	if (request == NULL)
		return;
	buf_init(&frame, SIZE_MAX);
	if (request->body_case == WSAUTHZ__REQUEST__BODY_HELLO)
		sample_reply_frame(SAMPLE_HELLO_REPLY, request->id, &frame);
	else
		sample_reply_frame((enum sample_reply)(kind % SAMPLE_REPLY_COUNT), request->id,
				   &frame);
	fake_channel_deliver(world->channel, frame.data, frame.length);
	buf_deinit(&frame);
}

/* A frame with a payload from the input. */
static void reply_framed(struct world *world, const uint8_t *payload, size_t payload_bytes)
{
	uint8_t frame[FRAME_HEADER_BYTES + UINT8_MAX];

	frame_write_header(frame, (uint32_t)payload_bytes);
	memcpy(frame + FRAME_HEADER_BYTES, payload, payload_bytes);
	fake_channel_deliver(world->channel, frame, FRAME_HEADER_BYTES + payload_bytes);
}

/* Does one step and returns how many bytes of the input it took. */
static size_t step(struct world *world, const uint8_t *data, size_t size)
{
	uint8_t argument = size > 1 ? data[1] : 0;
	size_t rest = size > 2 ? size - 2 : 0;
	size_t length = argument < rest ? argument : rest;

	switch (data[0] % 6) {
	case 0: ask(world, argument); return 2;
	case 1: fake_channel_advance(world->channel, argument * 20); return 2;
	case 2:
		if (world->channel->connected)
			fake_channel_hang_up(world->channel);
		return 1;
	case 3:
		if (world->channel->connected)
			reply_well(world, argument);
		return 2;
	case 4:
		if (world->channel->connected && length != 0)
			fake_channel_deliver(world->channel, data + 2, length);
		return 2 + length;
	default:
		if (world->channel->connected)
			reply_framed(world, data + 2, length);
		return 2 + length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct client_settings settings = {
		.endpoint = "socket", .server_owner = "0", .application = "wsman"};
	struct world world = {.asked_count = 0};

	fake_channel_set_connect_result(CLIENT_OK);
	if (client_open(&settings, &world.client) != CLIENT_OK)
		return 0;
	world.channel = fake_channel_last();
	fake_channel_turn(world.channel);
	while (size != 0) {
		size_t taken = step(&world, data, size);

		if (taken > size)
			break;
		data += taken;
		size -= taken;
	}
	client_close(world.client);
	for (unsigned i = 0; i < world.asked_count; i++)
		assert(world.calls[i] == 1);
	return 0;
}
