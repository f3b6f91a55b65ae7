/* Who is told when that a record is on disk. */
#include <stdlib.h>

#include "server/record_keeper.h"

#include "platform/clock.h"
#include "platform/file.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"

enum { START_MS = 1000000, MAX_COUNT = 100 };

static const uint8_t secret[32] = {1, 2, 3};
static const struct boot_id boot = {{4, 5, 6}};

struct fixture {
	struct tmpdir dir;
	char directory[160];
	uv_loop_t loop;
	struct log log;
	struct store_env env;
	struct buf why;
	struct records *records;
	struct state_store *store;
	struct record_keeper *keeper;
	bool is_closed;

	/* Of the waiter. */
	struct record_keeper_waiter waiter;
	struct record_id id;
	size_t told_count;
	enum error told;

	/* Of what is on disk. */
	size_t stored_count, revoked_count;
};

static void drop_line(void *arg, enum log_level level, struct str line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	tmpdir_create(&f->dir);
	tmpdir_path(&f->dir, "state", f->directory, sizeof(f->directory));
	buf_init(&f->why, 4096);
	assert_int_equal(directory_make_private(f->directory, &f->why), ERR_NONE);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->log = (struct log){.clock = platform_clock(), .sink = drop_line};
	f->env = (struct store_env){.create_private = file_create_private,
				    .list_names = directory_list_names};
	assert_int_equal(records_new(MAX_COUNT, secret, &f->records), ERR_NONE);
	assert_int_equal(state_store_open(f->directory, &f->env, &f->log, &f->store, &f->why),
			 ERR_NONE);
	assert_int_equal(record_keeper_new(&f->loop, f->records, f->store, &boot, &f->keeper),
			 ERR_NONE);
	*state = f;
	return 0;
}

static void on_closed(void *arg)
{
	struct fixture *f = arg;

	f->is_closed = true;
}

static void close_keeper(struct fixture *f)
{
	if (f->is_closed)
		return;
	record_keeper_close(f->keeper, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->is_closed);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_keeper(f);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	state_store_close(f->store);
	records_free(f->records);
	buf_deinit(&f->why);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static void on_stored(struct record_keeper_waiter *waiter, enum error error)
{
	struct fixture *f = CONTAINER_OF(waiter, struct fixture, waiter);

	f->told_count++;
	f->told = error;
}

static void await(struct fixture *f)
{
	f->waiter =
		(struct record_keeper_waiter){.ids = &f->id, .count = 1, .on_stored = on_stored};
	record_keeper_await(f->keeper, &f->waiter);
	assert_int_equal(f->told_count, 0);
}

/* Until nothing is left to do: a keeper that turned in circles would never come back from here. */
static void settle(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void reserve(struct fixture *f)
{
	struct record_owner owner = {.key = {{1}},
				     .application = STR("wsman"),
				     .principal = STR("S-1-5-1"),
				     .name = STR("alice"),
				     .mechanism = STR("kerberos")};

	assert_int_equal(records_reserve(f->records, &owner, START_MS, &f->id), ERR_NONE);
}

static struct record_change change_of(const struct fixture *f)
{
	return (struct record_change){
		.kind = RECORD_PUT,
		.id = f->id,
		.boot_ms = START_MS,
		.revision = 1,
		.grant = {.idle_timeout_ms = 16000, .max_lifetime_ms = 60000},
	};
}

static void apply(struct fixture *f)
{
	struct record_change change = change_of(f);

	records_apply(f->records, &change, 7);
	record_keeper_notice(f->keeper);
}

static void drop(struct fixture *f)
{
	struct record_change change = change_of(f);

	records_drop(f->records, &change);
	record_keeper_notice(f->keeper);
}

static enum error count_record(void *arg, const struct state_record *row)
{
	struct fixture *f = arg;

	f->stored_count++;
	f->revoked_count += row->revoked;
	return ERR_NONE;
}

static enum error load(struct state *state, void *arg)
{
	return state_load_records(state, boot.bytes, count_record, arg);
}

static void expect_on_disk(struct fixture *f, size_t stored_count, size_t revoked_count)
{
	f->stored_count = f->revoked_count = 0;
	assert_int_equal(state_store_use(f->store, "test", load, f), ERR_NONE);
	assert_int_equal(f->stored_count, stored_count);
	assert_int_equal(f->revoked_count, revoked_count);
}

static void expect_told(const struct fixture *f, enum error error)
{
	assert_int_equal(f->told_count, 1);
	assert_int_equal(f->told, error);
}

static void a_change_is_written_by_and_by(void **state)
{
	struct fixture *f = *state;

	reserve(f);
	apply(f);
	settle(f);
	expect_on_disk(f, 1, 0);
}

static void who_waits_for_a_live_record_hears_when_it_is_on_disk(void **state)
{
	struct fixture *f = *state;

	reserve(f);
	apply(f);
	assert_true(records_revoke(f->records, f->id));
	await(f);
	settle(f);
	expect_told(f, ERR_NONE);
	expect_on_disk(f, 1, 1);
}

static void who_waits_for_what_is_on_disk_hears_it_at_once(void **state)
{
	struct fixture *f = *state;

	await(f);
	settle(f);
	expect_told(f, ERR_NONE);
}

static void who_waits_for_a_pending_record_waits_for_its_audit_row_and_the_disk(void **state)
{
	struct fixture *f = *state;

	reserve(f);
	assert_true(records_revoke(f->records, f->id));
	await(f);
	settle(f);
	assert_int_equal(f->told_count, 0);
	expect_on_disk(f, 0, 0);
	apply(f);
	settle(f);
	expect_told(f, ERR_NONE);
	expect_on_disk(f, 1, 1);
}

static void who_waits_for_a_pending_record_hears_when_nobody_was_let_in(void **state)
{
	struct fixture *f = *state;

	reserve(f);
	assert_true(records_revoke(f->records, f->id));
	await(f);
	settle(f);
	assert_int_equal(f->told_count, 0);
	drop(f);
	settle(f);
	expect_told(f, ERR_NONE);
	expect_on_disk(f, 0, 0);
}

static void who_waits_for_a_pending_record_waits_also_when_its_user_asks_anew(void **state)
{
	struct fixture *f = *state;
	struct record_id revoked;

	reserve(f);
	revoked = f->id;
	assert_true(records_revoke(f->records, f->id));
	await(f);
	f->waiter.ids = &revoked;
	reserve(f);
	settle(f);
	assert_int_equal(f->told_count, 0);
	drop(f);
	f->id = revoked;
	settle(f);
	assert_int_equal(f->told_count, 0);
	apply(f);
	settle(f);
	expect_told(f, ERR_NONE);
	expect_on_disk(f, 1, 1);
}

static void a_revocation_stays_on_disk_while_its_user_waits_to_be_let_in_anew(void **state)
{
	struct fixture *f = *state;

	reserve(f);
	apply(f);
	assert_true(records_revoke(f->records, f->id));
	await(f);
	reserve(f);
	settle(f);
	expect_told(f, ERR_NONE);
	expect_on_disk(f, 1, 1);
	apply(f);
	settle(f);
	expect_on_disk(f, 1, 0);
}

static void who_still_waits_when_the_keeper_closes_hears_that_nothing_is_stored(void **state)
{
	struct fixture *f = *state;
	struct record_change change;

	reserve(f);
	change = change_of(f);
	assert_true(records_revoke(f->records, f->id));
	await(f);
	close_keeper(f);
	expect_told(f, ERR_CANCELLED);
	records_drop(f->records, &change);
}

static void what_is_stored_is_told_also_while_the_keeper_closes(void **state)
{
	struct fixture *f = *state;

	await(f);
	close_keeper(f);
	expect_told(f, ERR_NONE);
}

static void without_memory_who_waits_hears_it_and_the_change_is_written_later(void **state)
{
	struct fixture *f = *state;

	reserve(f);
	apply(f);
	assert_true(records_revoke(f->records, f->id));
	await(f);
	fault_arm(0, FAULT_ONCE);
	uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(fault_disarm());
	expect_told(f, ERR_NO_MEMORY);
	settle(f);
	expect_on_disk(f, 1, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_change_is_written_by_and_by),
		TEST(who_waits_for_a_live_record_hears_when_it_is_on_disk),
		TEST(who_waits_for_what_is_on_disk_hears_it_at_once),
		TEST(who_waits_for_a_pending_record_waits_for_its_audit_row_and_the_disk),
		TEST(who_waits_for_a_pending_record_hears_when_nobody_was_let_in),
		TEST(who_waits_for_a_pending_record_waits_also_when_its_user_asks_anew),
		TEST(a_revocation_stays_on_disk_while_its_user_waits_to_be_let_in_anew),
		TEST(who_still_waits_when_the_keeper_closes_hears_that_nothing_is_stored),
		TEST(what_is_stored_is_told_also_while_the_keeper_closes),
		TEST(without_memory_who_waits_hears_it_and_the_change_is_written_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
