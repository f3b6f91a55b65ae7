/* The audit as evidence, with the programs an auditor has: signed seals, and a head kept elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "integration/command.h"
#include "integration/fixture.h"

static int audit(const struct daemon *daemon, const char *arguments)
{
	char line[768];

	assert_true(snprintf(line, sizeof(line), "audit %s", arguments) < (int)sizeof(line));
	return command_run(daemon, line);
}

static void connect_once(const struct daemon *daemon, const char *sid)
{
	struct raw_sender sender;
	struct raw_peer peer;

	raw_sender_init(&sender, "CONTOSO\\someone", sid, OPERATORS);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	assert_int_equal(fixture_verdict(raw_peer_authorize(&peer, &sender, NULL, NULL)),
			 VERDICT_ALLOW);
	raw_peer_close(&peer);
}

static void seals_are_signed_by_the_configured_key(void **state)
{
	char key[128], other[128], settings[256], line[512];
	struct tmpdir keys;
	struct daemon daemon;
	FILE *file;

	(void)state;
	tmpdir_create(&keys);
	tmpdir_path(&keys, "audit.key", key, sizeof(key));
	tmpdir_path(&keys, "other.key", other, sizeof(other));
	snprintf(line, sizeof(line), "audit key %s", other);
	assert_int_equal(command_run_alone(line), COMMAND_DONE);
	snprintf(line, sizeof(line), "audit key %s", key);
	assert_int_equal(command_run_alone(line), COMMAND_DONE);
	command_expect("wsauthz-audit-public-key ");
	/* Never made anew, but shown again. */
	assert_int_equal(command_run_alone(line), COMMAND_INVALID);
	snprintf(line, sizeof(line), "audit key --public %s", key);
	assert_int_equal(command_run_alone(line), COMMAND_DONE);
	tmpdir_write(&keys, "audit.pub", command_output(), strlen(command_output()));
	snprintf(line, sizeof(line), "audit key --public %s", other);
	assert_int_equal(command_run_alone(line), COMMAND_DONE);
	tmpdir_write(&keys, "other.pub", command_output(), strlen(command_output()));

	snprintf(settings, sizeof(settings), "audit:\n  signing_key: %s\n", key);
	fixture_start(&daemon, FIXTURE_POLICY("15m"), settings);
	assert_true(daemon_wait_log(&daemon, "audit.key"));
	connect_once(&daemon, ALICE);
	assert_int_equal(audit(&daemon, "seal"), COMMAND_DONE);
	connect_once(&daemon, BOB);
	snprintf(line, sizeof(line), "verify --public-key %s/audit.pub", keys.path);
	assert_int_equal(audit(&daemon, line), COMMAND_DONE);
	command_expect("1 signed; under no signature at the end: 1 segment with ");
	snprintf(line, sizeof(line), "verify --public-key %s/other.pub", keys.path);
	assert_int_equal(audit(&daemon, line), COMMAND_DENIED);
	command_expect("the segment has no seal that is signed by the key");
	fixture_stop(&daemon);

	/* A key that others can read is refused. */
	assert_int_equal(chmod(key, 0644), 0);
	daemon_init(&daemon, &(struct daemon_options){.policy = FIXTURE_POLICY("15m"),
						      .settings = settings});
	int exit_code = 0;
	assert_false(daemon_start(&daemon, &exit_code));
	assert_int_equal(exit_code, COMMAND_INVALID);
	char *log = daemon_log(&daemon);
	assert_non_null(strstr(log, "holds a secret, and others have rights on it (mode 0644)"));
	free(log);
	daemon_deinit(&daemon, false);
	file = fopen(key, "w");
	assert_non_null(file);
	fputs("no key\n", file);
	fclose(file);
	assert_int_equal(chmod(key, 0600), 0);
	daemon_init(&daemon, &(struct daemon_options){.policy = FIXTURE_POLICY("15m"),
						      .settings = settings});
	assert_false(daemon_start(&daemon, &exit_code));
	assert_int_equal(exit_code, COMMAND_INVALID);
	daemon_deinit(&daemon, false);
	tmpdir_remove(&keys);
}

static void execute(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* Takes the last row, that the daemon stopped, away as somebody would who knows the schema. */
static void cut_tail(const struct daemon *daemon)
{
	static const char find[] = "SELECT sql FROM sqlite_schema"
				   " WHERE name = 'event_no_delete'";
	char path[256], trigger[1024];
	sqlite3_stmt *statement;
	sqlite3 *db;

	tmpdir_path(&daemon->dir, "state/audit-000001.db", path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, find, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	snprintf(trigger, sizeof(trigger), "%s", sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	execute(db, "DROP TRIGGER event_no_delete");
	execute(db, "DELETE FROM event WHERE kind = 'daemon.stopped'");
	execute(db, trigger);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void report_failures(const struct daemon *daemon)
{
	Wsauthz__FailureReport report = WSAUTHZ__FAILURE_REPORT__INIT;
	Wsauthz__FailureCount count = WSAUTHZ__FAILURE_COUNT__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	Wsauthz__FailureCount *counts[] = {&count};
	struct raw_peer peer;

	count.reason = WSAUTHZ__FAILURE_COUNT__REASON__NO_SERVER;
	count.count = 7;
	report.n_counts = 1;
	report.counts = counts;
	report.from_us = 1;
	report.to_us = 2;
	request.body_case = WSAUTHZ__REQUEST__BODY_FAILURE_REPORT;
	request.failure_report = &report;
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	assert_non_null(raw_peer_call(&peer, &request));
	raw_peer_close(&peer);
}

/* The text that `sql` yields on the audit of a daemon that has ended. */
static void ask_audit(const struct daemon *daemon, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *statement;
	char path[256];
	sqlite3 *db;

	tmpdir_path(&daemon->dir, "state/audit-000001.db", path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	snprintf(out, size, "%s", sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void what_happened_stands_between_the_decisions(void **state)
{
	struct daemon daemon;
	char text[1024];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_once(&daemon, ALICE);
	report_failures(&daemon);
	snprintf(text, sizeof(text), "block " ALICE " --reason away --config %s",
		 daemon.config_path);
	assert_int_equal(command_run_alone(text), COMMAND_DONE);
	daemon_write_policy(&daemon, "policy.cedar", "permit(");
	snprintf(text, sizeof(text), "policy reload --config %s", daemon.config_path);
	assert_int_equal(command_run_alone(text), COMMAND_INVALID);
	daemon_write_policy(&daemon, "policy.cedar", FIXTURE_POLICY("5m"));
	assert_int_equal(command_run_alone(text), COMMAND_DONE);
	assert_int_equal(daemon_stop(&daemon), 0);
	/* A change of the directory may be noticed by itself, too. */
	ask_audit(&daemon,
		  "SELECT group_concat(kind, ' ') FROM (SELECT kind FROM event"
		  " WHERE kind <> 'policy.refused' ORDER BY id)",
		  text, sizeof(text));
	assert_string_equal(text, "daemon.started policy.activated client.failures"
				  " admin.records.block policy.activated daemon.stopped");
	ask_audit(&daemon, "SELECT detail FROM event WHERE kind = 'client.failures'", text,
		  sizeof(text));
	assert_non_null(strstr(text, "\"from_us\":1,\"to_us\":2,\"counts\":[{\"reason\":"
				     "\"NO_SERVER\",\"count\":7}]"));
	ask_audit(&daemon, "SELECT actor || detail FROM event WHERE kind = 'admin.records.block'",
		  text, sizeof(text));
	assert_non_null(strstr(text, "uid "));
	assert_non_null(strstr(text, "\"outcome\":\"done\""));
	ask_audit(&daemon, "SELECT detail FROM event WHERE kind = 'policy.refused'", text,
		  sizeof(text));
	assert_non_null(strstr(text, "{\"error\":\""));
	assert_int_equal(audit(&daemon, "verify"), COMMAND_DONE);
	daemon_deinit(&daemon, false);
}

/* Whatever can be asked, and the files themselves. */
static void what_is_masked_is_nowhere(void **state)
{
	static const char *const sinks[] = {
		"query --format json",         "query --format csv", "query", "top",
		"query --oldest-first --json",
	};
	struct raw_sender sender;
	struct raw_peer peer;
	struct daemon daemon;
	char line[1024];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"),
		      "audit:\n  mask: [\"resource_uri: Key=*\", \"user: *\"]\n");
	raw_sender_init(&sender, "CONTOSO\\Hushhush", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon.authorize_path, "wsman/Test");
	assert_int_equal(fixture_verdict(raw_peer_authorize(&peer, &sender, ACTION_GET_URI,
							    RESOURCE_OS "?Key=Sesame1")),
			 VERDICT_ALLOW);
	raw_peer_close(&peer);
	for (size_t i = 0; i < sizeof(sinks) / sizeof(sinks[0]); i++) {
		assert_int_equal(audit(&daemon, sinks[i]), COMMAND_DONE);
		assert_null(strcasestr(command_output(), "sesame1"));
		assert_null(strcasestr(command_output(), "hushhush"));
		if (i < 3)
			command_expect("[masked]");
	}
	assert_int_equal(daemon_stop(&daemon), 0);
	/* Neither the databases nor the log; records are no part of the audit. */
	snprintf(line, sizeof(line), "! grep -ril 'sesame1\\|hushhush' %s/audit-* %s",
		 daemon.state_dir, daemon.log_path);
	assert_int_equal(system(line), 0);
	daemon_deinit(&daemon, false);
}

static void a_head_kept_elsewhere_shows_that_the_tail_was_cut_off(void **state)
{
	struct daemon daemon;
	char line[1024], head[256];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_once(&daemon, ALICE);
	connect_once(&daemon, ALICE);
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_int_equal(audit(&daemon, "head"), COMMAND_DONE);
	snprintf(head, sizeof(head), "%.200s", command_output());
	head[strcspn(head, "\n")] = '\0';
	snprintf(line, sizeof(line), "verify --head %s", head);
	assert_int_equal(audit(&daemon, line), COMMAND_DONE);
	/* From a file, too. */
	tmpdir_write(&daemon.dir, "head", head, strlen(head));
	cut_tail(&daemon);
	snprintf(line, sizeof(line), "verify --head %s", head);
	assert_int_equal(audit(&daemon, line), COMMAND_DENIED);
	command_expect("its tail is missing");
	snprintf(line, sizeof(line), "verify --json --head %s/head", daemon.dir.path);
	assert_int_equal(audit(&daemon, line), COMMAND_DENIED);
	command_expect("\"flaw\":\"cut\"");
	snprintf(line, sizeof(line), "verify --head %s", daemon.config_path);
	assert_int_equal(audit(&daemon, line), 2);
	daemon_deinit(&daemon, false);
}

/* Runs SQL on a file of the state directory, as somebody would who knows SQLite. */
static void execute_on(const struct daemon *daemon, const char *file, const char *sql)
{
	char path[256];
	sqlite3 *db;

	tmpdir_path(&daemon->dir, file, path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
	execute(db, sql);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* An index, and then what state.db notes of the segment. */
static void what_leads_questions_past_rows_is_named_and_mended_as_told(void **state)
{
	static const char exchange[] =
		"PRAGMA writable_schema = ON;"
		"CREATE TEMP TABLE was AS SELECT name, rootpage FROM sqlite_schema;"
		"UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM was"
		" WHERE was.name = 'decision_outcome') WHERE name = 'decision_request';"
		"UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM was"
		" WHERE was.name = 'decision_request') WHERE name = 'decision_outcome'";
	struct daemon daemon;
	char line[512];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	connect_once(&daemon, ALICE);
	connect_once(&daemon, BOB);
	connect_once(&daemon, ALICE);
	assert_int_equal(audit(&daemon, "seal"), COMMAND_DONE);
	assert_int_equal(daemon_stop(&daemon), 0);
	assert_int_equal(audit(&daemon, "verify"), COMMAND_DONE);

	execute_on(&daemon, "state/audit-000001.db", exchange);
	assert_int_equal(audit(&daemon, "verify"), COMMAND_DENIED);
	command_expect("NOT INTACT: segment 1: all rows are there, but questions may miss some; "
		       "its index decision_request was changed");
	command_expect("sqlite3 audit-000001.db REINDEX");
	assert_int_equal(audit(&daemon, "verify --json"), COMMAND_DENIED);
	command_expect("\"flaw\":\"index\",\"segment\":1,\"first_bad\":1,"
		       "\"place\":\"decision_request\"");
	assert_int_equal(audit(&daemon, "verify --rows-only"), COMMAND_DONE);
	execute_on(&daemon, "state/audit-000001.db", "REINDEX");
	assert_int_equal(audit(&daemon, "verify"), COMMAND_DONE);

	execute_on(&daemon, "state/state.db", "UPDATE audit_segment SET first_id = last_id");
	assert_int_equal(audit(&daemon, "verify"), COMMAND_DENIED);
	command_expect("what state.db notes of it was changed");
	snprintf(line, sizeof(line), "mkdir %s/copy && cp %s/state/audit-*.db %s/copy",
		 daemon.dir.path, daemon.dir.path, daemon.dir.path);
	assert_int_equal(command_shell(line), 0);
	snprintf(line, sizeof(line), "verify --state %s/copy", daemon.dir.path);
	assert_int_equal(audit(&daemon, line), COMMAND_DONE);
	daemon_deinit(&daemon, false);
}

/* With notes that go with it, as of a segment that never was sealed. */
static void seals_that_were_taken_away_are_missed(void **state)
{
	static const char take_seal[] =
		"DELETE FROM seal; DROP INDEX decision_subject; DROP INDEX decision_request;"
		"DROP INDEX decision_outcome";
	char line[512], settings[256];
	struct tmpdir keys;
	struct daemon daemon;

	(void)state;
	tmpdir_create(&keys);
	snprintf(line, sizeof(line), "audit key %s/audit.key", keys.path);
	assert_int_equal(command_run_alone(line), COMMAND_DONE);
	tmpdir_write(&keys, "audit.pub", command_output(), strlen(command_output()));
	snprintf(settings, sizeof(settings), "audit:\n  signing_key: %s/audit.key\n", keys.path);
	fixture_start(&daemon, FIXTURE_POLICY("15m"), settings);
	connect_once(&daemon, ALICE);
	snprintf(line, sizeof(line), "verify --public-key %s/audit.pub", keys.path);
	assert_int_equal(audit(&daemon, line), COMMAND_DENIED);
	command_expect("NOT PROVED: ");
	command_expect("no segment is signed by the key");
	command_expect("'wsauthzctl audit seal' first");
	assert_int_equal(audit(&daemon, "seal"), COMMAND_DONE);
	assert_int_equal(audit(&daemon, line), COMMAND_DONE);
	assert_int_equal(daemon_stop(&daemon), 0);
	snprintf(line, sizeof(line), "verify --json --public-key %s/audit.pub", keys.path);
	assert_int_equal(audit(&daemon, line), COMMAND_DONE);
	command_expect("\"signed\":1,");
	command_expect("\"unsigned_segments\":1,\"unsigned_rows\":");

	execute_on(&daemon, "state/audit-000001.db", take_seal);
	assert_int_equal(audit(&daemon, "verify"), COMMAND_DENIED);
	command_expect("what state.db notes of it was changed");
	execute_on(&daemon, "state/state.db",
		   "DELETE FROM audit_segment_undelivered; DELETE FROM audit_segment");
	assert_int_equal(audit(&daemon, "verify"), COMMAND_DONE);
	assert_int_equal(audit(&daemon, line), COMMAND_DENIED);
	command_expect("\"intact\":false");
	command_expect("\"flaw\":\"unsigned\",\"segment\":1,\"first_bad\":1");
	daemon_deinit(&daemon, false);
	tmpdir_remove(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seals_are_signed_by_the_configured_key),
		cmocka_unit_test(what_happened_stands_between_the_decisions),
		cmocka_unit_test(what_is_masked_is_nowhere),
		cmocka_unit_test(a_head_kept_elsewhere_shows_that_the_tail_was_cut_off),
		cmocka_unit_test(seals_that_were_taken_away_are_missed),
		cmocka_unit_test(what_leads_questions_past_rows_is_named_and_mended_as_told),
	};

	return cmocka_run_group_tests_name("audit_proof", tests, NULL, NULL);
}
