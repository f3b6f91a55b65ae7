/* The life of a policy from the command line: checked, compared, activated, rolled back. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integration/fixture.h"

enum { OUTPUT_MAX = 1 << 20, DONE = 0, DENIED = 1, USAGE = 2, INVALID = 4 };

static char output[OUTPUT_MAX];

/* Runs wsauthzctl with the daemon's configuration; all that it printed is in `output`. */
static int ctl(const struct daemon *daemon, const char *arguments)
{
	char command[2048];
	size_t length;
	FILE *pipe;
	int status;

	assert_true(snprintf(command, sizeof(command), "%s %s --config %s 2>&1", WSAUTHZCTL,
			     arguments, daemon->config_path) < (int)sizeof(command));
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_output(const char *text)
{
	if (strstr(output, text) == NULL)
		fail_msg("expected '%s' in:\n%s", text, output);
}

static void expect_no_output(const char *text)
{
	if (strstr(output, text) != NULL)
		fail_msg("did not expect '%s' in:\n%s", text, output);
}

static int check(const struct daemon *daemon)
{
	char command[512];

	snprintf(command, sizeof(command), "policy check %s", daemon->policy_dir);
	return ctl(daemon, command);
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
	assert_int_equal(check(&daemon), DONE);
	expect_output("valid, 1 policy");
	daemon_write_policy(&daemon, "more.cedar",
			    "permit(principal, action, resource)\n"
			    "when { context.session.elevatd };\n");
	assert_int_equal(check(&daemon), INVALID);
	expect_output("more.cedar:2:8: error: ");
	expect_output("did you mean `elevated`?");
	expect_output("\n       ^~~");
	expect_output("invalid, 1 error\n");
	assert_int_equal(ctl(&daemon, "policy check --json /nowhere"), INVALID);
	expect_output("\"valid\":false");
	expect_output("/nowhere");
	assert_int_equal(ctl(&daemon, "policy check"), USAGE);
	daemon_deinit(&daemon, false);
}

static void history_show_and_diff_tell_what_was_activated(void **state)
{
	char command[512];
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, PERMIT_ALL, NULL);
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(ctl(&daemon, "policy reload"), DONE);
	assert_int_equal(daemon_stop(&daemon), 0);

	/* The daemon does not run. */
	assert_int_equal(ctl(&daemon, "policy history"), DONE);
	expect_output("2         2");
	expect_output("active");
	assert_int_equal(ctl(&daemon, "policy history --limit 1 --json"), DONE);
	expect_output("{\"revision\":2,");
	expect_output("\"active\":true,\"pinned\":false");
	expect_no_output("\"revision\":1");
	assert_int_equal(ctl(&daemon, "policy show 1"), DONE);
	expect_output("// policy.cedar\n" PERMIT_ALL);
	assert_int_equal(ctl(&daemon, "policy show active --json"), DONE);
	expect_output("\"files\":{\"policy.cedar\":\"@id(\\\"all\\\") forbid");
	assert_int_equal(ctl(&daemon, "policy show 3"), INVALID);
	expect_output("there is no revision 3");
	assert_int_equal(ctl(&daemon, "policy diff 1 2"), DONE);
	expect_output(
		"changed  all (policy.cedar:1)\n  effect\n    was  permit\n    now  forbid\n");
	snprintf(command, sizeof(command), "policy diff active %s", daemon.policy_dir);
	assert_int_equal(ctl(&daemon, command), DONE);
	expect_output("no differences");
	daemon_deinit(&daemon, false);
}

static void a_rollback_pins_a_revision_until_the_next_reload(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, PERMIT_ALL, NULL);
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(ctl(&daemon, "policy reload"), DONE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);
	assert_int_equal(ctl(&daemon, "policy rollback 7"), INVALID);
	assert_int_equal(ctl(&daemon, "policy rollback none"), USAGE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);
	assert_int_equal(ctl(&daemon, "policy rollback 1"), DONE);
	expect_output("activated revision 1");
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(ctl(&daemon, "status"), DONE);
	expect_output("revision 1 ");
	expect_output("pinned");

	/* Neither a change of the directory nor a restart ends the pin. */
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL "// changed\n");
	assert_true(daemon_wait_log(&daemon, "the pinned revision stays until a reload"));
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_true(daemon_start(&daemon, NULL));
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(ctl(&daemon, "policy history"), DONE);
	expect_output("pinned");

	/* Nor does a reload that fails. */
	daemon_write_policy(&daemon, "policy.cedar", "permit(");
	assert_int_equal(ctl(&daemon, "policy reload"), INVALID);
	expect_output("revision 1 goes on serving");
	assert_int_equal(ctl(&daemon, "status --json"), DENIED);
	expect_output("\"pinned\":true");

	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(ctl(&daemon, "policy reload"), DONE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);
	assert_int_equal(ctl(&daemon, "status --json"), DONE);
	expect_output("\"pinned\":false");
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
	return ctl(daemon, command);
}

static void a_policy_is_tested_before_it_is_activated(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, PERMIT_ALL, NULL);
	write_tests(&daemon, TESTS("allow"));
	assert_int_equal(check(&daemon), DONE);
	expect_output("valid, 1 policy, 1 test\n");
	assert_int_equal(ctl(&daemon, "policy reload"), DONE);
	expect_output("activated revision 2");

	/* The policy no longer does what its test says. */
	daemon_write_policy(&daemon, "policy.cedar", FORBID_ALL);
	assert_int_equal(ctl(&daemon, "policy reload"), INVALID);
	expect_output("tests/t.json:2:25: error: test \"alice connects\": the decision is deny (by "
		      "all at Connect), expected allow");
	expect_output("revision 2 goes on serving");
	assert_int_equal(ask_connect(&daemon), VERDICT_ALLOW);
	assert_int_equal(check(&daemon), INVALID);
	expect_output("tests/t.json:2:25: error: ");

	write_tests(&daemon, TESTS("deny"));
	assert_int_equal(ctl(&daemon, "policy reload"), DONE);
	assert_int_equal(ask_connect(&daemon), VERDICT_DENY);

	/* The tests are part of the revision. */
	assert_int_equal(ctl(&daemon, "policy show active"), DONE);
	expect_output("// tests/t.json\n");
	fixture_stop(&daemon);
}

static void tests_run_without_the_daemon_and_say_what_they_miss(void **state)
{
	struct daemon_options options = {.policy = PERMIT_ALL};
	struct daemon daemon;
	char junit[512], option[600];

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(test(&daemon, ""), DENIED);
	expect_output("has no tests");
	write_tests(&daemon, TESTS("allow"));
	assert_int_equal(test(&daemon, "--min-coverage 100"), DONE);
	expect_output("1 test, 0 failed\ncoverage 100%: 1 of 1 policies held, 0 of 0 outcomes");
	write_tests(&daemon, TESTS("deny"));
	snprintf(junit, sizeof(junit), "%s/junit.txt", daemon.policy_dir);
	snprintf(option, sizeof(option), "--junit %s", junit);
	assert_int_equal(test(&daemon, option), DENIED);
	expect_output("1 test, 1 failed");
	assert_int_equal(access(junit, F_OK), 0);
	assert_int_equal(test(&daemon, "--json"), DENIED);
	expect_output("\"passed\":false,\"decision\":\"allow\",\"reasons\":[\"all\"]");
	expect_output("{\"tests\":1,\"failed\":1}");

	daemon_write_policy(&daemon, "more.cedar",
			    "@id(\"more\") permit(principal, action, resource)\n"
			    "when { context.session.elevated };\n");
	write_tests(&daemon, TESTS("allow"));
	assert_int_equal(test(&daemon, "--min-coverage 90"), DENIED);
	expect_output("more.cedar:1:1: more applied, and never held\n"
		      "more.cedar:2:8: more was never true: context.session.elevated\n");
	expect_output("coverage 50%");
	assert_int_equal(test(&daemon, "--min-coverage 101"), USAGE);

	/* What is no policy is not tested. */
	write_tests(&daemon, "{\"tests\": [}");
	assert_int_equal(test(&daemon, ""), INVALID);
	expect_output("tests/t.json:1:12: error: ");
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
