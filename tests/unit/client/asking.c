#include "unit/client/asking.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/cmocka.h"
#include "unit/client/fake_channel.h"

const struct client_sender asking_sender = {.name = "alice", .mechanism = "Basic"};

const struct client_settings asking_settings = {
	.endpoint = "/run/wsauthz/authorize.sock",
	.server_owner = "0",
	.application = "wsman/Contoso",
	.program = "test",
	.program_version = "1.0",
};

void asking_on_answer(void *arg, const struct client_answer *answer)
{
	struct asked *asked = arg;

	asked->calls++;
	asked->answer = *answer;
	snprintf(asked->information, sizeof(asked->information), "%s", answer->information);
	asked->answer.information = asked->information;
}

void asking_open(struct asking *asking, const struct client_settings *settings)
{
	assert_int_equal(client_open(settings, &asking->client), CLIENT_OK);
	asking->channel = fake_channel_last();
}

int asking_setup(void **state)
{
	struct asking *asking = calloc(1, sizeof(*asking));

	assert_non_null(asking);
	fake_channel_set_connect_result(CLIENT_OK);
	*state = asking;
	return 0;
}

int asking_teardown(void **state)
{
	struct asking *asking = *state;

	client_close(asking->client);
	free(asking);
	return 0;
}

void asking_deliver(struct asking *asking, struct buf *frame)
{
	fake_channel_deliver(asking->channel, frame->data, frame->length);
	buf_deinit(frame);
}

void asking_reply(struct asking *asking, enum sample_reply kind, uint64_t id)
{
	struct buf frame;

	buf_init(&frame, SIZE_MAX);
	sample_reply_frame(kind, id, &frame);
	asking_deliver(asking, &frame);
}

/* Reads Hello and greets back. */
void asking_greet(struct asking *asking)
{
	const Wsauthz__Request *hello;

	fake_channel_turn(asking->channel);
	hello = fake_channel_read(asking->channel);
	assert_non_null(hello);
	assert_int_equal(hello->body_case, WSAUTHZ__REQUEST__BODY_HELLO);
	asking_reply(asking, SAMPLE_HELLO_REPLY, hello->id);
}

void asking_open_and_greet(struct asking *asking)
{
	asking_open(asking, &asking_settings);
	asking_greet(asking);
}

/* Asks for a user; question `index` of the asking. */
void asking_ask(struct asking *asking, size_t index)
{
	assert_int_equal(client_authorize_user(asking->client, &asking_sender, asking_on_answer,
					       &asking->asked[index]),
			 CLIENT_OK);
	assert_int_equal(asking->asked[index].calls, 0);
}

/* The id of the next request, which must be of this kind. */
uint64_t asking_read_id(struct asking *asking, Wsauthz__Request__BodyCase body_case)
{
	const Wsauthz__Request *request;

	fake_channel_turn(asking->channel);
	request = fake_channel_read(asking->channel);
	assert_non_null(request);
	assert_int_equal(request->body_case, body_case);
	return request->id;
}

uint64_t asking_ask_and_read_id(struct asking *asking, size_t index)
{
	asking_ask(asking, index);
	return asking_read_id(asking, WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER);
}

void asking_expect_open(const struct asking *asking, size_t index)
{
	assert_int_equal(asking->asked[index].calls, 0);
}

void asking_expect_reason(const struct asking *asking, size_t index, enum client_reason reason)
{
	const struct asked *asked = &asking->asked[index];

	assert_int_equal(asked->calls, 1);
	if (asked->answer.reason != reason)
		fail_msg("question %zu: %s, expected: %s", index,
			 client_reason_text(asked->answer.reason), client_reason_text(reason));
	if (reason != CLIENT_OK) {
		assert_int_equal(asked->answer.verdict, CLIENT_DENY);
		assert_int_equal(asked->answer.code, 5);
	}
}

void asking_expect_allowed(const struct asking *asking, size_t index)
{
	asking_expect_reason(asking, index, CLIENT_OK);
	assert_int_equal(asking->asked[index].answer.verdict, CLIENT_ALLOW);
}

void asking_expect_count(const struct asking *asking, enum client_reason reason, uint64_t count)
{
	assert_int_equal(client_failure_count(asking->client, reason), count);
}

void asking_hello_reply(struct buf *frame, uint64_t id, uint32_t major, uint32_t minor)
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

void asking_refusal(struct buf *frame, uint64_t id, Wsauthz__Refusal__Reason reason)
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
