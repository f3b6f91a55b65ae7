#include "support/raw_peer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/cmocka.h"

enum { READ_BYTES = 64 * 1024 };

ProtobufCBinaryData raw_text(const char *text)
{
	return authz_bytes(text, strlen(text));
}

void raw_peer_connect(struct raw_peer *peer, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*peer = (struct raw_peer){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
				  .next_id = 1};
	assert_true(peer->fd >= 0);
	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	peer->memory = malloc(BUDGET_AUTHZ_BYTES);
	assert_non_null(peer->memory);
}

void raw_peer_close(struct raw_peer *peer)
{
	close(peer->fd);
	free(peer->in);
	free(peer->memory);
	*peer = (struct raw_peer){.fd = -1};
}

bool raw_peer_send(struct raw_peer *peer, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	while (length != 0) {
		ssize_t sent = send(peer->fd, at, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		assert_true(sent > 0);
		at += sent;
		length -= (size_t)sent;
	}
	return true;
}

bool raw_peer_send_frame(struct raw_peer *peer, const void *payload, size_t length)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_write_header(header, (uint32_t)length);
	return raw_peer_send(peer, header, sizeof(header)) && raw_peer_send(peer, payload, length);
}

uint64_t raw_peer_request(struct raw_peer *peer, Wsauthz__Request *request)
{
	size_t capacity, length;
	uint8_t *frame;

	if (request->id == 0)
		request->id = peer->next_id++;
	capacity = authz_request_frame_bytes(request);
	frame = malloc(capacity);
	assert_non_null(frame);
	assert_int_equal(authz_request_encode(request, frame, capacity, &length, NULL), WIRE_OK);
	raw_peer_send(peer, frame, length);
	free(frame);
	return request->id;
}

/* False at the end of the stream. */
static bool receive(struct raw_peer *peer)
{
	struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
	ssize_t count;

	if (peer->in_capacity - peer->in_bytes < READ_BYTES) {
		peer->in_capacity = peer->in_bytes + 2 * READ_BYTES;
		peer->in = realloc(peer->in, peer->in_capacity);
		assert_non_null(peer->in);
	}
	if (poll(&wait, 1, PEER_TIMEOUT_MS) != 1)
		fail_msg("the daemon said nothing for %d ms", PEER_TIMEOUT_MS);
	count = recv(peer->fd, peer->in + peer->in_bytes, READ_BYTES, 0);
	if (count > 0)
		peer->in_bytes += (size_t)count;
	return count > 0;
}

/* The first frame that is there whole. */
static bool find_frame(const struct raw_peer *peer, struct frame *frame)
{
	return frame_find(peer->in, peer->in_bytes, FRAME_AUTHZ_MAX_BYTES, frame) == FRAME_COMPLETE;
}

bool raw_peer_has_reply(const struct raw_peer *peer)
{
	struct frame frame;

	return find_frame(peer, &frame);
}

const Wsauthz__Reply *raw_peer_reply(struct raw_peer *peer)
{
	Wsauthz__Reply *reply;
	struct frame frame;
	struct wire_diag diag;
	enum wire_error error;

	while (!find_frame(peer, &frame)) {
		if (!receive(peer))
			return NULL;
	}
	budget_init_buffer(&peer->budget, peer->memory, BUDGET_AUTHZ_BYTES);
	error = authz_reply_decode(frame.payload, frame.payload_bytes, &peer->budget, &reply,
				   &diag);
	if (error != WIRE_OK) {
		char text[256];
		wire_diag_print(&diag, text, sizeof(text));
		fail_msg("a reply of the daemon: %s", text);
	}
	peer->in_bytes -= frame.needed_bytes;
	memmove(peer->in, peer->in + frame.needed_bytes, peer->in_bytes);
	return reply;
}

const Wsauthz__Reply *raw_peer_call(struct raw_peer *peer, Wsauthz__Request *request)
{
	uint64_t id = raw_peer_request(peer, request);
	const Wsauthz__Reply *reply = raw_peer_reply(peer);

	assert_non_null(reply);
	assert_int_equal(reply->id, id);
	return reply;
}

void raw_peer_open(struct raw_peer *peer, const char *path, const char *application)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	raw_peer_connect(peer, path);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = raw_text(application);
	hello.program = raw_text("test");
	hello.program_version = raw_text("1");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	assert_int_equal(raw_peer_call(peer, &request)->body_case, WSAUTHZ__REPLY__BODY_HELLO);
}

void raw_sender_init(struct raw_sender *out, const char *name, const char *sid, const char *group)
{
	wsauthz__sender__init(&out->sender);
	wsauthz__token__init(&out->token);
	out->sender.name = raw_text(name);
	out->sender.mechanism = raw_text("Kerberos");
	out->sender.http_url = raw_text("https://server17.contoso.example:5986/wsman");
	if (sid == NULL)
		return;
	out->sender.token = &out->token;
	out->token.user_sid = raw_text(sid);
	out->groups[0] = raw_text("S-1-5-11");
	out->token.n_group_sids = 1;
	out->token.group_sids = out->groups;
	if (group != NULL)
		out->groups[out->token.n_group_sids++] = raw_text(group);
}

const Wsauthz__Reply *raw_peer_authorize(struct raw_peer *peer, const struct raw_sender *sender,
					 const char *action_uri, const char *resource_uri)
{
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__AuthorizeOperation operation = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__Sender copy = sender->sender;

	if (action_uri == NULL) {
		user.sender = &copy;
		request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
		request.authorize_user = &user;
	} else {
		operation.sender = &copy;
		operation.action_uri = raw_text(action_uri);
		operation.resource_uri = raw_text(resource_uri);
		request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
		request.authorize_operation = &operation;
	}
	return raw_peer_call(peer, &request);
}
