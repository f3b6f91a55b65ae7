/* Bytes that no honest client sends: each gets a clear answer and costs the others nothing. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "integration/fixture.h"

static int start(void **state)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));

	fixture_start(daemon, FIXTURE_POLICY("15m"), NULL);
	*state = daemon;
	return 0;
}

static int stop(void **state)
{
	struct daemon *daemon = *state;

	fixture_expect_service(daemon);
	fixture_stop(daemon);
	free(daemon);
	return 0;
}

static void expect_end(struct raw_peer *peer)
{
	assert_null(raw_peer_reply(peer));
	raw_peer_close(peer);
}

/* A header alone, with a length that is not allowed. */
static void expect_frame_size_refusal(const struct daemon *daemon, uint32_t length)
{
	uint8_t header[FRAME_HEADER_BYTES];
	struct raw_peer peer;

	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	frame_write_header(header, length);
	raw_peer_send(&peer, header, sizeof(header));
	fixture_expect_refusal(raw_peer_reply(&peer), WSAUTHZ__REFUSAL__REASON__FRAME_SIZE);
	expect_end(&peer);
}

static void lengths_outside_the_limit_are_refused_and_the_connection_ends(void **state)
{
	expect_frame_size_refusal(*state, 0);
	expect_frame_size_refusal(*state, FRAME_AUTHZ_MAX_BYTES + 1);
	expect_frame_size_refusal(*state, 0x7fffffff);
	expect_frame_size_refusal(*state, 0xffffffff);
}

static void a_frame_of_the_largest_length_is_read_to_its_end(void **state)
{
	const struct daemon *daemon = *state;
	unsigned char *payload = calloc(1, FRAME_AUTHZ_MAX_BYTES);
	struct raw_peer peer;

	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	raw_peer_send_frame(&peer, payload, FRAME_AUTHZ_MAX_BYTES);
	fixture_expect_refusal(raw_peer_reply(&peer), WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	expect_end(&peer);
	free(payload);
}

static void a_frame_that_breaks_off_is_forgotten(void **state)
{
	const struct daemon *daemon = *state;
	uint8_t header[FRAME_HEADER_BYTES];
	struct raw_peer peer;

	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	frame_write_header(header, 100);
	raw_peer_send(&peer, header, sizeof(header));
	raw_peer_send(&peer, "half", 4);
	shutdown(peer.fd, SHUT_WR);
	expect_end(&peer);
}

static void garbage_is_refused_with_its_place(void **state)
{
	const struct daemon *daemon = *state;
	static const unsigned char garbage[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
	struct raw_peer peer;

	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	raw_peer_send_frame(&peer, garbage, sizeof(garbage));
	fixture_expect_refusal(raw_peer_reply(&peer), WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	expect_end(&peer);
}

static void an_unknown_message_is_refused(void **state)
{
	const struct daemon *daemon = *state;
	/* id 77, then field 20, which no version defines, as an empty message. */
	static const unsigned char unknown[] = {0x08, 77, 0xa2, 0x01, 0x00};
	const Wsauthz__Reply *reply;
	struct raw_peer peer;

	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	raw_peer_send_frame(&peer, unknown, sizeof(unknown));
	reply = raw_peer_reply(&peer);
	fixture_expect_refusal(reply, WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	assert_int_equal(reply->id, 77);
	expect_end(&peer);
}

static void a_message_of_the_admin_channel_is_refused_as_such(void **state)
{
	const struct daemon *daemon = *state;
	/* id 1, then field 33: AdminRequest.status. */
	static const unsigned char status[] = {0x08, 1, 0x8a, 0x02, 0x00};
	struct raw_peer peer;

	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	raw_peer_send_frame(&peer, status, sizeof(status));
	fixture_expect_refusal(raw_peer_reply(&peer), WSAUTHZ__REFUSAL__REASON__WRONG_CHANNEL);
	expect_end(&peer);
}

static void another_protocol_version_is_refused(void **state)
{
	const struct daemon *daemon = *state;
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct raw_peer peer;

	raw_peer_connect(&peer, daemon->authorize_path);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR + 1;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = raw_text("wsman/Test");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	raw_peer_request(&peer, &request);
	fixture_expect_refusal(raw_peer_reply(&peer), WSAUTHZ__REFUSAL__REASON__VERSION);
	expect_end(&peer);
}

static void a_request_before_hello_is_refused(void **state)
{
	const struct daemon *daemon = *state;
	struct raw_sender alice;
	struct raw_peer peer;

	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_connect(&peer, daemon->authorize_path);
	fixture_expect_refusal(raw_peer_authorize(&peer, &alice, NULL, NULL),
			       WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	raw_peer_close(&peer);
}

/* A valid AuthorizeUser whose `name` is patched after encoding, because the encoder refuses it. */
static void send_patched_name(struct raw_peer *peer, const char *patch, size_t length)
{
	static const char marker[] = "CONTOSO\\patched-name";
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct raw_sender sender;
	uint8_t frame[1024];
	uint8_t *at = NULL;
	size_t frame_bytes = 0;

	raw_sender_init(&sender, marker, ALICE, OPERATORS);
	user.sender = &sender.sender;
	request.id = peer->next_id++;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &user;
	assert_int_equal(authz_request_encode(&request, frame, sizeof(frame), &frame_bytes, NULL),
			 WIRE_OK);
	at = memmem(frame, frame_bytes, marker, strlen(marker));
	assert_non_null(at);
	memcpy(at, patch, length);
	raw_peer_send(peer, frame, frame_bytes);
}

static void expect_name_refusal(const struct daemon *daemon, const char *patch, size_t length)
{
	const Wsauthz__Reply *reply;
	struct raw_peer peer;

	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	send_patched_name(&peer, patch, length);
	reply = raw_peer_reply(&peer);
	fixture_expect_refusal(reply, WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	assert_str_equal(
		str_make((const char *)reply->refusal->field.data, reply->refusal->field.len),
		"authorize_user.sender.name");
	expect_end(&peer);
}

static void a_name_that_is_not_utf8_is_refused_by_field(void **state)
{
	expect_name_refusal(*state, "\xc0\xaf", 2);
	expect_name_refusal(*state, "\xed\xa0\x80", 3);
}

static void a_nul_in_a_name_is_refused_by_field(void **state)
{
	expect_name_refusal(*state, "alice\0admin", 11);
}

static void an_id_in_flight_is_refused_the_second_time(void **state)
{
	const struct daemon *daemon = *state;
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	int decisions = 0, duplicates = 0;
	struct raw_sender alice;
	struct raw_peer peer;
	uint8_t frames[2048];
	size_t one = 0, two = 0;

	raw_sender_init(&alice, "CONTOSO\\alice", ALICE, OPERATORS);
	user.sender = &alice.sender;
	request.id = 4711;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &user;
	/* Both in one write, so that the first waits for its commit when the second arrives. */
	assert_int_equal(authz_request_encode(&request, frames, sizeof(frames), &one, NULL),
			 WIRE_OK);
	assert_int_equal(
		authz_request_encode(&request, frames + one, sizeof(frames) - one, &two, NULL),
		WIRE_OK);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	raw_peer_send(&peer, frames, one + two);
	for (int i = 0; i < 2; i++) {
		const Wsauthz__Reply *reply = raw_peer_reply(&peer);

		assert_non_null(reply);
		assert_int_equal(reply->id, 4711);
		if (reply->body_case == WSAUTHZ__REPLY__BODY_DECISION)
			decisions++;
		else if (reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__DUPLICATE_ID)
			duplicates++;
	}
	assert_int_equal(decisions, 1);
	assert_int_equal(duplicates, 1);
	raw_peer_close(&peer);
}

/* Writes pings until the daemon stops reading, then sees the connection end. */
static void a_client_that_never_reads_is_dropped_and_others_are_served(void **state)
{
	const struct daemon *daemon = *state;
	Wsauthz__Ping ping = WSAUTHZ__PING__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct raw_peer greedy;
	uint8_t frame[64];
	size_t length;
	bool open = true;
	int small = 4096;

	raw_peer_open(&greedy, daemon->authorize_path, "wsman/Test");
	setsockopt(greedy.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	request.body_case = WSAUTHZ__REQUEST__BODY_PING;
	request.ping = &ping;
	for (uint64_t id = 1000; open; id++) {
		struct pollfd wait = {.fd = greedy.fd, .events = POLLOUT};

		request.id = id;
		assert_int_equal(
			authz_request_encode(&request, frame, sizeof(frame), &length, NULL),
			WIRE_OK);
		if (id % 4096 == 0)
			fixture_expect_service(daemon);
		/* A full socket buffer is the daemon's back-pressure; the end is its patience. */
		if (poll(&wait, 1, PEER_TIMEOUT_MS) != 1)
			fail_msg("the connection is neither writable nor closed");
		open = (wait.revents & (POLLERR | POLLHUP)) == 0 &&
		       raw_peer_send(&greedy, frame, length);
	}
	raw_peer_close(&greedy);
	assert_true(daemon_wait_log(daemon, "replies were not read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define HOSTILE(name) cmocka_unit_test_setup_teardown(name, start, stop)
		HOSTILE(lengths_outside_the_limit_are_refused_and_the_connection_ends),
		HOSTILE(a_frame_of_the_largest_length_is_read_to_its_end),
		HOSTILE(a_frame_that_breaks_off_is_forgotten),
		HOSTILE(garbage_is_refused_with_its_place),
		HOSTILE(an_unknown_message_is_refused),
		HOSTILE(a_message_of_the_admin_channel_is_refused_as_such),
		HOSTILE(another_protocol_version_is_refused),
		HOSTILE(a_request_before_hello_is_refused),
		HOSTILE(a_name_that_is_not_utf8_is_refused_by_field),
		HOSTILE(a_nul_in_a_name_is_refused_by_field),
		HOSTILE(an_id_in_flight_is_refused_the_second_time),
		HOSTILE(a_client_that_never_reads_is_dropped_and_others_are_served),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
