/* When user records end, by clocks that only the test moves: through use, sleep, clocks that are set
 * anew, restarts and a reboot. */
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
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("expiry", tests, NULL, NULL);
}
