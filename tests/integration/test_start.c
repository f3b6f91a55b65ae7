/* What keeps the daemon from starting, and what it says then. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integration/command.h"
#include "integration/fixture.h"

enum { EXIT_INVALID = 4 };

static void expect_refused_start(struct daemon *daemon, const char *message)
{
	int code = 0;
	char *log;

	if (daemon_start(daemon, &code))
		fail_msg("the daemon started although: %s", message);
	log = daemon_log(daemon);
	if (code == 0 || code >= 128 || strstr(log, message) == NULL)
		fail_msg("exit code %d, expected a message with '%s', got:\n%s", code, message,
			 log);
	free(log);
}

static void init(struct daemon *daemon, const char *policy, const char *settings)
{
	struct daemon_options options = {.policy = policy, .settings = settings};

	daemon_init(daemon, &options);
}

static void a_syntax_error_in_the_policy_is_shown_with_line_column_and_caret(void **state)
{
	struct daemon daemon;
	char *log;

	(void)state;
	init(&daemon, "permit(principal, action, resource)\nwhen { principal = resource };\n",
	     NULL);
	expect_refused_start(&daemon, "policy.cedar:2:18: error: ");
	log = daemon_log(&daemon);
	assert_non_null(strstr(log, "when { principal = resource };"));
	assert_non_null(strstr(log, "                 ^"));
	free(log);
	daemon_deinit(&daemon, false);
}

static void an_empty_policy_directory_is_refused(void **state)
{
	struct daemon daemon;

	(void)state;
	init(&daemon, NULL, NULL);
	expect_refused_start(&daemon, "polic");
	daemon_deinit(&daemon, false);
}

static void an_unknown_key_of_the_configuration_is_refused_with_its_place(void **state)
{
	struct daemon daemon;

	(void)state;
	init(&daemon, FIXTURE_POLICY("15m"), "recrods:\n  idle_timeout: 5m\n");
	expect_refused_start(&daemon, "wsauthz.yaml:");
	daemon_deinit(&daemon, false);
}

/* The bytes of a file, to prove that nobody changed it. */
static char *slurp(const char *path, size_t *length)
{
	char *bytes = calloc(1, 1 << 20);
	FILE *file = fopen(path, "rb");

	assert_non_null(bytes);
	assert_non_null(file);
	*length = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static void expect_refused_database(const char *name, const void *content, size_t length,
				    const char *message)
{
	char below[64], path[256];
	struct daemon daemon;
	char *after;
	size_t after_length;

	init(&daemon, FIXTURE_POLICY("15m"), NULL);
	snprintf(below, sizeof(below), "state/%s", name);
	tmpdir_write(&daemon.dir, below, content, length);
	tmpdir_path(&daemon.dir, below, path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	expect_refused_start(&daemon, message);
	after = slurp(path, &after_length);
	assert_int_equal(after_length, length);
	assert_memory_equal(after, content, length);
	free(after);
	daemon_deinit(&daemon, false);
}

static void a_file_that_is_no_database_is_refused_and_kept(void **state)
{
	static const char garbage[4096] = "this was never a database";

	(void)state;
	expect_refused_database("audit-000001.db", garbage, sizeof(garbage), "audit-000001.db");
	expect_refused_database("state.db", garbage, sizeof(garbage), "state.db");
}

static void a_database_of_another_program_is_refused_and_kept(void **state)
{
	struct daemon donor;
	char path[256], command[512];
	char *bytes;
	size_t length;

	(void)state;
	/* Any SQLite file without our application id will do; the sqlite3 shell makes one. */
	init(&donor, NULL, NULL);
	tmpdir_path(&donor.dir, "foreign.db", path, sizeof(path));
	snprintf(command, sizeof(command), "sqlite3 %s 'CREATE TABLE t(x); PRAGMA user_version=1'",
		 path);
	assert_int_equal(system(command), 0);
	bytes = slurp(path, &length);
	expect_refused_database("audit-000001.db", bytes, length, "audit-000001.db");
	expect_refused_database("state.db", bytes, length, "state.db");
	free(bytes);
	daemon_deinit(&donor, false);
}

static void a_database_that_cannot_be_opened_is_refused(void **state)
{
	struct daemon daemon;
	char path[256];

	(void)state;
	init(&daemon, FIXTURE_POLICY("15m"), NULL);
	tmpdir_path(&daemon.dir, "state/audit-000001.db", path, sizeof(path));
	assert_int_equal(mkdir(path, 0700), 0);
	expect_refused_start(&daemon, "audit-000001.db");
	daemon_deinit(&daemon, false);
}

static void a_second_daemon_on_the_same_directory_is_refused_and_the_first_serves_on(void **state)
{
	struct daemon first, second;

	(void)state;
	fixture_start(&first, FIXTURE_POLICY("15m"), NULL);
	second = first;
	second.pid = -1;
	tmpdir_path(&first.dir, "log2", second.log_path, sizeof(second.log_path));
	expect_refused_start(&second, "already running");
	fixture_expect_service(&first);
	fixture_stop(&first);
}

static void a_stale_socket_of_a_killed_daemon_is_no_obstacle(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	daemon_kill(&daemon);
	assert_int_equal(access(daemon.authorize_path, F_OK), 0);
	assert_true(daemon_start(&daemon, NULL));
	fixture_expect_service(&daemon);
	fixture_stop(&daemon);
}

static int check(const struct daemon *daemon)
{
	char command[512];

	snprintf(command, sizeof(command), "%s --config %s --check 2>&1", WSAUTHZD,
		 daemon->config_path);
	return command_shell(command);
}

static void check_reports_without_serving(void **state)
{
	struct daemon daemon;

	(void)state;
	init(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(check(&daemon), 0);
	assert_int_not_equal(access(daemon.authorize_path, F_OK), 0);
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action);\n");
	assert_int_equal(check(&daemon), EXIT_INVALID);
	command_expect("policy.cedar:1:");
	daemon_deinit(&daemon, false);
}

#ifndef WSAUTHZ_SANITIZED
/* The resident set of an idle daemon, from /proc, in KiB. */
static long resident_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "VmRSS: %ld kB", &kib) == 1)
			break;
	}
	fclose(file);
	return kib;
}

static void an_idle_daemon_takes_at_most_ten_megabytes(void **state)
{
	struct daemon daemon;
	long kib;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	fixture_expect_service(&daemon);
	kib = resident_kib(daemon.pid);
	print_message("idle daemon: %ld KiB resident\n", kib);
	assert_in_range(kib, 1, 10 * 1024);
	fixture_stop(&daemon);
}
#endif

static void a_service_is_not_installed_where_the_manager_reads_files(void **state)
{
	static const char *const commands[] = {WSAUTHZD " install 2>&1",
					       WSAUTHZD " uninstall 2>&1"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(command_shell(commands[i]), 1);
		assert_string_equal(command_output(),
				    "wsauthzd: only Windows registers services by the program "
				    "itself; here the service manager needs a unit file that "
				    "starts wsauthzd\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syntax_error_in_the_policy_is_shown_with_line_column_and_caret),
		cmocka_unit_test(an_empty_policy_directory_is_refused),
		cmocka_unit_test(an_unknown_key_of_the_configuration_is_refused_with_its_place),
		cmocka_unit_test(a_file_that_is_no_database_is_refused_and_kept),
		cmocka_unit_test(a_database_of_another_program_is_refused_and_kept),
		cmocka_unit_test(a_database_that_cannot_be_opened_is_refused),
		cmocka_unit_test(
			a_second_daemon_on_the_same_directory_is_refused_and_the_first_serves_on),
		cmocka_unit_test(a_stale_socket_of_a_killed_daemon_is_no_obstacle),
		cmocka_unit_test(check_reports_without_serving),
		cmocka_unit_test(a_service_is_not_installed_where_the_manager_reads_files),
#ifndef WSAUTHZ_SANITIZED
		cmocka_unit_test(an_idle_daemon_takes_at_most_ten_megabytes),
#endif
	};

	return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
