#include <stdlib.h>

#include "server/audit_queue.h"
#include "support/cmocka.h"
#include "support/fake_clock.h"
#include "support/fault.h"

enum { ENTRIES_MAX = 3000, SCRIPT_MAX = 16 };

/* A queue over a store that fails as a script says. The writer thread waits at the gate before it
 * appends, so that a test decides when. */
struct fixture {
	uv_loop_t loop;
	struct fake_clock clock;
	struct log log;
	struct audit_queue *queue;
	struct audit_queue_options options;
	bool is_closed;

	struct audit_entry entries[ENTRIES_MAX];
	size_t done_count;
	struct audit_entry *done[ENTRIES_MAX];
	enum error errors[ENTRIES_MAX];

	/* The store; under the lock. */
	uv_mutex_t lock;
	uv_cond_t gate;
	bool is_open;                  /* the gate */
	enum error script[SCRIPT_MAX]; /* of the appends, then ERR_NONE */
	size_t append_count;
	enum error reopen_script[SCRIPT_MAX];
	size_t reopen_count;
	size_t batches[ENTRIES_MAX];
	uint64_t next_id;
	uint64_t stored;
	bool is_broken;  /* an append failed for good and nobody opened again yet */
	bool is_misused; /* an append came nevertheless */
};

static enum error sink_append(void *arg, const struct audit_row *rows, size_t count,
			      uint64_t *first_id)
{
	struct fixture *f = arg;
	enum error error;

	uv_mutex_lock(&f->lock);
	while (!f->is_open)
		uv_cond_wait(&f->gate, &f->lock);
	/* After such a failure the connection must be opened again before anything else. */
	f->is_misused |= f->is_broken;
	error = f->append_count < SCRIPT_MAX ? f->script[f->append_count] : ERR_NONE;
	f->batches[f->append_count++] = count;
	if (error == ERR_NONE) {
		*first_id = rows[0].decision_id != 0 ? rows[0].decision_id : f->next_id;
		f->next_id = *first_id + count;
		f->stored += count;
	} else if (error == ERR_IO || error == ERR_CORRUPT || error == ERR_INTERNAL) {
		f->is_broken = true;
	}
	uv_mutex_unlock(&f->lock);
	return error;
}

static enum error sink_reopen(void *arg, struct buf *why)
{
	struct fixture *f = arg;
	enum error error;

	uv_mutex_lock(&f->lock);
	error = f->reopen_count < SCRIPT_MAX ? f->reopen_script[f->reopen_count] : ERR_NONE;
	f->reopen_count++;
	if (error == ERR_NONE)
		f->is_broken = false;
	else
		buf_append_str(why, STR("the disk is gone"));
	uv_mutex_unlock(&f->lock);
	return error;
}

static const char *sink_failure_text(void *arg)
{
	(void)arg;
	return "scripted";
}

static void on_done(struct audit_entry *entry, enum error error, void *arg)
{
	struct fixture *f = arg;

	f->done[f->done_count] = entry;
	f->errors[f->done_count] = error;
	f->done_count++;
}

static void ignore_line(void *arg, enum log_level level, struct str line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	fake_clock_init(&f->clock);
	f->log = (struct log){.level = LOG_DEBUG, .clock = &f->clock.clock, .sink = ignore_line};
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(uv_mutex_init(&f->lock), 0);
	assert_int_equal(uv_cond_init(&f->gate), 0);
	f->is_open = true;
	f->next_id = 1;
	f->options = (struct audit_queue_options){
		.loop = &f->loop,
		.log = &f->log,
		.sink = {sink_append, sink_reopen, sink_failure_text, f},
		.max_rows = ENTRIES_MAX,
		.retry_ms = 2,
		.on_done = on_done,
		.arg = f,
	};
	*state = f;
	return 0;
}

static void on_closed(void *arg)
{
	struct fixture *f = arg;

	f->is_closed = true;
	f->queue = NULL;
}

static void set_gate(struct fixture *f, bool is_open)
{
	uv_mutex_lock(&f->lock);
	f->is_open = is_open;
	uv_cond_broadcast(&f->gate);
	uv_mutex_unlock(&f->lock);
}

static void close_queue(struct fixture *f)
{
	set_gate(f, true);
	audit_queue_close(f->queue, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->is_closed);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->queue != NULL)
		close_queue(f);
	assert_false(f->is_misused);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	uv_cond_destroy(&f->gate);
	uv_mutex_destroy(&f->lock);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	assert_int_equal(audit_queue_new(&f->options, &f->queue), ERR_NONE);
}

static void push(struct fixture *f, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++)
		assert_int_equal(audit_queue_push(f->queue, &f->entries[i]), ERR_NONE);
	audit_queue_submit(f->queue);
}

/* Runs the loop until so many entries have come back. */
static void wait_done(struct fixture *f, size_t count)
{
	while (f->done_count < count)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->done_count, count);
}

/* Waits for the writer to mend what is broken, which it does without telling the loop. */
static void wait_writable(struct fixture *f)
{
	while (!audit_queue_writable(f->queue))
		uv_run(&f->loop, UV_RUN_NOWAIT);
}

static size_t count_reopens(struct fixture *f)
{
	size_t count;

	uv_mutex_lock(&f->lock);
	count = f->reopen_count;
	uv_mutex_unlock(&f->lock);
	return count;
}

static void rows_come_back_in_order_with_their_numbers(void **state)
{
	struct fixture *f = *state;

	f->next_id = 41;
	start(f);
	push(f, 0, 10);
	wait_done(f, 10);
	for (size_t i = 0; i < 10; i++) {
		assert_ptr_equal(f->done[i], &f->entries[i]);
		assert_int_equal(f->errors[i], ERR_NONE);
		assert_int_equal(f->entries[i].row.decision_id, 41 + i);
	}
	assert_int_equal(audit_queue_length(f->queue), 0);
}

static void nothing_is_written_before_it_is_submitted(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[0]), ERR_NONE);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[1]), ERR_NONE);
	audit_queue_submit(f->queue);
	wait_done(f, 2);
	/* One batch, because nothing went before both were there. */
	assert_int_equal(f->append_count, 1);
	assert_int_equal(f->batches[0], 2);
}

static void what_gathers_during_a_commit_goes_in_one_batch(void **state)
{
	struct fixture *f = *state;

	set_gate(f, false);
	start(f);
	push(f, 0, 1);
	for (size_t i = 1; i < 100; i++)
		push(f, i, 1);
	set_gate(f, true);
	wait_done(f, 100);
	/* The first batch has what was there when the writer woke up, the second all the rest. */
	assert_in_range(f->append_count, 1, 2);
}

static void a_batch_has_a_largest_size(void **state)
{
	struct fixture *f = *state;

	start(f);
	push(f, 0, AUDIT_QUEUE_BATCH_ROWS + 1);
	wait_done(f, AUDIT_QUEUE_BATCH_ROWS + 1);
	assert_int_equal(f->append_count, 2);
	assert_int_equal(f->batches[0], AUDIT_QUEUE_BATCH_ROWS);
	assert_int_equal(f->batches[1], 1);
	assert_int_equal(f->entries[AUDIT_QUEUE_BATCH_ROWS].row.decision_id,
			 AUDIT_QUEUE_BATCH_ROWS + 1);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct fixture *f = *state;

	f->options.max_rows = 3;
	set_gate(f, false);
	start(f);
	push(f, 0, 3);
	assert_int_equal(audit_queue_length(f->queue), 3);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[3]), ERR_BUSY);
	set_gate(f, true);
	wait_done(f, 3);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[3]), ERR_NONE);
}

static void entries_that_hold_too_much_memory_are_refused(void **state)
{
	enum { ROWS = 4, MAX_BYTES = ROWS * AUDIT_QUEUE_ROW_BYTES };
	struct fixture *f = *state;

	f->options.max_rows = ROWS;
	set_gate(f, false);
	start(f);
	f->entries[0].held_bytes = MAX_BYTES - 10;
	f->entries[1].held_bytes = 11;
	push(f, 0, 1);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[1]), ERR_BUSY);
	f->entries[1].held_bytes = 10;
	push(f, 1, 1);
	f->entries[2].held_bytes = 1;
	assert_int_equal(audit_queue_push(f->queue, &f->entries[2]), ERR_BUSY);
	set_gate(f, true);
	wait_done(f, 2);
	/* All of it was given back. */
	f->entries[2].held_bytes = MAX_BYTES;
	push(f, 2, 1);
	wait_done(f, 3);
}

static void one_entry_is_always_taken(void **state)
{
	struct fixture *f = *state;

	f->options.max_rows = 2;
	set_gate(f, false);
	start(f);
	f->entries[0].held_bytes = SIZE_MAX;
	push(f, 0, 1);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[1]), ERR_BUSY);
	set_gate(f, true);
	wait_done(f, 1);
	push(f, 1, 1);
	wait_done(f, 2);
}

static void a_row_that_does_not_fit_is_refused_alone(void **state)
{
	static char text[AUDIT_ROW_MAX_BYTES + 1];
	struct fixture *f = *state;

	start(f);
	f->entries[0].row.context = str_make(text, sizeof(text));
	assert_int_equal(audit_queue_push(f->queue, &f->entries[0]), ERR_LIMIT);
	f->entries[0].row.context.length = 100;
	push(f, 0, 1);
	wait_done(f, 1);
	assert_int_equal(f->errors[0], ERR_NONE);
}

static void a_failed_batch_comes_back_failed_and_the_next_one_is_tried(void **state)
{
	struct fixture *f = *state;

	f->script[0] = ERR_FULL;
	start(f);
	push(f, 0, 3);
	wait_done(f, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->errors[i], ERR_FULL);
		assert_int_equal(f->entries[i].row.decision_id, 0);
	}
	assert_false(audit_queue_writable(f->queue));
	push(f, 3, 1);
	wait_done(f, 4);
	assert_int_equal(f->errors[3], ERR_NONE);
	assert_true(audit_queue_writable(f->queue));
	assert_int_equal(f->stored, 1);
	assert_int_equal(f->reopen_count, 0);
}

static void the_queue_says_since_when_it_fails_and_why(void **state)
{
	struct fixture *f = *state;
	struct audit_queue_work work;
	int64_t since_us;
	struct buf why;

	buf_init(&why, 1024);
	f->script[0] = ERR_FULL;
	f->script[1] = ERR_FULL;
	start(f);
	assert_int_equal(audit_queue_failing_since_us(f->queue, &why), 0);
	push(f, 0, 1);
	wait_done(f, 1);
	since_us = audit_queue_failing_since_us(f->queue, &why);
	assert_int_equal(since_us, clock_wall_us(&f->clock.clock));
	assert_non_null(strstr(buf_text(&why), error_text(ERR_FULL)));
	assert_non_null(strstr(buf_text(&why), "scripted"));
	/* The first failure counts, not the last. */
	fake_clock_advance_ms(&f->clock, 5000);
	push(f, 1, 1);
	wait_done(f, 2);
	assert_int_equal(audit_queue_failing_since_us(f->queue, &why), since_us);
	push(f, 2, 3);
	wait_done(f, 5);
	buf_clear(&why);
	assert_int_equal(audit_queue_failing_since_us(f->queue, &why), 0);
	assert_int_equal(why.length, 0);

	audit_queue_get_work(f->queue, &work);
	assert_int_equal(work.failed_count, 2);
	assert_int_equal(work.row_count, 3);
	buf_deinit(&why);
}

static void rows_that_wait_grow_old(void **state)
{
	struct fixture *f = *state;

	set_gate(f, false);
	start(f);
	assert_int_equal(audit_queue_lag_ns(f->queue), 0);
	push(f, 0, 3);
	assert_true(audit_queue_lag_ns(f->queue) > 0);
	set_gate(f, true);
	wait_done(f, 3);
	assert_int_equal(audit_queue_lag_ns(f->queue), 0);
}

static void fail_once(struct fixture *f, enum error error, size_t at, bool for_good)
{
	memset(f->script, 0, sizeof(f->script));
	f->script[at] = error;
	f->append_count = f->reopen_count = f->done_count = f->stored = 0;
	f->is_closed = false;
	start(f);
	for (size_t i = 0; i < 4; i++) {
		f->entries[i].row.decision_id = 0;
		push(f, i, 1);
		wait_done(f, i + 1);
		assert_int_equal(f->errors[i], i == at ? error : ERR_NONE);
		if (i == at && for_good)
			wait_writable(f);
	}
	assert_int_equal(f->stored, 3);
	assert_int_equal(count_reopens(f), for_good ? 1 : 0);
	close_queue(f);
}

/* Each error at the first, second and third batch. */
static void whatever_fails_the_queue_recovers_and_stores_the_rest(void **state)
{
	static const enum error passing[] = {ERR_FULL, ERR_BUSY, ERR_NO_MEMORY};
	static const enum error for_good[] = {ERR_IO, ERR_CORRUPT, ERR_INTERNAL};
	struct fixture *f = *state;

	for (size_t at = 0; at < 3; at++) {
		for (size_t i = 0; i < 3; i++) {
			fail_once(f, passing[i], at, false);
			fail_once(f, for_good[i], at, true);
		}
	}
}

static void a_broken_connection_is_opened_again_before_the_next_row(void **state)
{
	struct fixture *f = *state;

	f->script[0] = ERR_IO;
	f->reopen_script[0] = ERR_IO;
	f->reopen_script[1] = ERR_IO;
	start(f);
	push(f, 0, 1);
	wait_done(f, 1);
	assert_int_equal(f->errors[0], ERR_IO);
	/* Meanwhile nothing is taken, at once and not after a wait. */
	if (!audit_queue_writable(f->queue))
		assert_int_equal(audit_queue_push(f->queue, &f->entries[1]), ERR_IO);
	wait_writable(f);
	assert_int_equal(count_reopens(f), 3);
	push(f, 1, 1);
	wait_done(f, 2);
	assert_int_equal(f->errors[1], ERR_NONE);
}

enum { GATHER_FOREVER_MS = 3600 * 1000 };

static void rows_gather_until_they_are_worth_a_commit(void **state)
{
	struct fixture *f = *state;

	f->options.gather_ms = GATHER_FOREVER_MS;
	start(f);
	for (size_t i = 0; i < AUDIT_QUEUE_GATHER_ROWS; i++)
		push(f, i, 1);
	wait_done(f, AUDIT_QUEUE_GATHER_ROWS);
	assert_int_equal(f->append_count, 1);
}

static void a_quarter_of_a_small_queue_is_worth_a_commit(void **state)
{
	struct fixture *f = *state;

	f->options.gather_ms = GATHER_FOREVER_MS;
	f->options.max_rows = 8;
	start(f);
	push(f, 0, 1);
	push(f, 1, 1);
	wait_done(f, 2);
	assert_int_equal(f->append_count, 1);
}

static void rows_gather_no_longer_than_their_time(void **state)
{
	struct fixture *f = *state;

	f->options.gather_ms = 1;
	start(f);
	push(f, 0, 1);
	wait_done(f, 1);
	assert_int_equal(f->errors[0], ERR_NONE);
}

static void closing_ends_the_gathering(void **state)
{
	struct fixture *f = *state;

	f->options.gather_ms = GATHER_FOREVER_MS;
	start(f);
	push(f, 0, 3);
	close_queue(f);
	assert_int_equal(f->done_count, 3);
	assert_int_equal(f->stored, 3);
}

static void in_relaxed_mode_a_batch_is_tried_until_it_is_stored(void **state)
{
	struct fixture *f = *state;

	f->options.relaxed = true;
	f->script[0] = ERR_FULL;
	f->script[1] = ERR_IO;
	f->reopen_script[0] = ERR_IO;
	start(f);
	for (size_t i = 0; i < 3; i++)
		f->entries[i].row.decision_id = 7 + i;
	push(f, 0, 3);
	wait_done(f, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->errors[i], ERR_NONE);
		assert_int_equal(f->entries[i].row.decision_id, 7 + i);
	}
	assert_int_equal(f->stored, 3);
	assert_true(audit_queue_writable(f->queue));
}

static void in_relaxed_mode_nothing_is_taken_while_rows_cannot_be_stored(void **state)
{
	struct fixture *f = *state;

	f->options.relaxed = true;
	for (size_t i = 0; i < SCRIPT_MAX; i++)
		f->script[i] = ERR_FULL;
	start(f);
	f->entries[0].row.decision_id = 1;
	push(f, 0, 1);
	while (audit_queue_writable(f->queue))
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[1]), ERR_IO);
	/* At the end it is tried once more and then given up. */
	close_queue(f);
	assert_int_equal(f->done_count, 1);
	assert_int_equal(f->errors[0], ERR_FULL);
}

/* A commit that fails may nevertheless be on disk, and then its ids are taken. */
static void in_relaxed_mode_a_batch_that_was_stored_after_all_is_found(void **state)
{
	struct fixture *f = *state;

	f->options.relaxed = true;
	f->script[0] = ERR_IO;
	f->script[1] = ERR_INVALID;
	start(f);
	for (size_t i = 0; i < 3; i++)
		f->entries[i].row.decision_id = 7 + i;
	push(f, 0, 2);
	wait_done(f, 2);
	assert_int_equal(f->errors[0], ERR_NONE);
	assert_int_equal(f->errors[1], ERR_NONE);
	assert_int_equal(f->entries[1].row.decision_id, 8);
	assert_true(audit_queue_writable(f->queue));
	push(f, 2, 1);
	wait_done(f, 3);
	assert_int_equal(f->errors[2], ERR_NONE);
}

static void in_relaxed_mode_a_batch_that_is_never_taken_blocks_nobody(void **state)
{
	static const enum error errors[] = {ERR_LIMIT, ERR_INVALID};
	struct fixture *f = *state;

	f->options.relaxed = true;
	start(f);
	for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
		f->script[2 * i] = errors[i];
		f->entries[2 * i].row.decision_id = 7 + 2 * i;
		f->entries[2 * i + 1].row.decision_id = 8 + 2 * i;
		push(f, 2 * i, 1);
		wait_done(f, 2 * i + 1);
		assert_int_equal(f->errors[2 * i], errors[i]);
		push(f, 2 * i + 1, 1);
		wait_done(f, 2 * i + 2);
		assert_int_equal(f->errors[2 * i + 1], ERR_NONE);
		assert_true(audit_queue_writable(f->queue));
	}
}

static void closing_writes_what_is_left(void **state)
{
	struct fixture *f = *state;

	start(f);
	push(f, 0, 5);
	assert_int_equal(audit_queue_push(f->queue, &f->entries[5]), ERR_NONE);
	close_queue(f);
	assert_int_equal(f->done_count, 6);
	assert_int_equal(f->stored, 6);
}

static void what_comes_back_last_may_still_add_rows(void **state)
{
	struct fixture *f = *state;

	start(f);
	push(f, 0, 3);
	audit_queue_drain(f->queue);
	assert_int_equal(f->done_count, 3);
	push(f, 3, AUDIT_QUEUE_BATCH_ROWS + 1);
	assert_int_equal(f->stored, 3);
	audit_queue_drain(f->queue);
	assert_int_equal(f->done_count, AUDIT_QUEUE_BATCH_ROWS + 4);
	push(f, AUDIT_QUEUE_BATCH_ROWS + 4, 1);
	close_queue(f);
	assert_int_equal(f->done_count, AUDIT_QUEUE_BATCH_ROWS + 5);
	assert_int_equal(f->stored, AUDIT_QUEUE_BATCH_ROWS + 5);
	for (size_t i = 0; i < f->done_count; i++) {
		assert_ptr_equal(f->done[i], &f->entries[i]);
		assert_int_equal(f->errors[i], ERR_NONE);
	}
}

static void in_relaxed_mode_nobody_insists_on_the_last_rows(void **state)
{
	struct fixture *f = *state;

	f->options.relaxed = true;
	start(f);
	audit_queue_drain(f->queue);
	for (size_t i = 0; i < SCRIPT_MAX; i++)
		f->script[i] = ERR_FULL;
	push(f, 0, 1);
	close_queue(f);
	assert_int_equal(f->done_count, 1);
	assert_int_equal(f->errors[0], ERR_FULL);
}

static void closing_an_unused_queue_works(void **state)
{
	struct fixture *f = *state;

	start(f);
	close_queue(f);
	assert_int_equal(f->done_count, 0);
}

static void without_memory_there_is_no_queue(void **state)
{
	struct fixture *f = *state;

	fault_arm(0, FAULT_ONCE);
	assert_int_equal(audit_queue_new(&f->options, &f->queue), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	assert_null(f->queue);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(rows_come_back_in_order_with_their_numbers),
		QUEUE_TEST(nothing_is_written_before_it_is_submitted),
		QUEUE_TEST(what_gathers_during_a_commit_goes_in_one_batch),
		QUEUE_TEST(a_batch_has_a_largest_size),
		QUEUE_TEST(a_full_queue_takes_no_more),
		QUEUE_TEST(entries_that_hold_too_much_memory_are_refused),
		QUEUE_TEST(one_entry_is_always_taken),
		QUEUE_TEST(a_row_that_does_not_fit_is_refused_alone),
		QUEUE_TEST(a_failed_batch_comes_back_failed_and_the_next_one_is_tried),
		QUEUE_TEST(the_queue_says_since_when_it_fails_and_why),
		QUEUE_TEST(rows_that_wait_grow_old),
		QUEUE_TEST(whatever_fails_the_queue_recovers_and_stores_the_rest),
		QUEUE_TEST(a_broken_connection_is_opened_again_before_the_next_row),
		QUEUE_TEST(rows_gather_until_they_are_worth_a_commit),
		QUEUE_TEST(a_quarter_of_a_small_queue_is_worth_a_commit),
		QUEUE_TEST(rows_gather_no_longer_than_their_time),
		QUEUE_TEST(closing_ends_the_gathering),
		QUEUE_TEST(in_relaxed_mode_a_batch_is_tried_until_it_is_stored),
		QUEUE_TEST(in_relaxed_mode_nothing_is_taken_while_rows_cannot_be_stored),
		QUEUE_TEST(in_relaxed_mode_a_batch_that_was_stored_after_all_is_found),
		QUEUE_TEST(in_relaxed_mode_a_batch_that_is_never_taken_blocks_nobody),
		QUEUE_TEST(closing_writes_what_is_left),
		QUEUE_TEST(what_comes_back_last_may_still_add_rows),
		QUEUE_TEST(in_relaxed_mode_nobody_insists_on_the_last_rows),
		QUEUE_TEST(closing_an_unused_queue_works),
		QUEUE_TEST(without_memory_there_is_no_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
