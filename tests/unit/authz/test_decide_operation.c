/* Operations, and the quota of who may do them. */
#include <stdio.h>

#include "support/cmocka.h"
#include "world.h"

#define PERMIT_CONNECT "permit(principal, action == WinRM::Action::\"Connect\", resource);\n"
#define PERMIT_ALL     "permit(principal, action, resource);\n"
#define FORBID_ALL     "forbid(principal, action, resource);\n"

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

static void an_operation_is_asked_for_by_its_action_and_resource(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_CONNECT "@id(\"read-wmi\") permit(principal, "
					"action in WinRM::Action::\"Read\", "
					"resource in WinRM::Resource::\"" WMI "\");",
			 1);
	world_expect_allowed(
		world_ask_operation(world, TRANSFER "/Get", WMI "/Win32_Service?Name=x"),
		DECISION_FROM_POLICY);
	assert_str_equal(world->decision.reasons[0], "read-wmi");
	assert_int_equal(world->decision.decided_action, ACTION_GET);
	world_abandon(world);
	world_expect_allowed(world_ask_operation(world, ENUMERATE, WMI "/*"), DECISION_FROM_POLICY);
	world_abandon(world);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Put", WMI "/Win32_Service"),
			    DECISION_FROM_DEFAULT);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI "x/Win32_Service"),
			    DECISION_FROM_DEFAULT);
}

/* As the server does for a question that comes again in the same bytes. */
static void what_was_read_and_permitted_before_decides_alike(void **state)
{
	struct world *world = *state;
	struct decider decider;
	struct question_reading reading;
	struct permission permission;
	struct question question;
	struct decision again;
	struct str reason;
	struct arena arena;

	world_set_policy(world, "@id(\"all\") " PERMIT_ALL, 1);
	world_expect_allowed(world_ask_operation(world, TRANSFER "/Get", WMI "/Win32_Service"),
			     DECISION_FROM_POLICY);
	world_commit(world);
	arena_init(&arena, 4096, SIZE_MAX);
	question = world->question;
	assert_int_equal(question_read(&arena, &world->scratch, &question, &reading), ERR_NONE);
	assert_true(reading.context_json.length != 0);
	assert_true(str_equal(reading.context_json, world->decision.context_json));
	question.reading = &reading;
	reason = STR("from before");
	permission = (struct permission){&reason, 1};
	question.permission = &permission;
	decider = (struct decider){world->snapshot,  world->records, world->blocks,
				   &world->settings, world->cedar,   &world->scratch};

	decide_operation(&decider, &arena, &question, &again);
	world_expect_allowed(&again, DECISION_FROM_POLICY);
	assert_int_equal(again.reason_count, 1);
	assert_str_equal(again.reasons[0], "from before");
	assert_int_equal(again.error_count, 0);
	assert_int_equal(again.decided_action, ACTION_GET);
	assert_ptr_equal(again.context_json.ptr, reading.context_json.ptr);
	assert_int_equal(again.change.kind, RECORD_TOUCH);
	assert_int_equal(again.revision, 1);

	/* Without a record Connect is asked first, and may deny. */
	world_set_policy(world, FORBID_ALL, 2);
	decider.snapshot = world->snapshot;
	decide_operation(&decider, &arena, &question, &again);
	world_expect_denied(&again, DECISION_FROM_POLICY);
	assert_int_equal(again.decided_action, ACTION_CONNECT);

	/* What cannot be read is not made into a reading. */
	question.resource_uri = STR("http://a/../b");
	assert_int_equal(question_read(&arena, &world->scratch, &question, &reading), ERR_INVALID);
	arena_deinit(&arena);
}

static void families_and_the_application_hold_resources(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_CONNECT "@id(\"cmd\") permit(principal, "
					"action == WinRM::Action::\"CreateShell\", "
					"resource in WinRM::ResourceFamily::\"Cmd\");"
					"@id(\"app\") permit(principal, "
					"action in WinRM::Action::\"Execute\", "
					"resource in WinRM::Application::\"wsman/Test\");",
			 1);
	world_expect_allowed(world_ask_operation(world, TRANSFER "/Create", CMD),
			     DECISION_FROM_POLICY);
	assert_int_equal(world->decision.reason_count, 2);
	world_abandon(world);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Create", WMI),
			    DECISION_FROM_DEFAULT);
}

static void invoke_is_decided_by_its_folded_method(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_CONNECT "permit(principal, action == WinRM::Action::\"Invoke\", "
					"resource in WinRM::ResourceFamily::\"Wmi\") when { "
					"context has method && context.method == \"startservice\" "
					"&& resource.uri like \"*win32_service*\" };",
			 1);
	world_expect_allowed(
		world_ask_operation(world, WMI "/Win32_Service/StartService", WMI "/Win32_Service"),
		DECISION_FROM_POLICY);
	world_abandon(world);
	world_expect_denied(
		world_ask_operation(world, WMI "/Win32_Service/StopService", WMI "/Win32_Service"),
		DECISION_FROM_DEFAULT);
}

static void an_operation_without_a_record_asks_connect_first_and_makes_one(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 1);
	world_expect_allowed(world_ask_operation(world, TRANSFER "/Get", WMI),
			     DECISION_FROM_POLICY);
	assert_int_equal(world->decision.change.kind, RECORD_PUT);
	assert_false(world->decision.change.adds_context);
	world_commit(world);
	assert_non_null(world_record(world));
	world_expect_allowed(world_ask_operation(world, TRANSFER "/Get", WMI),
			     DECISION_FROM_POLICY);
	assert_int_equal(world->decision.change.kind, RECORD_TOUCH);
}

static void an_operation_without_connect_is_denied_at_connect(void **state)
{
	struct world *world = *state;

	world_set_policy(world, "permit(principal, action in WinRM::Action::\"Read\", resource);",
			 1);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI),
			    DECISION_FROM_DEFAULT);
	assert_int_equal(world->decision.decided_action, ACTION_CONNECT);
}

static void a_denied_operation_makes_no_record(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_CONNECT, 1);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI),
			    DECISION_FROM_DEFAULT);
	assert_int_equal(world->decision.decided_action, ACTION_GET);
	assert_int_equal(world->decision.change.kind, RECORD_KEEP);
}

static void a_denied_operation_still_uses_the_record(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_CONNECT, 1);
	world_ask_user(world);
	world_commit(world);
	fake_clock_advance_ms(&world->clock, 1000);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI),
			    DECISION_FROM_DEFAULT);
	world_commit(world);
	assert_int_equal(world_record(world)->last_used_ms, clock_boot_ms(&world->clock.clock));
}

static void an_operation_under_a_new_revision_asks_connect_again(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 1);
	world_ask_user(world);
	world_commit(world);
	world_set_policy(
		world,
		PERMIT_ALL "forbid(principal, action == WinRM::Action::\"Connect\", resource);", 2);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_FROM_POLICY);
	assert_int_equal(world->decision.decided_action, ACTION_CONNECT);
	world_commit(world);
	assert_null(world_record(world));
}

static void with_keep_a_record_outlives_a_revision_but_its_operations_are_asked(void **state)
{
	struct world *world = *state;

	world->settings.on_reload = DECIDE_RELOAD_KEEPS;
	world_set_policy(world, PERMIT_ALL, 1);
	world_ask_user(world);
	world_commit(world);
	world_set_policy(world, "permit(principal, action in WinRM::Action::\"Read\", resource);",
			 2);
	world_expect_allowed(world_ask_operation(world, TRANSFER "/Get", WMI),
			     DECISION_FROM_POLICY);
	assert_int_equal(world->decision.revision, 2);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Put", WMI),
			    DECISION_FROM_DEFAULT);
	world_expect_allowed(world_ask_quota(world), DECISION_FROM_RECORD);
	world_expect_denied(world_ask_user(world), DECISION_FROM_DEFAULT);
}

/* QueryQuota. */

static void a_quota_has_no_zero_field(void **state)
{
	struct world *world = *state;

	world_set_policy(world, "@max_shells(\"5\") " PERMIT_CONNECT, 1);
	world_ask_user(world);
	world_commit(world);
	world_expect_allowed(world_ask_quota(world), DECISION_FROM_RECORD);
	assert_true(world->decision.has_quota);
	assert_int_equal(world->decision.quota.max_shells, 5);
	assert_int_equal(world->decision.quota.max_operations, QUOTA_UNLIMITED);
	assert_int_equal(world->decision.quota.timeslot_s, DECIDE_TIMESLOT_S);
	assert_int_equal(world->decision.quota.max_operations_per_timeslot, QUOTA_UNLIMITED);
}

static void any_part_of_a_quota_makes_one(void **state)
{
	static const char *const parts[] = {"max_shells", "max_operations",
					    "max_operations_per_timeslot"};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		char text[256];
		struct quota quota;

		snprintf(text, sizeof(text), "@%s(\"7\") @timeslot(\"9s\") " PERMIT_CONNECT,
			 parts[i]);
		world_set_policy(world, text, i + 1);
		world_ask_quota(world);
		assert_true(world->decision.has_quota);
		quota = world->decision.quota;
		assert_int_equal(quota.max_shells, i == 0 ? 7 : QUOTA_UNLIMITED);
		assert_int_equal(quota.max_operations, i == 1 ? 7 : QUOTA_UNLIMITED);
		assert_int_equal(quota.max_operations_per_timeslot, i == 2 ? 7 : QUOTA_UNLIMITED);
		assert_int_equal(quota.timeslot_s, 9);
		world_abandon(world);
	}
}

static void without_a_quota_the_default_of_winrm_applies(void **state)
{
	struct world *world = *state;

	world_set_policy(world, "@timeslot(\"9s\") " PERMIT_CONNECT, 1);
	world_expect_allowed(world_ask_quota(world), DECISION_FROM_POLICY);
	assert_false(world->decision.has_quota);
	assert_int_equal(world->decision.change.kind, RECORD_PUT);
}

static void the_configuration_has_quotas_too(void **state)
{
	struct world *world = *state;

	world->settings.defaults.quota =
		(struct quota){.timeslot_s = 2, .max_operations_per_timeslot = 1000};
	world_set_policy(world, PERMIT_CONNECT, 1);
	world_expect_allowed(world_ask_quota(world), DECISION_FROM_POLICY);
	assert_int_equal(world->decision.quota.timeslot_s, 2);
	assert_int_equal(world->decision.quota.max_operations_per_timeslot, 1000);
	assert_int_equal(world->decision.quota.max_shells, QUOTA_UNLIMITED);
}

static void who_may_not_connect_has_no_quota(void **state)
{
	struct world *world = *state;

	world_set_policy(world, "@max_shells(\"5\") " PERMIT_CONNECT FORBID_ALL, 1);
	world_expect_denied(world_ask_quota(world), DECISION_FROM_POLICY);
	assert_false(world->decision.has_quota);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_operation_is_asked_for_by_its_action_and_resource),
		TEST(what_was_read_and_permitted_before_decides_alike),
		TEST(families_and_the_application_hold_resources),
		TEST(invoke_is_decided_by_its_folded_method),
		TEST(an_operation_without_a_record_asks_connect_first_and_makes_one),
		TEST(an_operation_without_connect_is_denied_at_connect),
		TEST(a_denied_operation_makes_no_record),
		TEST(a_denied_operation_still_uses_the_record),
		TEST(an_operation_under_a_new_revision_asks_connect_again),
		TEST(with_keep_a_record_outlives_a_revision_but_its_operations_are_asked),
		TEST(a_quota_has_no_zero_field),
		TEST(any_part_of_a_quota_makes_one),
		TEST(without_a_quota_the_default_of_winrm_applies),
		TEST(the_configuration_has_quotas_too),
		TEST(who_may_not_connect_has_no_quota),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
