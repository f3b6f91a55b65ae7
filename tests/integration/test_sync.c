/*
 * A disk that fails to sync, under a whole daemon that is asked on many connections. What a failed
 * sync should have made durable may be lost although it can still be read, and a second sync of the
 * same open file says that all is well: so the daemon refuses what waited, closes, opens and checks
 * the database anew, and never syncs that file again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "integration/command.h"
#include "integration/load.h"
#include "support/sync_fault.h"

enum {
	CONNECTIONS = 16,
	OUTSTANDING = 4,
	UNDER_WAY = CONNECTIONS * OUTSTANDING,
#ifdef WSAUTHZ_SANITIZED
	SWEEP_MAX = 8,
#else
	SWEEP_MAX = 16,
#endif
};

struct scene {
	struct daemon daemon;
	struct sync_fault *fault;
	struct load *load;
};

static void scene_init(struct scene *scene, const char *settings)
{
	struct daemon_options options = {.policy = FIXTURE_POLICY("15m"),
					 .settings = settings,
					 .program = WSAUTHZD_SYNC_FAULT};

	daemon_init(&scene->daemon, &options);
	scene->fault = sync_fault_new(&scene->daemon);
	assert_true(daemon_start(&scene->daemon, NULL));
	scene->load = load_new(CONNECTIONS, OUTSTANDING);
	load_open(scene->load, &scene->daemon);
	load_until_allowed(scene->load, UNDER_WAY);
}

static void scene_deinit(struct scene *scene)
{
	assert_int_equal(atomic_load(&scene->fault->again), 0);
	load_close(scene->load);
	assert_int_equal(daemon_stop(&scene->daemon), 0);
	(void)load_expect_rows(scene->load, &scene->daemon);
	load_free(scene->load);
	assert_int_equal(command_run(&scene->daemon, "audit verify"), COMMAND_DONE);
	sync_fault_free(scene->fault);
	daemon_deinit(&scene->daemon, false);
}

static void until_failed(struct scene *scene)
{
	while (atomic_load(&scene->fault->failed) == 0)
		load_turn(scene->load);
}

static void expect_log(const struct scene *scene, const char *text)
{
	char *log = daemon_log(&scene->daemon);

	if (strstr(log, text) == NULL)
		fail_msg("expected '%s' in:\n%s", text, log);
	free(log);
}

static void a_failed_sync_refuses_what_waited_and_the_audit_is_opened_anew(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	sync_fault_watch(scene.fault, &scene.daemon, "state/audit-000001.db-wal");
	sync_fault_arm(scene.fault, 3, false);
	until_failed(&scene);
	load_until_allowed(scene.load, 10 * UNDER_WAY);
	assert_true(scene.load->refused_count > 0);
	assert_int_equal(atomic_load(&scene.fault->failed), 1);
	expect_log(&scene, "could not be recorded: input/output error (disk I/O error (SQLite "
			   "result 1034)); requests are refused until the audit can be written");
	expect_log(&scene, "audit.recovered");
	scene_deinit(&scene);
}

/* One sync after the other fails, whatever file it is of. */
static void sweep(struct scene *scene)
{
	for (uint64_t nth = 1; nth <= SWEEP_MAX; nth++) {
		atomic_store(&scene->fault->failed, 0);
		sync_fault_arm(scene->fault, nth, false);
		until_failed(scene);
		load_until_allowed(scene->load, 10 * UNDER_WAY);
	}
	print_message("%zu allowed, %zu refused\n", scene->load->allowed_count,
		      scene->load->refused_count);
	assert_true(scene->load->refused_count > 0);
}

static void no_sync_that_fails_is_ever_tried_again(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	sweep(&scene);
	scene_deinit(&scene);
}

static void no_row_is_lost_when_syncs_fail_while_segments_are_made_and_sealed(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, "audit:\n  seal_rows: 1000\n");
	sweep(&scene);
	/* SQLite syncs a file that is being made once more when it takes that back. */
	atomic_store(&scene.fault->again, 0);
	scene_deinit(&scene);
}

/* SQLite moves the log by itself now and then, behind a commit that succeeded. */
static void a_sync_that_fails_while_the_log_is_moved_is_not_tried_again(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, NULL);
	sync_fault_watch(scene.fault, &scene.daemon, "state/audit-000001.db");
	for (int round = 0; round < 3; round++) {
		atomic_store(&scene.fault->failed, 0);
		sync_fault_arm(scene.fault, 1, false);
		until_failed(&scene);
		load_until_allowed(scene.load, 10 * UNDER_WAY);
	}
	assert_true(scene.load->refused_count > 0);
	expect_log(&scene, "audit.recovered");
	scene_deinit(&scene);
}

static void nothing_is_allowed_while_no_sync_succeeds(void **state)
{
	struct scene scene;
	size_t refused, allowed;

	(void)state;
	scene_init(&scene, NULL);
	sync_fault_arm(scene.fault, 1, true);
	until_failed(&scene);
	/* Answers from before may still have been on their way. */
	refused = scene.load->refused_count;
	while (scene.load->refused_count < refused + UNDER_WAY)
		load_turn(scene.load);
	allowed = scene.load->allowed_count;
	while (scene.load->refused_count < refused + 20 * UNDER_WAY)
		load_turn(scene.load);
	assert_int_equal(scene.load->allowed_count, allowed);
	(void)command_run(&scene.daemon, "status");
	command_expect("the audit cannot be written, so every request is denied");
	sync_fault_disarm(scene.fault);
	load_until_allowed(scene.load, 10 * UNDER_WAY);
	scene_deinit(&scene);
}

/* Their answers have left: they are written again, not synced again. */
static void in_relaxed_mode_the_rows_of_a_failed_sync_are_not_lost(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, "audit:\n  durability: relaxed\n");
	for (uint64_t nth = 1; nth <= 5; nth++) {
		atomic_store(&scene.fault->failed, 0);
		sync_fault_watch(scene.fault, &scene.daemon, "state/audit-000001.db-wal");
		sync_fault_arm(scene.fault, nth, false);
		until_failed(&scene);
		load_until_allowed(scene.load, 10 * UNDER_WAY);
	}
	scene_deinit(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_sync_refuses_what_waited_and_the_audit_is_opened_anew),
		cmocka_unit_test(no_sync_that_fails_is_ever_tried_again),
		cmocka_unit_test(no_row_is_lost_when_syncs_fail_while_segments_are_made_and_sealed),
		cmocka_unit_test(a_sync_that_fails_while_the_log_is_moved_is_not_tried_again),
		cmocka_unit_test(nothing_is_allowed_while_no_sync_succeeds),
		cmocka_unit_test(in_relaxed_mode_the_rows_of_a_failed_sync_are_not_lost),
	};

	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
