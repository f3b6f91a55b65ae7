/* Reports of clients: what becomes an event of the audit, and what is held back for the next one. */
#include "server/failure_reports.h"

#include <stdlib.h>
#include <string.h>

#include "support/cmocka.h"
#include "support/fake_clock.h"

enum { TEXT_MAX = 64 * 1024 };

/* Events behind reports; what the audit took is in `taken`, a line an event. */
struct fixture {
	uv_loop_t loop;
	struct fake_clock clock;
	struct log log;
	size_t held_back_lines;
	struct metrics metrics;
	struct audit_queue *queue;
	struct audit_events *events;
	struct failure_reports reports;
	bool is_closed;

	/* The writer's, looked at when no event is on its way. */
	uint64_t event_count;
	char taken[TEXT_MAX];
};

static enum error sink_append(void *arg, const struct audit_row *rows, size_t count,
			      uint64_t *first_id)
{
	struct fixture *f = arg;

	*first_id = f->event_count + 1;
	f->event_count += count;
	snprintf(f->taken, sizeof(f->taken), "%.*s by %.*s",
		 STR_ARGS(rows[count - 1].event->detail), STR_ARGS(rows[count - 1].event->actor));
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

static void count_line(void *arg, enum log_level level, struct str line)
{
	struct fixture *f = arg;
	char text[512];

	(void)level;
	snprintf(text, sizeof(text), "%.*s", STR_ARGS(line));
	f->held_back_lines += strstr(text, "client.reports_held_back") != NULL;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct audit_events_options events;
	struct audit_queue_options queue;

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	fake_clock_init(&f->clock);
	f->log = (struct log){
		.level = LOG_DEBUG, .clock = &f->clock.clock, .sink = count_line, .arg = f};
	events = (struct audit_events_options){.log = &f->log, .clock = &f->clock.clock};
	queue = (struct audit_queue_options){
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
	failure_reports_init(&f->reports, &f->log, &f->clock.clock, f->events, &f->metrics);
	*state = f;
	return 0;
}

static void on_closed(void *arg)
{
	((struct fixture *)arg)->is_closed = true;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	audit_events_attach(f->events, NULL);
	audit_queue_close(f->queue, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->is_closed);
	audit_events_free(f->events);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

/* The events there are, once all are recorded. */
static uint64_t events_of(struct fixture *f)
{
	while (audit_events_pending(f->events) != 0) {
		audit_queue_submit(f->queue);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
	return f->event_count;
}

static void report(struct fixture *f, struct log_rate *rate, uint64_t count)
{
	Wsauthz__FailureReport report = WSAUTHZ__FAILURE_REPORT__INIT;
	Wsauthz__FailureCount counts[2] = {WSAUTHZ__FAILURE_COUNT__INIT,
					   WSAUTHZ__FAILURE_COUNT__INIT};
	Wsauthz__FailureCount *list[] = {&counts[0], &counts[1]};
	struct failure_reporter reporter = {7, STR("wsman/Test"), STR("uid:1"), rate};

	counts[0].reason = WSAUTHZ__FAILURE_COUNT__REASON__DEADLINE;
	counts[0].count = count;
	counts[1].reason = (Wsauthz__FailureCount__Reason)1000000;
	counts[1].count = 1;
	report.counts = list;
	report.n_counts = 2;
	report.from_us = 1000 - count % 100;
	report.to_us = 2000 + count % 100;
	failure_reports_add(&f->reports, &reporter, &report);
}

static void a_report_is_an_event(void **state)
{
	struct log_rate rate = FAILURE_REPORTS_OF_CONNECTION;
	struct fixture *f = *state;

	report(f, &rate, 3);
	assert_int_equal(events_of(f), 1);
	assert_string_equal(f->taken, "{\"connection\":7,\"application\":\"wsman/Test\","
				      "\"from_us\":997,\"to_us\":2003,\"counts\":["
				      "{\"reason\":\"UNSPECIFIED\",\"count\":1},"
				      "{\"reason\":\"DEADLINE\",\"count\":3}]} by uid:1");
	assert_int_equal(f->metrics.reported[WSAUTHZ__FAILURE_COUNT__REASON__DEADLINE], 3);
	assert_int_equal(f->metrics.held_reports, 0);
}

static void a_connection_has_its_budget_and_the_next_event_tells_what_was_beyond(void **state)
{
	struct log_rate rate = FAILURE_REPORTS_OF_CONNECTION;
	struct fixture *f = *state;

	for (int i = 0; i < FAILURE_REPORTS_BURST; i++)
		report(f, &rate, 1);
	assert_int_equal(events_of(f), FAILURE_REPORTS_BURST);
	report(f, &rate, 20);
	report(f, &rate, 30);
	assert_int_equal(events_of(f), FAILURE_REPORTS_BURST);
	assert_int_equal(f->metrics.held_reports, 2);
	assert_int_equal(f->held_back_lines, 1);
	assert_int_equal(f->metrics.reported[WSAUTHZ__FAILURE_COUNT__REASON__DEADLINE],
			 FAILURE_REPORTS_BURST + 50);
	fake_clock_advance_ms(&f->clock, FAILURE_REPORTS_EACH_MS);
	report(f, &rate, 1);
	assert_int_equal(events_of(f), FAILURE_REPORTS_BURST + 1);
	assert_non_null(strstr(f->taken,
			       "\"held_back\":{\"reports\":2,\"from_us\":970,\"to_us\":2030,"
			       "\"counts\":[{\"reason\":\"UNSPECIFIED\",\"count\":2},"
			       "{\"reason\":\"DEADLINE\",\"count\":50}]}}"));
	/* Told once. */
	fake_clock_advance_ms(&f->clock, FAILURE_REPORTS_EACH_MS);
	report(f, &rate, 1);
	assert_int_equal(events_of(f), FAILURE_REPORTS_BURST + 2);
	assert_null(strstr(f->taken, "held_back"));
}

static void all_connections_together_have_a_budget(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i <= FAILURE_REPORTS_ALL_BURST; i++) {
		struct log_rate rate = FAILURE_REPORTS_OF_CONNECTION;

		report(f, &rate, 1);
	}
	assert_int_equal(events_of(f), FAILURE_REPORTS_ALL_BURST);
	assert_int_equal(f->metrics.held_reports, 1);
}

static void what_was_held_back_becomes_an_event_without_another_report(void **state)
{
	struct log_rate rate = FAILURE_REPORTS_OF_CONNECTION;
	struct fixture *f = *state;

	for (int i = 0; i <= FAILURE_REPORTS_BURST; i++)
		report(f, &rate, 1);
	assert_int_equal(events_of(f), FAILURE_REPORTS_BURST);
	failure_reports_tick(&f->reports);
	assert_int_equal(events_of(f), FAILURE_REPORTS_BURST + 1);
	assert_string_equal(f->taken,
			    "{\"held_back\":{\"reports\":1,\"from_us\":999,\"to_us\":2001,"
			    "\"counts\":[{\"reason\":\"UNSPECIFIED\",\"count\":1},"
			    "{\"reason\":\"DEADLINE\",\"count\":1}]}} by ");
	failure_reports_tick(&f->reports);
	failure_reports_flush(&f->reports);
	assert_int_equal(events_of(f), FAILURE_REPORTS_BURST + 1);
}

static void what_is_held_back_waits_for_room_and_not_for_longer_than_the_daemon_runs(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i <= FAILURE_REPORTS_ALL_BURST; i++) {
		struct log_rate rate = FAILURE_REPORTS_OF_CONNECTION;

		report(f, &rate, 1);
	}
	failure_reports_tick(&f->reports);
	assert_int_equal(events_of(f), FAILURE_REPORTS_ALL_BURST);
	failure_reports_flush(&f->reports);
	assert_int_equal(events_of(f), FAILURE_REPORTS_ALL_BURST + 1);
}

static void counts_stop_at_the_largest_number(void **state)
{
	struct log_rate rate = FAILURE_REPORTS_OF_CONNECTION;
	struct fixture *f = *state;

	report(f, &rate, UINT64_MAX);
	report(f, &rate, UINT64_MAX);
	assert_true(f->metrics.reported[WSAUTHZ__FAILURE_COUNT__REASON__DEADLINE] == UINT64_MAX);
	assert_int_equal(events_of(f), 2);
}

static void a_report_of_nothing_is_none(void **state)
{
	Wsauthz__FailureReport report = WSAUTHZ__FAILURE_REPORT__INIT;
	struct log_rate rate = FAILURE_REPORTS_OF_CONNECTION;
	struct failure_reporter reporter = {7, STR("wsman/Test"), STR("uid:1"), &rate};
	struct fixture *f = *state;

	failure_reports_add(&f->reports, &reporter, &report);
	assert_int_equal(events_of(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_report_is_an_event),
		TEST(a_connection_has_its_budget_and_the_next_event_tells_what_was_beyond),
		TEST(all_connections_together_have_a_budget),
		TEST(what_was_held_back_becomes_an_event_without_another_report),
		TEST(what_is_held_back_waits_for_room_and_not_for_longer_than_the_daemon_runs),
		TEST(counts_stop_at_the_largest_number),
		TEST(a_report_of_nothing_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
