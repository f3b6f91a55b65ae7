#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "authz/schema.h"
#include "world.h"

#define PERMIT_CONNECT "permit(principal, action == WinRM::Action::\"Connect\", resource);\n"
#define PERMIT_ALL     "permit(principal, action, resource);\n"
#define FORBID_ALL     "forbid(principal, action, resource);\n"

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* Verdicts and codes. */

static int bit_count(uint32_t value)
{
	int count = 0;

	for (; value != 0; value &= value - 1)
		count++;
	return count;
}

static void denial_is_the_zero_value_and_far_from_the_others(void **state)
{
	static const struct decision nothing;

	(void)state;
	assert_int_equal(nothing.verdict, DECISION_DENY);
	assert_int_equal(decision_win32_code(&nothing), 5);
	assert_true(bit_count(DECISION_ALLOW) >= 16);
	assert_true(bit_count(DECISION_REDIRECT) >= 16);
	assert_true(bit_count((uint32_t)DECISION_ALLOW ^ (uint32_t)DECISION_REDIRECT) >= 16);
}

static void a_verdict_with_a_flipped_bit_denies(void **state)
{
	struct decision decision = {.verdict = DECISION_ALLOW};

	(void)state;
	for (int bit = 0; bit < 31; bit++) {
		uint32_t flipped = (uint32_t)DECISION_ALLOW ^ (UINT32_C(1) << bit);
		memcpy(&decision.verdict, &flipped, sizeof(flipped));
		assert_int_equal(decision_win32_code(&decision), 5);
	}
}

static void every_source_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(decision_source_text(DECISION_FROM_POLICY_ERROR), "policy_error");
	assert_string_equal(decision_source_text((enum decision_source)99), "unknown");
}

/* Before the policy is asked. */

static void without_policy_everybody_is_denied(void **state)
{
	world_expect_denied(world_ask_user(*state), DECISION_FROM_NO_POLICY);
	world_expect_denied(world_ask_operation(*state, TRANSFER "/Get", WMI),
			    DECISION_FROM_NO_POLICY);
	world_expect_denied(world_ask_quota(*state), DECISION_FROM_NO_POLICY);
}

static void a_malformed_sender_is_denied_and_the_field_is_named(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 1);
	world->sender.user_sid = STR("S-1-5-021");
	world_expect_denied(world_ask_user(world), DECISION_FROM_MALFORMED);
	assert_str_equal(world->decision.detail, "sender.token.user_sid: invalid data");
	assert_str_equal(world->decision.identity.name, "contoso\\alice");
	assert_int_equal(world->decision.change.kind, RECORD_KEEP);
}

static void a_malformed_operation_is_denied_and_the_field_is_named(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 1);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", "http://a/../b"),
			    DECISION_FROM_MALFORMED);
	assert_str_equal(world->decision.detail, "resource_uri: invalid data");
	assert_str_equal(world->decision.identity.principal, ALICE);
}

static void put_block(struct world *world, struct str principal)
{
	struct block block = {.principal = principal,
			      .until_us = BLOCK_FOR_EVER,
			      .reason = STR("left the company")};

	assert_int_equal(blocks_put(world->blocks, &block), ERR_NONE);
}

static void a_blocked_principal_is_denied_whatever_the_policy_says(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 1);
	put_block(world, STR(ALICE));
	world_expect_denied(world_ask_user(world), DECISION_FROM_BLOCK);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_FROM_BLOCK);
	world_expect_denied(world_ask_quota(world), DECISION_FROM_BLOCK);
	assert_int_equal(world->decision.extended_information.length, 0);
}

static void a_block_holds_against_a_live_record(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_ALL, 1);
	world_ask_user(world);
	world_commit(world);
	put_block(world, STR("contoso\\alice"));
	world_expect_denied(world_ask_user(world), DECISION_FROM_BLOCK);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_FROM_BLOCK);
}

/* AuthorizeUser. */

static void a_user_whom_a_policy_permits_to_connect_is_allowed(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 "@id(\"helpdesk\") permit(principal in WinRM::Group::\"" HELPDESK "\", "
			 "action == WinRM::Action::\"Connect\", "
			 "resource == WinRM::Application::\"wsman/Test\");",
			 7);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	assert_int_equal(world->decision.revision, 7);
	assert_int_equal(world->decision.reason_count, 1);
	assert_str_equal(world->decision.reasons[0], "helpdesk");
	assert_int_equal(world->decision.decided_action, ACTION_CONNECT);
	assert_false(world->decision.administrator);
	assert_false(record_id_is_none(world->decision.record_id));
}

static void a_user_whom_no_policy_permits_is_denied_without_a_record(void **state)
{
	struct world *world = *state;

	world_set_policy(world, "permit(principal == WinRM::User::\"" BOB "\", action, resource);",
			 1);
	world_expect_denied(world_ask_user(world), DECISION_FROM_DEFAULT);
	assert_int_equal(world->decision.change.kind, RECORD_KEEP);
	assert_true(record_id_is_none(world->decision.record_id));
	assert_null(world_record(world));
}

static void a_forbid_wins_over_every_permit(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_ALL "@id(\"no\") @deny_message(\"Not here.\") "
				    "forbid(principal, action, resource);",
			 1);
	world_expect_denied(world_ask_user(world), DECISION_FROM_POLICY);
	assert_int_equal(world->decision.reason_count, 1);
	assert_str_equal(world->decision.reasons[0], "no");
	assert_str_equal(world->decision.extended_information, "Not here.");
}

static void a_deny_only_group_does_not_permit(void **state)
{
	struct sender_group groups[] = {{STR(HELPDESK), true}};
	struct world *world = *state;

	world_set_policy(
		world, "permit(principal in WinRM::Group::\"" HELPDESK "\", action, resource);", 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	world_abandon(world);
	world->sender.groups = groups;
	world->sender.group_count = 1;
	world_expect_denied(world_ask_user(world), DECISION_FROM_DEFAULT);
}

static void a_deny_only_group_can_forbid(void **state)
{
	struct sender_group groups[] = {{STR(ADMINS), true}};
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_ALL "forbid(principal, action, resource) when { "
				    "principal.denyOnlyGroups.contains(WinRM::Group::\"" ADMINS
				    "\") };",
			 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	world_abandon(world);
	world->sender.groups = groups;
	world->sender.group_count = 1;
	world_expect_denied(world_ask_user(world), DECISION_FROM_POLICY);
}

static void the_administrator_flag_is_asked_for_and_else_false(void **state)
{
	struct world *world = *state;

	world_set_policy(world, PERMIT_CONNECT, 1);
	assert_false(world_ask_user(world)->administrator);
	world_abandon(world);
	world_set_policy(world,
			 PERMIT_CONNECT
			 "permit(principal, action == WinRM::Action::\"Administer\", resource);",
			 2);
	assert_true(world_ask_user(world)->administrator);
	world_commit(world);
	assert_true(world_record(world)->administrator);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_RECORD);
	assert_true(world->decision.administrator);
}

static void a_forbid_that_errs_denies_the_administrator_flag_only(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_ALL
			 "forbid(principal, action == WinRM::Action::\"Administer\", resource) "
			 "when { 9223372036854775807 + 1 > 0 };",
			 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	assert_false(world->decision.administrator);
	world_abandon(world);
	world->settings.on_error = DECIDE_ERROR_AS_CEDAR;
	assert_true(world_ask_user(world)->administrator);
}

/* Redirects. */

static void a_forbid_with_a_redirect_sends_the_user_away(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_ALL "@redirect(\"https://ps2.contoso.com/powershell\") "
				    "@deny_message(\"Moved.\") " FORBID_ALL,
			 1);
	world_expect_source(world_ask_user(world), DECISION_REDIRECT, DECISION_FROM_POLICY);
	assert_true(decision_win32_code(&world->decision) == 0x80338199u);
	assert_str_equal(world->decision.extended_information,
			 "https://ps2.contoso.com/powershell");
	assert_int_equal(world->decision.change.kind, RECORD_KEEP);
	assert_true(record_id_is_none(world->decision.record_id));
}

static void the_redirect_with_the_highest_priority_wins(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 "@redirect(\"https://a.example\") " FORBID_ALL
			 "@redirect(\"https://b.example\") @priority(\"2\") " FORBID_ALL
			 "@redirect(\"https://c.example\") @priority(\"1\") " FORBID_ALL,
			 1);
	assert_str_equal(world_ask_user(world)->extended_information, "https://b.example");
}

static void among_equal_redirects_the_first_policy_id_wins(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 "@id(\"b\") @redirect(\"https://b.example\") " FORBID_ALL
			 "@id(\"a\") @redirect(\"https://a.example\") " FORBID_ALL
			 "@id(\"c\") @redirect(\"https://c.example\") " FORBID_ALL,
			 1);
	assert_str_equal(world_ask_user(world)->extended_information, "https://a.example");
}

static void an_operation_is_denied_where_its_user_is_redirected(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_ALL "@redirect(\"https://ps2.contoso.com\") "
				    "@deny_message(\"Moved.\") " FORBID_ALL,
			 1);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_FROM_POLICY);
	assert_str_equal(world->decision.extended_information, "Moved.");
	world_expect_denied(world_ask_quota(world), DECISION_FROM_POLICY);
}

static void nobody_is_redirected_to_where_they_come_from(void **state)
{
	struct world *world = *state;

	world_set_policy(world, "@redirect(\"https://PS.contoso.com:443/PowerShell/\") " FORBID_ALL,
			 1);
	world_expect_denied(world_ask_user(world), DECISION_FROM_POLICY);
	world->sender.http_url = STR("http://ps.contoso.com/powershell");
	world_expect_source(world_ask_user(world), DECISION_REDIRECT, DECISION_FROM_POLICY);
	world->sender.http_url = STR("");
	world_expect_source(world_ask_user(world), DECISION_REDIRECT, DECISION_FROM_POLICY);
}

/* Policies that err. */

static void a_forbid_that_errs_denies(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 PERMIT_ALL "@id(\"broken\") forbid(principal, action, resource) "
				    "when { context.session.url.port + 9223372036854775807 > 0 };",
			 1);
	world_expect_denied(world_ask_user(world), DECISION_FROM_POLICY_ERROR);
	assert_int_equal(world->decision.error_count, 1);
	assert_str_equal(world->decision.erring[0], "broken");
	assert_int_equal(world->decision.errors[0].kind, CEDAR_EVAL_OVERFLOW);
	world_expect_denied(world_ask_operation(world, TRANSFER "/Get", WMI),
			    DECISION_FROM_POLICY_ERROR);
	world_expect_denied(world_ask_quota(world), DECISION_FROM_POLICY_ERROR);
}

static void a_forbid_that_errs_is_skipped_when_so_configured(void **state)
{
	struct world *world = *state;

	world->settings.on_error = DECIDE_ERROR_AS_CEDAR;
	world_set_policy(
		world,
		PERMIT_ALL
		"forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };",
		1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	assert_int_equal(world->decision.error_count, 1);
}

static void a_permit_that_errs_permits_nothing_and_hurts_no_other(void **state)
{
	struct world *world = *state;

	world_set_policy(
		world, "permit(principal, action, resource) when { 9223372036854775807 + 1 > 0 };",
		1);
	world_expect_denied(world_ask_user(world), DECISION_FROM_DEFAULT);
	world_set_policy(
		world,
		PERMIT_ALL
		"permit(principal, action, resource) when { 9223372036854775807 + 1 > 0 };",
		2);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
}

static void a_forbid_that_holds_is_named_before_one_that_errs(void **state)
{
	struct world *world = *state;

	world_set_policy(world,
			 "forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };"
			 "@id(\"no\") " FORBID_ALL,
			 1);
	world_expect_denied(world_ask_user(world), DECISION_FROM_POLICY);
	assert_str_equal(world->decision.reasons[0], "no");
}

/* What if. */

static void what_if_records_and_reserves_nothing(void **state)
{
	struct world *world = *state;
	struct decider decider = {NULL,         world->records, world->blocks, &world->settings,
				  world->cedar, &world->scratch};
	struct decision decision;

	world_set_policy(world, "@max_shells(\"5\") " PERMIT_ALL, 1);
	world_ask_operation(world, TRANSFER "/Get", WMI);
	world_abandon(world);
	decider.snapshot = world->snapshot;
	decide_what_if(&decider, &world->arena, &world->question, &decision);
	world_expect_allowed(&decision, DECISION_FROM_POLICY);
	assert_false(decision.has_quota);
	assert_int_equal(decision.change.kind, RECORD_KEEP);
	assert_true(record_id_is_none(decision.record_id));
	assert_null(world_record(world));
	world->question.kind = QUESTION_USER;
	decide_what_if(&decider, &world->arena, &world->question, &decision);
	world_expect_allowed(&decision, DECISION_FROM_POLICY);
	assert_true(decision.has_quota);
	assert_int_equal(decision.quota.max_shells, 5);
	world->question.kind = QUESTION_QUOTA;
	decide_what_if(&decider, &world->arena, &world->question, &decision);
	world_expect_allowed(&decision, DECISION_FROM_POLICY);
	put_block(world, STR(ALICE));
	decide_what_if(&decider, &world->arena, &world->question, &decision);
	world_expect_denied(&decision, DECISION_FROM_BLOCK);
}

static void what_if_does_not_trust_records(void **state)
{
	struct world *world = *state;
	struct decider decider = {NULL,         world->records, world->blocks, &world->settings,
				  world->cedar, &world->scratch};
	struct decision decision;

	world->settings.on_reload = DECIDE_RELOAD_KEEPS;
	world_set_policy(world, PERMIT_ALL, 1);
	world_ask_user(world);
	world_commit(world);
	world_set_policy(world, FORBID_ALL, 2);
	decider.snapshot = world->snapshot;
	world->question.kind = QUESTION_QUOTA;
	decide_what_if(&decider, &world->arena, &world->question, &decision);
	world_expect_denied(&decision, DECISION_FROM_POLICY);
	assert_int_equal(decision.change.kind, RECORD_KEEP);
}

/* Time. */

static void policies_see_local_time(void **state)
{
	struct world *world = *state;

	/* 2026-01-01 is a Thursday; the clock stands at midnight UTC. */
	world_set_policy(world,
			 "permit(principal, action, resource) when { "
			 "context.session.localTime == duration(\"0h\") && "
			 "context.session.weekday == \"Thursday\" && "
			 "context.session.time == datetime(\"2026-01-01\") };",
			 1);
	world_expect_allowed(world_ask_user(world), DECISION_FROM_POLICY);
	world_abandon(world);
	fake_clock_advance_ms(&world->clock, 1);
	world_expect_denied(world_ask_user(world), DECISION_FROM_DEFAULT);
}

/* The schema. */

static void assert_conforms(struct world *world, const struct cedar_schema *schema)
{
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	assert_int_equal(cedar_request_validate(world->cedar, schema, &diags), ERR_NONE);
	cedar_diags_deinit(&diags);
}

static void every_question_conforms_to_the_schema(void **state)
{
	static const char *const actions[] = {
		TRANSFER "/Get",
		TRANSFER "/Put",
		TRANSFER "/Create",
		TRANSFER "/Delete",
		ENUMERATE,
		WMI "/Restart",
		"http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe",
		"http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command",
	};
	static const char *const resources[] = {WMI "/Win32_Service", CMD, "urn:x"};
	static const struct sender_certificate certificate = {.issuer_thumbprint = {"00ff", 4}};
	struct world *world = *state;
	struct cedar_schema *schema;
	struct cedar_diags diags;

	cedar_diags_init(&diags);
	assert_int_equal(
		cedar_schema_read(STR("schema"), schema_text(), CEDAR_SCHEMA_TEXT, &diags, &schema),
		ERR_NONE);
	cedar_diags_deinit(&diags);
	world_set_policy(world, PERMIT_CONNECT, 1);
	world_ask_user(world); /* the last question of it is Administer */
	assert_conforms(world, schema);
	world_commit(world);
	for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(resources); j++) {
			world_ask_operation(world, actions[i], resources[j]);
			assert_int_equal(world->decision.source, DECISION_FROM_DEFAULT);
			assert_conforms(world, schema);
		}
	}
	world->sender = (struct sender){.name = STR("CN=x"),
					.mechanism = STR("ClientCertificate"),
					.certificate = &certificate};
	world_set_policy(world, FORBID_ALL, 2);
	world_ask_user(world);
	assert_conforms(world, schema);
	cedar_schema_free(schema);
}

/* The audit row. */

static void the_audit_row_says_who_what_and_why(void **state)
{
	struct world *world = *state;
	struct audit_row row;

	world_set_policy(world, "@id(\"all\") " PERMIT_ALL, 3);
	world_ask_operation(world, WMI "/Win32_Service/StartService",
			    WMI "/Win32_Service?Name=Spooler");
	row = decision_audit_row(&world->decision);
	assert_int_equal(row.kind, AUDIT_AUTHORIZE_OPERATION);
	assert_int_equal(row.verdict, AUDIT_ALLOW);
	assert_int_equal(row.code, 0);
	assert_str_equal(row.application, "wsman/Test");
	assert_str_equal(row.principal, ALICE);
	assert_str_equal(row.user, "CONTOSO\\Alice");
	assert_str_equal(row.user_folded, "contoso\\alice");
	assert_str_equal(row.mechanism, "Kerberos");
	assert_int_equal(row.groups.count, 2);
	assert_str_equal(row.action, "Invoke");
	assert_str_equal(row.action_uri, WMI "/Win32_Service/StartService");
	assert_str_equal(row.resource_uri, WMI "/Win32_Service?Name=Spooler");
	assert_str_equal(row.source, "policy");
	assert_int_equal(row.policies.count, 1);
	assert_str_equal(row.policies.items[0], "all");
	assert_int_equal(row.policy_revision, 3);
	assert_int_equal(row.wall_us, world->clock.wall_us);
	assert_memory_equal(row.record_id, world->decision.record_id.bytes, sizeof(row.record_id));
	assert_str_equal(row.context,
			 "{\"session\":{\"mechanism\":\"kerberos\",\"hasToken\":true,"
			 "\"elevated\":false,\"url\":{\"scheme\":\"https\","
			 "\"host\":\"ps.contoso.com\",\"port\":443,\"path\":\"/powershell\"}},"
			 "\"actionUri\":\"" WMI "/win32_service/startservice\","
			 "\"method\":\"startservice\"}");
}

static void denials_are_audited_as_such(void **state)
{
	struct world *world = *state;
	struct audit_row row;

	world_set_policy(world,
			 "@redirect(\"https://x.example\") forbid(principal, "
			 "action == WinRM::Action::\"Connect\", resource);",
			 1);
	row = decision_audit_row(world_ask_user(world));
	assert_int_equal(row.verdict, AUDIT_REDIRECT);
	assert_true(row.code == 0x80338199u);
	assert_str_equal(row.extended, "https://x.example");
	assert_str_equal(row.action, "Connect");
	row = decision_audit_row(world_ask_operation(world, "bad uri", WMI));
	assert_int_equal(row.verdict, AUDIT_DENY);
	assert_int_equal(row.code, 5);
	assert_str_equal(row.source, "malformed");
	assert_str_equal(row.action, "");
	assert_str_equal(row.action_uri, "bad uri");
}

static void a_decision_lists_a_bounded_number_of_policies(void **state)
{
	struct world *world = *state;
	char *text = calloc(DECISION_MAX_POLICIES + 2, sizeof(PERMIT_ALL));

	assert_non_null(text);
	for (size_t i = 0; i < DECISION_MAX_POLICIES; i++)
		strcat(text, PERMIT_ALL);
	world_set_policy(world, text, 1);
	assert_int_equal(world_ask_user(world)->reason_count, DECISION_MAX_POLICIES);
	world_abandon(world);
	strcat(text, PERMIT_ALL);
	world_set_policy(world, text, 2);
	assert_int_equal(world_ask_user(world)->reason_count, DECISION_MAX_POLICIES);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(denial_is_the_zero_value_and_far_from_the_others),
		TEST(a_verdict_with_a_flipped_bit_denies),
		TEST(every_source_has_a_name),
		TEST(without_policy_everybody_is_denied),
		TEST(a_malformed_sender_is_denied_and_the_field_is_named),
		TEST(a_malformed_operation_is_denied_and_the_field_is_named),
		TEST(a_blocked_principal_is_denied_whatever_the_policy_says),
		TEST(a_block_holds_against_a_live_record),
		TEST(a_user_whom_a_policy_permits_to_connect_is_allowed),
		TEST(a_user_whom_no_policy_permits_is_denied_without_a_record),
		TEST(a_forbid_wins_over_every_permit),
		TEST(a_deny_only_group_does_not_permit),
		TEST(a_deny_only_group_can_forbid),
		TEST(the_administrator_flag_is_asked_for_and_else_false),
		TEST(a_forbid_that_errs_denies_the_administrator_flag_only),
		TEST(a_forbid_with_a_redirect_sends_the_user_away),
		TEST(the_redirect_with_the_highest_priority_wins),
		TEST(among_equal_redirects_the_first_policy_id_wins),
		TEST(an_operation_is_denied_where_its_user_is_redirected),
		TEST(nobody_is_redirected_to_where_they_come_from),
		TEST(a_forbid_that_errs_denies),
		TEST(a_forbid_that_errs_is_skipped_when_so_configured),
		TEST(a_permit_that_errs_permits_nothing_and_hurts_no_other),
		TEST(a_forbid_that_holds_is_named_before_one_that_errs),
		TEST(what_if_records_and_reserves_nothing),
		TEST(what_if_does_not_trust_records),
		TEST(policies_see_local_time),
		TEST(every_question_conforms_to_the_schema),
		TEST(the_audit_row_says_who_what_and_why),
		TEST(denials_are_audited_as_such),
		TEST(a_decision_lists_a_bounded_number_of_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
