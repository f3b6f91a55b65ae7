/* The rules of the authorize channel, and what happens to those who break them. */
#include <signal.h>
#include <string.h>

#include "running.h"
#include "support/cmocka.h"

static void before_hello_nothing_else_is_answered(void **state)
{
	struct running *running = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	running_start(running);
	talk_open(&talk, running->authorize);
	assert_true(talk_ask_ping(&talk));
	talk_assert_refused(talk_reply(&talk), WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	talk_assert_refused(talk_reply(&talk), WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	/* Said late it is not too late, said twice it is once too often. */
	reply = talk_hello(&talk, "wsman/Test");
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	assert_int_equal(reply->hello->policy_revision, 1);
	assert_int_equal(reply->hello->max_frame_bytes, FRAME_AUTHZ_MAX_BYTES);
	talk_assert_refused(talk_hello(&talk, "wsman/Test"), WSAUTHZ__REFUSAL__REASON__NOT_HELLO);
	assert_true(talk_ask_ping(&talk));
	reply = talk_reply(&talk);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_PONG);
	talk_close(&talk);
	assert_int_equal(running_count_rows(running).all, 0);
}

static void another_major_version_is_refused(void **state)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct running *running = *state;
	struct talk talk;

	running_start(running);
	talk_open(&talk, running->authorize);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR + 1;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = talk_text("x");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	assert_true(talk_ask(&talk, &request));
	talk_assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__VERSION);
	talk_close(&talk);
}

static void a_later_minor_version_is_answered_with_ours(void **state)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct running *running = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	running_start(running);
	talk_open(&talk, running->authorize);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR + 5;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = talk_text("x");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	assert_true(talk_ask(&talk, &request));
	reply = talk_reply(&talk);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	assert_int_equal(reply->hello->protocol_minor, AUTHZ_PROTOCOL_MINOR);
	talk_close(&talk);
}

static void a_message_of_the_other_channel_is_refused(void **state)
{
	Wsauthz__AdminRequest status = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Status body = WSAUTHZ__STATUS__INIT;
	const Wsauthz__AdminReply *reply;
	struct running *running = *state;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	status.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_STATUS;
	status.status = &body;
	assert_true(talk_ask_admin(&talk, &status));
	talk_assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__WRONG_CHANNEL);
	talk_close(&talk);

	running_open_admin(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	reply = talk_admin_reply(&talk);
	assert_non_null(reply);
	assert_int_equal(reply->refusal->reason, WSAUTHZ__REFUSAL__REASON__WRONG_CHANNEL);
	assert_null(talk_admin_reply(&talk));
	talk_close(&talk);
	assert_int_equal(running_count_rows(running).all, 0);
}

static void a_malformed_message_is_refused_with_its_field(void **state)
{
	/* id 7, authorize_user { sender { name "a\0b" } } */
	static const char frame[] = "\x0b\0\0\0\x08\x07\x1a\x07\x0a\x05\x0a\x03"
				    "a\0b";
	struct running *running = *state;
	const Wsauthz__Reply *reply;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	assert_true(talk_send(&talk, frame, sizeof(frame) - 1));
	reply = talk_reply(&talk);
	talk_assert_refused(reply, WSAUTHZ__REFUSAL__REASON__BAD_REQUEST);
	assert_int_equal(reply->id, 7);
	assert_str_equal(str_make((char *)reply->refusal->field.data, reply->refusal->field.len),
			 "authorize_user.sender.name");
	assert_null(talk_reply(&talk));
	talk_close(&talk);
}

static void a_frame_that_is_too_large_is_refused(void **state)
{
	struct running *running = *state;
	uint8_t header[FRAME_HEADER_BYTES];
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	frame_write_header(header, FRAME_AUTHZ_MAX_BYTES + 1);
	assert_true(talk_send(&talk, header, sizeof(header)));
	talk_assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__FRAME_SIZE);
	talk_close(&talk);
}

static void an_id_that_is_in_use_is_refused(void **state)
{
	struct running *running = *state;
	size_t refused = 0, decided = 0;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	talk_ask_together(&talk, 2, true);
	for (int i = 0; i < 2; i++) {
		const Wsauthz__Reply *reply = talk_reply(&talk);

		assert_non_null(reply);
		assert_int_equal(reply->id, 100);
		decided += reply->body_case == WSAUTHZ__REPLY__BODY_DECISION;
		refused += reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL &&
			   reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__DUPLICATE_ID;
	}
	assert_int_equal(decided, 1);
	assert_int_equal(refused, 1);
	/* Answered, it may be used again. */
	talk_ask_together(&talk, 1, true);
	talk_decision(&talk);
	talk_close(&talk);
	assert_int_equal(running_count_rows(running).all, 2);
}

static void more_requests_than_agreed_are_refused(void **state)
{
	struct running *running = *state;
	size_t refused = 0, decided = 0;
	struct talk talk;

	running->config.server.authorize.max_in_flight = 3;
	running_start(running);
	running_open_authorize(running, &talk);
	talk_ask_together(&talk, 5, false);
	for (int i = 0; i < 5; i++) {
		const Wsauthz__Reply *reply = talk_reply(&talk);

		assert_non_null(reply);
		decided += reply->body_case == WSAUTHZ__REPLY__BODY_DECISION;
		refused += reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL &&
			   reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__BUSY;
	}
	assert_int_equal(decided, 3);
	assert_int_equal(refused, 2);
	talk_ask_together(&talk, 3, false);
	for (int i = 0; i < 3; i++)
		talk_decision(&talk);
	talk_close(&talk);
}

static void one_connection_too_many_is_refused(void **state)
{
	struct running *running = *state;
	const Wsauthz__Reply *reply;
	struct talk first, second, third, admin;

	running->config.server.authorize.max_connections = 2;
	running_start(running);
	running_open_authorize(running, &first);
	running_open_authorize(running, &second);
	talk_open(&third, running->authorize);
	talk_assert_refused_and_closed(&third, WSAUTHZ__REFUSAL__REASON__BUSY);
	talk_close(&third);
	/* The other door has its own limit. */
	running_open_admin(running, &admin);
	talk_close(&admin);
	/* A place that became free is given again, once the daemon noticed. */
	talk_close(&second);
	do {
		talk_open(&third, running->authorize);
		reply = talk_hello(&third, "x");
		if (reply != NULL && reply->body_case == WSAUTHZ__REPLY__BODY_HELLO)
			break;
		talk_close(&third);
	} while (true);
	talk_close(&third);
	talk_close(&first);
}

static void an_account_that_is_not_listed_is_refused(void **state)
{
	struct running *running = *state;
	struct talk talk;

	running->config.server.authorize.users.items[0] = STR("65534");
	running->config.server.authorize.users.count = 1;
	running_start(running);
	talk_open(&talk, running->authorize);
	talk_assert_refused_and_closed(&talk, WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED);
	talk_close(&talk);
}

static void each_connection_has_an_epoch_of_its_own(void **state)
{
	struct running *running = *state;
	uint8_t epoch[AUTHZ_ID_BYTES];
	const Wsauthz__Reply *reply;
	struct talk talk;

	running_start(running);
	talk_open(&talk, running->authorize);
	reply = talk_hello(&talk, "x");
	memcpy(epoch, reply->epoch.data, sizeof(epoch));
	assert_true(talk_ask_ping(&talk));
	assert_memory_equal(talk_reply(&talk)->epoch.data, epoch, sizeof(epoch));
	talk_close(&talk);
	talk_open(&talk, running->authorize);
	reply = talk_hello(&talk, "x");
	assert_memory_not_equal(reply->epoch.data, epoch, sizeof(epoch));
	talk_close(&talk);
}

static void a_failure_report_is_acknowledged(void **state)
{
	Wsauthz__FailureReport report = WSAUTHZ__FAILURE_REPORT__INIT;
	Wsauthz__FailureCount count = WSAUTHZ__FAILURE_COUNT__INIT, *counts = &count;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct running *running = *state;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	count.reason = WSAUTHZ__FAILURE_COUNT__REASON__NO_SERVER;
	count.count = 17;
	report.counts = &counts;
	report.n_counts = 1;
	request.body_case = WSAUTHZ__REQUEST__BODY_FAILURE_REPORT;
	request.failure_report = &report;
	assert_true(talk_ask(&talk, &request));
	assert_int_equal(talk_reply(&talk)->body_case, WSAUTHZ__REPLY__BODY_PONG);
	talk_close(&talk);
	running_stop(running);
	assert_non_null(strstr(buf_text(&running->log_text), "client.failures"));
}

static void expect_hello_logged(struct running *running, const char *program, const char *version,
				const char *text)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct talk talk;

	running_start(running);
	talk_open(&talk, running->authorize);
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = talk_text("x");
	hello.program = talk_text(program);
	hello.program_version = talk_text(version);
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	assert_true(talk_ask(&talk, &request));
	assert_int_equal(talk_reply(&talk)->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	talk_close(&talk);
	running_stop(running);
	if (strstr(buf_text(&running->log_text), text) == NULL)
		fail_msg("expected '%s' in:\n%s", text, buf_text(&running->log_text));
}

static void the_log_says_which_program_asks(void **state)
{
	struct running *running = *state;

	expect_hello_logged(running, "wsauthz.dll", "1.0.0", ": x asks by wsauthz.dll 1.0.0\n");
	expect_hello_logged(running, "ask", "", ": x asks by ask\n");
	expect_hello_logged(running, "", "2.0", ": x asks by a program without a name 2.0\n");
	expect_hello_logged(running, "", "", ": x asks by a program without a name\n");
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(before_hello_nothing_else_is_answered),
		SERVER_TEST(another_major_version_is_refused),
		SERVER_TEST(a_later_minor_version_is_answered_with_ours),
		SERVER_TEST(a_message_of_the_other_channel_is_refused),
		SERVER_TEST(a_malformed_message_is_refused_with_its_field),
		SERVER_TEST(a_frame_that_is_too_large_is_refused),
		SERVER_TEST(an_id_that_is_in_use_is_refused),
		SERVER_TEST(more_requests_than_agreed_are_refused),
		SERVER_TEST(one_connection_too_many_is_refused),
		SERVER_TEST(an_account_that_is_not_listed_is_refused),
		SERVER_TEST(each_connection_has_an_epoch_of_its_own),
		SERVER_TEST(a_failure_report_is_acknowledged),
		SERVER_TEST(the_log_says_which_program_asks),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
