/* docs/audit.md against the real daemon: each command in it runs, each column in it is there, and
 * the audit can be read while it is written. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "integration/command.h"
#include "integration/fixture.h"

enum { LINE_MAX_BYTES = 4096 };

static struct daemon the_daemon;

static void ask(struct raw_peer *peer, const char *name, const char *sid, const char *group)
{
	struct raw_sender sender;

	raw_sender_init(&sender, name, sid, group);
	fixture_verdict(raw_peer_authorize(peer, &sender, NULL, NULL));
	fixture_verdict(raw_peer_authorize(peer, &sender, ACTION_GET_URI, RESOURCE_OS));
}

static int ctl(const char *arguments)
{
	char command[LINE_MAX_BYTES];

	assert_true(snprintf(command, sizeof(command), "cd %s && %s %s --config %s 2>&1",
			     the_daemon.dir.path, WSAUTHZCTL, arguments,
			     the_daemon.config_path) < (int)sizeof(command));
	return command_shell(command);
}

static int setup(void **state)
{
	struct raw_peer peer;

	(void)state;
	fixture_start(&the_daemon, FIXTURE_POLICY("15m"), NULL);
	raw_peer_open(&peer, the_daemon.authorize_path, "wsman/Test");
	ask(&peer, "CONTOSO\\Alice", ALICE, OPERATORS);
	ask(&peer, "CONTOSO\\bob", BOB, BANNED);
	raw_peer_close(&peer);
	/* One segment sealed, one live. */
	assert_int_equal(ctl("audit seal"), COMMAND_DONE);
	raw_peer_open(&peer, the_daemon.authorize_path, "wsman/Test");
	ask(&peer, "CONTOSO\\Alice", ALICE, OPERATORS);
	raw_peer_close(&peer);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_stop(&the_daemon);
	return 0;
}

static FILE *open_guide(void)
{
	FILE *guide = fopen(SOURCES "/docs/audit.md", "r");

	assert_non_null(guide);
	return guide;
}

/* `sqlite3 ... /var/lib/wsauthz/FILE ...` with the directory of the daemon. */
static void run_shell_line(const char *line)
{
	static const char installed[] = "/var/lib/wsauthz";
	const char *at = strstr(line, installed);
	char command[LINE_MAX_BYTES];

	assert_non_null(at);
	snprintf(command, sizeof(command), "%.*s%s%s 2>&1", (int)(at - line), line,
		 the_daemon.state_dir, at + sizeof(installed) - 1);
	if (command_shell(command) != COMMAND_DONE)
		fail_msg("%s: %s", command, command_output());
}

static void every_command_of_the_guide_runs(void **state)
{
	static const char name[] = "wsauthzctl ";
	FILE *guide = open_guide();
	char line[LINE_MAX_BYTES];
	size_t commands = 0, shell = 0;
	bool in_block = false;

	(void)state;
	while (fgets(line, sizeof(line), guide) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "```", 3) == 0) {
			in_block = !in_block;
			continue;
		}
		if (!in_block)
			continue;
		if (strncmp(line, "sqlite3 ", 8) == 0) {
			run_shell_line(line);
			shell++;
			continue;
		}
		assert_memory_equal(line, name, sizeof(name) - 1);
		/* It would go on for ever. */
		if (strstr(line, "audit tail") != NULL)
			strcat(line, " --no-follow");
		if (ctl(line + sizeof(name) - 1) != COMMAND_DONE)
			fail_msg("%s: %s", line, command_output());
		commands++;
	}
	fclose(guide);
	assert_true(commands >= 25 && shell == 1);
}

static void the_guide_finds_what_happened(void **state)
{
	(void)state;
	assert_int_equal(ctl("audit query --user 'contoso\\ALICE' --format csv"), COMMAND_DONE);
	command_expect("CONTOSO\\Alice");
	command_expect_not("bob");
	assert_int_equal(ctl("audit query --decision deny --json"), COMMAND_DONE);
	command_expect("CONTOSO\\\\bob");
	command_expect_not("Alice");
	assert_int_equal(ctl("audit sql \"SELECT count(*) FROM v_decision WHERE "
			     "verdict = 'allow'\" --format csv"),
			 COMMAND_DONE);
	assert_string_equal(command_output(), "\"count(*)\"\n4\n");
	assert_int_equal(ctl("audit top users --denied --json"), COMMAND_DONE);
	command_expect("\"label\":\"CONTOSO\\\\bob\",\"decisions\":2,\"denied\":2");
	assert_int_equal(ctl("audit stats --json --by 1d --since 1h"), COMMAND_DONE);
	command_expect("\"allowed\":4,\"denied\":2,\"redirected\":0");
	assert_int_equal(ctl("audit export --format ocsf --denied"), COMMAND_DONE);
	command_expect("\"class_uid\":3003");
	command_expect("\"status_id\":2,\"status\":\"Failure\"");
	command_expect("\"user\":{\"name\":\"CONTOSO\\\\bob\",\"uid\":\"" BOB);
	command_expect("\"authorizations\":[{\"decision\":\"deny\",\"policy\":{"
		       "\"uid\":\"banned\"}}]");
	assert_int_equal(ctl("audit query --since 1h --until 2h"), 2);
	command_expect("not before");
}

/* The columns of a view as the guide's table has them: "a,b,c". */
static void read_columns(const char *view, char *columns, size_t size)
{
	FILE *guide = open_guide();
	char line[LINE_MAX_BYTES];
	bool here = false;
	size_t length = 0;

	columns[0] = '\0';
	while (fgets(line, sizeof(line), guide) != NULL) {
		if (strncmp(line, "### ", 4) == 0) {
			line[strcspn(line, "\n")] = '\0';
			here = strcmp(line + 4, view) == 0;
		} else if (here && strncmp(line, "| `", 3) == 0) {
			line[3 + strcspn(line + 3, "`")] = '\0';
			length += (size_t)snprintf(columns + length, size - length, "%s%s",
						   length != 0 ? "," : "", line + 3);
			assert_true(length < size);
		}
	}
	fclose(guide);
	assert_true(length != 0);
}

static void remove_quotes(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0' && *from != '\n'; from++) {
		if (*from != '"')
			*to++ = *from;
	}
	*to = '\0';
}

static void the_views_have_the_columns_of_the_guide(void **state)
{
	static const struct {
		const char *view, *like, *file;
	} views[] = {
		{"v_decision", "v_decision", "audit-000002.db"},
		{"v_denial", "v_decision", "audit-000002.db"},
		{"v_event", "v_event", "audit-000002.db"},
		{"v_record", "v_record", "state.db"},
		{"v_block", "v_block", "state.db"},
		{"v_policy_revision", "v_policy_revision", "state.db"},
		{"v_admin_action", "v_admin_action", "state.db"},
		{"v_segment", "v_segment", "state.db"},
	};
	char columns[LINE_MAX_BYTES], command[LINE_MAX_BYTES], printed[LINE_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(views); i++) {
		read_columns(views[i].like, columns, sizeof(columns));
		snprintf(command, sizeof(command),
			 "audit sql 'SELECT * FROM %s LIMIT 0' "
			 "--format csv",
			 views[i].view);
		assert_int_equal(ctl(command), COMMAND_DONE);
		snprintf(printed, sizeof(printed), "%s", command_output());
		remove_quotes(printed);
		assert_string_equal(printed, columns);
		/* And in the file, for the plain shell. */
		snprintf(command, sizeof(command),
			 "sqlite3 -readonly %s/%s \"SELECT group_concat(name) FROM "
			 "pragma_table_info('%s')\"",
			 the_daemon.state_dir, views[i].file, views[i].view);
		assert_int_equal(command_shell(command), COMMAND_DONE);
		snprintf(printed, sizeof(printed), "%s", command_output());
		printed[strcspn(printed, "\n")] = '\0';
		assert_string_equal(printed, columns);
	}
}

static void the_shell_reads_what_the_daemon_has_just_written(void **state)
{
	char command[LINE_MAX_BYTES];
	struct raw_peer peer;
	long before = -1;

	(void)state;
	snprintf(command, sizeof(command),
		 "sqlite3 -readonly %s/audit-000002.db \"SELECT count(*) FROM v_decision\"",
		 the_daemon.state_dir);
	raw_peer_open(&peer, the_daemon.authorize_path, "wsman/Test");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(command_shell(command), COMMAND_DONE);
		long count = strtol(command_output(), NULL, 10);
		if (before >= 0)
			assert_int_equal(count, before + 2);
		before = count;
		ask(&peer, "CONTOSO\\Alice", ALICE, OPERATORS);
	}
	raw_peer_close(&peer);
}

/* Starts `wsauthzctl audit tail` with its output in a pipe. */
static FILE *start_tail(pid_t *pid)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	*pid = fork();
	assert_true(*pid >= 0);
	if (*pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(WSAUTHZCTL, "wsauthzctl", "audit", "tail", "--limit", "1", "--config",
		      the_daemon.config_path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	FILE *lines = fdopen(ends[0], "r");
	assert_non_null(lines);
	return lines;
}

/* Reads until a line has the text; ctest's time limit is the end of waiting. */
static void wait_for_line(FILE *lines, const char *text)
{
	char line[LINE_MAX_BYTES];

	while (fgets(line, sizeof(line), lines) != NULL) {
		if (strstr(line, text) != NULL)
			return;
	}
	fail_msg("the tail ended without '%s'", text);
}

static void a_tail_follows_also_into_the_next_segment(void **state)
{
	struct raw_peer peer;
	char line[LINE_MAX_BYTES];
	pid_t pid;
	FILE *lines = start_tail(&pid);

	(void)state;
	/* The last row there is; from here on it follows. */
	assert_non_null(fgets(line, sizeof(line), lines));
	raw_peer_open(&peer, the_daemon.authorize_path, "wsman/Test");
	ask(&peer, "CONTOSO\\carol", "S-1-5-21-1-2-3-2003", OPERATORS);
	wait_for_line(lines, "CONTOSO\\carol");
	assert_int_equal(ctl("audit seal"), COMMAND_DONE);
	wait_for_line(lines, "admin.audit.seal");
	ask(&peer, "CONTOSO\\dave", "S-1-5-21-1-2-3-2004", NULL);
	wait_for_line(lines, "deny      CONTOSO\\dave");
	raw_peer_close(&peer);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	fclose(lines);
}

static void all_of_it_works_without_the_daemon(void **state)
{
	(void)state;
	assert_int_equal(daemon_stop(&the_daemon), 0);
	assert_int_equal(ctl("audit query --user 'contoso\\alice' --limit 1 --json"), COMMAND_DONE);
	command_expect("CONTOSO\\\\Alice");
	assert_int_equal(ctl("audit top"), COMMAND_DONE);
	assert_int_equal(ctl("audit stats"), COMMAND_DONE);
	assert_int_equal(ctl("audit tail --no-follow"), COMMAND_DONE);
	assert_int_equal(ctl("audit export --events --limit 3"), COMMAND_DONE);
	assert_int_equal(ctl("audit sql 'SELECT count(*) FROM v_decision, v_admin_action'"),
			 COMMAND_DONE);
	assert_int_equal(ctl("audit report --html r.html"), COMMAND_DONE);
	assert_true(daemon_start(&the_daemon, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_of_the_guide_runs),
		cmocka_unit_test(the_views_have_the_columns_of_the_guide),
		cmocka_unit_test(the_shell_reads_what_the_daemon_has_just_written),
		cmocka_unit_test(a_tail_follows_also_into_the_next_segment),
		cmocka_unit_test(all_of_it_works_without_the_daemon),
	};

	const struct CMUnitTest first[] = {
		cmocka_unit_test_setup_teardown(the_guide_finds_what_happened, setup, teardown),
	};
	int failed = cmocka_run_group_tests(first, NULL, NULL);

	return failed + cmocka_run_group_tests(tests, setup, teardown);
}
