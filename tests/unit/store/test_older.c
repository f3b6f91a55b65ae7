/* Segments of every earlier schema version, as readers and the daemon find them after an upgrade. The rows
 * are the same whatever version holds them, and so must every answer be. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "store/audit_head.h"
#include "store/audit_scan.h"
#include "store/audit_schema.h"
#include "store/audit_sql.h"
#include "store/audit_summary.h"
#include "store/migrate.h"
#include "store/seal.h"
#include "support/fake_clock.h"
#include "support/fault.h"
#include "unit/store/fixture.h"
#include "unit/store/older.h"

enum {
	SEGMENT_ROWS = 20,
	FIRST_EVENTS_VERSION = 2, /* that has events, beginnings and seals */
	ANSWER_MAX_BYTES = 1 << 20,
};

static void append_event(struct audit *audit, const char *kind, const char *detail)
{
	const struct audit_event event = {str_from(kind), STR(""), str_from(detail)};
	const struct audit_row row = {.wall_us = 7, .boot_ms = 1, .event = &event};
	uint64_t id;

	assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
}

static struct audit *next_segment(struct fixture *fixture, struct audit *audit)
{
	uint32_t number = audit_segment_number(audit);
	struct audit *next;

	assert_int_equal(
		audit_prepare_next(fixture->dir.path, &fixture->env, number, &next, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	return next;
}

static struct segment seal(struct fixture *fixture, uint32_t number)
{
	struct segment segment;

	if (seal_segment(fixture->dir.path, number, &fixture->env, NULL, 9, &segment,
			 &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return segment;
}

/* Three segments: decisions alone, as the first version had them, not sealed; decisions and an event,
 * sealed; the live one, in which an event tells of an answer to the second one's first decision. */
static int setup(void **state)
{
	struct fixture *fixture;
	struct audit *audit;

	fixture_setup(state);
	fixture = *state;
	audit = fixture_audit(fixture);
	fixture_append(audit, 0, SEGMENT_ROWS);
	audit = next_segment(fixture, audit);
	fixture_append(audit, SEGMENT_ROWS, SEGMENT_ROWS);
	append_event(audit, "policy.activated", "{\"revision\":1}");
	audit = next_segment(fixture, audit);
	seal(fixture, 2);
	fixture_append(audit, 2 * SEGMENT_ROWS, SEGMENT_ROWS);
	append_event(audit, "decision.undelivered", "{\"decision_id\":21}");
	audit_close(audit);
	return 0;
}

/* Answers, as text. */

static bool list_row(void *arg, const struct audit_row *row)
{
	struct buf *out = arg;

	if (row->event != NULL)
		buf_printf(out, "%d %.*s %.*s\n", (int)row->decision_id, STR_ARGS(row->event->kind),
			   STR_ARGS(row->event->detail));
	else
		buf_printf(out, "%d %d %.*s %.*s %.*s %.*s %zu %d\n", (int)row->decision_id,
			   (int)row->verdict, STR_ARGS(row->user), STR_ARGS(row->action),
			   STR_ARGS(row->resource_uri), STR_ARGS(row->source), row->groups.count,
			   (int)row->delivered);
	return true;
}

static void answer_query(struct audit_reader *reader, const struct audit_filter *filter,
			 struct buf *out, struct buf *why)
{
	if (audit_query(reader, filter, list_row, out, why) != ERR_NONE)
		fail_msg("%s", buf_text(why));
	buf_append_byte(out, '\n');
}

static bool on_columns(void *arg, const struct str *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(arg, "%.*s|", STR_ARGS(names[i]));
	buf_append_byte(arg, '\n');
	return true;
}

static bool on_values(void *arg, const struct audit_sql_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(arg, "%d:%lld:", (int)values[i].type, (long long)values[i].integer);
		buf_append_str(arg, values[i].bytes);
		buf_append_byte(arg, '|');
	}
	buf_append_byte(arg, '\n');
	return true;
}

static void answer_sql(struct audit_reader *reader, struct buf *out, struct buf *why)
{
	static const char *const questions[] = {
		"SELECT * FROM v_decision",
		"SELECT * FROM v_denial ORDER BY decision_id DESC",
		"SELECT * FROM v_event",
		"SELECT user, delivered FROM v_decision WHERE delivered = 0 OR user = "
		"'CONTOSO\\User3'",
	};
	const struct audit_sql_sink sink = {on_columns, on_values, out};
	struct fake_clock clock;

	fake_clock_init(&clock);
	for (size_t i = 0; i < ARRAY_COUNT(questions); i++) {
		if (audit_sql_run(reader, str_from(questions[i]), &clock.clock, 0, &sink, why) !=
		    ERR_NONE)
			fail_msg("%s: %s", questions[i], buf_text(why));
	}
}

static void answer_summary(struct audit_reader *reader, struct buf *out, struct buf *why)
{
	const struct audit_summary_plan plan = {.dimensions = AUDIT_ALL_DIMENSIONS};
	const struct audit_entry **top;
	struct audit_summary summary;
	size_t count;

	if (audit_summary_make(reader, &plan, &summary, why) != ERR_NONE)
		fail_msg("%s", buf_text(why));
	for (int i = 0; i < AUDIT_DIMENSION_COUNT; i++) {
		assert_int_equal(
			audit_summary_top(&summary, (enum audit_dimension)i, 0, 5, &top, &count),
			ERR_NONE);
		for (size_t j = 0; j < count; j++)
			buf_printf(out, "%.*s %d\n", STR_ARGS(top[j]->key),
				   (int)audit_counts_sum(&top[j]->counts));
	}
	audit_summary_deinit(&summary);
}

static enum error on_scanned(void *arg, struct audit_scan *scan, const struct audit_scan_row *row)
{
	struct audit_row whole;

	assert_int_equal(audit_scan_read(scan, row, &whole), ERR_NONE);
	buf_printf(arg, "%d %.*s\n", (int)row->decision_id, STR_ARGS(whole.principal));
	return ERR_NONE;
}

static void answer_verify(struct audit_reader *reader, struct buf *out, struct buf *why)
{
	char head[AUDIT_HEAD_TEXT_BYTES];
	struct audit_verification result;

	if (audit_verify(reader, NULL, &result, why) != ERR_NONE)
		fail_msg("%s", buf_text(why));
	audit_head_format(&result.head, head);
	buf_printf(out, "intact %d, %d rows, %d events, %d segments, %s\n", result.intact,
		   (int)result.row_count, (int)result.event_count, (int)result.segment_count, head);
}

/* All that readers are asked. */
static void answer_all(struct fixture *fixture, struct buf *out)
{
	const struct audit_filter filters[] = {
		{.rows = AUDIT_ALL_ROWS, .with_delivery = true},
		{.rows = AUDIT_ALL_ROWS, .newest_first = true, .with_delivery = true, .limit = 30},
		{.user = STR("contoso\\user3")},
		{.user = STR("contoso\\user23"), .with_delivery = true, .since_us = 1},
		{.verdicts = AUDIT_VERDICT_BIT(AUDIT_DENY)},
		{.action = STR("invoke"), .policy = STR("policy3")},
		{.rows = AUDIT_EVENTS, .since_us = 1},
	};
	const struct audit_scan_range range = {0};
	struct audit_reader *reader = NULL;
	struct buf *why = &fixture->why;

	buf_clear(out);
	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, why) != ERR_NONE)
		fail_msg("%s", buf_text(why));
	for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
		answer_query(reader, &filters[i], out, why);
	answer_sql(reader, out, why);
	answer_summary(reader, out, why);
	assert_int_equal(audit_scan(reader, &range, on_scanned, out, why), ERR_NONE);
	answer_verify(reader, out, why);
	audit_reader_close(reader);
	assert_int_equal(out->failed, ERR_NONE);
}

static void expect_same_answers(struct fixture *fixture, const struct buf *expected)
{
	struct buf answers;

	buf_init(&answers, ANSWER_MAX_BYTES);
	answer_all(fixture, &answers);
	assert_string_equal(buf_text(&answers), expected->data);
	buf_deinit(&answers);
}

static void a_segment_of_each_version_answers_as_one_of_today(void **state)
{
	struct fixture *fixture = *state;
	struct buf expected;

	buf_init(&expected, ANSWER_MAX_BYTES);
	answer_all(fixture, &expected);
	(void)buf_text(&expected);
	/* Back to the first version, step by step: each segment is every version once. */
	for (uint64_t version = audit_migrations.count - 1; version >= 1; version--) {
		older_make(fixture, 1, version);
		expect_same_answers(fixture, &expected);
		if (version < FIRST_EVENTS_VERSION)
			continue;
		older_make(fixture, 2, version);
		expect_same_answers(fixture, &expected);
	}
	assert_int_equal(older_version(fixture, 1), 1);
	assert_int_equal(older_version(fixture, 2), FIRST_EVENTS_VERSION);
	buf_deinit(&expected);
}

/* No version before wrote such events, but who strips a segment of what today's has beside them must
 * not have them overlooked. */
static void a_segment_made_older_still_says_what_its_events_say(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);
	struct buf expected;

	append_event(audit, "decision.undelivered", "{\"decision_id\":45}");
	audit_close(audit);
	buf_init(&expected, ANSWER_MAX_BYTES);
	answer_all(fixture, &expected);
	(void)buf_text(&expected);
	older_make(fixture, 3, 2);
	expect_same_answers(fixture, &expected);
	buf_deinit(&expected);
}

/* The heads of rows that the first version could write: whoever changes what is hashed is told. */
static void rows_of_the_first_version_have_the_chain_they_had(void **state)
{
	static const char head_then[] =
		"20:55133efad05f0a20ee1026f7a2d16e6801121c47dcc92ee02bd6eb047836353f";
	char head[AUDIT_HEAD_TEXT_BYTES];
	struct fixture *fixture = *state;
	struct segment_list segments = {0};

	older_make(fixture, 1, 1);
	assert_int_equal(
		segment_list_read(&segments, fixture->dir.path, &fixture->env, &fixture->why),
		ERR_NONE);
	audit_head_format(&segments.items[0].head, head);
	assert_string_equal(head, head_then);
	segment_list_deinit(&segments);
}

static void every_row_of_an_older_segment_is_in_its_chain(void **state)
{
	struct fixture *fixture = *state;
	struct audit_verification result;
	struct audit_reader *reader;

	older_make(fixture, 1, 1);
	fixture_sql(
		fixture, AUDIT_FILE,
		"DROP TRIGGER decision_no_update; UPDATE decision SET verdict = 1 WHERE id = 11;"
		"CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision\n"
		"	BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END");
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_verify(reader, NULL, &result, &fixture->why), ERR_NONE);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_ROW);
	assert_int_equal(result.first_bad_id, 11);
	audit_reader_close(reader);
}

static enum error open_reader(struct fixture *fixture)
{
	struct audit_reader *reader = NULL;
	enum error error;

	buf_clear(&fixture->why);
	error = audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why);
	audit_reader_close(reader);
	return error;
}

static void an_older_schema_is_taken_only_as_it_was(void **state)
{
	static const struct {
		const char *sql, *text;
		enum error error;
	} changes[] = {
		{"CREATE TRIGGER x AFTER INSERT ON event BEGIN SELECT 1; END",
		 "was changed at trigger x", ERR_FOREIGN},
		{"DROP INDEX decision_request", "was changed at index decision_request",
		 ERR_FOREIGN},
		{"DROP VIEW v_denial", "was changed at view v_denial", ERR_FOREIGN},
		{"PRAGMA user_version = 1", "was changed at", ERR_FOREIGN},
		{"PRAGMA user_version = 3", "was changed at", ERR_FOREIGN},
		{"PRAGMA user_version = 0", "not there yet", ERR_NOT_FOUND},
		{"PRAGMA user_version = 9999", "has schema version 9999", ERR_VERSION},
	};
	struct fixture *fixture = *state;
	const char *file = "audit-000002.db";
	char path[256];
	struct db db;

	tmpdir_path(&fixture->dir, file, path, sizeof(path));
	for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
		/* From what the change before left of it. */
		older_make(fixture, 2, 2);
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(open_reader(fixture), ERR_NONE);
		fixture_sql(fixture, file, changes[i].sql);
		buf_clear(&fixture->why);
		assert_int_equal(audit_open_segment(fixture->dir.path, 2, &fixture->env, DB_READ,
						    &db, &fixture->why),
				 changes[i].error);
		if (strstr(buf_text(&fixture->why), changes[i].text) == NULL)
			fail_msg("%s: %s", changes[i].sql, buf_text(&fixture->why));
	}
}

static void a_closed_segment_is_sealed_as_one_of_today(void **state)
{
	struct fixture *fixture = *state;
	struct buf expected;

	buf_init(&expected, ANSWER_MAX_BYTES);
	answer_all(fixture, &expected);
	(void)buf_text(&expected);
	older_make(fixture, 1, 1);
	assert_int_equal(seal(fixture, 1).state, SEGMENT_SEALED);
	assert_int_equal(older_version(fixture, 1), audit_migrations.count);
	expect_same_answers(fixture, &expected);
	buf_deinit(&expected);
}

static void what_is_sealed_is_never_rewritten(void **state)
{
	struct fixture *fixture = *state;
	struct buf before, after;
	char path[256];

	buf_init(&before, ANSWER_MAX_BYTES);
	buf_init(&after, ANSWER_MAX_BYTES);
	older_make(fixture, 2, 2);
	fixture_read(fixture, "audit-000002.db", &before);
	assert_int_equal(seal(fixture, 2).state, SEGMENT_SEALED);
	fixture_read(fixture, "audit-000002.db", &after);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, after.length);
	/* Nor where a crash came between the seal and the end of the log. */
	tmpdir_path(&fixture->dir, "audit-000002.db", path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	fixture_sql(fixture, "audit-000002.db", "PRAGMA journal_mode = WAL");
	assert_int_equal(seal(fixture, 2).state, SEGMENT_SEALED);
	assert_int_equal(older_version(fixture, 2), 2);
	fixture_read(fixture, "audit-000002.db", &after);
	assert_int_equal(before.length, after.length);
	buf_deinit(&before);
	buf_deinit(&after);
}

static void the_live_segment_is_brought_up_to_date_at_start(void **state)
{
	struct audit_filter filter = {.rows = AUDIT_ALL_ROWS, .after_id = 2 * SEGMENT_ROWS + 1};
	struct fixture *fixture = *state;
	struct audit_reader *reader;
	struct buf before, after;

	buf_init(&before, ANSWER_MAX_BYTES);
	buf_init(&after, ANSWER_MAX_BYTES);
	seal(fixture, 1);
	older_make(fixture, 3, 2);
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	answer_query(reader, &filter, &before, &fixture->why);
	struct audit *audit = fixture_audit(fixture);
	assert_int_equal(audit_segment_number(audit), 3);
	assert_int_equal(older_version(fixture, 3), audit_migrations.count);
	/* One that is open goes on with it. */
	answer_query(reader, &filter, &after, &fixture->why);
	assert_string_equal(buf_text(&before), buf_text(&after));
	fixture_append(audit, 3 * SEGMENT_ROWS, 1);
	audit_close(audit);
	audit_reader_close(reader);
	fixture_assert_audit(fixture, 3 * SEGMENT_ROWS + 3);
	buf_deinit(&before);
	buf_deinit(&after);
}

static void behind_a_sealed_segment_a_new_one_begins(void **state)
{
	struct fixture *fixture = *state;
	char path[256];

	older_make(fixture, 2, 2);
	assert_int_equal(remove(tmpdir_path(&fixture->dir, "audit-000003.db", path, sizeof(path))),
			 0);
	struct audit *audit = fixture_audit(fixture);
	assert_int_equal(audit_segment_number(audit), 3);
	audit_close(audit);
	assert_int_equal(older_version(fixture, 2), 2);
	fixture_assert_audit(fixture, 2 * SEGMENT_ROWS + 1);
}

static void lack_of_memory_ends_a_question_to_an_older_segment(void **state)
{
	const struct audit_filter filter = {.rows = AUDIT_ALL_ROWS, .with_delivery = true};
	struct fixture *fixture = *state;
	bool fired = true;

	older_make(fixture, 1, 1);
	older_make(fixture, 2, 2);
	for (uint64_t n = 0; fired; n++) {
		struct audit_reader *reader = NULL;
		struct buf out, why;
		enum error error;

		buf_init(&out, ANSWER_MAX_BYTES);
		buf_init(&why, 4096);
		fault_arm(n, FAULT_ONCE);
		error = audit_reader_open(fixture->dir.path, &fixture->env, &reader, &why);
		if (error == ERR_NONE)
			error = audit_query(reader, &filter, list_row, &out, &why);
		fired = fault_disarm();
		if (error != ERR_NONE && error != ERR_NO_MEMORY)
			fail_msg("%s: %s", error_text(error), buf_text(&why));
		audit_reader_close(reader);
		buf_deinit(&out);
		buf_deinit(&why);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_segment_of_each_version_answers_as_one_of_today),
		TEST(a_segment_made_older_still_says_what_its_events_say),
		TEST(rows_of_the_first_version_have_the_chain_they_had),
		TEST(every_row_of_an_older_segment_is_in_its_chain),
		TEST(an_older_schema_is_taken_only_as_it_was),
		TEST(a_closed_segment_is_sealed_as_one_of_today),
		TEST(what_is_sealed_is_never_rewritten),
		TEST(the_live_segment_is_brought_up_to_date_at_start),
		TEST(behind_a_sealed_segment_a_new_one_begins),
		TEST(lack_of_memory_ends_a_question_to_an_older_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
