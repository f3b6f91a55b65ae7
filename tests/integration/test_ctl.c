/* wsauthzctl against the real daemon: what it prints, and the exit codes scripts rely on. */
#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "integration/command.h"
#include "integration/fixture.h"

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
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DONE);
	command_expect("health       ok\n");
	command_expect("revision 1");
	command_expect("4 policies");
	command_expect("strict");
	command_expect("(audit-000001.db)");
	assert_int_equal(command_run(&daemon, "status --json"), COMMAND_DONE);
	assert_int_equal(command_line_count(), 1);
	command_expect("\"revision\":1");
	command_expect("\"allowed\":1");
	command_expect("\"denied\":1");
	command_expect("\"records\":1");
	command_expect("\"failure\":null");
	command_expect("\"health\":\"ok\",\"problems\":[]");
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
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_INVALID);
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DENIED);
	command_expect("health       DEGRADED\n             since 2");
	command_expect(" UTC: the policy was refused: policy.cedar:1:41: ");
	command_expect(" UTC: the metrics cannot be written to /nonexistent/wsauthz.prom\n");
	assert_int_equal(command_run(&daemon, "status --json"), COMMAND_DENIED);
	assert_int_equal(command_line_count(), 1);
	command_expect("\"health\":\"degraded\",\"problems\":[{\"code\":\"policy_refused\"");
	command_expect("{\"code\":\"metrics_file\"");

	/* At start it falls back to the last good revision, and says so too. */
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_true(daemon_start(&daemon, NULL));
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DENIED);
	command_expect("was invalid at start: revision 1 serves, the last good one\n");
	fixture_stop(&daemon);
}

static void status_says_that_changes_are_not_noticed_until_they_are(void **state)
{
	struct daemon daemon;
	char aside[256];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), "  reload: on_change\n");
	tmpdir_path(&daemon.dir, "aside", aside, sizeof(aside));
	assert_int_equal(rename(daemon.policy_dir, aside), 0);
	assert_true(daemon_wait_log(&daemon, "policy.not_watched"));
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DENIED);
	command_expect(" UTC: ");
	command_expect("policy cannot be watched, so changes there are not noticed: use wsauthzctl "
		       "policy reload\n");
	assert_int_equal(command_run(&daemon, "status --json"), COMMAND_DENIED);
	command_expect("\"code\":\"policy_not_watched\"");
	assert_int_equal(command_run(&daemon, "doctor"), COMMAND_DENIED);
	command_expect("cannot be watched");

	assert_int_equal(rename(aside, daemon.policy_dir), 0);
	assert_true(daemon_wait_log(&daemon, "policy.unchanged"));
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DONE);
	fixture_stop(&daemon);
}

static void an_unreachable_daemon_is_exit_code_three(void **state)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m")};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(command_run(&daemon, "status"), COMMAND_UNREACHABLE);
	command_expect("is the daemon running?");
	assert_int_equal(command_run(&daemon, "records list"), COMMAND_UNREACHABLE);
	daemon_deinit(&daemon, false);
}

static void help_is_there_however_it_is_asked_for(void **state)
{
	static const struct {
		const char *arguments, *text;
		int code;
	} cases[] = {
		{"--help", "  audit query ", COMMAND_DONE},
		{"-h", "  audit query ", COMMAND_DONE},
		{"help", "  audit query ", COMMAND_DONE},
		{"--json --help", "  audit query ", COMMAND_DONE},
		{"", "  audit query ", COMMAND_USAGE},
		{"policy --help", "  policy check ", COMMAND_DONE},
		{"help policy", "  policy check ", COMMAND_DONE},
		{"policy check -h", "usage: wsauthzctl policy check DIR", COMMAND_DONE},
		{"help policy check", "usage: wsauthzctl policy check DIR", COMMAND_DONE},
		{"help polcy", "there is no command 'polcy'", COMMAND_USAGE},
		{"--json", "which command?", COMMAND_USAGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(command_run_alone(cases[i].arguments), cases[i].code);
		command_expect(cases[i].text);
	}
}

static void options_of_every_command_may_stand_before_it(void **state)
{
	struct daemon daemon;
	char arguments[512];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_true(snprintf(arguments, sizeof(arguments), "--json --config %s policy history",
			     daemon.config_path) < (int)sizeof(arguments));
	assert_int_equal(command_run_alone(arguments), COMMAND_DONE);
	command_expect("{\"revision\":1,");
	fixture_stop(&daemon);
}

static void a_wrong_command_line_is_exit_code_two(void **state)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m")};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(command_run(&daemon, "frobnicate"), COMMAND_USAGE);
	assert_int_equal(command_run_alone("audit"), COMMAND_USAGE);
	command_expect("  audit query ");
	command_expect("  audit verify ");
	command_expect_not("  status ");
	assert_int_equal(command_run(&daemon, "audit qurey"), COMMAND_USAGE);
	command_expect("did you mean 'audit query'?");
	assert_int_equal(command_run(&daemon, "status --frobnicate"), COMMAND_USAGE);
	command_expect("unknown option '--frobnicate'");
	assert_int_equal(command_run(&daemon, "status --jsn"), COMMAND_USAGE);
	command_expect("did you mean --json?");
	assert_int_equal(command_run(&daemon, "status surplus"), COMMAND_USAGE);
	command_expect("unexpected argument 'surplus'");
	assert_int_equal(command_run(&daemon, "audit query --limit many"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "audit query --since tomorrowish"), COMMAND_USAGE);
	command_expect("'tomorrowish' is no time");
	assert_int_equal(command_run(&daemon, "audit query --action Gte"), COMMAND_USAGE);
	command_expect("did you mean Get?");
	assert_int_equal(command_run(&daemon, "audit query --source somewhere"), COMMAND_USAGE);
	command_expect("'somewhere' is none of policy, default, record, block,");
	assert_int_equal(command_run(&daemon, "authorize --action Connect"), COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "authorize --user alice --action Get"),
			 COMMAND_USAGE);
	command_expect("Give --resource URI");
	assert_int_equal(command_run(&daemon, "authorize --user alice --elevated"), COMMAND_USAGE);
	command_expect("give --sid SID");
	assert_int_equal(command_run(&daemon, "audit query --help"), COMMAND_DONE);
	command_expect("--denied");
	daemon_deinit(&daemon, false);
}

static void authorize_says_what_the_policy_says_and_records_nothing(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(command_run(&daemon,
				     "authorize --user 'CONTOSO\\alice' --sid " ALICE
				     " --group " OPERATORS " --action Get --resource " RESOURCE_OS),
			 COMMAND_DONE);
	command_expect("allow");
	command_expect("operators-read");
	command_expect_not("quota");
	assert_int_equal(command_run(&daemon, "authorize --user 'CONTOSO\\alice' --sid " ALICE
					      " --group " OPERATORS),
			 COMMAND_DONE);
	command_expect("quota     shells 5  operations unlimited");
	assert_int_equal(command_run(&daemon, "authorize --user 'CONTOSO\\alice' --sid " ALICE
					      " --group " BANNED " --json"),
			 COMMAND_DENIED);
	command_expect("\"decision\":\"deny\"");
	command_expect("\"reasons\":[\"banned\"]");
	command_expect("Ask the help desk.");
	assert_int_equal(command_run(&daemon, "audit query"), COMMAND_DONE);
	command_expect("no decisions match");
	assert_int_equal(command_run(&daemon, "records list"), COMMAND_DONE);
	command_expect("no live records");
	fixture_stop(&daemon);
}

static void a_request_that_cannot_be_decided_is_no_denial_by_policy(void **state)
{
	struct daemon daemon;
	char *log;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(command_run(&daemon, "authorize --user alice --sid S-bogus"),
			 COMMAND_USAGE);
	command_expect("--sid: 'S-bogus' is neither a SID such as");
	command_expect_not("deny");
	connect_as(&daemon, "CONTOSO\\alice", "S-bogus", OPERATORS);
	assert_int_equal(command_run(&daemon, "audit query"), COMMAND_DONE);
	command_expect("malformed");
	log = daemon_log(&daemon);
	assert_non_null(strstr(log, "request.malformed"));
	free(log);
	fixture_stop(&daemon);
}

static void authorize_takes_what_policies_are_written_with(void **state)
{
	static const char policy[] =
		"@id(\"connect\") permit (principal in WinRM::Group::\"CONTOSO\\\\Operators\","
		" action == WinRM::Action::\"Connect\", resource);\n"
		"@id(\"start\") permit (principal, action == WinRM::Action::\"Invoke\","
		" resource in WinRM::Resource::\"wmicimv2\")"
		" when { context has method && context.method == \"startservice\" };\n"
		"@id(\"read\") permit (principal, action in WinRM::Action::\"Read\","
		" resource in WinRM::Resource::\"wmicimv2/Win32_Service\");\n";
	static const struct {
		const char *options, *text;
		int code;
	} cases[] = {
		{"", "allow (code 0x0) for Connect under policy revision 2", COMMAND_DONE},
		{"--action get --resource wmicimv2/Win32_Service", "for Get ", COMMAND_DONE},
		{"--action get --resource wmicimv2/Win32_Process", "for Get ", COMMAND_DENIED},
		{"--action Invoke --method StartService --resource wmicimv2/Win32_Service?Name=x",
		 "because   start\n", COMMAND_DONE},
		{"--action Invoke --method StopService --resource wmicimv2/Win32_Service",
		 "no policy permits it", COMMAND_DENIED},
		{"--action Gte --resource wmi", "did you mean Get?", COMMAND_USAGE},
		{"--action StartService --resource wmi", "--action Invoke --method StartService",
		 COMMAND_USAGE},
		{"--action Get --method x --resource wmi", "--method is of --action Invoke",
		 COMMAND_USAGE},
		{"--group 'CONTOSO\\Operatrs'", "'CONTOSO\\Operatrs' is neither a SID such as",
		 COMMAND_USAGE},
	};
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	daemon_write_policy(&daemon, "directory.json",
			    "{\"CONTOSO\\\\Operators\": \"" OPERATORS "\"}\n");
	daemon_write_policy(&daemon, "policy.cedar", policy);
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char arguments[512];

		snprintf(arguments, sizeof(arguments),
			 "authorize --user alice --sid " ALICE " --group 'contoso\\OPERATORS' %s",
			 cases[i].options);
		assert_int_equal(command_run(&daemon, arguments), cases[i].code);
		command_expect(cases[i].text);
	}
	assert_int_equal(command_run(&daemon, "block " ALICE), COMMAND_DONE);
	assert_int_equal(command_run(&daemon, "authorize --user alice --sid " ALICE),
			 COMMAND_DENIED);
	command_expect("deny (code 0x5) for Connect\nbecause   the principal is blocked\n");
	assert_int_equal(command_run(&daemon, "policy rollback 99"), COMMAND_INVALID);
	command_expect("there is no revision 99; see wsauthzctl policy history");
	fixture_stop(&daemon);
}

static void where_nothing_can_be_read_it_is_said_what_to_do(void **state)
{
	(void)state;
	assert_int_equal(command_run_alone("audit query --state /nonesuch"), COMMAND_INVALID);
	command_expect("/nonesuch: not found; did the daemon ever run here?");
	assert_int_equal(command_run_alone("policy history --state /nonesuch"), COMMAND_INVALID);
	command_expect("; did the daemon ever run here?");
	assert_int_equal(command_run_alone("status --admin /nonesuch/admin.sock"),
			 COMMAND_UNREACHABLE);
	command_expect("is the daemon running?");
}

static void audit_query_filters_and_works_without_the_daemon(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	connect_as(&daemon, "CONTOSO\\bob", BOB, BANNED);
	connect_as(&daemon, "CONTOSO\\carol", "S-1-5-21-1-2-3-2007", MOVED);
	assert_int_equal(command_run(&daemon, "audit query --json"), COMMAND_DONE);
	assert_int_equal(command_line_count(), 3);
	assert_int_equal(daemon_stop(&daemon), 0);

	assert_int_equal(command_run(&daemon, "audit query --json --denied"), COMMAND_DONE);
	assert_int_equal(command_line_count(), 1);
	command_expect("\"policies\":[\"banned\"]");
	assert_int_equal(command_run(&daemon, "audit query --user 'contoso\\ALICE'"), COMMAND_DONE);
	command_expect("CONTOSO\\alice");
	command_expect_not("CONTOSO\\bob");
	assert_int_equal(command_run(&daemon, "audit query --user " BOB " --format csv"),
			 COMMAND_DONE);
	assert_int_equal(command_line_count(), 2);
	command_expect("\"CONTOSO\\bob\"");
	assert_int_equal(command_run(&daemon, "audit query --policy moved --json"), COMMAND_DONE);
	command_expect("\"decision\":\"redirect\"");
	assert_int_equal(command_run(&daemon, "audit query --until 1h"), COMMAND_DONE);
	command_expect("no decisions match");
	assert_int_equal(command_run(&daemon, "audit query --since 1h --limit 2 --json"),
			 COMMAND_DONE);
	assert_int_equal(command_line_count(), 2);
	assert_int_equal(command_run(&daemon, "audit verify"), COMMAND_DONE);
	command_expect("intact: 3 decisions");
	daemon_deinit(&daemon, false);
}

static void hostile_names_cannot_disturb_a_terminal(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "a\n2026 ALLOW root\x1b]0;x\x07\xe2\x80\xae", ALICE, OPERATORS);
	assert_int_equal(command_run(&daemon, "audit query"), COMMAND_DONE);
	assert_int_equal(command_line_count(), 2);
	command_expect_not("\x1b");
	command_expect_not("\xe2\x80\xae");
	command_expect("a\\u{a}2026 ALLOW root\\u{1b}]0;x\\u{7}\\u{202e}");
	assert_int_equal(command_run(&daemon, "records list"), COMMAND_DONE);
	command_expect_not("\x1b");
	assert_int_equal(command_line_count(), 2);
	fixture_stop(&daemon);
}

static void records_list_shows_live_records_by_name_whatever_the_case(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	connect_as(&daemon, "CONTOSO\\bob", BOB, OPERATORS);
	assert_int_equal(command_run(&daemon, "records list --json"), COMMAND_DONE);
	assert_int_equal(command_line_count(), 2);
	assert_int_equal(command_run(&daemon, "records list --json --user 'contoso\\BOB'"),
			 COMMAND_DONE);
	assert_int_equal(command_line_count(), 1);
	command_expect("\"sid\":\"" BOB "\"");
	fixture_stop(&daemon);
}

/* The id of the one record there is. */
static void read_record_id(const struct daemon *daemon, char id[33])
{
	static const char key[] = "\"record\":\"";
	const char *at;

	assert_int_equal(command_run(daemon, "records list --json"), COMMAND_DONE);
	at = strstr(command_output(), key);
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
	assert_int_equal(command_run(&daemon, command), COMMAND_DONE);
	command_expect("blocked " ALICE " for ever");
	assert_int_equal(command_run(&daemon, "block 00000000000000000000000000000001"),
			 COMMAND_DENIED);
	command_expect("no such record");
	fixture_stop(&daemon);
}

/* Whoever is blocked by name can come under another name of the same account. */
static void who_blocks_a_name_is_told_of_the_sids_behind_it(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	assert_int_equal(command_run(&daemon, "block 'contoso\\ALICE'"), COMMAND_DONE);
	command_expect("blocked contoso\\alice for ever\n");
	command_expect("a name is one spelling of an account, and who is blocked may come under "
		       "another; to be sure, block the SID: " ALICE "\n");
	assert_int_equal(command_run(&daemon, "block 'CONTOSO\\Bob'"), COMMAND_DONE);
	command_expect("under another; to be sure, block the SID, which wsauthzctl audit query "
		       "--json tells\n");
	assert_int_equal(command_run(&daemon, "block " ALICE), COMMAND_DONE);
	command_expect_not("spelling");
	assert_int_equal(command_run(&daemon, "block basic:alice"), COMMAND_DONE);
	command_expect_not("spelling");
	fixture_stop(&daemon);
}

static void a_user_is_revoked_and_blocked_and_let_go(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_as(&daemon, "CONTOSO\\alice", ALICE, OPERATORS);
	assert_int_equal(command_run(&daemon, "records revoke 'contoso\\ALICE'"), COMMAND_DONE);
	command_expect("1 record revoked");
	assert_int_equal(command_run(&daemon, "records revoke " ALICE), COMMAND_DENIED);
	assert_int_equal(command_run(&daemon, "records list"), COMMAND_DONE);
	command_expect("revoked");
	assert_int_equal(command_run(&daemon, "records show " ALICE), COMMAND_DONE);
	command_expect("state          revoked\n");
	assert_int_equal(command_run(&daemon, "records show 'contoso\\ALICE' --json"),
			 COMMAND_DONE);
	assert_int_equal(command_line_count(), 1);
	assert_int_equal(command_run(&daemon, "records show 0123"), COMMAND_DENIED);
	command_expect("there is no live record of '0123'; see wsauthzctl records list");
	assert_int_equal(command_run(&daemon, "records show 00000000000000000000000000000001"),
			 COMMAND_DENIED);

	assert_int_equal(command_run(&daemon, "block " ALICE " --for 90"), COMMAND_USAGE);
	command_expect("--for takes a span");
	assert_int_equal(command_run(&daemon, "block " ALICE " --until 8h"), COMMAND_USAGE);
	command_expect("--until takes a time such as");
	assert_int_equal(command_run(&daemon, "block " ALICE " --until yesterday"), COMMAND_USAGE);
	command_expect("--until yesterday is over");
	assert_int_equal(command_run(&daemon, "block " ALICE " --until 2999-01-01 --for 1h"),
			 COMMAND_USAGE);
	assert_int_equal(command_run(&daemon, "block " ALICE " --until 2090-01-02T08:00+01:00"),
			 COMMAND_DONE);
	command_expect("until 2090-01-02 0");
	assert_int_equal(
		command_run(&daemon, "block " ALICE " --for 8h --reason 'left\tthe company'"),
		COMMAND_DONE);
	command_expect("blocked " ALICE " until 2");
	assert_int_equal(command_run(&daemon, "block 'CONTOSO\\Bob'"), COMMAND_DONE);
	command_expect("blocked contoso\\bob for ever");
	assert_int_equal(command_run(&daemon, "blocks"), COMMAND_DONE);
	assert_int_equal(command_line_count(), 3);
	command_expect("left\\u{9}the company");
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DONE);
	command_expect("\nblocks       2, see wsauthzctl blocks\n");
	assert_int_equal(command_run(&daemon, "blocks --json"), COMMAND_DONE);
	assert_int_equal(command_line_count(), 2);
	command_expect("\"reason\":\"left\\tthe company\"");
	assert_int_equal(command_run(&daemon, "unblock " ALICE), COMMAND_DONE);
	assert_int_equal(command_run(&daemon, "unblock " ALICE), COMMAND_DENIED);
	command_expect("no such block");
	fixture_stop(&daemon);
}

static void policy_reload_activates_or_says_why_not(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource) when;\n");
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_INVALID);
	command_expect("policy.cedar:1:");
	command_expect("revision 1 goes on serving");
	assert_int_equal(command_run(&daemon, "status"), COMMAND_DENIED);
	command_expect("FAILED");
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action, resource);\n");
	assert_int_equal(command_run(&daemon, "policy reload --check-only"), COMMAND_DONE);
	command_expect("valid, and not activated; revision 1 serves\n");
	assert_int_equal(command_run(&daemon, "policy reload --check-only --json"), COMMAND_DONE);
	command_expect("\"activated\":false");
	assert_int_equal(command_run(&daemon, "policy reload --json"), COMMAND_DONE);
	command_expect("\"activated\":true,\"revision\":2");
	assert_int_equal(command_run(&daemon, "policy reload"), COMMAND_DONE);
	command_expect("nothing changed; revision 2 serves already\n");
	assert_int_equal(command_run(&daemon, "policy rollback 1"), COMMAND_DONE);
	command_expect("activated revision 1; pinned until the next policy reload\n");
	assert_int_equal(command_run(&daemon, "policy rollback 1"), COMMAND_DONE);
	command_expect("nothing changed; revision 1 serves already; pinned until");
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_tells_how_the_daemon_is),
		cmocka_unit_test(status_says_in_words_what_is_wrong_and_fails_then),
		cmocka_unit_test(status_says_that_changes_are_not_noticed_until_they_are),
		cmocka_unit_test(an_unreachable_daemon_is_exit_code_three),
		cmocka_unit_test(help_is_there_however_it_is_asked_for),
		cmocka_unit_test(options_of_every_command_may_stand_before_it),
		cmocka_unit_test(a_wrong_command_line_is_exit_code_two),
		cmocka_unit_test(authorize_says_what_the_policy_says_and_records_nothing),
		cmocka_unit_test(a_request_that_cannot_be_decided_is_no_denial_by_policy),
		cmocka_unit_test(authorize_takes_what_policies_are_written_with),
		cmocka_unit_test(where_nothing_can_be_read_it_is_said_what_to_do),
		cmocka_unit_test(audit_query_filters_and_works_without_the_daemon),
		cmocka_unit_test(hostile_names_cannot_disturb_a_terminal),
		cmocka_unit_test(records_list_shows_live_records_by_name_whatever_the_case),
		cmocka_unit_test(who_has_a_record_is_blocked_by_its_id),
		cmocka_unit_test(who_blocks_a_name_is_told_of_the_sids_behind_it),
		cmocka_unit_test(a_user_is_revoked_and_blocked_and_let_go),
		cmocka_unit_test(policy_reload_activates_or_says_why_not),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
