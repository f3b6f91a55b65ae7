/* Policy directories that nobody should activate: each is refused with its place and reason, by
 * `policy check` and by the daemon, while the revision before goes on serving. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "integration/fixture.h"

enum { OUTPUT_MAX = 1 << 20, INVALID = 4, DEEP = 100000, HUGE_BYTES = 8 << 20 };

static char output[OUTPUT_MAX];

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
	 NULL, "operators-read"},
	{"unknown obligation value", NULL,
	 "@idle_timeout(\"soon\") permit(principal, action, resource);\n", NULL,
	 "bad.cedar:1:15: error: "},
	{"100,000 parentheses", NULL, NULL, plant_parentheses, "bad.cedar:1:"},
	{"huge file", NULL, NULL, plant_huge_file, "bad.cedar"},
	{"cyclic entities", "entities.json",
	 "[{\"uid\":{\"type\":\"WinRM::Role\",\"id\":\"a\"},\"attrs\":{},\"parents\":"
	 "[{\"type\":\"WinRM::Role\",\"id\":\"b\"}]},\n"
	 "{\"uid\":{\"type\":\"WinRM::Role\",\"id\":\"b\"},\"attrs\":{},\"parents\":"
	 "[{\"type\":\"WinRM::Role\",\"id\":\"a\"}]}]\n",
	 NULL, "is its own ancestor"},
	{"symbolic link", NULL, NULL, plant_symlink, "bad.cedar: is a symbolic link"},
	{"FIFO", NULL, NULL, plant_fifo, "bad.cedar: "},
	{"directory", NULL, NULL, plant_directory, "bad.cedar: "},
	{"writable by others", NULL, NULL, plant_writable_file, "bad.cedar: "},
	{"not UTF-8", NULL, NULL, plant_unreadable_bytes, "bad.cedar:2:1: error: "},
	{"half written", NULL, "@id(\"half\") permit(principal, action == WinRM::Act", NULL,
	 "bad.cedar:1:"},
	{"unknown file", "policy.rego", "package x\n", NULL, "policy.rego: error: "},
};

static void expect(const struct abuse *abuse, int code, int expected_code)
{
	if (code != expected_code)
		fail_msg("%s: exit code %d:\n%s", abuse->name, code, output);
	if (strstr(output, abuse->expected) == NULL)
		fail_msg("%s: expected '%s' in:\n%s", abuse->name, abuse->expected, output);
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

static void each_is_refused_and_the_old_revision_serves(void **state)
{
	char command[512];
	struct daemon daemon;

	(void)state;
	fixture_start(&daemon, FIXTURE_POLICY("15m"), NULL);
	snprintf(command, sizeof(command), "policy check %s", daemon.policy_dir);
	assert_int_equal(ctl(&daemon, command), 0);
	for (size_t i = 0; i < ARRAY_COUNT(abuses); i++) {
		const struct abuse *abuse = &abuses[i];
		const char *file = abuse->file != NULL ? abuse->file : "bad.cedar";

		if (abuse->plant != NULL)
			abuse->plant(&daemon);
		else
			daemon_write_policy(&daemon, file, abuse->text);
		expect(abuse, ctl(&daemon, command), INVALID);
		expect(abuse, ctl(&daemon, "policy reload"), INVALID);
		expect_old_revision(&daemon);
		remove_bad(&daemon, file);
	}
	assert_int_equal(ctl(&daemon, "policy reload"), 0);
	fixture_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_refused_and_the_old_revision_serves),
	};

	return cmocka_run_group_tests_name("policy_abuse", tests, NULL, NULL);
}
