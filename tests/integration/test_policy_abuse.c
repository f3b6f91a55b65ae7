/* Policy directories that nobody should activate: each is refused with its place and reason, by
 * `policy check` and by the daemon, while the revision before goes on serving. */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "integration/command.h"
#include "integration/fixture.h"

enum {
	DEEP = 100000,
	HUGE_BYTES = 8 << 20,
	CHECK_MAX_MS = 1000,
	MANY_FILES = 40,
	MANY_POLICIES = 5000, /* a file */
	CRASHES_TRIED = 20,
};

/* A sanitizer makes everything slow. */
#ifdef WSAUTHZ_SANITIZED
#define IS_SANITIZED true
#define CRASH        SIGQUIT /* one that it does not make an exit of */
#define CRASHED      "crashed (signal 3)"
#else
#define IS_SANITIZED false
#define CRASH        SIGSEGV
#define CRASHED      "crashed (signal 11)"
#endif

static void path_of(const struct daemon *daemon, const char *name, char *out, size_t size)
{
	assert_true(snprintf(out, size, "%s/%s", daemon->policy_dir, name) < (int)size);
}

static void plant_parentheses(const struct daemon *daemon)
{
	char *text = malloc(DEEP + 128);
	int length;

	assert_non_null(text);
	length = snprintf(text, 128, "permit(principal, action, resource) when { ");
	memset(text + length, '(', DEEP);
	text[length + DEEP] = '\0';
	daemon_write_policy(daemon, "bad.cedar", text);
	free(text);
}

static void plant_huge_file(const struct daemon *daemon)
{
	char *text = malloc(HUGE_BYTES + 1);

	assert_non_null(text);
	memset(text, ' ', HUGE_BYTES);
	text[HUGE_BYTES] = '\0';
	daemon_write_policy(daemon, "bad.cedar", text);
	free(text);
}

static void plant_symlink(const struct daemon *daemon)
{
	char path[512];

	path_of(daemon, "bad.cedar", path, sizeof(path));
	assert_int_equal(symlink("policy.cedar", path), 0);
}

static void plant_fifo(const struct daemon *daemon)
{
	char path[512];

	path_of(daemon, "bad.cedar", path, sizeof(path));
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void plant_directory(const struct daemon *daemon)
{
	char path[512];

	path_of(daemon, "bad.cedar", path, sizeof(path));
	assert_int_equal(mkdir(path, 0700), 0);
}

static void plant_writable_file(const struct daemon *daemon)
{
	char path[512];

	daemon_write_policy(daemon, "bad.cedar", "permit(principal, action, resource);\n");
	path_of(daemon, "bad.cedar", path, sizeof(path));
	assert_int_equal(chmod(path, 0666), 0);
}

static void plant_unreadable_bytes(const struct daemon *daemon)
{
	daemon_write_policy(daemon, "bad.cedar", "permit(principal, action, resource);\n\xff\xfe");
}

static void remove_bad(const struct daemon *daemon, const char *name)
{
	char path[512];

	path_of(daemon, name, path, sizeof(path));
	if (unlink(path) != 0)
		assert_int_equal(rmdir(path), 0);
}

static const struct abuse {
	const char *name;
	const char *file; /* NULL: bad.cedar */
	const char *text; /* or what plants it */
	void (*plant)(const struct daemon *daemon);
	const char *expected;
} abuses[] = {
	{"syntax", NULL, "permit(principal, action, resource)\nwhen { 1 + };\n", NULL,
	 "bad.cedar:2:12: error: "},
	{"unknown type", NULL, "permit(principal is Usr, action, resource);\n", NULL,
	 "bad.cedar:1:21: error: "},
	{"unknown action", NULL,
	 "permit(principal, action == WinRM::Action::\"Conect\", resource);\n", NULL,
	 "bad.cedar:1:29: error: "},
	{"wrong attribute", NULL,
	 "permit(principal, action, resource) when { principal.nam == \"x\" };\n", NULL,
	 "bad.cedar:1:44: error: "},
	{"duplicate id", NULL, "@id(\"operators-read\") permit(principal, action, resource);\n",
	 NULL, "policy.cedar:4:5: error: the policy id"},
	{"unknown obligation value", NULL,
	 "@idle_timeout(\"soon\") permit(principal, action, resource);\n", NULL,
	 "bad.cedar:1:15: error: "},
	{"100,000 parentheses", NULL, NULL, plant_parentheses,
	 "bad.cedar:1:1044: error: the expression is nested deeper"},
	{"huge file", NULL, NULL, plant_huge_file, "bad.cedar: error: the text has 8388608 bytes"},
	{"cyclic entities", "entities.json",
	 "[{\"uid\":{\"type\":\"WinRM::Role\",\"id\":\"a\"},\"attrs\":{},\"parents\":"
	 "[{\"type\":\"WinRM::Role\",\"id\":\"b\"}]},\n"
	 "{\"uid\":{\"type\":\"WinRM::Role\",\"id\":\"b\"},\"attrs\":{},\"parents\":"
	 "[{\"type\":\"WinRM::Role\",\"id\":\"a\"}]}]\n",
	 NULL, "entities.json:2:1: error: entity WinRM::Role::\"b\" is its own ancestor"},
	{"symbolic link", NULL, NULL, plant_symlink, "bad.cedar: is a symbolic link"},
	{"FIFO", NULL, NULL, plant_fifo, "bad.cedar: "},
	{"directory", NULL, NULL, plant_directory, "bad.cedar: "},
	{"writable by others", NULL, NULL, plant_writable_file, "bad.cedar: "},
	{"not UTF-8", NULL, NULL, plant_unreadable_bytes, "bad.cedar:2:1: error: "},
	{"half written", NULL, "@id(\"half\") permit(principal, action == WinRM::Act", NULL,
	 "bad.cedar:1:41: error: "},
	{"unknown name", NULL, "permit(principal in WinRM::Group::\"Nobody\", action, resource);\n",
	 NULL, "bad.cedar:1:21: error: "},
	{"failing test", "tests/bad.json",
	 "{\"tests\": [{\"name\": \"t\", \"request\": {\"user\": \"u\"},\n"
	 "\"expect\": {\"decision\": \"allow\"}}]}\n",
	 NULL, "tests/bad.json:2:24: error: test \"t\": the decision is deny"},
	{"malformed test", "tests/bad.json", "{\"tests\": [\n{\"nam\": 1}]}\n", NULL,
	 "tests/bad.json:2:2: error: "},
	{"unknown file", "policy.rego", "package x\n", NULL, "policy.rego: error: "},
};

static void expect(const struct abuse *abuse, int code, int expected_code)
{
	if (code != expected_code)
		fail_msg("%s: exit code %d:\n%s", abuse->name, code, command_output());
	if (strstr(command_output(), abuse->expected) == NULL)
		fail_msg("%s: expected '%s' in:\n%s", abuse->name, abuse->expected,
			 command_output());
}

static void expect_old_revision(const struct daemon *daemon)
{
	struct raw_sender sender;
	struct raw_peer peer;
	const Wsauthz__Reply *reply;

	raw_sender_init(&sender, "CONTOSO\\alice", ALICE, OPERATORS);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	reply = raw_peer_authorize(&peer, &sender, NULL, NULL);
	assert_int_equal(fixture_verdict(reply), VERDICT_ALLOW);
	assert_int_equal(reply->decision->policy_revision, 1);
	raw_peer_close(&peer);
}

/* Processor time of all programs that ended; other work on the machine does not count. */
static int64_t children_cpu_ms(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
	return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void each_is_refused_and_the_old_revision_serves(void **state)
{
	char command[512];
	struct daemon daemon;
	int64_t start_ms;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	path_of(&daemon, "tests", command, sizeof(command));
	assert_int_equal(mkdir(command, 0700), 0);
	snprintf(command, sizeof(command), "policy check %s", daemon.policy_dir);
	assert_int_equal(command_run(&daemon, command), 0);
	for (size_t i = 0; i < ARRAY_COUNT(abuses); i++) {
		const struct abuse *abuse = &abuses[i];
		const char *file = abuse->file != NULL ? abuse->file : "bad.cedar";

		if (abuse->plant != NULL)
			abuse->plant(&daemon);
		else
			daemon_write_policy(&daemon, file, abuse->text);
		start_ms = children_cpu_ms();
		expect(abuse, command_run(&daemon, command), COMMAND_INVALID);
		if (!IS_SANITIZED && children_cpu_ms() - start_ms > CHECK_MAX_MS)
			fail_msg("%s: the check took longer than %d ms", abuse->name, CHECK_MAX_MS);
		expect(abuse, command_run(&daemon, "policy reload"), COMMAND_INVALID);
		expect_old_revision(&daemon);
		remove_bad(&daemon, file);
	}
	assert_int_equal(command_run(&daemon, "policy reload"), 0);
	fixture_stop(&daemon);
}

/* A crash of the parser. */

/* A process whose parent is `parent`, or -1. */
static pid_t find_child(pid_t parent)
{
	DIR *processes = opendir("/proc");
	pid_t found = -1;

	assert_non_null(processes);
	for (struct dirent *entry = readdir(processes); entry != NULL && found < 0;
	     entry = readdir(processes)) {
		char path[sizeof(entry->d_name) + 16];
		long pid, ppid;
		FILE *file;

		(void)snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = entry->d_name[0] > '0' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
		if (file == NULL)
			continue;
		if (fscanf(file, "%ld %*s %*c %ld", &pid, &ppid) == 2 && ppid == (long)parent)
			found = (pid_t)pid;
		fclose(file);
	}
	closedir(processes);
	return found;
}

/* Enough work that the child is found while it is at it. */
static void plant_many_policies(const struct daemon *daemon)
{
	for (int i = 0; i < MANY_FILES; i++) {
		char path[512], name[32];
		FILE *file;

		snprintf(name, sizeof(name), "many-%d.cedar", i);
		path_of(daemon, name, path, sizeof(path));
		file = fopen(path, "w");
		assert_non_null(file);
		for (int k = 0; k < MANY_POLICIES; k++)
			fprintf(file,
				"permit(principal == WinRM::User::\"S-1-5-21-1-2-3-%d\", action, "
				"resource) when { context.session.elevated };\n",
				1000 + i * MANY_POLICIES + k);
		assert_int_equal(fclose(file), 0);
	}
}

/* Reloads, and crashes the child that checks the candidate. False when it was too quick. */
static bool reload_with_a_crash(const struct daemon *daemon)
{
	char command[512], output[4096];
	struct pollfd end;
	pid_t child = -1;
	size_t length;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s policy reload --config %s 2>&1", WSAUTHZCTL,
		 daemon->config_path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	end = (struct pollfd){.fd = fileno(pipe), .events = POLLIN};
	while (child < 0 && poll(&end, 1, 0) == 0)
		child = find_child(daemon->pid);
	if (child > 0)
		(void)kill(child, CRASH);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	pclose(pipe);
	return strstr(output, CRASHED) != NULL;
}

static void a_crash_of_the_parser_is_a_refusal_and_the_daemon_serves(void **state)
{
	struct daemon daemon;
	bool crashed = false;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	assert_int_equal(command_run(&daemon, "policy rollback 1"),
			 0); /* no reload but those below */
	plant_many_policies(&daemon);
	for (int i = 0; i < CRASHES_TRIED && !crashed; i++)
		crashed = reload_with_a_crash(&daemon);
	assert_true(crashed);
	expect_old_revision(&daemon);
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_refused_and_the_old_revision_serves),
		cmocka_unit_test(a_crash_of_the_parser_is_a_refusal_and_the_daemon_serves),
	};

	return cmocka_run_group_tests_name("policy_abuse", tests, NULL, NULL);
}
