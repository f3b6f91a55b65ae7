/* Blocks that are over leave memory and the state database once the audit knows of their end. */
#include <stdlib.h>

#include "platform/clock.h"
#include "platform/file.h"
#include "server/block_keeper.h"
#include "support/cmocka.h"
#include "support/fake_clock.h"
#include "support/fault.h"
#include "support/tmpdir.h"

enum { SPAN_MS = 1000, TEXT_MAX = 4096 };

static const struct boot_id boot = {{4, 5, 6}};

struct fixture {
	struct tmpdir dir;
	char directory[160];
	uv_loop_t loop;
	struct fake_clock clock;
	struct log log;
	struct store_env env;
	struct buf why;
	struct blocks *blocks;
	struct state_store *store;
	struct audit_queue *queue;
	struct audit_events *events;
	struct changes *changes;
	struct block_keeper *keeper;
	int closed_count;

	/* The audit's, to be looked at when no event is on its way. */
	uint64_t event_count;
	char last_detail[TEXT_MAX];

	size_t stored_count;
};

static enum error sink_append(void *arg, const struct audit_row *rows, size_t count,
			      uint64_t *first_id)
{
	struct fixture *f = arg;
	const struct audit_event *event = rows[count - 1].event;

	*first_id = f->event_count + 1;
	f->event_count += count;
	snprintf(f->last_detail, sizeof(f->last_detail), "%.*s %.*s", STR_ARGS(event->kind),
		 STR_ARGS(event->detail));
	return ERR_NONE;
}

static enum error sink_reopen(void *arg, struct buf *why)
{
	(void)arg;
	(void)why;
	return ERR_NONE;
}

static const char *sink_failure_text(void *arg)
{
	(void)arg;
	return "none";
}

static void on_done(struct audit_entry *entry, enum error error, void *arg)
{
	struct fixture *f = arg;

	audit_events_on_recorded(f->events, entry, error);
}

static void drop_line(void *arg, enum log_level level, struct str line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static void make_audit(struct fixture *f)
{
	struct audit_events_options events = {.log = &f->log, .clock = &f->clock.clock};
	struct audit_queue_options queue = {
		.loop = &f->loop,
		.log = &f->log,
		.sink = {sink_append, sink_reopen, sink_failure_text, f, NULL},
		.max_rows = 2048,
		.retry_ms = 1,
		.on_done = on_done,
		.arg = f,
	};

	assert_int_equal(audit_events_new(&events, &f->events), ERR_NONE);
	assert_int_equal(audit_queue_new(&queue, &f->queue), ERR_NONE);
	audit_events_attach(f->events, f->queue);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct block_keeper_options options;

	assert_non_null(f);
	tmpdir_create(&f->dir);
	tmpdir_path(&f->dir, "state", f->directory, sizeof(f->directory));
	buf_init(&f->why, 4096);
	assert_int_equal(directory_make_private(f->directory, &f->why), ERR_NONE);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	fake_clock_init(&f->clock);
	f->log = (struct log){.clock = &f->clock.clock, .sink = drop_line};
	f->env = (struct store_env){.create_private = file_create_private,
				    .list_names = directory_list_names};
	assert_int_equal(blocks_new((struct hash_key){1, 2}, &f->blocks), ERR_NONE);
	assert_int_equal(state_store_open(f->directory, &f->env, &f->log, &f->store, &f->why),
			 ERR_NONE);
	make_audit(f);
	assert_int_equal(changes_new(&f->loop, f->store, f->events, &f->changes), ERR_NONE);
	options = (struct block_keeper_options){.clock = &f->clock.clock,
						.boot_id = &boot,
						.blocks = f->blocks,
						.changes = f->changes,
						.events = f->events};
	assert_int_equal(block_keeper_new(&options, &f->keeper), ERR_NONE);
	*state = f;
	return 0;
}

static void on_closed(void *arg)
{
	struct fixture *f = arg;

	f->closed_count++;
}

/* Ends everything; what was begun is on disk then. */
static void close_all(struct fixture *f)
{
	if (f->keeper == NULL)
		return;
	block_keeper_stop(f->keeper);
	audit_events_attach(f->events, NULL);
	audit_queue_close(f->queue, on_closed, f);
	changes_close(f->changes, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->closed_count, 2);
	block_keeper_free(f->keeper);
	f->keeper = NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_all(f);
	audit_events_free(f->events);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	state_store_close(f->store);
	blocks_free(f->blocks);
	buf_deinit(&f->why);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static enum error put_stored(struct state *state, void *arg)
{
	return state_put_block(state, arg);
}

/* A block in memory and on disk, made now. */
static void put(struct fixture *f, const char *principal, int64_t span_ms)
{
	struct state_block row = {
		.principal = str_from(principal),
		.created_us = f->clock.wall_us,
		.until_us = span_ms != 0 ? f->clock.wall_us + span_ms * 1000 : STATE_BLOCK_FOR_EVER,
		.until_ms = f->clock.boot_ms + span_ms,
		.reason = STR("lost"),
	};
	struct block block = {.principal = row.principal,
			      .created_us = row.created_us,
			      .until_us = row.until_us,
			      .until_ms = row.until_ms,
			      .reason = row.reason};

	assert_int_equal(blocks_put(f->blocks, &block), ERR_NONE);
	assert_int_equal(state_store_use(f->store, "test", put_stored, &row), ERR_NONE);
}

static enum error count_block(void *arg, const struct state_block *block)
{
	(void)block;
	((struct fixture *)arg)->stored_count++;
	return ERR_NONE;
}

static enum error load(struct state *state, void *arg)
{
	return state_load_blocks(state, count_block, arg);
}

static size_t stored_count(struct fixture *f)
{
	f->stored_count = 0;
	assert_int_equal(state_store_use(f->store, "test", load, f), ERR_NONE);
	return f->stored_count;
}

/* Until the events there are have been recorded. */
static void record_events(struct fixture *f)
{
	while (audit_events_pending(f->events) != 0) {
		audit_queue_submit(f->queue);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

static void remove_until(struct fixture *f, size_t count)
{
	block_keeper_tick(f->keeper);
	while (blocks_count(f->blocks) != count)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void pass_interval(struct fixture *f)
{
	fake_clock_advance_ms(&f->clock, BLOCK_KEEPER_INTERVAL_MS);
	block_keeper_tick(f->keeper);
}

static void a_block_that_is_over_is_removed_once_its_end_is_recorded(void **state)
{
	struct fixture *f = *state;

	put(f, "alice", SPAN_MS);
	put(f, "bob", 0);
	put(f, "carol", BLOCK_KEEPER_INTERVAL_MS);
	block_keeper_tick(f->keeper);
	assert_int_equal(audit_events_pending(f->events), 0);
	pass_interval(f);
	assert_int_equal(audit_events_pending(f->events), 1);
	/* Not yet. */
	block_keeper_tick(f->keeper);
	assert_int_equal(blocks_count(f->blocks), 3);
	assert_int_equal(stored_count(f), 3);
	record_events(f);
	assert_string_equal(f->last_detail,
			    "block.ended {\"principal\":\"alice\","
			    "\"created\":\"2026-01-01T00:00:00.000Z\","
			    "\"ended\":\"2026-01-01T00:00:01.000Z\",\"reason\":\"lost\"}");
	remove_until(f, 2);
	assert_int_equal(stored_count(f), 2);
	pass_interval(f);
	record_events(f);
	remove_until(f, 1);
	assert_int_equal(stored_count(f), 1);
	pass_interval(f);
	assert_int_equal(audit_events_pending(f->events), 0);
	assert_int_equal(f->event_count, 2);
}

static void a_block_that_is_made_anew_meanwhile_stays(void **state)
{
	struct fixture *f = *state;

	put(f, "alice", SPAN_MS);
	put(f, "bob", SPAN_MS);
	pass_interval(f);
	put(f, "alice", SPAN_MS);
	record_events(f);
	remove_until(f, 1);
	assert_int_equal(stored_count(f), 1);
}

static void more_blocks_than_a_batch_are_removed_in_turns(void **state)
{
	struct fixture *f = *state;
	char name[16];

	for (int i = 0; i <= BLOCK_KEEPER_BATCH_COUNT; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		put(f, name, SPAN_MS);
	}
	pass_interval(f);
	assert_int_equal(audit_events_pending(f->events), BLOCK_KEEPER_BATCH_COUNT);
	record_events(f);
	remove_until(f, 1);
	pass_interval(f);
	record_events(f);
	remove_until(f, 0);
	assert_int_equal(stored_count(f), 0);
}

static void what_could_not_be_removed_is_tried_again_and_recorded_once(void **state)
{
	struct fixture *f = *state;
	char command[512];

	put(f, "alice", SPAN_MS);
	snprintf(command, sizeof(command),
		 "sqlite3 %s/state.db \"CREATE TRIGGER broken BEFORE DELETE ON block BEGIN SELECT "
		 "RAISE(ABORT, 'no'); END\"",
		 f->directory);
	assert_int_equal(system(command), 0);
	pass_interval(f);
	record_events(f);
	block_keeper_tick(f->keeper);
	for (int i = 0; i < 3; i++)
		pass_interval(f);
	close_all(f);
	assert_int_equal(blocks_count(f->blocks), 1);
	assert_int_equal(f->event_count, 1);
}

static enum error read_seen(struct state *state, void *arg)
{
	static const struct boot_id other = {{9}};
	struct fixture *f = arg;

	/* What another boot goes on with tells what was noted. */
	return state_note_block_clock(state, other.bytes, f->clock.boot_ms);
}

static enum error keep_until(void *arg, const struct state_block *block)
{
	*(int64_t *)arg = block->until_ms;
	return ERR_NONE;
}

static enum error load_until(struct state *state, void *arg)
{
	return state_load_blocks(state, keep_until, arg);
}

static void the_boot_clock_is_noted_while_there_are_blocks_that_end(void **state)
{
	struct fixture *f = *state;
	int64_t until_ms = 0, made_ms;

	pass_interval(f);
	put(f, "alice", SPAN_MS * 1000);
	made_ms = f->clock.boot_ms;
	pass_interval(f);
	close_all(f);
	assert_int_equal(state_store_use(f->store, "test", read_seen, f), ERR_NONE);
	assert_int_equal(state_store_use(f->store, "test", load_until, &until_ms), ERR_NONE);
	assert_int_equal(until_ms, made_ms + SPAN_MS * 1000);
}

static void without_memory_nothing_is_removed_until_there_is_some(void **state)
{
	struct fixture *f = *state;
	uint64_t n = 0;

	put(f, "alice", SPAN_MS);
	do {
		fake_clock_advance_ms(&f->clock, BLOCK_KEEPER_INTERVAL_MS);
		fault_arm(n++, FAULT_ONCE);
		block_keeper_tick(f->keeper);
	} while (fault_disarm());
	record_events(f);
	remove_until(f, 0);
	assert_int_equal(stored_count(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_block_that_is_over_is_removed_once_its_end_is_recorded),
		TEST(a_block_that_is_made_anew_meanwhile_stays),
		TEST(more_blocks_than_a_batch_are_removed_in_turns),
		TEST(what_could_not_be_removed_is_tried_again_and_recorded_once),
		TEST(the_boot_clock_is_noted_while_there_are_blocks_that_end),
		TEST(without_memory_nothing_is_removed_until_there_is_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
