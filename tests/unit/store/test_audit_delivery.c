/* Which answers did not leave: store/audit_delivery.h, the views, and queries that ask for it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "store/audit_sql.h"
#include "store/seal.h"
#include "store/state.h"
#include "support/fake_clock.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

enum { SEGMENT_DECISIONS = 10 };

/* Appends the event that the answer to decision `id` did not leave. */
static void append_undelivered(struct audit *audit, uint64_t id)
{
	char detail[64];
	struct audit_event event = {.kind = STR("decision.undelivered")};
	const struct audit_row row = {.wall_us = 1, .event = &event};
	uint64_t first_id;

	snprintf(detail, sizeof(detail), "{\"decision_id\":%llu}", (unsigned long long)id);
	event.detail = str_from(detail);
	assert_int_equal(audit_append(audit, &row, 1, &first_id), ERR_NONE);
}

static struct audit *next_segment(struct fixture *fixture, struct audit *audit)
{
	uint32_t number = audit_segment_number(audit);
	struct segment segment;
	struct audit *next;

	assert_int_equal(
		audit_prepare_next(fixture->dir.path, &fixture->env, number, &next, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	assert_int_equal(seal_segment(fixture->dir.path, number, &fixture->env, NULL, 1, &segment,
				      &fixture->why),
			 ERR_NONE);
	return next;
}

/* Decisions 1 to 10, then 12 to 21, then 24 to 33. The answers of 3, 5, 7, 15 and 24 did not leave; of
 * 3 two segments later says so, of 7 one. */
static int setup(void **state)
{
	struct fixture *fixture;
	struct audit *audit;

	fixture_setup(state);
	fixture = *state;
	audit = fixture_audit(fixture);
	fixture_append(audit, 0, SEGMENT_DECISIONS);
	append_undelivered(audit, 5);
	audit = next_segment(fixture, audit);
	fixture_append(audit, 20, SEGMENT_DECISIONS);
	append_undelivered(audit, 7);
	append_undelivered(audit, 15);
	audit = next_segment(fixture, audit);
	fixture_append(audit, 40, SEGMENT_DECISIONS);
	append_undelivered(audit, 24);
	append_undelivered(audit, 3);
	audit_close(audit);
	return 0;
}

/* Rows as "ID " for what left and "!ID " for what did not. */
static bool list_row(void *arg, const struct audit_row *row)
{
	if (row->event == NULL)
		buf_printf(arg, "%s%d ",
			   row->delivered == AUDIT_UNDELIVERED ? "!"
			   : row->delivered == AUDIT_DELIVERED ? ""
							       : "?",
			   (int)row->decision_id);
	return true;
}

static enum error query(struct fixture *fixture, const struct audit_filter *filter, struct buf *out)
{
	struct audit_reader *reader = NULL;
	enum error error =
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why);

	if (error == ERR_NONE)
		error = audit_query(reader, filter, list_row, out, &fixture->why);
	audit_reader_close(reader);
	return error;
}

static void expect_rows(struct fixture *fixture, const struct audit_filter *filter,
			const char *rows)
{
	struct buf out;

	buf_init(&out, 4096);
	if (query(fixture, filter, &out) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_string_equal(buf_text(&out), rows);
	buf_deinit(&out);
}

static void a_query_tells_whose_answer_did_not_leave(void **state)
{
	struct audit_filter filter = {.with_delivery = true};

	expect_rows(*state, &filter,
		    "1 2 !3 4 !5 6 !7 8 9 10 12 13 14 !15 16 17 18 19 20 21 !24 25 26 27 28 29 30 "
		    "31 32 33 ");
	filter.before_id = 9;
	filter.newest_first = true;
	expect_rows(*state, &filter, "8 !7 6 !5 4 !3 2 1 ");
	filter = (struct audit_filter){.with_delivery = true, .rows = AUDIT_ALL_ROWS, .limit = 3};
	expect_rows(*state, &filter, "1 2 !3 ");
	filter = (struct audit_filter){.with_delivery = true, .decision_id = 15};
	expect_rows(*state, &filter, "!15 ");
	filter = (struct audit_filter){.decision_id = 15};
	expect_rows(*state, &filter, "?15 ");
}

static bool add_value(void *arg, const struct audit_sql_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(arg, "%lld ", (long long)values[i].integer);
	return true;
}

static void expect_sql(struct fixture *fixture, const char *sql, const char *text)
{
	struct audit_reader *reader = NULL;
	struct fake_clock clock; /* time stands still */
	struct buf out;
	const struct audit_sql_sink sink = {NULL, add_value, &out};

	buf_init(&out, 4096);
	fake_clock_init(&clock);
	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) !=
		    ERR_NONE ||
	    audit_sql_run(reader, str_from(sql), &clock.clock, 1000, &sink, &fixture->why) !=
		    ERR_NONE)
		fail_msg("%s: %s", sql, buf_text(&fixture->why));
	assert_string_equal(buf_text(&out), text);
	audit_reader_close(reader);
	buf_deinit(&out);
}

static void the_views_of_all_segments_tell_it(void **state)
{
	expect_sql(*state, "SELECT decision_id FROM v_decision WHERE delivered = 0 ORDER BY 1",
		   "3 5 7 15 24 ");
	expect_sql(*state, "SELECT decision_id FROM v_decision WHERE NOT delivered ORDER BY 1 DESC",
		   "24 15 7 5 3 ");
	expect_sql(*state, "SELECT count(*) FROM v_decision WHERE delivered = 1", "25 ");
	expect_sql(*state, "SELECT delivered FROM v_decision WHERE decision_id IN (3, 4, 5)",
		   "0 1 0 ");
	expect_sql(*state,
		   "SELECT (SELECT count(*) FROM v_denial WHERE delivered = 0) ="
		   " (SELECT sum(delivered = 0) FROM v_decision WHERE verdict_code = 0)",
		   "1 ");
}

static void the_view_of_a_file_knows_the_events_of_its_segment(void **state)
{
	assert_int_equal(fixture_int(*state, AUDIT_FILE,
				     "SELECT sum(decision_id) FROM v_decision WHERE delivered = 0"),
			 5);
}

static void what_retention_left_is_told_without_the_rest(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(segment_remove(fixture->dir.path, 1, &fixture->env), ERR_NONE);
	expect_sql(fixture, "SELECT decision_id FROM v_decision WHERE delivered = 0 ORDER BY 1",
		   "15 24 ");
	expect_rows(fixture, &(struct audit_filter){.with_delivery = true, .limit = 4},
		    "12 13 14 !15 ");
}

/* How SQLite goes about a query on a file of the audit. */
static void expect_plan(const struct fixture *fixture, const char *sql, const char *part,
			bool is_there)
{
	char path[256], text[4096] = "", explain[512];
	sqlite3_stmt *statement;
	sqlite3 *db;

	tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path));
	snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		size_t length = strlen(text);
		snprintf(text + length, sizeof(text) - length, "%s\n",
			 (const char *)sqlite3_column_text(statement, 3));
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	if ((strstr(text, part) != NULL) != is_there)
		fail_msg("%s:\n%s", sql, text);
}

static void it_is_looked_up_by_an_index_and_only_when_asked_for(void **state)
{
	expect_plan(*state, "SELECT delivered FROM v_decision WHERE decision_id = 5",
		    "USING INDEX event_undelivered (<expr>=?)", true);
	expect_plan(*state,
		    "SELECT 1 FROM decision d WHERE d.id = 5 AND EXISTS (SELECT 1 FROM event e"
		    " WHERE e.kind = 'decision.undelivered'"
		    " AND CAST(substr(e.detail, 16) AS INTEGER) = d.id)",
		    "USING INDEX event_undelivered (<expr>=?)", true);
	expect_plan(*state, "SELECT user FROM v_decision WHERE decision_id = 5", "event", false);
}

static void asking_for_it_survives_any_failed_allocation(void **state)
{
	const struct audit_filter filter = {.with_delivery = true};

	for (uint64_t n = 0;; n++) {
		struct buf out;
		buf_init(&out, 4096);
		fault_arm(n, FAULT_ONCE);
		enum error error = query(*state, &filter, &out);
		bool fired = fault_disarm();
		enum error printed = out.failed;
		buf_deinit(&out);
		if (!fired) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n > 0);
			return;
		}
		/* The manifest may be done without, and the text is the test's own. */
		assert_true(error == ERR_NO_MEMORY || error == ERR_NONE ||
			    printed == ERR_NO_MEMORY);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

/* Notes segment `number` in the state database, as the daemon does. */
static void note(struct fixture *fixture, uint32_t number)
{
	struct segment_list segments = {0};
	struct state *notes;

	assert_int_equal(
		segment_list_read(&segments, fixture->dir.path, &fixture->env, &fixture->why),
		ERR_NONE);
	assert_int_equal(state_open(fixture->dir.path, &fixture->env, false, &notes, &fixture->why),
			 ERR_NONE);
	assert_int_equal(state_put_segment(notes, &segments.items[number - 1]), ERR_NONE);
	state_close(notes);
	segment_list_deinit(&segments);
}

/* Asks the first segment while the second one cannot be opened. */
static enum error query_without_second(struct fixture *fixture)
{
	struct audit_filter first = {.with_delivery = true, .before_id = SEGMENT_DECISIONS + 1};
	char path[256];
	struct buf out;

	tmpdir_path(&fixture->dir, "audit-000002.db", path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	fixture_sql(fixture, "audit-000002.db", "PRAGMA application_id = 1");
	buf_init(&out, 4096);
	buf_clear(&fixture->why);
	enum error error = query(fixture, &first, &out);
	if (error == ERR_NONE)
		assert_string_equal(buf_text(&out), "1 2 3 4 !5 6 7 8 9 10 ");
	buf_deinit(&out);
	return error;
}

static void a_segment_that_is_noted_to_tell_of_its_own_alone_is_not_opened(void **state)
{
	struct fixture *fixture;
	struct audit *audit;

	(void)state;
	fixture_setup((void **)&fixture);
	audit = fixture_audit(fixture);
	fixture_append(audit, 0, SEGMENT_DECISIONS);
	append_undelivered(audit, 5);
	audit = next_segment(fixture, audit);
	fixture_append(audit, 20, SEGMENT_DECISIONS);
	append_undelivered(audit, 15);
	audit = next_segment(fixture, audit);
	audit_close(audit);
	note(fixture, 1);
	note(fixture, 2);
	assert_int_equal(query_without_second(fixture), ERR_NONE);
	fixture_teardown((void **)&fixture);
}

static void a_segment_that_is_noted_to_tell_of_another_is_opened(void **state)
{
	struct fixture *fixture = *state;

	note(fixture, 1);
	note(fixture, 2);
	assert_int_equal(query_without_second(fixture), ERR_FOREIGN);
}

static void a_note_that_hides_what_an_event_tells_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct audit_verification result;
	struct audit_reader *reader;

	note(fixture, 1);
	note(fixture, 2);
	fixture_sql(fixture, STATE_FILE,
		    "DROP TRIGGER audit_segment_undelivered_no_update;"
		    "UPDATE audit_segment_undelivered SET least_id = 0 WHERE number = 2");
	fixture_sql(fixture, STATE_FILE,
		    "CREATE TRIGGER audit_segment_undelivered_no_update BEFORE UPDATE ON"
		    " audit_segment_undelivered\n"
		    "	BEGIN SELECT RAISE(ABORT, 'sealed segments do not change'); END");
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_verify(reader, NULL, &result, &fixture->why), ERR_NONE);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_INDEX);
	assert_int_equal(result.segment, 2);
	audit_reader_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_query_tells_whose_answer_did_not_leave),
		TEST(the_views_of_all_segments_tell_it),
		TEST(the_view_of_a_file_knows_the_events_of_its_segment),
		TEST(what_retention_left_is_told_without_the_rest),
		TEST(it_is_looked_up_by_an_index_and_only_when_asked_for),
		TEST(asking_for_it_survives_any_failed_allocation),
		cmocka_unit_test(a_segment_that_is_noted_to_tell_of_its_own_alone_is_not_opened),
		TEST(a_segment_that_is_noted_to_tell_of_another_is_opened),
		TEST(a_note_that_hides_what_an_event_tells_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
