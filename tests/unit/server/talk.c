#include "talk.h"

#include <stdlib.h>

#include "platform/channel.h"
#include "support/cmocka.h"

enum { ROOM = FRAME_HEADER_BYTES + FRAME_ADMIN_MAX_BYTES };

void talk_open(struct talk *talk, const char *path)
{
	struct buf why;

	*talk = (struct talk){.next_id = 1};
	buf_init(&why, 1024);
	if (channel_open(path, TALK_TIMEOUT_MS, &talk->channel, &why) != ERR_NONE)
		fail_msg("%s", buf_text(&why));
	buf_deinit(&why);
	talk->bytes = malloc(ROOM);
	talk->memory = aligned_alloc(64, TALK_MEMORY_BYTES);
	assert_non_null(talk->bytes);
	assert_non_null(talk->memory);
}

void talk_close(struct talk *talk)
{
	channel_close(talk->channel);
	free(talk->bytes);
	free(talk->memory);
	*talk = (struct talk){0};
}

bool talk_send(struct talk *talk, const void *bytes, size_t length)
{
	return channel_write(talk->channel, bytes, length, TALK_TIMEOUT_MS) == ERR_NONE;
}

bool talk_ask(struct talk *talk, Wsauthz__Request *request)
{
	uint8_t frame[FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES];
	size_t length;

	if (request->id == 0)
		request->id = talk->next_id++;
	assert_int_equal(authz_request_encode(request, frame, sizeof(frame), &length, NULL),
			 WIRE_OK);
	return talk_send(talk, frame, length);
}

bool talk_ask_admin(struct talk *talk, Wsauthz__AdminRequest *request)
{
	uint8_t frame[FRAME_HEADER_BYTES + 4096];
	size_t length;

	if (request->id == 0)
		request->id = talk->next_id++;
	assert_int_equal(admin_request_encode(request, frame, sizeof(frame), &length, NULL),
			 WIRE_OK);
	return talk_send(talk, frame, length);
}

/* Reads until a whole frame is there. */
static bool receive(struct talk *talk, struct frame *frame)
{
	memmove(talk->bytes, talk->bytes + talk->taken, talk->length - talk->taken);
	talk->length -= talk->taken;
	talk->taken = 0;
	while (frame_find(talk->bytes, talk->length, FRAME_ADMIN_MAX_BYTES, frame) == FRAME_MORE) {
		size_t got = 0;
		enum error error;

		error = channel_read(talk->channel, talk->bytes + talk->length, ROOM - talk->length,
				     TALK_TIMEOUT_MS, &got);
		if (error != ERR_NONE) {
			/* The other end may have closed with bytes of ours unread. */
			assert_true(error == ERR_CLOSED);
			assert_int_equal(talk->length, 0);
			return false;
		}
		talk->length += got;
	}
	assert_non_null(frame->payload);
	talk->taken = frame->needed_bytes;
	return true;
}

const Wsauthz__Reply *talk_reply(struct talk *talk)
{
	Wsauthz__Reply *reply = NULL;
	struct budget budget;
	struct frame frame;

	if (!receive(talk, &frame))
		return NULL;
	budget_init_buffer(&budget, talk->memory, TALK_MEMORY_BYTES);
	assert_int_equal(
		authz_reply_decode(frame.payload, frame.payload_bytes, &budget, &reply, NULL),
		WIRE_OK);
	return reply;
}

const Wsauthz__AdminReply *talk_admin_reply(struct talk *talk)
{
	Wsauthz__AdminReply *reply = NULL;
	struct budget budget;
	struct frame frame;

	if (!receive(talk, &frame))
		return NULL;
	budget_init_buffer(&budget, talk->memory, TALK_MEMORY_BYTES);
	assert_int_equal(
		admin_reply_decode(frame.payload, frame.payload_bytes, &budget, &reply, NULL),
		WIRE_OK);
	return reply;
}

const Wsauthz__Reply *talk_hello(struct talk *talk, const char *application)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = talk_text(application);
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	return talk_ask(talk, &request) ? talk_reply(talk) : NULL;
}

const Wsauthz__AdminReply *talk_admin_hello(struct talk *talk)
{
	Wsauthz__AdminHello hello = WSAUTHZ__ADMIN_HELLO__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;

	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_HELLO;
	request.hello = &hello;
	return talk_ask_admin(talk, &request) ? talk_admin_reply(talk) : NULL;
}

struct sender_parts {
	Wsauthz__Sender sender;
	Wsauthz__Token token;
	ProtobufCBinaryData group;
};

static Wsauthz__Sender *make_sender(struct sender_parts *parts, const char *name, const char *sid,
				    const char *group)
{
	wsauthz__sender__init(&parts->sender);
	wsauthz__token__init(&parts->token);
	parts->group = talk_text(group);
	parts->token.user_sid = talk_text(sid);
	parts->token.group_sids = &parts->group;
	parts->token.n_group_sids = group[0] != '\0';
	parts->sender.name = talk_text(name);
	parts->sender.mechanism = talk_text("Kerberos");
	parts->sender.token = &parts->token;
	return &parts->sender;
}

bool talk_ask_user(struct talk *talk, const char *name, const char *sid, const char *group)
{
	Wsauthz__AuthorizeUser body = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct sender_parts parts;

	body.sender = make_sender(&parts, name, sid, group);
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &body;
	return talk_ask(talk, &request);
}

bool talk_ask_operation(struct talk *talk, const char *name, const char *sid, const char *group)
{
	Wsauthz__AuthorizeOperation body = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct sender_parts parts;

	body.sender = make_sender(&parts, name, sid, group);
	body.action_uri = talk_text("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
	body.resource_uri =
		talk_text("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/win32_service");
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
	request.authorize_operation = &body;
	return talk_ask(talk, &request);
}

const Wsauthz__Decision *talk_decision(struct talk *talk)
{
	const Wsauthz__Reply *reply = talk_reply(talk);

	assert_non_null(reply);
	if (reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL)
		fail_msg("refused for reason %d", (int)reply->refusal->reason);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_DECISION);
	assert_int_equal(reply->decision->verdict, ~reply->decision->verdict_twin);
	return reply->decision;
}

void talk_assert_refused(const Wsauthz__Reply *reply, Wsauthz__Refusal__Reason reason)
{
	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_REFUSAL);
	assert_int_equal(reply->refusal->reason, reason);
	assert_true(reply->refusal->detail.len != 0);
}

void talk_assert_refused_and_closed(struct talk *talk, Wsauthz__Refusal__Reason reason)
{
	talk_assert_refused(talk_reply(talk), reason);
	assert_null(talk_reply(talk));
}

bool talk_ask_ping(struct talk *talk)
{
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__Ping ping = WSAUTHZ__PING__INIT;

	request.body_case = WSAUTHZ__REQUEST__BODY_PING;
	request.ping = &ping;
	return talk_ask(talk, &request);
}

void talk_ask_together(struct talk *talk, size_t count, bool same_id)
{
	uint8_t frames[64 * 256], *end = frames;

	for (size_t i = 0; i < count; i++) {
		Wsauthz__AuthorizeUser body = WSAUTHZ__AUTHORIZE_USER__INIT;
		Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
		Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
		size_t length;

		sender.name = talk_text("bob");
		sender.mechanism = talk_text("NTLM");
		body.sender = &sender;
		request.id = same_id ? 100 : 100 + i;
		request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
		request.authorize_user = &body;
		assert_int_equal(authz_request_encode(&request, end,
						      sizeof(frames) - (size_t)(end - frames),
						      &length, NULL),
				 WIRE_OK);
		end += length;
	}
	assert_true(talk_send(talk, frames, (size_t)(end - frames)));
}
