#include "store/audit_sql.h"

#include <stdio.h>
#include <string.h>

#include "store/seal.h"
#include "store/state.h"
#include "support/fake_clock.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

/* Two segments, the first sealed, and a state database with one of each. */
enum { ROWS = 3000, SEGMENT_ROWS = 2000 };

static void fill_state(struct fixture *fixture, const struct segment *segment)
{
	const struct state_action action = {.at_us = 1,
					    .actor = STR("uid:0"),
					    .action = STR("audit.seal"),
					    .arguments = STR("{}"),
					    .outcome = STR("done")};
	const struct state_block block = {
		.principal = STR("S-1-1"), .until_us = STATE_BLOCK_FOR_EVER, .reason = STR("test")};
	struct state *state;
	uint64_t id;

	if (state_open(fixture->dir.path, &fixture->env, false, &state, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_int_equal(state_put_segment(state, segment), ERR_NONE);
	assert_int_equal(state_put_action(state, &action, &id), ERR_NONE);
	assert_int_equal(state_put_block(state, &block), ERR_NONE);
	state_close(state);
}

static int setup(void **state)
{
	static const struct audit_event event = {{"daemon.started", 14}, {"", 0}, {"{}", 2}};
	const struct audit_row started = {.wall_us = 1, .event = &event};
	struct audit *audit, *next;
	struct segment segment;
	struct fixture *fixture;
	uint64_t id;

	fixture_setup(state);
	fixture = *state;
	audit = fixture_audit(fixture);
	fixture_append(audit, 0, SEGMENT_ROWS);
	assert_int_equal(
		audit_prepare_next(fixture->dir.path, &fixture->env, 1, &next, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	assert_int_equal(
		seal_segment(fixture->dir.path, 1, &fixture->env, NULL, 1, &segment, &fixture->why),
		ERR_NONE);
	fixture_append(next, SEGMENT_ROWS, ROWS - SEGMENT_ROWS);
	assert_int_equal(audit_append(next, &started, 1, &id), ERR_NONE);
	audit_close(next);
	fill_state(fixture, &segment);
	return 0;
}

/* What a query gave, as text: columns with '|' between, a line a row. */
struct result {
	enum error error;
	struct buf text, why;
	uint64_t rows;
	size_t columns;
	bool stop_early;
};

static bool on_columns(void *arg, const struct str *names, size_t count)
{
	struct result *result = arg;

	(void)names;
	result->columns = count;
	return true;
}

static bool on_row(void *arg, const struct audit_sql_value *values, size_t count)
{
	struct result *result = arg;

	result->rows++;
	for (size_t i = 0; i < count; i++) {
		buf_append_str(&result->text, i != 0 ? STR("|") : STR(""));
		switch (values[i].type) {
		case AUDIT_SQL_NULL: buf_append_str(&result->text, STR("NULL")); break;
		case AUDIT_SQL_INTEGER:
			buf_printf(&result->text, "%lld", (long long)values[i].integer);
			break;
		case AUDIT_SQL_REAL: buf_printf(&result->text, "%.3f", values[i].real); break;
		case AUDIT_SQL_TEXT:
		case AUDIT_SQL_BLOB: buf_append_str(&result->text, values[i].bytes); break;
		}
	}
	buf_append_byte(&result->text, '\n');
	return !result->stop_early;
}

static void result_free(struct result *result)
{
	buf_deinit(&result->text);
	buf_deinit(&result->why);
}

static void run_with(struct fixture *fixture, const char *sql, const struct clock *clock,
		     uint32_t time_ms, struct result *result)
{
	const struct audit_sql_sink sink = {on_columns, on_row, result};
	struct audit_reader *reader = NULL;

	*result = (struct result){.stop_early = result->stop_early};
	buf_init(&result->text, 1 << 20);
	buf_init(&result->why, 4096);
	result->error = audit_reader_open(fixture->dir.path, &fixture->env, &reader, &result->why);
	if (result->error == ERR_NONE)
		result->error =
			audit_sql_run(reader, str_from(sql), clock, time_ms, &sink, &result->why);
	audit_reader_close(reader);
}

static void run(struct fixture *fixture, const char *sql, struct result *result)
{
	struct fake_clock clock; /* time stands still */

	fake_clock_init(&clock);
	run_with(fixture, sql, &clock.clock, 1000, result);
}

static void expect(struct fixture *fixture, const char *sql, const char *text)
{
	struct result result = {0};

	run(fixture, sql, &result);
	if (result.error != ERR_NONE)
		fail_msg("%s: %s", sql, buf_text(&result.why));
	assert_string_equal(buf_text(&result.text), text);
	result_free(&result);
}

static void the_segments_are_one_table(void **state)
{
	expect(*state, "SELECT count(*), min(decision_id), max(decision_id) FROM v_decision",
	       "3000|1|3000\n");
	expect(*state, "SELECT count(*) FROM v_denial;", "300\n");
	expect(*state, "SELECT event_id, kind FROM v_event", "3001|daemon.started\n");
	expect(*state,
	       "SELECT decision_id FROM v_decision WHERE decision_id > 1998 ORDER BY decision_id "
	       "LIMIT 4",
	       "1999\n2000\n2001\n2002\n");
	expect(*state,
	       "SELECT decision_id FROM v_decision WHERE decision_id < 2003 ORDER BY decision_id "
	       "DESC LIMIT 4",
	       "2002\n2001\n2000\n1999\n");
	expect(*state, "SELECT user FROM v_decision WHERE decision_id IN (1, 2001, 5000)",
	       "CONTOSO\\User0\nCONTOSO\\User0\n");
}

static void the_state_is_there_too(void **state)
{
	expect(*state, "SELECT action, actor FROM v_admin_action", "audit.seal|uid:0\n");
	expect(*state, "SELECT principal, blocked_until FROM v_block", "S-1-1|NULL\n");
	expect(*state, "SELECT segment, decision_count, removed_at FROM v_segment",
	       "1|2000|NULL\n");
	expect(*state, "SELECT count(*) FROM v_record", "0\n");
	expect(*state, "SELECT count(*) FROM v_policy_revision", "0\n");
	/* Across both. */
	expect(*state,
	       "SELECT count(*) FROM v_segment s JOIN v_decision d"
	       " ON d.decision_id BETWEEN s.first_id AND s.last_id",
	       "2000\n");
	expect(*state, "SELECT count(*) FROM v_denial, json_each(policies) WHERE value = 'policy3'",
	       "43\n");
}

/* Every condition gives the same handed on to the files as looked at in each row. */
static void conditions_mean_the_same_wherever_they_are_tested(void **state)
{
	static const char *const columns[] = {
		"decision_id", "decided_at", "wall_us", "user",         "verdict",
		"code",        "policies",   "kind",    "verdict_code", "latency_us",
	};
	static const char *const operators[] = {"=", "<", "<=", ">", ">=", "IS NOT"};
	static const char *const values[] = {
		"1500",
		"'1500'",
		"1500.5",
		"-1",
		"9223372036854775807",
		"1767225601500000",
		"1767225601500000.5",
		"'2026-01-01'",
		"'2026-01-01T00:00:01'",
		"'2026-01-01T00:00:01.500Z'",
		"'2026-01-01T00:00:01.500'",
		"'2026-01-01 00:00:01'",
		"'2026-01-01T00:00Z'",
		"'2026-01'",
		"'CONTOSO\\User7'",
		"'contoso\\user7'",
		"'deny'",
		"0",
		"5",
		"NULL",
		"x'00'",
	};

	for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(operators); j++) {
			for (size_t k = 0; k < ARRAY_COUNT(values); k++) {
				char sql[512];

				/* All combinations would take long. */
				if ((7 * i + 5 * j + k) % 23 != 0)
					continue;
				snprintf(sql, sizeof(sql),
					 "SELECT (SELECT count(*) || ' ' || total(decision_id) FROM"
					 " v_decision WHERE %s %s %s) = (SELECT count(*) || ' ' ||"
					 " total(decision_id) FROM v_decision"
					 " WHERE likely(%s %s %s))",
					 columns[i], operators[j], values[k], columns[i],
					 operators[j], values[k]);
				expect(*state, sql, "1\n");
			}
		}
	}
}

static void nothing_but_reading_the_views_is_allowed(void **state)
{
	static const char *const refused[] = {
		"DELETE FROM v_decision",
		"UPDATE v_decision SET user = ''",
		"INSERT INTO v_decision (user) VALUES ('x')",
		"INSERT INTO v_segment DEFAULT VALUES",
		"DROP TABLE v_decision",
		"CREATE TABLE t (x)",
		"CREATE TEMP TABLE t (x)",
		"CREATE VIEW v AS SELECT 1",
		"CREATE VIRTUAL TABLE t USING fts5(x)",
		"ATTACH '/etc/passwd' AS x",
		"ATTACH ':memory:' AS x",
		"DETACH main",
		"VACUUM INTO '/tmp/x'",
		"PRAGMA user_version",
		"PRAGMA writable_schema = 1",
		"SELECT * FROM pragma_database_list",
		"SELECT * FROM sqlite_dbpage",
		"SELECT * FROM dbstat",
		"SELECT load_extension('x')",
		"SELECT * FROM decision",
		"SELECT * FROM main.decision",
		"BEGIN",
		"REINDEX",
		"ANALYZE",
		"EXPLAIN DELETE FROM v_decision",
		"SELECT 1; SELECT 2",
		"SELECT 1; DELETE FROM v_decision",
		"",
		"-- nothing",
		"SELEC",
	};

	for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
		struct result result = {0};

		run(*state, refused[i], &result);
		if (result.error != ERR_DENIED && result.error != ERR_SYNTAX)
			fail_msg("%s: %d", refused[i], (int)result.error);
		assert_int_equal(result.rows, 0);
		assert_true(result.why.length != 0);
		result_free(&result);
	}
	fixture_assert_audit(*state, ROWS + 1);
}

static void a_table_that_is_not_there_is_told_with_those_that_are(void **state)
{
	struct result result = {0};

	run(*state, "SELECT * FROM v_decisions", &result);
	assert_int_equal(result.error, ERR_SYNTAX);
	assert_non_null(strstr(buf_text(&result.why), "no such table: v_decisions; there are "
						      "v_decision, v_denial, v_event, "));
	result_free(&result);
}

/* A clock on which each look takes 10 ms. */
struct quick_clock {
	struct clock clock;
	int64_t now_ms;
};

static int64_t quick_boot_ms(const struct clock *clock)
{
	struct quick_clock *quick = (struct quick_clock *)(uintptr_t)clock;

	return quick->now_ms += 10;
}

static void a_long_query_is_stopped(void **state)
{
	static const char *const endless[] = {
		"WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x) SELECT max(i) "
		"FROM x",
		/* In the files, which yield no row. */
		"SELECT count(*) FROM v_decision a, v_decision b, v_decision c"
		" WHERE a.user > 'x' OR b.user > 'x' OR c.user = 'nobody'",
	};

	for (size_t i = 0; i < ARRAY_COUNT(endless); i++) {
		struct result result = {0};
		struct quick_clock clock = {.clock.boot_ms = quick_boot_ms};

		run_with(*state, endless[i], &clock.clock, 1000, &result);
		assert_int_equal(result.error, ERR_TIMEOUT);
		assert_non_null(strstr(buf_text(&result.why), "took too long"));
		result_free(&result);
	}
}

static void limits_hold(void **state)
{
	struct result result = {0};
	struct buf sql;

	buf_init(&sql, 1 << 20);
	buf_append_str(&sql, STR("SELECT 1"));
	for (int i = 1; i < AUDIT_SQL_COLUMNS_MAX; i++)
		buf_append_str(&sql, STR(", 1"));
	run(*state, buf_text(&sql), &result);
	assert_int_equal(result.error, ERR_NONE);
	assert_int_equal(result.columns, AUDIT_SQL_COLUMNS_MAX);
	result_free(&result);
	buf_append_str(&sql, STR(", 1"));
	run(*state, buf_text(&sql), &result);
	assert_int_equal(result.error, ERR_LIMIT);
	result_free(&result);
	/* Values larger than SQLite's limit here. */
	run(*state, "SELECT length(zeroblob(17000000))", &result);
	assert_true(result.error != ERR_NONE);
	result_free(&result);
	/* Who reads may stop. */
	result.stop_early = true;
	run(*state, "SELECT * FROM v_decision", &result);
	assert_int_equal(result.error, ERR_NONE);
	assert_int_equal(result.rows, 1);
	result_free(&result);
	buf_deinit(&sql);
}

static void lack_of_memory_is_told(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t n = 0;; n++) {
		struct result result = {0};

		fault_arm(n, FAULT_ONCE);
		run(fixture,
		    "SELECT count(*) FROM v_segment s JOIN v_denial d ON d.decision_id > s.last_id",
		    &result);
		bool fired = fault_disarm();
		/* The text takes memory, too. */
		if (result.error == ERR_NONE && result.text.failed == ERR_NONE)
			assert_string_equal(buf_text(&result.text), "100\n");
		result_free(&result);
		if (!fired) {
			assert_int_equal(result.error, ERR_NONE);
			assert_true(n > 10);
			return;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_segments_are_one_table),
		cmocka_unit_test(the_state_is_there_too),
		cmocka_unit_test(conditions_mean_the_same_wherever_they_are_tested),
		cmocka_unit_test(nothing_but_reading_the_views_is_allowed),
		cmocka_unit_test(a_table_that_is_not_there_is_told_with_those_that_are),
		cmocka_unit_test(a_long_query_is_stopped),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(lack_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
