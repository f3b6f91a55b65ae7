/* A shadow policy beside the one that serves: it answers nobody, and what it would have decided
 * otherwise is stored. */
#include <stdio.h>

#include "integration/command.h"
#include "integration/fixture.h"

static const char serving[] = "@id(\"operators\") permit(principal in WinRM::Group::\"" OPERATORS
			      "\",\n  action, resource);\n";
static const char shadowing[] = "@id(\"banned-only\") permit(principal in WinRM::Group::\"" BANNED
				"\",\n  action, resource);\n";

struct stage {
	struct tmpdir shadow;
	struct daemon daemon;
};

static void open_stage(struct stage *stage, const char *shadow_policy)
{
	char settings[256];

	tmpdir_create(&stage->shadow);
	tmpdir_write(&stage->shadow, "policy.cedar", shadow_policy, strlen(shadow_policy));
	(void)snprintf(settings, sizeof(settings),
		       "  reload: on_request\n  shadow_directory: %s\n  shadow_cpu: 100\n",
		       stage->shadow.path);
	fixture_start(&stage->daemon, serving, settings);
}

static void close_stage(struct stage *stage)
{
	fixture_stop(&stage->daemon);
	tmpdir_remove(&stage->shadow);
}

static void ask(const struct daemon *daemon, const char *name, const char *sid, const char *group,
		uint32_t verdict)
{
	struct raw_sender sender;
	struct raw_peer peer;

	raw_sender_init(&sender, name, sid, group);
	raw_peer_open(&peer, daemon->authorize_path, "wsman/Test");
	assert_int_equal(fixture_verdict(raw_peer_authorize(&peer, &sender, NULL, NULL)), verdict);
	raw_peer_close(&peer);
}

/* Asks until the command has printed `text`; ctest bounds it. */
static void await_output(const struct daemon *daemon, const char *arguments, const char *text)
{
	do
		(void)command_run(daemon, arguments);
	while (strstr(command_output(), text) == NULL);
}

static void ask_three(const struct daemon *daemon)
{
	ask(daemon, "CONTOSO\\alice", ALICE, OPERATORS, VERDICT_ALLOW);
	ask(daemon, "CONTOSO\\bob", BOB, BANNED, VERDICT_DENY);
	ask(daemon, "CONTOSO\\mallory", "S-1-5-21-1-2-3-9", NULL, VERDICT_DENY);
}

static void what_the_shadow_decides_otherwise_is_stored(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, shadowing);
	assert_true(daemon_wait_log(&stage.daemon, "shadow.began"));
	ask_three(&stage.daemon);
	await_output(&stage.daemon, "policy shadow", "compared  3 decisions");
	command_expect("flips     2\n");
	command_expect("not       0 that no policy decides, 0 skipped");
	command_expect("allow to deny  CONTOSO\\alice  operators   default");
	command_expect("deny to allow  CONTOSO\\bob    default     banned-only");
	assert_int_equal(command_run(&stage.daemon, "policy shadow --json --limit 1"),
			 COMMAND_DONE);
	command_expect(
		"\"flip\":\"deny to allow\",\"user\":\"CONTOSO\\\\bob\",\"before\":\"default\","
		"\"after\":\"banned-only\"}\n");
	command_expect_not("alice");
	assert_int_equal(command_run(&stage.daemon, "status"), COMMAND_DONE);
	command_expect(": 3 decisions compared, 2 come out otherwise, 0 skipped");
	/* It is there without the daemon, too, and goes on after a restart. */
	assert_int_equal(daemon_stop(&stage.daemon), 0);
	assert_int_equal(command_run(&stage.daemon, "policy shadow"), COMMAND_DONE);
	command_expect("flips     2\n");
	assert_true(daemon_start(&stage.daemon, NULL));
	await_output(&stage.daemon, "status", ": 3 decisions compared");
	ask(&stage.daemon, "CONTOSO\\bob", BOB, BANNED, VERDICT_DENY);
	await_output(&stage.daemon, "policy shadow", "compared  4 decisions");
	command_expect("flips     3\n");
	close_stage(&stage);
}

static void another_content_begins_anew(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, shadowing);
	assert_true(daemon_wait_log(&stage.daemon, "shadow.began"));
	ask_three(&stage.daemon);
	await_output(&stage.daemon, "policy shadow", "flips     2\n");
	tmpdir_write(&stage.shadow, "policy.cedar", serving, strlen(serving));
	await_output(&stage.daemon, "policy shadow", "compared  0 decisions");
	command_expect_not("banned-only");
	ask_three(&stage.daemon);
	await_output(&stage.daemon, "policy shadow", "compared  3 decisions");
	command_expect("flips     0\n");
	close_stage(&stage);
}

static void an_invalid_shadow_disturbs_nobody(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, "permit(principal");
	assert_true(daemon_wait_log(&stage.daemon, "shadow.invalid"));
	ask_three(&stage.daemon);
	assert_int_equal(command_run(&stage.daemon, "status"), COMMAND_DONE);
	command_expect("not valid, nothing is compared");
	assert_int_equal(command_run(&stage.daemon, "policy shadow"), COMMAND_DONE);
	command_expect("no shadow policy was ever compared");
	tmpdir_write(&stage.shadow, "policy.cedar", shadowing, strlen(shadowing));
	assert_true(daemon_wait_log(&stage.daemon, "shadow.began"));
	ask_three(&stage.daemon);
	await_output(&stage.daemon, "policy shadow", "compared  3 decisions");
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_shadow_decides_otherwise_is_stored),
		cmocka_unit_test(another_content_begins_anew),
		cmocka_unit_test(an_invalid_shadow_disturbs_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
