/*
 * The store on a machine whose power fails: behind every write, sync, creation and removal, in
 * several of the states in which the disk can then be. When the machine is back, every acknowledged
 * row is there, the chain is whole, and the store opens without help. The harness is shown to find
 * a disk that lies about syncs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "store/seal.h"
#include "store/state.h"
#include "support/cmocka.h"
#include "support/power_vfs.h"
#include "support/store_env.h"
#include "unit/store/fixture.h"

/* Random states looked at for each event; more with the first argument of the program. */
static uint32_t seeds_per_event = 9;

/* All states that were looked at, and how many there must be. */
static uint64_t state_count;
enum { STATES_MIN = 20000 };

static struct store_env power_env(void)
{
	struct store_env env = store_env_make(power_vfs_name());

	env.create_private = power_vfs_create;
	env.list_names = power_vfs_list;
	env.make_readonly = power_vfs_make_readonly;
	return env;
}

/* NULL, with a message, when it does not open. */
static struct audit *try_open_audit(void)
{
	struct store_env env = power_env();
	struct audit *audit = NULL;
	struct buf why;

	buf_init(&why, 4096);
	if (audit_open("/power", &env, true, &audit, &why) != ERR_NONE)
		print_message("%s\n", buf_text(&why));
	buf_deinit(&why);
	return audit;
}

static struct audit *open_audit(void)
{
	struct audit *audit = try_open_audit();

	assert_non_null(audit);
	return audit;
}

/* Appends batches and notes what was acknowledged. */
static void append_batches(struct audit *audit, uint32_t batch_count, uint32_t batch_rows)
{
	for (uint32_t i = 0; i < batch_count; i++) {
		uint64_t last = audit_head(audit).decision_id;
		fixture_append(audit, (uint32_t)last * 3, batch_rows);
		power_vfs_note(audit_head(audit).decision_id);
	}
}

/* What became of the rows in the states that were looked at. */
struct tally {
	uint64_t states;
	uint64_t lost;    /* states without a row that was acknowledged */
	uint64_t damaged; /* states in which the audit did not open */
	/* Disks whose chain was found whole. After recovery many states are the same disk. */
	uint8_t (*whole)[POWER_VFS_DIGEST_BYTES];
	size_t whole_count, whole_capacity;
};

static bool is_known(const struct tally *tally, const uint8_t digest[POWER_VFS_DIGEST_BYTES])
{
	for (size_t i = tally->whole_count; i > 0; i--) {
		if (memcmp(tally->whole[i - 1], digest, POWER_VFS_DIGEST_BYTES) == 0)
			return true;
	}
	return false;
}

static void note_whole(struct tally *tally, const uint8_t digest[POWER_VFS_DIGEST_BYTES])
{
	if (tally->whole_count == tally->whole_capacity) {
		tally->whole_capacity = tally->whole_capacity * 2 + 256;
		tally->whole = realloc(tally->whole, tally->whole_capacity * sizeof(*tally->whole));
		assert_non_null(tally->whole);
	}
	memcpy(tally->whole[tally->whole_count++], digest, POWER_VFS_DIGEST_BYTES);
}

static void verify(uint64_t found)
{
	struct store_env env = power_env();
	struct audit_verification result;
	struct audit_reader *reader;
	struct buf why;

	buf_init(&why, 4096);
	if (audit_reader_open("/power", &env, &reader, &why) != ERR_NONE ||
	    audit_verify(reader, NULL, &result, &why) != ERR_NONE)
		fail_msg("%s", buf_text(&why));
	assert_true(result.intact);
	assert_int_equal(result.row_count, found);
	audit_reader_close(reader);
	buf_deinit(&why);
}

/* Looks at the disk as the daemon finds it after the restart. */
static void inspect(uint64_t acknowledged, uint64_t appended, struct tally *tally)
{
	uint8_t digest[POWER_VFS_DIGEST_BYTES];

	tally->states++;
	struct audit *audit = try_open_audit();
	if (audit == NULL) {
		tally->damaged++;
		return;
	}
	uint64_t found = audit_head(audit).decision_id;
	audit_close(audit);
	tally->lost += found < acknowledged;
	assert_true(found <= appended);
	power_vfs_digest(digest);
	if (is_known(tally, digest))
		return;
	verify(found);
	note_whole(tally, digest);
}

/* Goes through the states behind every `stride`-th event. */
static struct tally lose_power_everywhere(uint64_t appended, size_t stride)
{
	struct tally tally = {0};

	for (size_t n = 0; n <= power_vfs_event_count(); n += stride) {
		inspect(power_vfs_lose_power(n, POWER_LOSS_ALL, 0), appended, &tally);
		inspect(power_vfs_lose_power(n, POWER_LOSS_NONE, 0), appended, &tally);
		for (uint32_t seed = 1; seed <= seeds_per_event; seed++)
			inspect(power_vfs_lose_power(n, POWER_LOSS_RANDOM, seed), appended, &tally);
	}
	state_count += tally.states;
	print_message("%d states, %d disks after recovery\n", (int)tally.states,
		      (int)tally.whole_count);
	free(tally.whole);
	return tally;
}

/* The same of a disk that keeps its word: nothing is lost and nothing damaged. */
static void expect_nothing_lost(uint64_t appended, size_t stride)
{
	struct tally tally = lose_power_everywhere(appended, stride);

	assert_int_equal(tally.lost, 0);
	assert_int_equal(tally.damaged, 0);
}

static uint64_t run_daily_work(void)
{
	struct audit *audit = open_audit();

	append_batches(audit, 6, 3);
	audit_close(audit);
	audit = open_audit();
	append_batches(audit, 4, 20);
	uint64_t appended = audit_head(audit).decision_id;
	audit_close(audit);
	return appended;
}

static void no_acknowledged_row_is_lost_with_the_power(void **state)
{
	(void)state;
	power_vfs_reset();
	uint64_t appended = run_daily_work();
	expect_nothing_lost(appended, 1);
	power_vfs_free();
}

/* Rows so large that the log is moved into the database while rows are added. */
static void no_acknowledged_row_is_lost_while_the_log_is_moved(void **state)
{
	enum { ROWS = 120 };
	static char text[40000];
	struct audit_row row = {.kind = AUDIT_AUTHORIZE_USER};
	uint64_t first_id;

	(void)state;
	power_vfs_reset();
	struct audit *audit = open_audit();
	for (int i = 0; i < ROWS; i++) {
		snprintf(text, sizeof(text), "%d", i);
		row.context = str_make(text, sizeof(text));
		assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_NONE);
		power_vfs_note(first_id);
	}
	audit_close(audit);
	/* Every 37th event is a sample of all kinds. */
	expect_nothing_lost(ROWS, 37);
	power_vfs_free();
}

/* One segment after the other begins, is sealed and, at last, removed. */
static void no_acknowledged_row_is_lost_while_segments_follow_each_other(void **state)
{
	struct store_env env = power_env();
	struct segment sealed;
	struct buf why;

	(void)state;
	power_vfs_reset();
	buf_init(&why, 4096);
	struct audit *audit = open_audit();
	append_batches(audit, 2, 5);
	for (uint32_t number = 1; number <= 2; number++) {
		struct audit *next;
		if (audit_prepare_next("/power", &env, number, &next, &why) != ERR_NONE ||
		    audit_rotate(audit, next, 1) != ERR_NONE)
			fail_msg("%s", buf_text(&why));
		audit_close(audit);
		audit = next;
		append_batches(audit, 2, 5);
		/* The seal does not open a file that others have open, and so does the disk. */
		audit_close(audit);
		if (seal_segment("/power", number, &env, NULL, 2, &sealed, &why) != ERR_NONE)
			fail_msg("%s", buf_text(&why));
		audit = open_audit();
		append_batches(audit, 1, 5);
	}
	uint64_t appended = audit_head(audit).decision_id;
	audit_close(audit);
	expect_nothing_lost(appended, 1);
	power_vfs_free();
	buf_deinit(&why);
}

static void a_log_that_is_not_synced_is_found_out(void **state)
{
	(void)state;
	power_vfs_reset();
	/* What synchronous=NORMAL would do, and worse: not even before the log is moved. */
	power_vfs_ignore_syncs(SQLITE_OPEN_WAL);
	uint64_t appended = run_daily_work();
	power_vfs_ignore_syncs(0);
	struct tally tally = lose_power_everywhere(appended, 1);
	print_message("%d lost rows, %d were damaged\n", (int)tally.lost, (int)tally.damaged);
	assert_true(tally.lost > tally.states / 10);
	power_vfs_free();
}

static void no_row_is_lost_after_a_failed_sync_and_a_new_start(void **state)
{
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t first_id;

	(void)state;
	power_vfs_reset();
	struct audit *audit = open_audit();
	append_batches(audit, 3, 3);
	store_row_make(999, &texts, &row);
	power_vfs_fail_next_sync();
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_IO);
	audit_close(audit);
	audit = open_audit();
	append_batches(audit, 5, 3);
	uint64_t appended = audit_head(audit).decision_id;
	audit_close(audit);
	expect_nothing_lost(appended, 1);
	power_vfs_free();
}

/* The state. */

static struct state *open_state(void)
{
	struct store_env env = power_env();
	struct state *state = NULL;
	struct buf why;

	buf_init(&why, 4096);
	if (state_open("/power", &env, true, &state, &why) != ERR_NONE)
		fail_msg("%s", buf_text(&why));
	buf_deinit(&why);
	return state;
}

static enum error count_record(void *arg, const struct state_record *record)
{
	uint64_t *count = arg;

	(void)record;
	(*count)++;
	return ERR_NONE;
}

static void no_acknowledged_change_of_the_state_is_lost_with_the_power(void **state)
{
	static const struct state_policy_file file = {{"a.cedar", 7}, {"permit();", 9}};
	static const uint8_t boot_id[STATE_BOOT_ID_BYTES] = {1};
	enum { CHANGES = 5 };

	(void)state;
	power_vfs_reset();
	struct state *store = open_state();
	for (int change = 1; change <= CHANGES; change++) {
		uint8_t i = (uint8_t)change;
		struct state_record record = {.id = {i}, .key = {i}, .boot_id = {1}};
		struct state_revision revision = {.digest = {i}, .files = &file, .file_count = 1};
		uint64_t number;
		bool added;
		assert_int_equal(
			state_apply_records(store, &(struct state_record_changes){.puts = &record,
										  .put_count = 1}),
			ERR_NONE);
		assert_int_equal(state_put_revision(store, &revision, &number, &added), ERR_NONE);
		power_vfs_note(i);
	}
	state_close(store);
	for (size_t n = 0; n <= power_vfs_event_count(); n++) {
		for (uint32_t seed = 0; seed <= seeds_per_event; seed++) {
			enum power_loss loss = seed == 0 ? POWER_LOSS_ALL : POWER_LOSS_RANDOM;
			uint64_t noted = power_vfs_lose_power(n, loss, seed), records = 0;
			struct state_revision revision;
			enum state_lookup found;
			struct arena arena;

			arena_init(&arena, 256, SIZE_MAX);
			state_count++;
			store = open_state();
			assert_int_equal(state_load_records(store, boot_id, count_record, &records),
					 ERR_NONE);
			assert_in_range(records, noted, noted + 1);
			assert_int_equal(state_get_revision(store, 0, &arena, &revision, &found),
					 ERR_NONE);
			assert_true(found == STATE_FOUND || noted == 0);
			if (found == STATE_FOUND)
				assert_in_range(revision.number, noted, noted + 1);
			state_close(store);
			arena_deinit(&arena);
		}
	}
	power_vfs_free();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_acknowledged_row_is_lost_with_the_power),
		cmocka_unit_test(no_acknowledged_row_is_lost_while_the_log_is_moved),
		cmocka_unit_test(no_acknowledged_row_is_lost_while_segments_follow_each_other),
		cmocka_unit_test(a_log_that_is_not_synced_is_found_out),
		cmocka_unit_test(no_row_is_lost_after_a_failed_sync_and_a_new_start),
		cmocka_unit_test(no_acknowledged_change_of_the_state_is_lost_with_the_power),
	};

	/* The one thread need not be kept from others. */
	if (sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK)
		return 1;
	if (argc > 1)
		seeds_per_event = (uint32_t)strtoul(argv[1], NULL, 10);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	print_message("%llu states\n", (unsigned long long)state_count);
	/* Fewer say less than this test is believed to say. */
	return failed != 0 || (argc == 1 && state_count < STATES_MIN);
}
