/* Starting, stopping, and memory that runs out. */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/channel.h"
#include "platform/service.h"
#include "running.h"
#include "server/conn.h"
#include "support/cmocka.h"
#include "support/fault.h"

static void assert_does_not_start(struct running *running, enum error error, const char *text)
{
	struct server *server = NULL;

	buf_clear(&running->why);
	assert_int_equal(server_new(&running->config.server, &running->log, running->log.clock,
				    &server, &running->why),
			 error);
	assert_null(server);
	if (strstr(buf_text(&running->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&running->why), text);
}

static void a_second_server_on_the_directory_does_not_start(void **state)
{
	struct running *running = *state;

	running_start(running);
	assert_does_not_start(running, ERR_BUSY, "already running (pid ");
}

static void a_server_on_a_taken_socket_does_not_start(void **state)
{
	struct running *running = *state;
	struct settings second = running->config.server;
	struct server *server = NULL;
	char path[200];

	running_start(running);
	second.state_directory = tmpdir_path(&running->dir, "other", path, sizeof(path));
	assert_int_equal(
		server_new(&second, &running->log, running->log.clock, &server, &running->why),
		ERR_EXISTS);
	assert_non_null(strstr(buf_text(&running->why), "another process listens there"));
	assert_null(server);
}

static void without_any_valid_policy_it_does_not_start(void **state)
{
	struct running *running = *state;

	running_write_policy(running, "permit(");
	assert_does_not_start(running, ERR_INVALID, "");
	assert_non_null(strstr(buf_text(&running->log_text), "policy.invalid"));
	assert_non_null(strstr(buf_text(&running->log_text), "main.cedar:1:"));
}

static void an_unknown_account_in_a_list_stops_the_start(void **state)
{
	struct running *running = *state;

	running->config.server.admin.groups.items[0] = STR("no-such-group");
	running->config.server.admin.groups.count = 1;
	assert_does_not_start(running, ERR_NOT_FOUND, "there is no group 'no-such-group'");
}

static void stopping_answers_what_was_read_and_loses_no_row(void **state)
{
	enum { COUNT = 60 };
	struct running *running = *state;
	size_t answered = 0;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	talk_ask_together(&talk, COUNT, false);
	/* The answer to the first says that all were read. */
	talk_decision(&talk);
	answered++;
	running_stop(running);
	for (const Wsauthz__Reply *reply; (reply = talk_reply(&talk)) != NULL;)
		answered += reply->body_case == WSAUTHZ__REPLY__BODY_DECISION;
	talk_close(&talk);
	assert_int_equal(answered, COUNT);
	assert_int_equal(running_count_rows(running).all, COUNT);
	/* The sockets are gone. */
	assert_int_not_equal(access(running->authorize, F_OK), 0);
	assert_int_not_equal(access(running->admin, F_OK), 0);
}

static void the_service_manager_can_ask_to_stop(void **state)
{
	struct running *running = *state;
	struct talk talk;

	running_start(running);
	running_open_authorize(running, &talk);
	server_ask(running->server, SERVICE_ASKS_STOP);
	server_ask(running->server, SERVICE_ASKS_STOP); /* once more changes nothing */
	assert_int_equal(uv_thread_join(&running->thread), 0);
	server_free(running->server);
	running->server = NULL;
	talk_close(&talk);
	assert_non_null(strstr(buf_text(&running->log_text), "the service manager asked"));
}

static void stopping_answers_every_reload_that_was_asked_for(void **state)
{
	enum { COUNT = 4 };
	Wsauthz__PolicyReload body = WSAUTHZ__POLICY_RELOAD__INIT;
	struct running *running = *state;
	const Wsauthz__AdminReply *reply;
	struct talk admin;
	size_t answered = 0;

	running->config.server.admin.max_in_flight = COUNT;
	running_start(running);
	running_open_admin(running, &admin);
	for (int i = 0; i < COUNT; i++) {
		Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;

		request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_POLICY_RELOAD;
		request.policy_reload = &body;
		assert_true(talk_ask_admin(&admin, &request));
	}
	/* The answer to the first says that all were read. */
	assert_non_null(talk_admin_reply(&admin));
	running_stop(running);
	while ((reply = talk_admin_reply(&admin)) != NULL) {
		assert_true(reply->body_case == WSAUTHZ__ADMIN_REPLY__BODY_POLICY_RELOAD ||
			    reply->refusal->reason == WSAUTHZ__REFUSAL__REASON__SHUTTING_DOWN);
		answered++;
	}
	assert_int_equal(answered, COUNT - 1);
	talk_close(&admin);
}

static void stopping_ends_what_was_only_begun(void **state)
{
	struct running *running = *state;
	uint8_t half[] = {50, 0, 0, 0, 8};
	struct talk silent, talk;

	running_start(running);
	talk_open(&silent, running->authorize);
	running_open_authorize(running, &talk);
	assert_true(talk_send(&talk, half, sizeof(half)));
	running_stop(running);
	assert_null(talk_reply(&talk));
	talk_close(&talk);
	talk_close(&silent);
}

/* Whatever the server read until now it has read when this returns. */
static void wait_a_pass(struct talk *admin)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Status body = WSAUTHZ__STATUS__INIT;

	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_STATUS;
	request.status = &body;
	assert_true(talk_ask_admin(admin, &request));
	assert_non_null(talk_admin_reply(admin));
}

/* Pings and reads no answer until the server reads no more. */
static void fill_up(struct talk *talk, struct talk *admin)
{
	static const uint8_t ping[] = {4, 0, 0, 0, 8, 99, 0x42, 0};
	int refused = 0;

	while (refused < 3) {
		if (channel_write(talk->channel, ping, sizeof(ping), 0) == ERR_NONE) {
			refused = 0;
		} else {
			wait_a_pass(admin);
			refused++;
		}
	}
}

/* A peer that takes no answers holds a connection for deadlines.frame, but not the stop. */
static void stopping_waits_no_longer_than_it_was_told(void **state)
{
	struct running *running = *state;
	struct talk talk, admin;

	running->config.server.stop_ms = 100;
	running->config.server.frame_ms = 10000;
	running_start(running);
	running_open_authorize(running, &talk);
	running_open_admin(running, &admin);
	fill_up(&talk, &admin);
	running_stop(running);
	assert_non_null(strstr(buf_text(&running->log_text), "server.stop_limit"));
	assert_null(strstr(buf_text(&running->log_text), conn_end_text(CONN_END_FINISH_TIMEOUT)));
	talk_close(&talk);
	talk_close(&admin);
}

static void whatever_allocation_fails_the_start_succeeds_or_fails_whole(void **state)
{
	struct running *running = *state;
	bool was_reached = true;

	for (uint64_t n = 0; was_reached; n++) {
		bool has_started;

		fault_arm(n, FAULT_ONCE);
		has_started = running_try_start(running);
		was_reached = fault_disarm();
		assert_true(has_started || was_reached);
		running_stop(running);
	}
}

/* Says Hello and asks twice; returns how often the answer was an ALLOW. Takes no memory itself. */
static size_t converse(struct talk *talk)
{
	const Wsauthz__Reply *reply = talk_hello(talk, "wsman/Test");
	size_t allowed = 0;

	for (int i = 0; reply != NULL && i < 2; i++) {
		if (!talk_ask_user(talk, "alice", ALICE, USERS))
			break;
		reply = talk_reply(talk);
		allowed += reply != NULL && reply->body_case == WSAUTHZ__REPLY__BODY_DECISION &&
			   reply->decision->verdict == VERDICT_ALLOW;
	}
	return allowed;
}

/* A fault that is armed while threads run: the hook is there before they start. */
struct late_fault {
	atomic_bool is_armed, was_reached;
	atomic_llong left; /* allocations that still succeed */
	enum fault_mode mode;
};

static bool late_fault_hook(void *arg)
{
	struct late_fault *fault = arg;
	long long left;

	if (!atomic_load(&fault->is_armed))
		return false;
	left = atomic_fetch_sub(&fault->left, 1);
	if (left > 0 || (left < 0 && fault->mode == FAULT_ONCE))
		return false;
	atomic_store(&fault->was_reached, true);
	return true;
}

static void sweep_conversation(struct running *running, enum fault_mode mode)
{
	struct late_fault fault = {.mode = mode};
	size_t allowed = 0, last = 0;
	struct talk talk;

	mem_set_fault_hook(late_fault_hook, &fault);
	for (long long n = 0; n == 0 || atomic_load(&fault.was_reached); n++) {
		running_start(running);
		talk_open(&talk, running->authorize);
		atomic_store(&fault.left, n);
		atomic_store(&fault.was_reached, false);
		atomic_store(&fault.is_armed, true);
		last = converse(&talk);
		atomic_store(&fault.is_armed, false);
		talk_close(&talk);
		running_stop(running);
		allowed += last;
	}
	mem_set_fault_hook(NULL, NULL);
	assert_int_equal(last, 2);
	/* A row may be there for an answer that did not arrive; never the other way round. */
	assert_true(running_count_rows(running).allowed >= allowed);
}

static void whatever_allocation_fails_nothing_is_allowed_without_a_row(void **state)
{
	sweep_conversation(*state, FAULT_ONCE);
}

static void without_any_memory_nothing_is_allowed_without_a_row(void **state)
{
	sweep_conversation(*state, FAULT_STICKY);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(a_second_server_on_the_directory_does_not_start),
		SERVER_TEST(a_server_on_a_taken_socket_does_not_start),
		SERVER_TEST(without_any_valid_policy_it_does_not_start),
		SERVER_TEST(an_unknown_account_in_a_list_stops_the_start),
		SERVER_TEST(the_service_manager_can_ask_to_stop),
		SERVER_TEST(stopping_answers_what_was_read_and_loses_no_row),
		SERVER_TEST(stopping_answers_every_reload_that_was_asked_for),
		SERVER_TEST(stopping_ends_what_was_only_begun),
		SERVER_TEST(stopping_waits_no_longer_than_it_was_told),
		SERVER_TEST(whatever_allocation_fails_the_start_succeeds_or_fails_whole),
		SERVER_TEST(whatever_allocation_fails_nothing_is_allowed_without_a_row),
		SERVER_TEST(without_any_memory_nothing_is_allowed_without_a_row),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
