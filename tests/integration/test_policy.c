/* The life of a policy from the command line: checked, compared, activated, rolled back. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integration/command.h"
#include "integration/fixture.h"

static int check(const struct daemon *daemon)
{
	char command[512];

	snprintf(command, sizeof(command), "policy check %s", daemon->policy_dir);
	return command_run(daemon, command);
}

#define PERMIT_ALL "@id(\"all\") permit(principal, action, resource);\n"
#define FORBID_ALL "@id(\"all\") forbid(principal, action, resource);\n"

static uint32_t ask_connect(const struct daemon *daemon)
{
	struct raw_sender sender;
	struct raw_peer peer;
	uint32_t verdict;

	raw_sender_init(&sender, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	verdict = fixture_verdict(raw_peer_authorize(&peer, &sender, NULL, NULL));
	raw_peer_close(&peer);
	return verdict;
}

static void a_check_needs_no_daemon_and_shows_each_mistake_once(void **state)
{
	struct daemon_options options = {.policy = PERMIT_ALL};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(check(&daemon), COMMAND_DONE);
	command_expect("valid, 1 policy");
	daemon_write_policy(&daemon, "more.cedar",
			    "permit(principal, action, resource)\n"
			    "when { context.session.elevatd };\n");
	assert_int_equal(check(&daemon), COMMAND_INVALID);
	command_expect("more.cedar:2:8: error: ");
	command_expect("did you mean `elevated`?");
	command_expect("\n       ^~~");
	command_expect("invalid, 1 error\n");
	assert_int_equal(command_run(&daemon, "policy check --json /nowhere"), COMMAND_INVALID);
	command_expect("\"valid\":false");
	command_expect("/nowhere");
	assert_int_equal(command_run(&daemon, "policy check"), COMMAND_USAGE);
	daemon_deinit(&daemon, false);
}

static void history_show_and_diff_tell_what_was_activated(void **state)
{
	char command[512];
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, PERMIT_ALL, NULL);
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	assert_int_equal(daemon_stop(&daemon), 0);

	/* The daemon does not run. */
	assert_int_equal(command_run(&daemon, "policy history"), COMMAND_DONE);
	command_expect("2         2");
	command_expect("active");
	assert_int_equal(command_run(&daemon, "policy history --limit 1 --json"), COMMAND_DONE);
	command_expect("{\"revision\":2,");
	command_expect("\"active\":true,\"pinned\":false");
	command_expect_not("\"revision\":1");
	assert_int_equal(command_run(&daemon, "policy show 1"), COMMAND_DONE);
	command_expect("// policy.cedar\n" PERMIT_ALL);
	assert_int_equal(command_run(&daemon, "policy show active --json"), COMMAND_DONE);
	command_expect("\"files\":{\"policy.cedar\":\"@id(\\\"all\\\") forbid");
	assert_int_equal(command_run(&daemon, "policy show 3"), COMMAND_INVALID);
	command_expect("there is no revision 3");
	assert_int_equal(command_run(&daemon, "policy diff 1 2"), COMMAND_DONE);
	command_expect(
		"changed  all (policy.cedar:1)\n  effect\n    was  permit\n    now  forbid\n");
	snprintf(command, sizeof(command), "policy diff active %s", daemon.policy_dir);
	assert_int_equal(command_run(&daemon, command), COMMAND_DONE);
	command_expect("no differences");
	daemon_write_policy(
		&daemon, "more.cedar",
		"@id(\"more\")\npermit (\n\tprincipal, // \x1b\n  action, resource);\n");
	assert_int_equal(command_run(&daemon, command), COMMAND_DONE);
	command_expect("added    more (more.cedar:1)\n"
		       "    | @id(\"more\")\n"
		       "    | permit (\n"
		       "    |     principal, // \\u{1b}\n"
		       "    |   action, resource);\n");
	daemon_deinit(&daemon, false);
}

static void a_rollback_pins_a_revision_until_the_next_reload(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, PERMIT_ALL, NULL);
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);
	assert_int_equal(command_run(&daemon, "policy rollback 7"), COMMAND_INVALID);
	assert_int_equal(command_run(&daemon, "policy rollback none"), COMMAND_USAGE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);
	assert_int_equal(command_run(&daemon, "policy rollback 1"), COMMAND_DONE);
	command_expect("activated revision 1");
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DONE);
	command_expect("revision 1 ");
	command_expect("pinned");

	/* Neither a change of the directory nor a restart ends the pin. */
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL "// changed\n");
	assert_true(daemon_wait_log(&daemon, "the pinned revision stays until a reload"));
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_true(daemon_start(&daemon, NULL));
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(command_run(&daemon, "policy history"), COMMAND_DONE);
	command_expect("pinned");

	/* Nor does a reload that fails. */
	daemon_write_policy(&daemon, "policy.cedar", "permit(");
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_INVALID);
	command_expect("revision 1 goes on serving");
	assert_int_equal(command_run(&daemon, "status --json"), COMMAND_DENIED);
	command_expect("\"pinned\":true");

	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);
	assert_int_equal(command_run(&daemon, "status --json"), COMMAND_DONE);
	command_expect("\"pinned\":false");
	fixture_stop(&daemon);
}

#define TESTS(expected)                                                                            \
	"{\"tests\": [{\"name\": \"alice connects\", \"request\": {\"user\": "                     \
	"\"CONTOSO\\\\alice\"},\n"                                                                 \
	" \"expect\": {\"decision\": \"" expected "\", \"reasons\": [\"all\"]}}]}\n"

static void write_tests(const struct daemon *daemon, const char *text)
{
	char directory[512];

	snprintf(directory, sizeof(directory), "%s/tests", daemon->policy_dir);
	if (mkdir(directory, 0700) != 0)
		assert_int_equal(access(directory, F_OK), 0);
	daemon_write_policy(daemon, "tests/t.json", text);
}

static int test(const struct daemon *daemon, const char *options)
{
	char command[1024];

	snprintf(command, sizeof(command), "policy test %s %s", daemon->policy_dir, options);
	return command_run(daemon, command);
}

static void a_policy_is_tested_before_it_is_activated(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, PERMIT_ALL, NULL);
	write_tests(&daemon, TESTS("allow"));
	assert_int_equal(check(&daemon), COMMAND_DONE);
	command_expect("valid, 1 policy, 1 test\n");
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	command_expect("activated revision 2");

	/* The policy no longer does what its test says. */
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_INVALID);
	command_expect(
		"tests/t.json:2:25: error: test \"alice connects\": the decision is deny (by "
		"all at Connect), expected allow");
	command_expect("revision 2 goes on serving");
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(check(&daemon), COMMAND_INVALID);
	command_expect("tests/t.json:2:25: error: ");

	write_tests(&daemon, TESTS("deny"));
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);

	/* The tests are part of the revision. */
	assert_int_equal(command_run(&daemon, "policy show active"), COMMAND_DONE);
	command_expect("// tests/t.json\n");
	fixture_stop(&daemon);
}

static void tests_run_without_the_daemon_and_say_what_they_miss(void **state)
{
	struct daemon_options options = {.policy = PERMIT_ALL};
	struct daemon daemon;
	char junit[512], option[600];

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(test(&daemon, ""), COMMAND_DENIED);
	command_expect("has no tests");
	write_tests(&daemon, TESTS("allow"));
	assert_int_equal(test(&daemon, "--min-coverage 100"), COMMAND_DONE);
	command_expect("1 test, 0 failed\ncoverage 100%: 1 of 1 policy held, 0 of 0 outcomes");
	write_tests(&daemon, TESTS("deny"));
	snprintf(junit, sizeof(junit), "%s/junit.txt", daemon.policy_dir);
	snprintf(option, sizeof(option), "--junit %s", junit);
	assert_int_equal(test(&daemon, option), COMMAND_DENIED);
	command_expect("1 test, 1 failed");
	assert_int_equal(access(junit, F_OK), 0);
	assert_int_equal(test(&daemon, "--json"), COMMAND_DENIED);
	command_expect("\"passed\":false,\"decision\":\"allow\",\"reasons\":[\"all\"]");
	command_expect("{\"tests\":1,\"failed\":1}");

	daemon_write_policy(&daemon, "more.cedar",
			    "@id(\"more\") permit(principal, action, resource)\n"
			    "when { context.session.elevated };\n");
	write_tests(&daemon, TESTS("allow"));
	assert_int_equal(test(&daemon, "--min-coverage 90"), COMMAND_DENIED);
	command_expect("more.cedar:1:1: more applied, and never held\n"
		       "more.cedar:2:8: more was never true: context.session.elevated\n");
	command_expect("coverage 50%");
	assert_int_equal(test(&daemon, "--min-coverage 101"), COMMAND_USAGE);

	/* What is no policy is not tested. */
	write_tests(&daemon, "{\"tests\": [}");
	assert_int_equal(test(&daemon, ""), COMMAND_INVALID);
	command_expect("tests/t.json:1:12: error: ");
	daemon_deinit(&daemon, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_needs_no_daemon_and_shows_each_mistake_once),
		cmocka_unit_test(history_show_and_diff_tell_what_was_activated),
		cmocka_unit_test(a_rollback_pins_a_revision_until_the_next_reload),
		cmocka_unit_test(a_policy_is_tested_before_it_is_activated),
		cmocka_unit_test(tests_run_without_the_daemon_and_say_what_they_miss),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
