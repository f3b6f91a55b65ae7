/* When user records and blocks end, by clocks that only the test moves: through use, sleep, clocks
 * that are set anew, restarts and a reboot. */
#include <signal.h>

#include "running.h"
#include "support/cmocka.h"

#define MINUTE_MS    INT64_C(60000)
#define HOUR_MS      (60 * MINUTE_MS)
#define TEN_YEARS_MS (3653 * 24 * HOUR_MS)

#define FROM_RECORD WSAUTHZ__DECISION__SOURCE__RECORD
#define FROM_POLICY WSAUTHZ__DECISION__SOURCE__POLICY

/* Alice asks whether she may connect: her record answers, or the policy is asked again. */
static void expect_source(struct running *running, Wsauthz__Decision__Source source)
{
	const Wsauthz__Decision *decision;
	struct talk talk;

	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	decision = talk_decision(&talk);
	assert_int_equal(decision->verdict, VERDICT_ALLOW);
	assert_int_equal(decision->source, source);
	talk_close(&talk);
}

static void start_with_a_record(struct running *running)
{
	running_stop_clock(running);
	running_start(running);
	expect_source(running, FROM_POLICY);
	expect_source(running, FROM_RECORD);
}

static void restart(struct running *running)
{
	running_stop(running);
	running_start(running);
}

static void a_record_ends_when_it_was_idle_and_not_before(void **state)
{
	struct running *running = *state;

	start_with_a_record(running);
	running_advance(running, 15 * MINUTE_MS);
	expect_source(running, FROM_RECORD);
	running_advance(running, 15 * MINUTE_MS + 1);
	expect_source(running, FROM_POLICY);
}

static void use_keeps_a_record_to_the_end_of_its_lifetime_and_no_longer(void **state)
{
	struct running *running = *state;

	start_with_a_record(running);
	for (int i = 0; i < 48; i++) {
		running_advance(running, 10 * MINUTE_MS);
		expect_source(running, FROM_RECORD);
	}
	running_advance(running, 1);
	expect_source(running, FROM_POLICY);
}

/* The boot clock counts sleep. */
static void a_machine_that_sleeps_ends_records(void **state)
{
	struct running *running = *state;

	start_with_a_record(running);
	running_advance(running, 24 * HOUR_MS);
	expect_source(running, FROM_POLICY);
}

static void a_clock_that_is_set_by_ten_years_ends_nothing_and_keeps_nothing(void **state)
{
	struct running *running = *state;

	start_with_a_record(running);
	running_step_wall(running, TEN_YEARS_MS);
	expect_source(running, FROM_RECORD);
	running_step_wall(running, -2 * TEN_YEARS_MS);
	expect_source(running, FROM_RECORD);
	running_advance(running, 15 * MINUTE_MS + 1);
	expect_source(running, FROM_POLICY);
	running_step_wall(running, TEN_YEARS_MS);
	expect_source(running, FROM_RECORD);
}

static void a_restart_neither_ends_records_nor_makes_them_younger(void **state)
{
	struct running *running = *state;

	start_with_a_record(running);
	restart(running);
	expect_source(running, FROM_RECORD);
	running_step_wall(running, TEN_YEARS_MS);
	restart(running);
	expect_source(running, FROM_RECORD);
	running_step_wall(running, -2 * TEN_YEARS_MS);
	restart(running);
	expect_source(running, FROM_RECORD);
	running_stop(running);
	running_advance(running, 15 * MINUTE_MS + 1);
	running_start(running);
	expect_source(running, FROM_POLICY);
}

/* Half of the lifetime before a restart, half behind it. */
static void a_lifetime_goes_on_over_a_restart(void **state)
{
	struct running *running = *state;

	start_with_a_record(running);
	for (int i = 0; i < 48; i++) {
		running_advance(running, 10 * MINUTE_MS);
		expect_source(running, FROM_RECORD);
		if (i == 24)
			restart(running);
	}
	running_advance(running, 1);
	expect_source(running, FROM_POLICY);
}

static void after_a_reboot_everybody_is_asked_for_again(void **state)
{
	struct running *running = *state;

	start_with_a_record(running);
	running_stop(running);
	running_change_boot(running);
	running_start(running);
	expect_source(running, FROM_POLICY);
}

/* Blocks Alice for a span, or until a time of the wall clock; false when that is refused. */
static bool try_block(struct running *running, uint64_t duration_s, uint64_t until_us)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	Wsauthz__Block body = WSAUTHZ__BLOCK__INIT;
	const Wsauthz__AdminReply *reply;
	struct talk admin;
	bool is_done;

	running_open_admin(running, &admin);
	body.principal = talk_text(ALICE);
	body.duration_s = duration_s;
	body.until_us = until_us;
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_BLOCK;
	request.block = &body;
	assert_true(talk_ask_admin(&admin, &request));
	reply = talk_admin_reply(&admin);
	assert_non_null(reply);
	is_done = reply->body_case == WSAUTHZ__ADMIN_REPLY__BODY_BLOCK;
	talk_close(&admin);
	return is_done;
}

static void expect_blocked(struct running *running, bool is_blocked)
{
	struct talk talk;

	running_open_authorize(running, &talk);
	assert_true(talk_ask_user(&talk, "alice", ALICE, USERS));
	assert_int_equal(talk_decision(&talk)->verdict, is_blocked ? VERDICT_DENY : VERDICT_ALLOW);
	talk_close(&talk);
}

static void start_with_a_block_of_an_hour(struct running *running)
{
	running_stop_clock(running);
	running_start(running);
	assert_true(try_block(running, 3600, 0));
	expect_blocked(running, true);
}

static void a_clock_that_is_set_neither_ends_a_block_for_a_span_nor_keeps_it(void **state)
{
	struct running *running = *state;

	start_with_a_block_of_an_hour(running);
	running_step_wall(running, TEN_YEARS_MS);
	expect_blocked(running, true);
	restart(running);
	expect_blocked(running, true);
	running_step_wall(running, -2 * TEN_YEARS_MS);
	running_advance(running, HOUR_MS);
	expect_blocked(running, true);
	running_advance(running, 1);
	expect_blocked(running, false);
}

/* As after a reboot: another boot, whose clock begins anew. */
static void reboot(struct running *running)
{
	running_stop(running);
	running_change_boot(running);
	running->clock.boot_ms = 5000;
	running_start(running);
}

static void time_in_which_the_machine_is_off_is_not_of_a_blocks_span(void **state)
{
	struct running *running = *state;

	start_with_a_block_of_an_hour(running);
	running_advance(running, 20 * MINUTE_MS);
	running_step_wall(running, TEN_YEARS_MS);
	reboot(running);
	running_advance(running, 40 * MINUTE_MS);
	expect_blocked(running, true);
	running_advance(running, 1);
	expect_blocked(running, false);
}

static void a_block_that_ended_does_not_come_back_with_a_reboot(void **state)
{
	struct running *running = *state;

	start_with_a_block_of_an_hour(running);
	running_advance(running, HOUR_MS + 1);
	reboot(running);
	expect_blocked(running, false);
}

static void a_block_until_a_time_ends_by_the_wall_clock(void **state)
{
	struct running *running = *state;
	uint64_t until_us;

	running_stop_clock(running);
	running_start(running);
	until_us = (uint64_t)running->clock.wall_us + 3600 * 1000000u;
	assert_true(try_block(running, 0, until_us));
	running_step_wall(running, HOUR_MS);
	expect_blocked(running, true);
	running_step_wall(running, 1);
	expect_blocked(running, false);
	running_step_wall(running, -1);
	expect_blocked(running, true);
	reboot(running);
	expect_blocked(running, true);
	running_advance(running, 1);
	expect_blocked(running, false);
}

static void a_block_ends_once_and_within_a_hundred_years(void **state)
{
	struct running *running = *state;
	uint64_t now_us;

	running_stop_clock(running);
	running_start(running);
	now_us = (uint64_t)running->clock.wall_us;
	assert_false(try_block(running, 3600, now_us + 1));
	assert_false(try_block(running, 0, now_us - 1));
	assert_false(try_block(running, 0, now_us + ADMIN_BLOCK_MAX_S * 1000000 + 1));
	expect_blocked(running, false);
	assert_true(try_block(running, 0, now_us + ADMIN_BLOCK_MAX_S * 1000000));
	assert_true(try_block(running, ADMIN_BLOCK_MAX_S, 0));
	expect_blocked(running, true);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, running_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(a_record_ends_when_it_was_idle_and_not_before),
		SERVER_TEST(use_keeps_a_record_to_the_end_of_its_lifetime_and_no_longer),
		SERVER_TEST(a_machine_that_sleeps_ends_records),
		SERVER_TEST(a_clock_that_is_set_by_ten_years_ends_nothing_and_keeps_nothing),
		SERVER_TEST(a_restart_neither_ends_records_nor_makes_them_younger),
		SERVER_TEST(a_lifetime_goes_on_over_a_restart),
		SERVER_TEST(after_a_reboot_everybody_is_asked_for_again),
		SERVER_TEST(a_clock_that_is_set_neither_ends_a_block_for_a_span_nor_keeps_it),
		SERVER_TEST(time_in_which_the_machine_is_off_is_not_of_a_blocks_span),
		SERVER_TEST(a_block_that_ended_does_not_come_back_with_a_reboot),
		SERVER_TEST(a_block_until_a_time_ends_by_the_wall_clock),
		SERVER_TEST(a_block_ends_once_and_within_a_hundred_years),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}
