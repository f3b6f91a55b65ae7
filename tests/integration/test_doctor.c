/* wsauthzctl doctor beside a real daemon: a whole installation, and each mistake in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "integration/command.h"
#include "integration/fixture.h"

/* Fails the test unless doctor finds exactly that problem, and says it in both forms. */
static void expect_problem(const struct daemon *daemon, const char *id, const char *detail)
{
	char wanted[256];

	assert_int_equal(command_run(daemon, "doctor"), COMMAND_DENIED);
	assert_true(snprintf(wanted, sizeof(wanted), "problem  %-19s  ", id) < 256);
	command_expect(wanted);
	command_expect(detail);
	command_expect("; do: ");
	assert_int_equal(command_run(daemon, "doctor --json"), COMMAND_DENIED);
	assert_true(snprintf(wanted, sizeof(wanted), "{\"check\":\"%s\",\"result\":\"problem\",",
			     id) < 256);
	command_expect(wanted);
}

static void expect_health(const struct daemon *daemon)
{
	if (command_run(daemon, "doctor") != COMMAND_DONE)
		fail_msg("problems:\n%s", command_output());
	command_expect(", 0 problems\n");
}

static void a_whole_installation_has_no_problem(void **state)
{
	static const char *const ids[] = {
		"configuration",       "accounts",         "policy",          "state.directory",
		"state.files",         "state.space",      "state.database",  "audit.segments",
		"authorize.directory", "authorize.socket", "admin.directory", "admin.socket",
		"daemon.answers",      "daemon.health",    "daemon.version",  "system.boot_id",
		"system.clock",
	};
	struct daemon daemon;
	char line[64];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	expect_health(&daemon);
	command_expect("17 checks: ");
	assert_int_equal(command_run(&daemon, "doctor --json"), COMMAND_DONE);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(line, sizeof(line), "{\"check\":\"%s\",\"result\":\"", ids[i]);
		command_expect(line);
	}
	command_expect("\"advice\":\"\"}\n");
	command_expect_not("checks");
	fixture_stop(&daemon);
}

static void looking_changes_nothing(void **state)
{
	/* SQLite makes an empty log beside a database that it reads. */
	struct daemon daemon;
	char command[512], before[4096];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(daemon_stop(&daemon), 0);
	snprintf(command, sizeof(command),
		 "cd %s && find . -type f ! -name '*-wal' ! -name '*-shm' -printf "
		 "'%%p %%M %%u %%g %%s %%T@\n' | sort && find . -name '*.db' "
		 "-exec sha256sum {} + | sort",
		 daemon.dir.path);
	assert_int_equal(command_shell(command), 0);
	assert_true(snprintf(before, sizeof(before), "%s", command_output()) < (int)sizeof(before));
	assert_int_equal(command_run(&daemon, "doctor"), COMMAND_DENIED);
	assert_int_equal(command_shell(command), 0);
	assert_non_null(strstr(before, "state.db"));
	assert_string_equal(before, command_output());
	daemon_deinit(&daemon, false);
}

static void rights_of_the_state_directory_are_seen(void **state)
{
	struct daemon daemon;
	char path[256];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(chmod(daemon.state_dir, 0755), 0);
	expect_problem(&daemon, "state.directory", "mode 0755");
	command_expect("chmod 0700");
	assert_int_equal(chmod(daemon.state_dir, 0700), 0);
	tmpdir_path(&daemon.dir, "state/state.db", path, sizeof(path));
	assert_int_equal(chmod(path, 0644), 0);
	expect_problem(&daemon, "state.files", "state.db: owner ");
	assert_int_equal(chmod(path, 0600), 0);
	expect_health(&daemon);
	fixture_stop(&daemon);
}

static void a_mistake_in_the_configuration_is_told_with_its_place(void **state)
{
	struct daemon_options options = {.settings = "recrods:\n  idle_timeout: 5m\n"};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	expect_problem(&daemon, "configuration", "wsauthz.yaml:11:1: unknown key");
	/* What needs the configuration is left out. */
	command_expect_not("\"policy\"");
	command_expect("\"system.boot_id\"");
	assert_int_equal(chmod(daemon.config_path, 0666), 0);
	expect_problem(&daemon, "configuration", "wsauthz.yaml: ");
	assert_int_equal(unlink(daemon.config_path), 0);
	expect_problem(&daemon, "configuration", "wsauthz.yaml: ");
	daemon_deinit(&daemon, false);
}

static void a_mistake_in_the_policy_is_told_with_its_place(void **state)
{
	struct daemon daemon;
	char path[256];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), "");
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action);\n");
	expect_problem(&daemon, "policy", "policy.cedar:1:");
	daemon_write_policy(&daemon, "policy.cedar", FIXTURE_POLICY("15m"));
	tmpdir_path(&daemon.dir, "policy/policy.cedar", path, sizeof(path));
	assert_int_equal(chmod(path, 0666), 0);
	expect_problem(&daemon, "policy", "policy.cedar: ");
	fixture_stop(&daemon);
}

static void a_daemon_that_does_not_run_is_seen_at_its_sockets(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(daemon_stop(&daemon), 0);
	expect_problem(&daemon, "authorize.socket", "authorize.sock");
	expect_problem(&daemon, "admin.socket", "admin.sock");
	expect_problem(&daemon, "daemon.answers", "admin.sock");
	/* The rest is looked at all the same. */
	command_expect("{\"check\":\"state.database\",\"result\":\"ok\"");
	command_expect("{\"check\":\"audit.segments\",\"result\":\"ok\"");
	command_expect_not("daemon.health");
	daemon_deinit(&daemon, false);
}

static void rights_of_sockets_are_compared_with_the_configuration(void **state)
{
	struct daemon daemon;
	char path[256];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(chmod(daemon.authorize_path, 0666), 0);
	expect_problem(&daemon, "authorize.socket", "the configuration says mode 0600");
	assert_int_equal(chmod(daemon.authorize_path, 0600), 0);
	assert_int_equal(chmod(daemon.admin_path, 0660), 0);
	expect_problem(&daemon, "admin.socket", "the configuration says mode 0600");
	assert_int_equal(chmod(daemon.admin_path, 0600), 0);
	tmpdir_path(&daemon.dir, "run", path, sizeof(path));
	assert_int_equal(chmod(path, 0777), 0);
	expect_problem(&daemon, "authorize.directory", "mode 0777");
	assert_int_equal(chmod(path, 0700), 0);
	expect_health(&daemon);
	fixture_stop(&daemon);
}

static void sockets_of_the_service_manager_may_have_rights_of_their_own(void **state)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m"), .passes_sockets = true};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	assert_int_equal(chmod(daemon.authorize_path, 0660), 0);
	assert_int_equal(chmod(daemon.admin_path, 0660), 0);
	assert_true(daemon_start(&daemon, NULL));
	expect_health(&daemon);
	assert_int_equal(chmod(daemon.admin_path, 0666), 0);
	expect_problem(&daemon, "admin.socket", "everybody may knock there");
	fixture_stop(&daemon);
}

static void a_group_that_does_not_exist_is_told_with_its_key(void **state)
{
	struct daemon_options options = {
		.policy = FIXTURE_POLICY("15m"),
		.settings = "roles:\n  auditor_groups: [nobody-has-this-group]\n",
	};
	struct daemon daemon;

	(void)state;
	daemon_init(&daemon, &options);
	expect_problem(&daemon, "accounts",
		       "roles.auditor_groups: there is no group "
		       "'nobody-has-this-group'");
	daemon_deinit(&daemon, false);
}

static void a_damaged_database_is_seen(void **state)
{
	static const char garbage[4096] = "this was never a database";
	struct daemon daemon;
	char path[256];

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(daemon_stop(&daemon), 0);
	tmpdir_write(&daemon.dir, "state/state.db", garbage, sizeof(garbage));
	tmpdir_path(&daemon.dir, "state/state.db", path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	expect_problem(&daemon, "state.database", "state.db");
	tmpdir_write(&daemon.dir, "state/audit-000001.db", garbage, sizeof(garbage));
	expect_problem(&daemon, "audit.segments", "audit-000001.db");
	daemon_deinit(&daemon, false);
}

static void a_daemon_that_is_degraded_says_why(void **state)
{
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(daemon_stop(&daemon), 0);
	/* The last good revision serves. */
	daemon_write_policy(&daemon, "policy.cedar", "permit(principal, action);\n");
	assert_true(daemon_start(&daemon, NULL));
	expect_problem(&daemon, "daemon.health", "degraded: ");
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_installation_has_no_problem),
		cmocka_unit_test(looking_changes_nothing),
		cmocka_unit_test(rights_of_the_state_directory_are_seen),
		cmocka_unit_test(a_mistake_in_the_configuration_is_told_with_its_place),
		cmocka_unit_test(a_mistake_in_the_policy_is_told_with_its_place),
		cmocka_unit_test(a_daemon_that_does_not_run_is_seen_at_its_sockets),
		cmocka_unit_test(rights_of_sockets_are_compared_with_the_configuration),
		cmocka_unit_test(sockets_of_the_service_manager_may_have_rights_of_their_own),
		cmocka_unit_test(a_group_that_does_not_exist_is_told_with_its_key),
		cmocka_unit_test(a_damaged_database_is_seen),
		cmocka_unit_test(a_daemon_that_is_degraded_says_why),
	};

	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
