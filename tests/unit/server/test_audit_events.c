#include "server/audit_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cmocka.h"
#include "support/fake_clock.h"
#include "support/fault.h"

enum { TEXT_MAX = 64 * 1024 };

/* Events before a queue whose store may fail; what it took is in `taken`, a line an event. */
struct fixture {
	uv_loop_t loop;
	struct fake_clock clock;
	struct log log;
	struct audit_queue *queue;
	struct audit_events *events;
	uint64_t last_id; /* of relaxed durability */
	bool is_closed;

	/* The writer's, looked at when the queue is closed. */
	bool is_full;
	uint64_t next_id;
	char taken[TEXT_MAX];
};

static enum error sink_append(void *arg, const struct audit_row *rows, size_t count,
			      uint64_t *first_id)
{
	struct fixture *f = arg;

	if (f->is_full)
		return ERR_FULL;
	*first_id = rows[0].decision_id != 0 ? rows[0].decision_id : f->next_id;
	f->next_id = *first_id + count;
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(f->taken);
		const struct audit_event *event = rows[i].event;

		snprintf(f->taken + used, sizeof(f->taken) - used, "%.*s by %.*s: %.*s\n",
			 STR_ARGS(event->kind), STR_ARGS(event->actor), STR_ARGS(event->detail));
	}
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
	return "scripted";
}

static void on_done(struct audit_entry *entry, enum error error, void *arg)
{
	struct fixture *f = arg;

	audit_events_on_recorded(f->events, entry, error);
}

static void ignore_line(void *arg, enum log_level level, struct str line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static void make_events(struct fixture *f, bool relaxed)
{
	struct audit_events_options options = {
		.log = &f->log,
		.clock = &f->clock.clock,
		.last_id = relaxed ? &f->last_id : NULL,
	};

	assert_int_equal(audit_events_new(&options, &f->events), ERR_NONE);
}

static void make_queue(struct fixture *f)
{
	struct audit_queue_options options = {
		.loop = &f->loop,
		.log = &f->log,
		.sink = {sink_append, sink_reopen, sink_failure_text, f, NULL},
		.max_rows = AUDIT_EVENTS_WAITING_MAX * 2,
		.retry_ms = 1,
		.on_done = on_done,
		.arg = f,
	};

	assert_int_equal(audit_queue_new(&options, &f->queue), ERR_NONE);
}

static void on_closed(void *arg)
{
	struct fixture *f = arg;

	f->is_closed = true;
	f->queue = NULL;
}

/* Everything that was queued is written or has failed. */
static void close_queue(struct fixture *f)
{
	audit_events_attach(f->events, NULL);
	audit_queue_close(f->queue, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->is_closed);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	fake_clock_init(&f->clock);
	f->log = (struct log){.level = LOG_DEBUG, .clock = &f->clock.clock, .sink = ignore_line};
	f->next_id = 1;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	audit_events_free(f->events);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static void events_before_the_queue_come_first_and_in_order(void **state)
{
	struct fixture *f = *state;

	make_events(f, false);
	audit_events_add(f->events, "daemon.started", STR(""), STR("{}"));
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	audit_events_add(f->events, "policy.activated", STR("uid:0"), STR("{\"revision\":1}"));
	close_queue(f);
	assert_string_equal(f->taken, "daemon.started by : {}\n"
				      "policy.activated by uid:0: {\"revision\":1}\n");
	assert_int_equal(audit_events_pending(f->events), 0);
}

static void an_event_that_the_disk_did_not_take_waits_and_is_tried_again(void **state)
{
	struct fixture *f = *state;

	make_events(f, false);
	make_queue(f);
	f->is_full = true;
	audit_events_attach(f->events, f->queue);
	audit_events_add(f->events, "one", STR(""), STR("{}"));
	close_queue(f);
	assert_string_equal(f->taken, "");
	assert_int_equal(audit_events_pending(f->events), 1);
	f->is_full = false;
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	close_queue(f);
	assert_string_equal(f->taken, "one by : {}\n");
}

static void events_beyond_the_limit_are_counted_and_told(void **state)
{
	struct fixture *f = *state;

	make_events(f, false);
	for (int i = 0; i < AUDIT_EVENTS_WAITING_MAX; i++)
		audit_events_add(f->events, "e", STR(""), STR("{}"));
	assert_int_equal(audit_events_pending(f->events), AUDIT_EVENTS_WAITING_MAX);
	audit_events_add(f->events, "e", STR(""), STR("{}"));
	audit_events_add(f->events, "e", STR(""), STR("{}"));
	assert_int_equal(audit_events_pending(f->events), AUDIT_EVENTS_WAITING_MAX);
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	audit_events_tick(f->events);
	close_queue(f);
	assert_non_null(strstr(f->taken, "events.lost by : {\"count\":2}\n"));
}

static void an_event_too_long_for_a_row_is_lost_alone(void **state)
{
	static char text[AUDIT_ROW_MAX_BYTES + 1];
	struct fixture *f = *state;

	memset(text, 'x', sizeof(text));
	make_events(f, false);
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	audit_events_add(f->events, "long", STR(""), str_make(text, sizeof(text)));
	audit_events_add(f->events, "short", STR(""), STR("{}"));
	close_queue(f);
	assert_string_equal(f->taken, "events.lost by : {\"count\":1}\nshort by : {}\n");
}

static void in_relaxed_durability_events_take_their_ids(void **state)
{
	struct fixture *f = *state;

	f->last_id = 41;
	make_events(f, true);
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	audit_events_add(f->events, "one", STR(""), STR("{}"));
	audit_events_add(f->events, "two", STR(""), STR("{}"));
	assert_int_equal(f->last_id, 43);
	close_queue(f);
	assert_int_equal(f->next_id, 44);
}

static void what_an_administrator_did_is_told_with_its_outcome(void **state)
{
	const struct state_action action = {
		.actor = STR("uid 0"),
		.action = STR("records.revoke"),
		.arguments = STR("{\"user\":\"a\"}"),
		.outcome = STR("no \"such\" record"),
	};
	struct fixture *f = *state;

	make_events(f, false);
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	audit_events_add_action(f->events, &action);
	close_queue(f);
	assert_string_equal(f->taken, "admin.records.revoke by uid 0: {\"arguments\":{\"user\":"
				      "\"a\"},\"outcome\":\"no \\\"such\\\" record\"}\n");
}

static void a_clock_that_was_set_is_an_event(void **state)
{
	struct fixture *f = *state;

	make_events(f, false);
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	/* Time goes on, and a clock that is slewed moves a little. */
	fake_clock_advance_ms(&f->clock, 3600 * 1000);
	f->clock.wall_us += (AUDIT_EVENTS_CLOCK_STEP_MS - 1) * 1000;
	audit_events_tick(f->events);
	f->clock.wall_us += (AUDIT_EVENTS_CLOCK_STEP_MS - 1) * 1000;
	audit_events_tick(f->events);
	f->clock.wall_us += AUDIT_EVENTS_CLOCK_STEP_MS * 1000;
	audit_events_tick(f->events);
	f->clock.wall_us -= INT64_C(10) * 365 * 86400 * 1000 * 1000;
	audit_events_tick(f->events);
	audit_events_tick(f->events);
	close_queue(f);
	assert_string_equal(f->taken, "clock.stepped by : {\"by_ms\":2000}\n"
				      "clock.stepped by : {\"by_ms\":-315360000000}\n");
}

static void running_out_of_memory_loses_an_event_and_says_so(void **state)
{
	struct fixture *f = *state;
	struct audit_events_options options = {.log = &f->log, .clock = &f->clock.clock};

	fault_arm(0, FAULT_ONCE);
	assert_int_equal(audit_events_new(&options, &f->events), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	make_events(f, false);
	fault_arm(0, FAULT_ONCE);
	audit_events_add(f->events, "one", STR(""), STR("{}"));
	assert_true(fault_disarm());
	assert_int_equal(audit_events_pending(f->events), 0);
	make_queue(f);
	audit_events_attach(f->events, f->queue);
	audit_events_tick(f->events);
	close_queue(f);
	assert_string_equal(f->taken, "events.lost by : {\"count\":1}\n");
}

int main(void)
{
#define EVENTS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		EVENTS_TEST(events_before_the_queue_come_first_and_in_order),
		EVENTS_TEST(an_event_that_the_disk_did_not_take_waits_and_is_tried_again),
		EVENTS_TEST(events_beyond_the_limit_are_counted_and_told),
		EVENTS_TEST(an_event_too_long_for_a_row_is_lost_alone),
		EVENTS_TEST(in_relaxed_durability_events_take_their_ids),
		EVENTS_TEST(what_an_administrator_did_is_told_with_its_outcome),
		EVENTS_TEST(a_clock_that_was_set_is_an_event),
		EVENTS_TEST(running_out_of_memory_loses_an_event_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
