/* wsauthzctl against the real daemon: what it prints, and the exit codes scripts rely on. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "integration/fixture.h"

enum { OUTPUT_MAX = 1 << 20, DONE = 0, DENIED = 1, USAGE = 2, UNREACHABLE = 3, INVALID = 4 };

static char output[OUTPUT_MAX];

/* Runs wsauthzctl with the daemon's configuration; what it printed, errors included, is in
 * `output`. */
static int ctl(const struct daemon *daemon, const char *arguments)
{
	char command[1024];
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

static int line_count(void)
{
	int count = 0;

	for (const char *at = output; *at != '\0'; at++)
		count += *at == '\n';
	return count;
}

static void connect_as(const struct daemon *daemon, const char *name, const char *sid,
		       const char *group)
{
	struct raw_sender sender;
	struct raw_peer peer;

	raw_sender_init(&sender, name, sid, group);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	fixture_verdict(raw_peer_authorize(&peer, &sender, NULL, NULL));
	raw_peer_close(&peer);
}

static void status_tells_how_the_daemon_is(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	connect_as(&daemon, "CONTOSO\\mallory", "S-1-5-21-1-2-3-9", NULL);
	assert_int_equal(ctl(&daemon, "status"), DONE);
	expect_output("health       ok\n");
	expect_output("revision 1");
	expect_output("4 policies");
	expect_output("strict");
	expect_output("(audit-000001.db)");
	assert_int_equal(ctl(&daemon, "status --json"), DONE);
	assert_int_equal(line_count(), 1);
	expect_output("\"revision\":1");
	expect_output("\"allowed\":1");
	expect_output("\"denied\":1");
	expect_output("\"records\":1");
	expect_output("\"failure\":null");
	expect_output("\"health\":\"ok\",\"problems\":[]");
	fixture_stop(&daemon);
}

static void status_says_in_words_what_is_wrong_and_fails_then(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"),
		      "  reload: on_request\nmetrics:\n  file: /nonexistent/wsauthz.prom\n");
	assert_true(daemon_wait_log(&daemon, "metrics.not_written"));
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource) when;\n");
	assert_int_equal(ctl(&daemon, "policy reload"), INVALID);
	assert_int_equal(ctl(&daemon, "status"), DENIED);
	expect_output("health       DEGRADED\n             since 2");
	expect_output(" UTC: the policy was refused: policy.cedar:1:41: ");
	expect_output(" UTC: the metrics cannot be written to /nonexistent/wsauthz.prom\n");
	assert_int_equal(ctl(&daemon, "status --json"), DENIED);
	assert_int_equal(line_count(), 1);
	expect_output("\"health\":\"degraded\",\"problems\":[{\"code\":\"policy_refused\"");
	expect_output("{\"code\":\"metrics_file\"");

	/* At start it falls back to the last good revision, and says so too. */
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_true(daemon_start(&daemon, NULL));
	assert_int_equal(ctl(&daemon, "status"), DENIED);
	expect_output("was invalid at start: revision 1 serves, the last good one\n");
	fixture_stop(&daemon);
}

static void an_unreachable_daemon_is_exit_code_three(void **state)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m")};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(ctl(&daemon, "status"), UNREACHABLE);
	expect_output("is the daemon running?");
	assert_int_equal(ctl(&daemon, "records list"), UNREACHABLE);
	daemon_deinit(&daemon, false);
}

static void a_wrong_command_line_is_exit_code_two(void **state)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m")};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(ctl(&daemon, "frobnicate"), USAGE);
	assert_int_equal(ctl(&daemon, "audit"), USAGE);
	expect_output("audit query, audit tail, audit top, audit stats, audit sql, audit export, "
		      "audit report, "
		      "audit verify");
	assert_int_equal(ctl(&daemon, "status --frobnicate"), USAGE);
	expect_output("unknown option '--frobnicate'");
	assert_int_equal(ctl(&daemon, "status surplus"), USAGE);
	expect_output("unexpected argument 'surplus'");
	assert_int_equal(ctl(&daemon, "audit query --limit many"), USAGE);
	assert_int_equal(ctl(&daemon, "audit query --since tomorrowish"), USAGE);
	assert_int_equal(ctl(&daemon, "authorize --action Connect"), USAGE);
	assert_int_equal(ctl(&daemon, "authorize --user alice --action Get"), USAGE);
	expect_output("Give --resource URI");
	assert_int_equal(ctl(&daemon, "authorize --user alice --elevated"), USAGE);
	expect_output("give --sid SID");
	assert_int_equal(ctl(&daemon, "audit query --help"), DONE);
	expect_output("--denied");
	daemon_deinit(&daemon, false);
}

static void authorize_says_what_the_policy_says_and_records_nothing(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(ctl(&daemon,
			     "authorize --user 'CONTOSO\\alice' --sid " ALICE " --group " OPERATORS
			     " --action Get --resource " RESOURCE_OS),
			 DONE);
	expect_output("allow");
	expect_output("operators-read");
	expect_no_output("quota");
	assert_int_equal(ctl(&daemon, "authorize --user 'CONTOSO\\alice' --sid " ALICE
				      " --group " OPERATORS),
			 DONE);
	expect_output("quota     shells 5  operations unlimited");
	assert_int_equal(ctl(&daemon, "authorize --user 'CONTOSO\\alice' --sid " ALICE
				      " --group " BANNED " --json"),
			 DENIED);
	expect_output("\"decision\":\"deny\"");
	expect_output("\"reasons\":[\"banned\"]");
	expect_output("Ask the help desk.");
	assert_int_equal(ctl(&daemon, "audit query"), DONE);
	expect_output("no decisions match");
	assert_int_equal(ctl(&daemon, "records list"), DONE);
	expect_output("no live records");
	fixture_stop(&daemon);
}

static void a_request_that_cannot_be_decided_is_no_denial_by_policy(void **state)
{
	struct daemon daemon;
	char *log;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(ctl(&daemon, "authorize --user alice --sid S-bogus"), USAGE);
	expect_output("user_sid: invalid data");
	expect_no_output("deny");
	connect_as(&daemon, "CONTOSO\\alice", "S-bogus", OPERATORS);
	assert_int_equal(ctl(&daemon, "audit query"), DONE);
	expect_output("malformed");
	log = daemon_log(&daemon);
	assert_non_null(strstr(log, "request.malformed"));
	free(log);
	fixture_stop(&daemon);
}

static void audit_query_filters_and_works_without_the_daemon(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	connect_as(&daemon, "CONTOSO\\bob", BOB, BANNED);
	connect_as(&daemon, "CONTOSO\\carol", "S-1-5-21-1-2-3-2007", MOVED);
	assert_int_equal(ctl(&daemon, "audit query --json"), DONE);
	assert_int_equal(line_count(), 3);
	assert_int_equal(daemon_stop(&daemon), 0);

	assert_int_equal(ctl(&daemon, "audit query --json --denied"), DONE);
	assert_int_equal(line_count(), 1);
	expect_output("\"policies\":[\"banned\"]");
	assert_int_equal(ctl(&daemon, "audit query --user 'contoso\\ALICE'"), DONE);
	expect_output("CONTOSO\\alice");
	expect_no_output("CONTOSO\\bob");
	assert_int_equal(ctl(&daemon, "audit query --user " BOB " --format csv"), DONE);
	assert_int_equal(line_count(), 2);
	expect_output("\"CONTOSO\\bob\"");
	assert_int_equal(ctl(&daemon, "audit query --policy moved --json"), DONE);
	expect_output("\"decision\":\"redirect\"");
	assert_int_equal(ctl(&daemon, "audit query --until 1h"), DONE);
	expect_output("no decisions match");
	assert_int_equal(ctl(&daemon, "audit query --since 1h --limit 2 --json"), DONE);
	assert_int_equal(line_count(), 2);
	assert_int_equal(ctl(&daemon, "audit verify"), DONE);
	expect_output("intact: 3 decisions");
	daemon_deinit(&daemon, false);
}

static void hostile_names_cannot_disturb_a_terminal(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "a\n2026 ALLOW root\x1b]0;x\x07\xe2\x80\xae", ALICE, OPERATORS);
	assert_int_equal(ctl(&daemon, "audit query"), DONE);
	assert_int_equal(line_count(), 2);
	expect_no_output("\x1b");
	expect_no_output("\xe2\x80\xae");
	expect_output("a\\u{a}2026 ALLOW root\\u{1b}]0;x\\u{7}\\u{202e}");
	assert_int_equal(ctl(&daemon, "records list"), DONE);
	expect_no_output("\x1b");
	assert_int_equal(line_count(), 2);
	fixture_stop(&daemon);
}

static void records_list_shows_live_records_by_name_whatever_the_case(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	connect_as(&daemon, "CONTOSO\\bob", BOB, OPERATORS);
	assert_int_equal(ctl(&daemon, "records list --json"), DONE);
	assert_int_equal(line_count(), 2);
	assert_int_equal(ctl(&daemon, "records list --json --user 'contoso\\BOB'"), DONE);
	assert_int_equal(line_count(), 1);
	expect_output("\"sid\":\"" BOB "\"");
	fixture_stop(&daemon);
}

/* The id of the one record there is. */
static void read_record_id(const struct daemon *daemon, char id[33])
{
	static const char key[] = "\"record\":\"";
	const char *at;

	assert_int_equal(ctl(daemon, "records list --json"), DONE);
	at = strstr(output, key);
	assert_non_null(at);
	memcpy(id, at + strlen(key), 32);
	id[32] = '\0';
}

static void who_has_a_record_is_blocked_by_its_id(void **state)
{
	struct daemon daemon;
	char command[64], id[33];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	read_record_id(&daemon, id);
	snprintf(command, sizeof(command), "block %s", id);
	assert_int_equal(ctl(&daemon, command), DONE);
	expect_output("blocked " ALICE " for ever");
	assert_int_equal(ctl(&daemon, "block 00000000000000000000000000000001"), DENIED);
	expect_output("no such record");
	fixture_stop(&daemon);
}

static void a_user_is_revoked_and_blocked_and_let_go(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	assert_int_equal(ctl(&daemon, "records revoke 'contoso\\ALICE'"), DONE);
	expect_output("1 record revoked");
	assert_int_equal(ctl(&daemon, "records revoke " ALICE), DENIED);
	assert_int_equal(ctl(&daemon, "records list"), DONE);
	expect_output("revoked");
	assert_int_equal(ctl(&daemon, "records show 0123"), USAGE);
	assert_int_equal(ctl(&daemon, "records show 00000000000000000000000000000001"), DENIED);

	assert_int_equal(ctl(&daemon, "block " ALICE " --for 90"), USAGE);
	expect_output("--for takes a span");
	assert_int_equal(ctl(&daemon, "block " ALICE " --for 8h --reason 'left\tthe company'"),
			 DONE);
	expect_output("blocked " ALICE " until 2");
	assert_int_equal(ctl(&daemon, "block 'CONTOSO\\Bob'"), DONE);
	expect_output("blocked contoso\\bob for ever");
	assert_int_equal(ctl(&daemon, "blocks"), DONE);
	assert_int_equal(line_count(), 3);
	expect_output("left\\u{9}the company");
	assert_int_equal(ctl(&daemon, "blocks --json"), DONE);
	assert_int_equal(line_count(), 2);
	expect_output("\"reason\":\"left\\tthe company\"");
	assert_int_equal(ctl(&daemon, "unblock " ALICE), DONE);
	assert_int_equal(ctl(&daemon, "unblock " ALICE), DENIED);
	expect_output("no such block");
	fixture_stop(&daemon);
}

static void policy_reload_activates_or_says_why_not(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource) when;\n");
	assert_int_equal(ctl(&daemon, "policy reload"), INVALID);
	expect_output("policy.cedar:1:");
	expect_output("revision 1 goes on serving");
	assert_int_equal(ctl(&daemon, "status"), DENIED);
	expect_output("FAILED");
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource);\n");
	assert_int_equal(ctl(&daemon, "policy reload --check-only --json"), DONE);
	expect_output("\"activated\":false");
	assert_int_equal(ctl(&daemon, "policy reload --json"), DONE);
	expect_output("\"activated\":true,\"revision\":2");
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_tells_how_the_daemon_is),
		cmocka_unit_test(status_says_in_words_what_is_wrong_and_fails_then),
		cmocka_unit_test(an_unreachable_daemon_is_exit_code_three),
		cmocka_unit_test(a_wrong_command_line_is_exit_code_two),
		cmocka_unit_test(authorize_says_what_the_policy_says_and_records_nothing),
		cmocka_unit_test(a_request_that_cannot_be_decided_is_no_denial_by_policy),
		cmocka_unit_test(audit_query_filters_and_works_without_the_daemon),
		cmocka_unit_test(hostile_names_cannot_disturb_a_terminal),
		cmocka_unit_test(records_list_shows_live_records_by_name_whatever_the_case),
		cmocka_unit_test(who_has_a_record_is_blocked_by_its_id),
		cmocka_unit_test(a_user_is_revoked_and_blocked_and_let_go),
		cmocka_unit_test(policy_reload_activates_or_says_why_not),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
