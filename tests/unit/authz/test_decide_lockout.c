/* Who is kept out by an administrator, and who gets in all the same. */
#include "support/cmocka.h"
#include "world.h"

#define PERMIT_ALL "permit(principal, action, resource);\n"
#define FORBID_ALL "forbid(principal, action, resource);\n"
/* Errs for everybody: no name is a number of so many digits. */
#define ERRING                                                                                     \
	PERMIT_ALL "forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };\n"

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

static void expect(const struct decision *decision, enum decision_verdict verdict,
		   enum decision_source source)
{
	assert_string_equal(decision_source_text(decision->source), decision_source_text(source));
	assert_int_equal(decision->verdict, verdict);
	assert_int_equal(decision_win32_code(decision), verdict == DECISION_ALLOW ? 0 : 5);
}

static void let_in(struct world *world)
{
	world_set_policy(world, PERMIT_ALL, 1);
	expect(world_ask_user(world), DECISION_ALLOW, DECISION_FROM_POLICY);
	world_commit(world);
}

static void revoke(struct world *world)
{
	assert_true(records_revoke(world->records, world_record(world)->id));
}

/* Revoked. */

static void the_operations_of_a_revoked_user_are_denied(void **state)
{
	struct world *world = *state;

	let_in(world);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_ALLOW,
	       DECISION_FROM_POLICY);
	world_commit(world);
	revoke(world);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_DENY,
	       DECISION_FROM_REVOKED);
	assert_int_equal(world->decision.change.kind, RECORD_KEEP);
	expect(world_ask_quota(world), DECISION_DENY, DECISION_FROM_REVOKED);
}

static void a_revoked_user_who_connects_anew_is_asked_for_anew(void **state)
{
	struct world *world = *state;

	let_in(world);
	revoke(world);
	expect(world_ask_user(world), DECISION_ALLOW, DECISION_FROM_POLICY);
	world_commit(world);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_ALLOW,
	       DECISION_FROM_POLICY);
}

/* What is asked until then comes from what was opened before. */
static void a_revoked_user_is_out_until_the_row_of_the_new_connection(void **state)
{
	struct world *world = *state;
	struct record_change change;

	let_in(world);
	revoke(world);
	expect(world_ask_user(world), DECISION_ALLOW, DECISION_FROM_POLICY);
	change = world->decision.change;
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_DENY,
	       DECISION_FROM_REVOKED);
	records_apply(world->records, &change, 8);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_ALLOW,
	       DECISION_FROM_POLICY);
}

/* A connection that is opened anew is another logon, of which WinRM does not tell. */
static void a_revoked_user_stays_out_by_another_logon(void **state)
{
	static const struct sender_group logons[][2] = {
		{{{HELPDESK, sizeof(HELPDESK) - 1}, false}, {{"S-1-5-5-0-1001", 14}, false}},
		{{{HELPDESK, sizeof(HELPDESK) - 1}, false}, {{"S-1-5-5-0-2002", 14}, false}},
	};
	struct world *world = *state;

	world->sender.groups = logons[0];
	let_in(world);
	revoke(world);
	world->sender.groups = logons[1];
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_DENY,
	       DECISION_FROM_REVOKED);
}

static void what_was_decided_before_a_revocation_does_not_undo_it(void **state)
{
	struct world *world = *state;

	let_in(world);
	world_ask_operation(world, TRANSFER "/Get", WMI);
	revoke(world);
	world_commit(world);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_DENY,
	       DECISION_FROM_REVOKED);
}

static void a_revocation_ends_with_the_lifetime_of_the_record(void **state)
{
	struct world *world = *state;
	int64_t life_ms;

	let_in(world);
	life_ms = world_record(world)->grant.max_lifetime_ms;
	revoke(world);
	fake_clock_advance_ms(&world->clock, life_ms);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_DENY,
	       DECISION_FROM_REVOKED);
	fake_clock_advance_ms(&world->clock, 1);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_ALLOW,
	       DECISION_FROM_POLICY);
}

/* Break-glass. */

static void break_the_glass(struct world *world)
{
	world->settings.break_glass_group = STR(HELPDESK);
}

static void nobody_is_in_the_group_unless_it_is_configured(void **state)
{
	struct world *world = *state;

	world_set_policy(world, FORBID_ALL, 1);
	expect(world_ask_user(world), DECISION_DENY, DECISION_FROM_POLICY);
	world->settings.break_glass_group = STR(ADMINS);
	expect(world_ask_user(world), DECISION_DENY, DECISION_FROM_POLICY);
}

static void a_policy_does_not_lock_the_group_out(void **state)
{
	static const char *const policies[] = {FORBID_ALL,
					       "permit(principal, action, resource) when "
					       "{ false };\n",
					       ERRING};
	struct world *world = *state;

	break_the_glass(world);
	for (uint64_t i = 0; i < ARRAY_COUNT(policies); i++) {
		world_set_policy(world, policies[i], i + 1);
		expect(world_ask_user(world), DECISION_ALLOW, DECISION_FROM_BREAK_GLASS);
		assert_false(world->decision.administrator);
		assert_int_equal(world->decision.extended_information.length, 0);
		world_commit(world);
		assert_null(world_record(world));
		expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_ALLOW,
		       DECISION_FROM_BREAK_GLASS);
	}
}

static void the_audit_of_a_broken_glass_tells_what_the_policy_said(void **state)
{
	struct world *world = *state;
	struct audit_row row;

	break_the_glass(world);
	world_set_policy(world, "@id(\"closed\") " FORBID_ALL, 1);
	world_ask_user(world);
	row = decision_audit_row(&world->decision);
	assert_int_equal(row.verdict, AUDIT_ALLOW);
	assert_str_equal(row.source, "break_glass");
	assert_int_equal(row.policies.count, 1);
	assert_str_equal(row.policies.items[0], "closed");
}

static void without_any_policy_the_group_gets_in(void **state)
{
	struct world *world = *state;

	break_the_glass(world);
	expect(world_ask_user(world), DECISION_ALLOW, DECISION_FROM_BREAK_GLASS);
}

static void neither_a_block_nor_a_revocation_locks_the_group_out(void **state)
{
	struct world *world = *state;
	struct block block = {.principal = STR(ALICE), .until_us = BLOCK_FOR_EVER};

	break_the_glass(world);
	let_in(world);
	revoke(world);
	expect(world_ask_operation(world, TRANSFER "/Get", WMI), DECISION_ALLOW,
	       DECISION_FROM_BREAK_GLASS);
	assert_int_equal(blocks_put(world->blocks, &block), ERR_NONE);
	expect(world_ask_user(world), DECISION_ALLOW, DECISION_FROM_BREAK_GLASS);
}

static void what_the_policy_permits_needs_no_glass(void **state)
{
	struct world *world = *state;

	break_the_glass(world);
	let_in(world);
	assert_non_null(world_record(world));
}

static void deny_only_groups_and_malformed_senders_break_no_glass(void **state)
{
	static const struct sender_group deny_only[] = {{{HELPDESK, sizeof(HELPDESK) - 1}, true}};
	struct world *world = *state;

	break_the_glass(world);
	world_set_policy(world, FORBID_ALL, 1);
	world->sender.groups = deny_only;
	world->sender.group_count = 1;
	expect(world_ask_user(world), DECISION_DENY, DECISION_FROM_POLICY);
	world->sender.user_sid = STR("S-1-5-021");
	expect(world_ask_user(world), DECISION_DENY, DECISION_FROM_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_operations_of_a_revoked_user_are_denied),
		TEST(a_revoked_user_who_connects_anew_is_asked_for_anew),
		TEST(a_revoked_user_is_out_until_the_row_of_the_new_connection),
		TEST(a_revoked_user_stays_out_by_another_logon),
		TEST(what_was_decided_before_a_revocation_does_not_undo_it),
		TEST(a_revocation_ends_with_the_lifetime_of_the_record),
		TEST(nobody_is_in_the_group_unless_it_is_configured),
		TEST(a_policy_does_not_lock_the_group_out),
		TEST(the_audit_of_a_broken_glass_tells_what_the_policy_said),
		TEST(without_any_policy_the_group_gets_in),
		TEST(neither_a_block_nor_a_revocation_locks_the_group_out),
		TEST(what_the_policy_permits_needs_no_glass),
		TEST(deny_only_groups_and_malformed_senders_break_no_glass),
	};

	return cmocka_run_group_tests_name("decide_lockout", tests, NULL, NULL);
}
