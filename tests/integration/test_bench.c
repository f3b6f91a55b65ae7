/* wsauthzctl bench: what it prints, and that it leaves nothing behind. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integration/command.h"
#include "integration/fixture.h"

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2; /* "." and ".." */
}

static void prepare(struct daemon *daemon, char directory[128])
{
	daemon_init(daemon, &(struct daemon_options){.policy = FIXTURE_POLICY("15m")});
	tmpdir_path(&daemon->dir, "run", directory, 128);
}

static void run_bench(const struct daemon *daemon, const char *directory, const char *more,
		      int expected)
{
	char arguments[512];

	snprintf(arguments, sizeof(arguments), "bench --daemon %s --directory %s %s", WSAUTHZD,
		 directory, more);
	if (command_run(daemon, arguments) != expected)
		fail_msg("%s: not exit code %d:\n%s", arguments, expected, command_output());
}

static void it_measures_beside_floors_and_leaves_nothing_behind(void **state)
{
	struct daemon daemon;
	char directory[128];
	size_t before;

	(void)state;
	prepare(&daemon, directory);
	before = count_entries(directory);
	run_bench(&daemon, directory, "--seconds 1 --json", COMMAND_DONE);
	command_expect("{\"name\":\"audit: one row on disk, median\",\"value\":");
	command_expect("\"unit\":\"us\",\"floor\":");
	/* The policy directory of the configuration. */
	command_expect("{\"name\":\"policy: loading 4 policies\",\"value\":");
	command_expect("{\"name\":\"policy: a decision in process, median\",\"value\":");
	command_expect("{\"name\":\"decision, relaxed, median (echo)\",\"value\":");
	command_expect("{\"name\":\"decision, strict, median (commit)\",\"value\":");
	command_expect("{\"name\":\"decisions, strict, 64 at once (commit)\",\"value\":");
	command_expect_not("\"value\":0.00,");
	assert_int_equal(count_entries(directory), before);
	daemon_deinit(&daemon, false);
}

static void without_a_valid_policy_it_measures_one_of_its_own(void **state)
{
	struct daemon daemon;
	char directory[128];

	(void)state;
	prepare(&daemon, directory);
	daemon_write_policy(&daemon, "policy.cedar", "permit(");
	run_bench(&daemon, directory, "--seconds 1", COMMAND_DONE);
	command_expect("the daemon that serves is asked nothing");
	command_expect("WHAT ");
	command_expect("policy: loading 3 policies");
	daemon_deinit(&daemon, false);
}

static void a_policy_that_was_asked_for_must_be_valid(void **state)
{
	struct daemon daemon;
	char directory[128], more[160];
	size_t before;

	(void)state;
	prepare(&daemon, directory);
	before = count_entries(directory);
	daemon_write_policy(&daemon, "policy.cedar", "permit(");
	snprintf(more, sizeof(more), "--seconds 1 --policy %s", daemon.policy_dir);
	run_bench(&daemon, directory, more, COMMAND_INVALID);
	command_expect("the policy is invalid; see wsauthzctl policy check");
	assert_int_equal(count_entries(directory), before);
	daemon_deinit(&daemon, false);
}

static void what_cannot_be_measured_is_said(void **state)
{
	struct daemon daemon;
	char directory[128];

	(void)state;
	prepare(&daemon, directory);
	run_bench(&daemon, directory, "--seconds 601", COMMAND_USAGE);
	run_bench(&daemon, "/nonexistent", "", COMMAND_INVALID);
	command_expect("/nonexistent: cannot make a directory below it");
	run_bench(&daemon, directory, "--seconds 1 --daemon /bin/false", COMMAND_INVALID);
	command_expect("/bin/false did not start");
	daemon_deinit(&daemon, false);
}

/* Starts the bench with standard output in a pipe. */
static pid_t start_bench(const struct daemon *daemon, const char *directory, int *output)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(WSAUTHZCTL, "wsauthzctl", "bench", "--seconds", "600", "--json", "--daemon",
		      WSAUTHZD, "--directory", directory, "--config", daemon->config_path,
		      (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*output = ends[0];
	return pid;
}

/* The directory is made before anything is measured, and the first measurement takes a minute. */
static void an_interruption_ends_it_and_leaves_nothing_behind(void **state)
{
	struct daemon daemon;
	char directory[128], byte;
	size_t before;
	int output, status = 0;
	pid_t pid;

	(void)state;
	prepare(&daemon, directory);
	before = count_entries(directory);
	pid = start_bench(&daemon, directory, &output);
	while (count_entries(directory) == before)
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), COMMAND_INVALID);
	assert_int_equal(count_entries(directory), before);
	/* Nothing was measured whole. */
	assert_int_equal(read(output, &byte, 1), 0);
	close(output);
	daemon_deinit(&daemon, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_measures_beside_floors_and_leaves_nothing_behind),
		cmocka_unit_test(without_a_valid_policy_it_measures_one_of_its_own),
		cmocka_unit_test(a_policy_that_was_asked_for_must_be_valid),
		cmocka_unit_test(what_cannot_be_measured_is_said),
		cmocka_unit_test(an_interruption_ends_it_and_leaves_nothing_behind),
	};

	return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
