/*
 * The store over a disk that fails: for every operation of SQLite on its files, in every way. What
 * must hold afterwards, on a sound disk again: every acknowledged row is there, no row that was
 * never appended, the chain is whole, the file is sound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attributes.h"
#include "store/state.h"
#include "support/fault_vfs.h"
#include "unit/store/fixture.h"

enum { BATCHES = 4, BATCH_ROWS = 3 };

/* What the workload got done. */
struct progress {
	uint64_t appended;     /* rows that were handed in */
	uint64_t acknowledged; /* rows whose append succeeded */
};

static bool has_log(const struct fixture *fixture)
{
	char path[256];

	return access(tmpdir_path(&fixture->dir, AUDIT_FILE "-wal", path, sizeof(path)), F_OK) == 0;
}

/* Opens, appends, closes: as the daemon does, with the reactions it must have to errors. */
static enum error run(struct fixture *fixture, struct progress *progress)
{
	struct audit *audit = NULL;
	enum error error;

	buf_clear(&fixture->why);
	error = audit_open(fixture->dir.path, &fixture->env, false, &audit, &fixture->why);
	for (int i = 0; error == ERR_NONE && i < BATCHES; i++) {
		struct store_row_texts texts[BATCH_ROWS];
		struct audit_row rows[BATCH_ROWS];
		uint64_t first_id;

		for (uint32_t j = 0; j < BATCH_ROWS; j++)
			store_row_make((uint32_t)progress->appended++, &texts[j], &rows[j]);
		error = audit_append(audit, rows, BATCH_ROWS, &first_id);
		if (error == ERR_NONE) {
			progress->acknowledged += BATCH_ROWS;
			/* Also when what should have made the log failed on the way. */
			assert_true(has_log(fixture));
		}
	}
	audit_close(audit);
	return error;
}

static void assert_nothing_is_lost(struct fixture *fixture, const struct progress *progress)
{
	struct audit_verification result;
	struct audit_reader *reader;
	struct store_env sound = store_env_make(NULL);
	struct audit *audit;

	buf_clear(&fixture->why);
	if (audit_open(fixture->dir.path, &sound, true, &audit, &fixture->why) != ERR_NONE ||
	    audit_reader_open(fixture->dir.path, &sound, &reader, &fixture->why) != ERR_NONE ||
	    audit_verify(reader, NULL, &result, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_true(result.intact);
	assert_in_range(result.row_count, progress->acknowledged, progress->appended);
	assert_int_equal(result.head.decision_id, result.row_count);
	audit_reader_close(reader);
	audit_close(audit);
}

/* One sweep over all operations, each time in a new directory. */
static void sweep(enum fault_vfs_kind kind, enum fault_mode mode, bool (*expected)(enum error))
{
	for (uint64_t n = 0;; n++) {
		struct progress progress = {0};
		struct fixture *fixture;
		void *state;

		fixture_setup(&state);
		fixture = state;
		fixture->env = store_env_make(fault_vfs_name());
		fault_vfs_arm(kind, n, mode);
		enum error error = run(fixture, &progress);
		bool fired = fault_vfs_disarm();
		/* SQLite may do without what failed, such as a hint; else it is the right error. */
		if (error != ERR_NONE && (!fired || !expected(error)))
			fail_msg("operation %d: %s: %s", (int)n, error_text(error),
				 buf_text(&fixture->why));
		assert_nothing_is_lost(fixture, &progress);
		fixture_teardown(&state);
		if (!fired) {
			assert_int_equal(error, ERR_NONE);
			assert_int_equal(progress.acknowledged, BATCHES * BATCH_ROWS);
			assert_true(n >= BATCHES);
			return;
		}
	}
}

static bool is_io(enum error error)
{
	return error == ERR_IO;
}

/* Where there is no room for the index of the log, SQLite calls it an I/O error. */
static bool is_full(enum error error)
{
	return error == ERR_FULL || error == ERR_IO;
}

static void no_row_is_lost_to_an_io_error(void **state)
{
	(void)state;
	sweep(FAULT_VFS_IOERR, FAULT_ONCE, is_io);
	sweep(FAULT_VFS_IOERR, FAULT_STICKY, is_io);
}

static void no_row_is_lost_to_a_failed_sync(void **state)
{
	(void)state;
	sweep(FAULT_VFS_SYNC, FAULT_ONCE, is_io);
	sweep(FAULT_VFS_SYNC, FAULT_STICKY, is_io);
}

static void no_row_is_lost_to_a_full_disk(void **state)
{
	(void)state;
	sweep(FAULT_VFS_FULL, FAULT_ONCE, is_full);
	sweep(FAULT_VFS_FULL, FAULT_STICKY, is_full);
}

static void no_row_is_lost_to_a_short_write(void **state)
{
	(void)state;
	sweep(FAULT_VFS_SHORT_WRITE, FAULT_ONCE, is_full);
	sweep(FAULT_VFS_SHORT_WRITE, FAULT_STICKY, is_full);
}

static enum error append_one(struct audit *audit, uint32_t number)
{
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t first_id;

	store_row_make(number, &texts, &row);
	return audit_append(audit, &row, 1, &first_id);
}

static struct audit *open_on_faulty_disk(struct fixture *fixture)
{
	fixture->env = store_env_make(fault_vfs_name());
	return fixture_audit(fixture);
}

static void a_full_disk_denies_until_there_is_room_again(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = open_on_faulty_disk(fixture);

	assert_int_equal(append_one(audit, 0), ERR_NONE);
	fault_vfs_arm(FAULT_VFS_FULL, 0, FAULT_STICKY);
	for (int i = 0; i < 10; i++)
		assert_int_equal(append_one(audit, 1), ERR_FULL);
	assert_string_not_equal(audit_failure_text(audit), "");
	assert_true(fault_vfs_disarm());
	assert_int_equal(append_one(audit, 1), ERR_NONE);
	assert_int_equal(audit_head(audit).decision_id, 2);
	audit_close(audit);
	fixture_assert_audit(fixture, 2);
}

static void after_a_failed_sync_the_audit_refuses_until_it_is_opened_anew(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = open_on_faulty_disk(fixture);

	assert_int_equal(append_one(audit, 0), ERR_NONE);
	fault_vfs_arm(FAULT_VFS_SYNC, 0, FAULT_ONCE);
	assert_int_equal(append_one(audit, 1), ERR_IO);
	assert_true(fault_vfs_disarm());
	for (int i = 0; i < 3; i++)
		assert_int_equal(append_one(audit, 1), ERR_IO);
	assert_int_equal(audit_head(audit).decision_id, 1);
	audit_close(audit);
	audit = fixture_audit(fixture);
	/* Whether the row of the failed sync is there nobody can know. */
	uint64_t last = audit_head(audit).decision_id;
	assert_in_range(last, 1, 2);
	assert_int_equal(append_one(audit, 2), ERR_NONE);
	audit_close(audit);
	fixture_assert_audit(fixture, last + 1);
}

static enum error append_large(struct audit *audit)
{
	static char text[100 * 1024];
	struct audit_row row = {.kind = AUDIT_AUTHORIZE_USER};
	uint64_t first_id;

	snprintf(text, sizeof(text), "%d", (int)audit_head(audit).decision_id);
	row.context = str_make(text, sizeof(text));
	return audit_append(audit, &row, 1, &first_id);
}

/* A commit syncs once. The one that also moves the log syncs the log again and then the database. */
static void expect_refusal_after_failed_sync(uint64_t sync)
{
	enum { ROWS_MAX = 100 };
	bool fired = false;
	void *scene;

	fixture_setup(&scene);
	struct audit *audit = open_on_faulty_disk(scene);
	uint64_t count = 0;
	while (!fired && count < ROWS_MAX) {
		fault_vfs_arm(FAULT_VFS_SYNC, sync, FAULT_ONCE);
		assert_int_equal(append_large(audit), ERR_NONE);
		fired = fault_vfs_disarm();
		count++;
	}
	assert_true(fired);
	assert_int_equal(append_large(audit), ERR_IO);
	assert_non_null(strstr(audit_failure_text(audit), "disk I/O error"));
	audit_close(audit);
	audit = fixture_audit(scene);
	assert_int_equal(audit_head(audit).decision_id, count);
	assert_int_equal(append_large(audit), ERR_NONE);
	audit_close(audit);
	fixture_assert_audit(scene, count + 1);
	fixture_teardown(&scene);
}

static void after_a_failed_sync_while_the_log_moves_the_audit_is_opened_anew(void **state)
{
	(void)state;
	expect_refusal_after_failed_sync(1);
	expect_refusal_after_failed_sync(2);
}

/* The daemon is killed before each change to a file, while it opens, migrates and appends; it tells
 * through a pipe what it acknowledged. */
static void run_killed_child(struct fixture *fixture, uint64_t n, int pipe_end)
{
	struct progress progress = {0};

	fixture->env = store_env_make(fault_vfs_name());
	fault_vfs_arm(FAULT_VFS_KILL, n, FAULT_ONCE);
	struct audit *audit = NULL;
	if (audit_open(fixture->dir.path, &fixture->env, false, &audit, &fixture->why) != ERR_NONE)
		_exit(2);
	for (uint32_t i = 0; i < BATCHES; i++) {
		if (append_one(audit, i) != ERR_NONE)
			_exit(3);
		progress.acknowledged++;
		if (write(pipe_end, "a", 1) != 1)
			_exit(4);
	}
	audit_close(audit);
	_exit(fault_vfs_disarm() ? 5 : 0);
}

/* True when the child was killed. */
static bool kill_at(struct fixture *fixture, uint64_t n, struct progress *progress)
{
	int ends[2], status;
	char byte;

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_killed_child(fixture, n, ends[1]);
	close(ends[1]);
	while (read(ends[0], &byte, 1) == 1)
		progress->acknowledged++;
	close(ends[0]);
	progress->appended = progress->acknowledged + 1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

static void no_row_is_lost_to_a_kill_while_opening_migrating_or_appending(void **state)
{
	bool killed = true;

	(void)state;
	for (uint64_t n = 0; killed; n++) {
		struct progress progress = {0};
		void *scene;

		fixture_setup(&scene);
		killed = kill_at(scene, n, &progress);
		assert_nothing_is_lost(scene, &progress);
		fixture_teardown(&scene);
		assert_true(killed || n > 20);
	}
}

/* The state: the same for its records and revisions. */
static enum error run_state(struct fixture *fixture, uint64_t *acknowledged)
{
	static const struct state_policy_file file = {{"a.cedar", 7}, {"permit();", 9}};
	struct state_record record = {.id = {1}, .key = {1}, .boot_id = {1}};
	struct state_revision revision = {.digest = {1}, .files = &file, .file_count = 1};
	struct state *state = NULL;
	uint64_t number;
	bool added;
	enum error error;

	error = state_open(fixture->dir.path, &fixture->env, false, &state, &fixture->why);
	for (uint8_t i = 1; error == ERR_NONE && i <= 3; i++) {
		record.id[0] = record.key[0] = i;
		revision.digest[0] = i;
		error = state_apply_records(
			state, &(struct state_record_changes){.puts = &record, .put_count = 1});
		if (error == ERR_NONE)
			error = state_put_revision(state, &revision, &number, &added);
		if (error == ERR_NONE)
			*acknowledged = i;
	}
	state_close(state);
	return error;
}

static void assert_state_is_whole(struct fixture *fixture, uint64_t acknowledged)
{
	struct store_env sound = store_env_make(NULL);
	struct state *state;

	buf_clear(&fixture->why);
	if (state_open(fixture->dir.path, &sound, true, &state, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	state_close(state);
	assert_in_range(fixture_int(fixture, STATE_FILE, "SELECT count(*) FROM record"),
			acknowledged, acknowledged + 1);
	assert_in_range(fixture_int(fixture, STATE_FILE, "SELECT count(*) FROM policy_revision"),
			acknowledged, acknowledged + 1);
	assert_int_equal(
		fixture_int(fixture, STATE_FILE, "SELECT count(*) FROM pragma_foreign_key_check"),
		0);
}

static void no_acknowledged_change_of_the_state_is_lost(void **state)
{
	(void)state;
	for (int kind = 0; kind < FAULT_VFS_KILL; kind++) {
		bool fired = true;
		for (uint64_t n = 0; fired; n++) {
			uint64_t acknowledged = 0;
			struct fixture *fixture;
			void *scene;

			fixture_setup(&scene);
			fixture = scene;
			fixture->env = store_env_make(fault_vfs_name());
			fault_vfs_arm((enum fault_vfs_kind)kind, n, FAULT_ONCE);
			enum error error = run_state(fixture, &acknowledged);
			fired = fault_vfs_disarm();
			assert_true(error == ERR_NONE ||
				    (fired && (is_io(error) || is_full(error))));
			assert_state_is_whole(fixture, acknowledged);
			fixture_teardown(&scene);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_is_lost_to_an_io_error),
		cmocka_unit_test(no_row_is_lost_to_a_failed_sync),
		cmocka_unit_test(no_row_is_lost_to_a_full_disk),
		cmocka_unit_test(no_row_is_lost_to_a_short_write),
		TEST(a_full_disk_denies_until_there_is_room_again),
		TEST(after_a_failed_sync_the_audit_refuses_until_it_is_opened_anew),
		cmocka_unit_test(after_a_failed_sync_while_the_log_moves_the_audit_is_opened_anew),
		cmocka_unit_test(no_row_is_lost_to_a_kill_while_opening_migrating_or_appending),
		cmocka_unit_test(no_acknowledged_change_of_the_state_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
