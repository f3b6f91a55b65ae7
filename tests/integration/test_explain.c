/* wsauthzctl explain and policy replay: recorded decisions of the real daemon, explained and asked
 * again from its databases. */
#include <stdio.h>
#include <unistd.h>

#include "integration/command.h"
#include "integration/fixture.h"

#define SERVICE    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service"
#define GROUP(sid) "principal in WinRM::Group::\"" sid "\""

static const char policy[] =
	"@id(\"connect\")\n"
	"permit(" GROUP(
		OPERATORS) ", action == WinRM::Action::\"Connect\", resource);\n"
			   "@id(\"start\")\n"
			   "permit(" GROUP(
				   OPERATORS) ", action == WinRM::Action::\"Invoke\", resource)\n"
					      "when { context has method && context.method == "
					      "\"startservice\" };\n"
					      "@id(\"banned\") @deny_message(\"Ask the help "
					      "desk.\")\n"
					      "forbid(" GROUP(
						      BANNED) ", action, resource);\n"
							      "@id(\"overflows\")\n"
							      "forbid(principal, action == "
							      "WinRM::Action::\"Put\", resource)\n"
							      "when { context.session.url.port + "
							      "9223372036854775807 < 0 };\n"
							      "@id(\"put\")\n"
							      "permit(principal, action == "
							      "WinRM::Action::\"Put\", "
							      "resource);\n";

/* Asks as alice of the operators unless told otherwise. */
static uint64_t ask(const struct daemon *daemon, const char *group, const char *action_uri,
		    const char *resource_uri, uint32_t verdict)
{
	const Wsauthz__Reply *reply;
	struct raw_sender sender;
	struct raw_peer peer;
	uint64_t id;

	raw_sender_init(&sender, "CONTOSO\\alice", ALICE, group);
	sender.sender.http_url = raw_text("https://ps.contoso.com/wsman");
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	reply = raw_peer_authorize(&peer, &sender, action_uri, resource_uri);
	assert_int_equal(fixture_verdict(reply), verdict);
	id = reply->decision->decision_id;
	raw_peer_close(&peer);
	return id;
}

/* `options` stand behind the number. */
static void explain(const struct daemon *daemon, uint64_t id, const char *options)
{
	char arguments[256];

	(void)snprintf(arguments, sizeof(arguments), "explain %llu%s", (unsigned long long)id,
		       options);
	if (command_run(daemon, arguments) != COMMAND_DONE)
		fail_msg("%s:\n%s", arguments, command_output());
}

static void expect_nearest(void)
{
	command_expect("answer    DENIED");
	command_expect("because   no policy permits it");
	command_expect("asked     Invoke by " SERVICE "/StopService");
	command_expect("revision  1, stored ");
	command_expect("nearest permits, and what they lack\n  start   policy.cedar:3\n");
	command_expect("false   context.method == \"startservice\"   policy.cedar:5:30\n");
	command_expect("context.method is \"stopservice\"");
}

static void a_denial_is_explained_by_what_the_nearest_permit_lacked(void **state)
{
	struct daemon daemon;
	char receipt[128];
	uint64_t id;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	(void)ask(&daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	id = ask(&daemon, OPERATORS, SERVICE "/StopService", SERVICE, VERDICT_DENY);
	explain(&daemon, id, "");
	expect_nearest();
	command_expect("record    ");
	command_expect("since decision 3 at ");
	/* As the user has it, and without the daemon. */
	assert_int_equal(daemon_stop(&daemon), 0);
	(void)snprintf(receipt, sizeof(receipt), "explain 'Access is denied. Decision %llu.'",
		       (unsigned long long)id);
	assert_int_equal(command_run(&daemon, receipt), COMMAND_DONE);
	expect_nearest();
	explain(&daemon, id, " --nearest 1 --json");
	command_expect("\"explained\":true,\"asked\":\"Invoke\",\"agrees\":true,"
		       "\"determining\":[],\"erring\":[],\"nearest\":[{\"id\":\"start\"");
	command_expect("{\"text\":\"context.method\",\"value\":\"\\\"stopservice\\\"\"}");
	command_expect_not("\"id\":\"put\"");
	daemon_deinit(&daemon, false);
}

static void the_revision_that_decided_explains_it(void **state)
{
	struct daemon daemon;
	uint64_t id;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	id = ask(&daemon, BANNED, NULL, NULL, VERDICT_DENY);
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource);");
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	explain(&daemon, id, "");
	command_expect("answer    DENIED, saying: Ask the help desk.");
	command_expect("revision  1, ");
	command_expect("forbidden by\n  banned   policy.cedar:6\n    | @id(\"banned\")");
	command_expect("true    " GROUP(BANNED) "   policy.cedar:7:8\n");
	fixture_stop(&daemon);
}

static void a_forbid_that_fails_denies_and_is_explained(void **state)
{
	struct daemon daemon;
	uint64_t id;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	(void)ask(&daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	id = ask(&daemon, OPERATORS, ACTION_PUT_URI, RESOURCE_OS, VERDICT_DENY);
	explain(&daemon, id, "");
	command_expect("because   a forbid policy could not be evaluated");
	command_expect("could not be evaluated\n  overflows   policy.cedar:8   integer overflow\n");
	command_expect("failed  context.session.url.port + 9223372036854775807   policy.cedar:10:8"
		       "\n              context.session.url.port is 443\n");
	fixture_stop(&daemon);
}

static void records_blocks_and_revocations_are_told(void **state)
{
	struct daemon daemon;
	uint64_t by_record, revoked, blocked;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	(void)ask(&daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	by_record = ask(&daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	assert_int_equal(command_run(&daemon, "records revoke " ALICE), COMMAND_DONE);
	revoked = ask(&daemon, OPERATORS, SERVICE "/StartService", SERVICE, VERDICT_DENY);
	assert_int_equal(command_run(&daemon, "block " ALICE " --reason 'left the company'"),
			 COMMAND_DONE);
	blocked = ask(&daemon, OPERATORS, NULL, NULL, VERDICT_DENY);

	explain(&daemon, by_record, "");
	command_expect("because   the user was let in before, and has a user record");
	command_expect(", since decision 3 at ");
	command_expect("(revision 1: connect)");
	explain(&daemon, revoked, "");
	command_expect("because   an administrator revoked the user's record");
	command_expect("revoked   by uid ");
	explain(&daemon, blocked, "");
	command_expect("because   an administrator blocked the principal");
	command_expect("UTC: left the company\n");
	command_expect_not(", until ");
	command_expect_not("unblocked ");
	explain(&daemon, blocked, " --json");
	command_expect("\"reason\":\"left the company\"");
	fixture_stop(&daemon);
}

static void the_end_of_a_block_is_told_whatever_ended_it(void **state)
{
	struct daemon daemon;
	uint64_t blocked;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	assert_int_equal(command_run(&daemon, "block " ALICE), COMMAND_DONE);
	assert_int_equal(command_run(&daemon, "unblock " ALICE), COMMAND_DONE);
	assert_int_equal(command_run(&daemon, "block " ALICE " --for 8h --reason lost"),
			 COMMAND_DONE);
	blocked = ask(&daemon, OPERATORS, NULL, NULL, VERDICT_DENY);
	explain(&daemon, blocked, "");
	command_expect(" UTC, until 2");
	command_expect(" UTC: lost\n");
	/* The block before and its end are of no interest. */
	command_expect_not("unblocked ");
	assert_int_equal(command_run(&daemon, "unblock " ALICE), COMMAND_DONE);
	assert_int_equal(command_run(&daemon, "block " ALICE " --reason again"), COMMAND_DONE);
	assert_int_equal(command_run(&daemon, "unblock " ALICE), COMMAND_DONE);
	explain(&daemon, blocked, "");
	command_expect(" UTC: lost\n");
	command_expect("unblocked by uid ");
	explain(&daemon, blocked, " --json");
	command_expect("\"block\":{\"by\":\"uid ");
	command_expect("\",\"until\":\"2");
	command_expect("\"unblock\":{\"by\":\"uid ");
	fixture_stop(&daemon);
}

static void what_happened_is_shown_with_the_policies_of_that_time(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	(void)ask(&daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	(void)ask(&daemon, OPERATORS, SERVICE "/StartService", SERVICE, VERDICT_ALLOW);
	daemon_write_policy(&daemon, "policy.cedar",
			    "@id(\"nobody\") forbid (principal, action, resource);\n");
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	(void)ask(&daemon, OPERATORS, NULL, NULL, VERDICT_DENY);

	assert_int_equal(command_run(&daemon, "audit query --since today --texts"), COMMAND_DONE);
	command_expect("wmicimv2/Win32_Service");
	command_expect("\nnobody   revision 2 of 2");
	command_expect("    | @id(\"nobody\") forbid (principal, action, resource);\n");
	command_expect("\nconnect   revision 1 of 2");
	assert_int_equal(
		command_run(&daemon, "audit query --resource wmicimv2/win32_ --texts --json"),
		COMMAND_DONE);
	assert_int_equal(command_line_count(), 2);
	command_expect("\n{\"policy\":\"start\",\"revision\":1,\"file\":\"policy.cedar\",");
	command_expect_not("nobody");
	assert_int_equal(command_run(&daemon, "audit query --texts --format csv"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "audit query --host PS.contoso.com --denied"),
			 COMMAND_DONE);
	assert_int_equal(command_line_count(), 2);
	assert_int_equal(command_run(&daemon, "audit query --host nowhere.contoso.com --texts"),
			 COMMAND_DONE);
	command_expect("no decisions match\n");

	assert_int_equal(command_run(&daemon, "policy show 1 --policy connect"), COMMAND_DONE);
	command_expect("connect   revision 1 of 2");
	command_expect_not("start");
	assert_int_equal(command_run(&daemon, "policy show 2 --policy connect"), COMMAND_INVALID);
	command_expect("revision 2 has no policy 'connect'");
	fixture_stop(&daemon);
}

/* Without the revisions the rows are still told, and that their policies are gone. */
static void policies_that_are_gone_are_said_to_be_gone(void **state)
{
	char path[256];
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	(void)ask(&daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	daemon_stop(&daemon);
	snprintf(path, sizeof(path), "%s/state.db", daemon.state_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(command_run(&daemon, "audit query --texts"), COMMAND_INVALID);
	command_expect("policy: connect");
	command_expect("state");
	daemon_deinit(&daemon, false);
}

static void a_decision_that_is_not_there_is_said_to_be_missing(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	(void)ask(&daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	assert_int_equal(command_run(&daemon, "explain 2"), COMMAND_INVALID);
	command_expect("there is no decision 2");
	assert_int_equal(command_run(&daemon, "explain 0"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "explain 1x"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "explain 'Decision 1..'"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "explain 9223372036854775808"), COMMAND_USAGE);
	command_expect("names no decision");
	assert_int_equal(command_run(&daemon, "explain"), COMMAND_USAGE);
	fixture_stop(&daemon);
}

/* Replay. */

/* Eight decisions, one of them by a block. */
static void make_decisions(const struct daemon *daemon)
{
	(void)ask(daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	(void)ask(daemon, OPERATORS, NULL, NULL, VERDICT_ALLOW);
	(void)ask(daemon, OPERATORS, SERVICE "/StartService", SERVICE, VERDICT_ALLOW);
	(void)ask(daemon, OPERATORS, SERVICE "/StopService", SERVICE, VERDICT_DENY);
	(void)ask(daemon, OPERATORS, ACTION_PUT_URI, RESOURCE_OS, VERDICT_DENY);
	(void)ask(daemon, BANNED, NULL, NULL, VERDICT_DENY);
	(void)ask(daemon, MOVED, NULL, NULL, VERDICT_DENY);
	assert_int_equal(command_run(daemon, "block " ALICE), COMMAND_DONE);
	(void)ask(daemon, OPERATORS, NULL, NULL, VERDICT_DENY);
}

static void the_active_policy_replayed_flips_nothing(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, policy, NULL);
	make_decisions(&daemon);
	assert_int_equal(command_run(&daemon, "policy replay active --max-flips 0"), COMMAND_DONE);
	command_expect("replayed  7 of 8 decisions (87.5 %) against active");
	command_expect("not       1: an administrator blocked the principal");
	command_expect("flips     0\n");
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_int_equal(command_run(&daemon, "policy replay 1 --json"), COMMAND_DONE);
	command_expect("\"decisions\":8,\"replayed\":7,");
	command_expect("\"flips\":0,");
	daemon_deinit(&daemon, false);
}

static void a_candidate_that_decides_otherwise_is_told_before_it_serves(void **state)
{
	struct daemon daemon;
	char command[256];

	(void)state;
	fixture_start(&daemon, policy, NULL);
	make_decisions(&daemon);
	daemon_write_policy(&daemon, "policy.cedar",
			    "@id(\"all\") permit(principal, action, resource)\n"
			    "unless { context has method };\n");
	(void)snprintf(command, sizeof(command), "policy replay %s --max-flips 5",
		       daemon.policy_dir);
	assert_int_equal(command_run(&daemon, command), COMMAND_DONE);
	command_expect("flips     5: 1 allow to deny, 3 deny to allow, 1 administrator gained");
	command_expect("1          deny to allow         overflows   all                  7\n");
	command_expect("1          allow to deny         start       default              5\n");
	(void)snprintf(command, sizeof(command), "policy replay %s --max-flips 4",
		       daemon.policy_dir);
	assert_int_equal(command_run(&daemon, command), COMMAND_DENIED);
	command_expect("more flips than allowed: 5, and at most 4 may be");
	(void)snprintf(command, sizeof(command), "policy replay %s --until 2020-01-01",
		       daemon.policy_dir);
	assert_int_equal(command_run(&daemon, command), COMMAND_DONE);
	command_expect("no decision was recorded in that time");
	assert_int_equal(command_run(&daemon, "policy replay active --since never"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "policy replay active --max-flips x"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "policy replay 99"), COMMAND_INVALID);
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal");
	(void)snprintf(command, sizeof(command), "policy replay %s", daemon.policy_dir);
	assert_int_equal(command_run(&daemon, command), COMMAND_INVALID);
	command_expect("policy.cedar:1:");
	fixture_stop(&daemon);
}

/* The gate. */

static const char closed[] = "@id(\"closed\") forbid(principal, action, resource);\n";

static void a_reload_that_flips_too_much_is_refused(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, policy, "  reload: on_request\n  max_flips: 3\n");
	make_decisions(&daemon);
	daemon_write_policy(&daemon, "policy.cedar", closed);
	/* As configured: three are allowed, and three come out otherwise. */
	assert_int_equal(command_run(&daemon, "policy reload --check-only"), COMMAND_DONE);
	assert_int_equal(command_run(&daemon, "policy reload --max-flips 2"), COMMAND_INVALID);
	command_expect("3 of 7 recorded decisions would come out otherwise, and at most 2 may: "
		       "3 allow to deny, such as decision ");
	command_expect("NOT activated");
	command_expect("revision 1 goes on serving");
	/* Of no time there are no decisions. */
	assert_int_equal(command_run(&daemon, "policy reload --max-flips 0 --since 1ms"),
			 COMMAND_DONE);
	command_expect("activated revision 2");
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource);");
	assert_int_equal(
		command_run(&daemon, "policy reload --max-flips 3 --since 'yesterday 00:00'"),
		COMMAND_INVALID);
	command_expect("at most 3 may");
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_INVALID);
	command_expect("at most 3 may");
	assert_int_equal(command_run(&daemon, "policy reload --max-flips unlimited"), COMMAND_DONE);
	command_expect("activated revision 3");
	assert_int_equal(command_run(&daemon, "policy reload --since 1h"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "policy reload --max-flips 4294967295"),
			 COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "policy reload --max-flips 1 --since 367d"),
			 COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "policy reload --max-flips 1 --since 2999-01-01"),
			 COMMAND_USAGE);
	fixture_stop(&daemon);
}

static void the_gate_holds_at_start_too(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, policy, "  reload: on_request\n  max_flips: 0\n");
	make_decisions(&daemon);
	assert_int_equal(daemon_stop(&daemon), 0);
	daemon_write_policy(&daemon, "policy.cedar", closed);
	assert_true(daemon_start(&daemon, NULL));
	/* Status says that something is wrong. */
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DENIED);
	command_expect("revision 1");
	assert_true(daemon_wait_log(&daemon, "policy.fallback"));
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_denial_is_explained_by_what_the_nearest_permit_lacked),
		cmocka_unit_test(the_revision_that_decided_explains_it),
		cmocka_unit_test(a_forbid_that_fails_denies_and_is_explained),
		cmocka_unit_test(records_blocks_and_revocations_are_told),
		cmocka_unit_test(the_end_of_a_block_is_told_whatever_ended_it),
		cmocka_unit_test(what_happened_is_shown_with_the_policies_of_that_time),
		cmocka_unit_test(policies_that_are_gone_are_said_to_be_gone),
		cmocka_unit_test(a_decision_that_is_not_there_is_said_to_be_missing),
		cmocka_unit_test(the_active_policy_replayed_flips_nothing),
		cmocka_unit_test(a_candidate_that_decides_otherwise_is_told_before_it_serves),
		cmocka_unit_test(a_reload_that_flips_too_much_is_refused),
		cmocka_unit_test(the_gate_holds_at_start_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
