/* Limits on what clients take: at each, and one past it. */
#include <signal.h>
#include <stdlib.h>

#include "running.h"
#include "support/cmocka.h"

/* The next reply is a refusal as busy that names the limit. */
static void expect_limit(struct talk *talk, const char *limit)
{
	const Wsauthz__Reply *reply = talk_reply(talk);
	char detail[600];

	assert_non_null(reply);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_REFUSAL);
	assert_int_equal(reply->refusal->reason, WSAUTHZ__REFUSAL__REASON__BUSY);
	snprintf(detail, sizeof(detail), "%.*s", (int)reply->refusal->detail.len,
		 (const char *)reply->refusal->detail.data);
	if (strstr(detail, limit) == NULL)
		fail_msg("'%s' does not name %s", detail, limit);
}

static void a_principal_gets_its_burst_and_one_more_request_is_refused(void **state)
{
	struct running *running = *state;
	struct talk first, second;

	running->config.server.max_rate = 1;
	running->config.server.max_burst = 3;
	/* The rate is by a clock that stands still. */
	running_stop_clock(running);
	running_start(running);
	running_open_authorize(running, &first);
	running_open_authorize(running, &second);
	for (int i = 0; i < 3; i++) {
		assert_true(talk_ask_user(i == 1 ? &second : &first, "alice", ALICE, USERS));
		talk_decision(i == 1 ? &second : &first);
	}
	/* On no connection, and under no other name. */
	assert_true(talk_ask_user(&second, "ALICE2", ALICE, USERS));
	expect_limit(&second, ALICE " asks more than 1 times a second (limits.rate)");
	assert_true(talk_ask_operation(&first, "alice", ALICE, USERS));
	expect_limit(&first, "limits.rate");
	/* Another does not pay for it. */
	assert_true(talk_ask_user(&first, "mallory", STRANGER, ""));
	talk_decision(&first);
	/* A refusal leaves no row. */
	assert_int_equal(running_count_rows(running).all, 4);
	talk_close(&first);
	talk_close(&second);
	running_stop(running);
	if (strstr(buf_text(&running->log_text), ALICE " asks more than") == NULL)
		fail_msg("%s", buf_text(&running->log_text));
}

static void a_request_that_takes_more_memory_than_one_may_is_refused(void **state)
{
	struct running *running = *state;
	struct talk talk;

	running->config.server.request_kib = 1;
	running_start(running);
	talk_open(&talk, running->authorize);
	assert_int_equal(talk_hello(&talk, "wsman/Test")->body_case, WSAUTHZ__REPLY__BODY_HELLO);
	assert_true(talk_ask_operation(&talk, "alice", ALICE, USERS));
	expect_limit(&talk, "more than 1 KiB of memory (limits.request_kib)");
	/* The connection goes on. */
	assert_true(talk_ask_ping(&talk));
	assert_int_equal(talk_reply(&talk)->body_case, WSAUTHZ__REPLY__BODY_PONG);
	talk_close(&talk);
}

static void when_clients_hold_all_memory_requests_and_connections_are_refused(void **state)
{
	struct running *running = *state;
	const Wsauthz__Reply *reply;
	struct talk first, second, admin;
	bool is_in;

	running->config.server.memory_mib = 0;
	running_start(running);
	/* The row of the start takes memory as well, until it is on disk. */
	do {
		talk_open(&first, running->authorize);
		reply = talk_hello(&first, "wsman/Test");
		is_in = reply != NULL && reply->body_case == WSAUTHZ__REPLY__BODY_HELLO;
		if (!is_in)
			talk_close(&first);
	} while (!is_in);
	assert_true(talk_ask_user(&first, "alice", ALICE, USERS));
	expect_limit(&first, "limits.memory_mib");
	talk_open(&second, running->authorize);
	talk_assert_refused_and_closed(&second, WSAUTHZ__REFUSAL__REASON__BUSY);
	talk_close(&second);
	/* An administrator gets in and sees it. */
	running_open_admin(running, &admin);
	talk_close(&admin);
	talk_close(&first);
	running_stop(running);
	if (strstr(buf_text(&running->log_text), "all the memory they may") == NULL)
		fail_msg("%s", buf_text(&running->log_text));
}

/* Frames that never end hold memory; the one too many is dropped, and the others are served. */
static void a_connection_that_takes_the_last_memory_is_dropped(void **state)
{
	/* Enough for a MiB, and few enough for the budget of the log. */
	enum { COUNT = 17, PART_BYTES = 65000 };
	struct running *running = *state;
	struct talk talks[COUNT], other;
	unsigned char *part = calloc(1, PART_BYTES);
	const Wsauthz__Reply *reply;

	assert_non_null(part);
	running->config.server.memory_mib = 1;
	running_start(running);
	running_open_authorize(running, &other);
	/* The length of the longest frame, of which the end never comes. */
	part[2] = 1;
	for (int i = 0; i < COUNT; i++)
		running_open_authorize(running, &talks[i]);
	for (int i = 0; i < COUNT; i++)
		talk_send(&talks[i], part, PART_BYTES);
	/* Two turns of the loop later all of it was read. */
	for (int i = 0; i < 2; i++) {
		assert_true(talk_ask_ping(&other));
		assert_int_equal(talk_reply(&other)->body_case, WSAUTHZ__REPLY__BODY_PONG);
	}
	/* Until what was dropped has given its memory back, this is refused. */
	do {
		assert_true(talk_ask_user(&other, "alice", ALICE, USERS));
		reply = talk_reply(&other);
		assert_non_null(reply);
	} while (reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL);
	assert_int_equal(reply->body_case, WSAUTHZ__REPLY__BODY_DECISION);
	for (int i = 0; i < COUNT; i++)
		talk_close(&talks[i]);
	talk_close(&other);
	running_stop(running);
	if (strstr(buf_text(&running->log_text), "the memory of all connections is spent") == NULL)
		fail_msg("%s", buf_text(&running->log_text));
	free(part);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(a_principal_gets_its_burst_and_one_more_request_is_refused),
		SERVER_TEST(a_request_that_takes_more_memory_than_one_may_is_refused),
		SERVER_TEST(a_connection_that_takes_the_last_memory_is_dropped),
		SERVER_TEST(when_clients_hold_all_memory_requests_and_connections_are_refused),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
