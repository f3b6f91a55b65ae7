/* When a live record answers, and when it ends. */
#include "support/cmocka.h"
#include "world.h"

#define PERMIT_CONNECT "permit(principal, action == WinRM::Action::\"Connect\", resource);\n"
#define PERMIT_ALL     "permit(principal, action, resource);\n"
#define FORBID_ALL     "forbid(principal, action, resource);\n"

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

static void a_live_record_answers_without_the_policy(void **state)
{
	struct world *world = *state;
	struct record_id id;

	world_set_policy(world, PERMIT_CONNECT, 1);
	id = world_ask_user(world)->record_id;
	world_commit(world);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
	assert_true(record_id_equal(world->decision.record_id, id));
	assert_int_equal(world->decision.reason_count, 0);
	world_commit(world);
	assert_int_equal(world_record(world)->context_count, 2);
}

static void a_record_is_pending_until_its_audit_row_is_written(void **state)
{
	struct world *world = *state;
	struct record_id id;

	world_set_policy(world, PERMIT_CONNECT, 1);
	id = world_ask_user(world)->record_id;
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	assert_true(record_id_equal(world->decision.record_id, id));
	assert_null(world_record(world));
	world_commit(world);
	assert_non_null(world_record(world));
}

static void a_record_whose_audit_row_failed_never_lives(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_CONNECT, 1);
	world_ask_user(world);
	world_abandon(world);
	assert_null(world_record(world));
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
}

static void a_record_ends_by_idleness_and_use_prevents_it(void **state)
{
	struct world *world = *state;
	int64_t idle_ms = world->settings.defaults.idle_timeout_ms;

	world_set_policy(world, PERMIT_CONNECT, 1);
	world_ask_user(world);
	world_commit(world);
	fake_clock_advance_ms(&world->clock, idle_ms);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
	world_commit(world);
	fake_clock_advance_ms(&world->clock, idle_ms + 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
}

static void a_record_ends_by_age_however_much_it_is_used(void **state)
{
	struct world *world = *state;
	int64_t left_ms = 60000;

	world_set_policy(world,
			 "@max_lifetime(\"60s\") permit(principal, "
			 "action == WinRM::Action::\"Connect\", resource);",
			 1);
	world_ask_user(world);
	world_commit(world);
	for (; left_ms > 0; left_ms -= 10000) {
		fake_clock_advance_ms(&world->clock, 10000);
		world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
		world_commit(world);
	}
	fake_clock_advance_ms(&world->clock, 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
}

static void wall_clock_jumps_do_not_end_records(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_CONNECT, 1);
	world_ask_user(world);
	world_commit(world);
	world->clock.wall_us += INT64_C(10) * 365 * 86400 * 1000000;
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
	world->clock.wall_us = 0;
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
}

static void a_new_revision_is_asked_again_and_the_record_goes_on(void **state)
{
	struct world *world = *state;
	struct record_id id;

	world_set_policy(world, PERMIT_CONNECT, 1);
	id = world_ask_user(world)->record_id;
	world_commit(world);
	world_set_policy(world, "@idle_timeout(\"1m\") " PERMIT_CONNECT, 2);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	world_commit(world);
	assert_true(record_id_equal(world_record(world)->id, id));
	assert_int_equal(world_record(world)->revision, 2);
	assert_int_equal(world_record(world)->grant.idle_timeout_ms, 60000);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
}

static void a_new_revision_that_denies_ends_the_record(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 1);
	world_ask_user(world);
	world_commit(world);
	world_set_policy(world, FORBID_ALL, 2);
	world_expect_denied(world_ask_user(world), DECISION_FROM_POLICY);
	assert_non_null(world_record(world));
	world_commit(world);
	assert_null(world_record(world));
}

static void a_rollback_to_an_earlier_revision_is_asked_again_too(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 2);
	world_ask_user(world);
	world_commit(world);
	world_set_policy(world, PERMIT_CONNECT, 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	world_commit(world);
	assert_int_equal(world_record(world)->revision, 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
	world_set_policy(world, FORBID_ALL, 2);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_FROM_POLICY);
}

/* What a policy says of an endpoint must hold for whoever was let in at another one, too. */
static void a_record_answers_for_the_endpoint_it_was_made_at(void **state)
{
	static const char policy[] =
		PERMIT_ALL "forbid(principal, action == WinRM::Action::\"Connect\", resource)\n"
			   "unless { context.session.url.scheme == \"https\" };\n";
	static const char *const others[] = {"http://server7:5986/wsman", ""};
	struct world *world = *state;
	struct record_id id;

	world->sender.http_url = STR("https://server7:5986/wsman");
	world_set_policy(world, policy, 1);
	id = world_ask_user(world)->record_id;
	world_commit(world);
	for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
		world->sender.http_url = str_from(others[i]);
		world_expect_denied(world_ask_user(world), DECISION_FROM_POLICY);
		world_commit(world);
		world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI),
				    DECISION_FROM_POLICY);
		assert_int_equal(world->decision.decided_action, ACTION_CONNECT);
		world_commit(world);
		world_expect_denied(world_ask_quota(world), DECISION_FROM_POLICY);
		world_commit(world);
	}
	/* Where it was made it goes on, whatever case and query the client chooses. */
	world->sender.http_url = STR("HTTPS://Server7:5986/WSMAN?PSVersion=5.1");
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
	assert_true(record_id_equal(world->decision.record_id, id));
}

static void a_record_goes_over_to_the_endpoint_that_is_permitted_last(void **state)
{
	static const char *const urls[] = {
		"https://server7:5986/wsman", "https://server8:5986/wsman",
		"https://server7:5987/wsman", "https://server7:5986/powershell"};
	struct world *world = *state;
	struct record_id id = {{0}};

	world_set_policy(world, PERMIT_ALL, 1);
	for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
		world->sender.http_url = str_from(urls[i]);
		world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
		world_commit(world);
		if (i == 0)
			id = world->decision.record_id;
		assert_true(record_id_equal(world->decision.record_id, id));
		world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
		world_commit(world);
	}
}

/* The URL is the client's to choose. */
static void another_endpoint_is_no_way_around_a_revocation(void **state)
{
	struct world *world = *state;

	world->sender.http_url = STR("https://server7:5986/wsman");
	world_set_policy(world, PERMIT_ALL, 1);
	world_ask_user(world);
	world_commit(world);
	assert_true(records_revoke(world->records, world->decision.record_id));
	world->sender.http_url = STR("https://server8:5986/wsman");
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI),
			    DECISION_FROM_REVOKED);
}

static void what_permits_grant_is_merged_into_the_record(void **state)
{
	struct world *world = *state;
	const struct grant *grant;

	world->settings.defaults.quota.max_operations = 77;
	world_set_policy(world,
			 "@idle_timeout(\"20m\") @max_shells(\"5\") @timeslot(\"60s\") " PERMIT_ALL
			 "@idle_timeout(\"10m\") @max_shells(\"9\") "
			 "@max_operations_per_timeslot(\"unlimited\") " PERMIT_CONNECT
			 "@max_shells(\"1\") permit(principal == WinRM::User::\"" BOB
			 "\", action, resource);",
			 1);
	world_ask_user(world);
	world_commit(world);
	grant = &world_record(world)->grant;
	assert_int_equal(grant->idle_timeout_ms, 10 * 60 * 1000);
	assert_int_equal(grant->max_lifetime_ms, world->settings.defaults.max_lifetime_ms);
	assert_int_equal(grant->quota.max_shells, 5);
	assert_int_equal(grant->quota.max_operations, 77);
	assert_int_equal(grant->quota.timeslot_s, 60);
	assert_int_equal(grant->quota.max_operations_per_timeslot, QUOTA_UNLIMITED);
}

static void when_the_records_are_full_new_users_are_denied(void **state)
{
	static const uint8_t secret[32] = {1};
	struct world *world = *state;

	records_free(world->records);
	assert_int_equal(records_new(1, secret, &world->records), ERR_NONE);
	world_set_policy(world, PERMIT_ALL, 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	world_commit(world);
	world->sender.user_sid = STR(BOB);
	world_expect_denied(world_ask_user(world), DECISION_FROM_LIMIT);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_FROM_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_live_record_answers_without_the_policy),
		TEST(a_record_is_pending_until_its_audit_row_is_written),
		TEST(a_record_whose_audit_row_failed_never_lives),
		TEST(a_record_ends_by_idleness_and_use_prevents_it),
		TEST(a_record_ends_by_age_however_much_it_is_used),
		TEST(wall_clock_jumps_do_not_end_records),
		TEST(a_new_revision_is_asked_again_and_the_record_goes_on),
		TEST(a_new_revision_that_denies_ends_the_record),
		TEST(a_rollback_to_an_earlier_revision_is_asked_again_too),
		TEST(a_record_answers_for_the_endpoint_it_was_made_at),
		TEST(a_record_goes_over_to_the_endpoint_that_is_permitted_last),
		TEST(another_endpoint_is_no_way_around_a_revocation),
		TEST(what_permits_grant_is_merged_into_the_record),
		TEST(when_the_records_are_full_new_users_are_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
