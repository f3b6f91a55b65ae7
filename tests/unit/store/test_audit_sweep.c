/*
 * Every way to change one row of a small audit, at every row and every column of every table, in a
 * sealed segment with a signature and in the live one: each is found, and where.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "store/seal.h"
#include "unit/store/fixture.h"

enum { SEGMENT_ROWS = 6, SEGMENTS = 2, ROWS = SEGMENTS * SEGMENT_ROWS };

static const char *const files[SEGMENTS] = {"audit-000001.db", "audit-000002.db"};

/* The audit as it was written. */
struct original {
	struct fixture *fixture;
	struct buf bytes[SEGMENTS];
	struct audit_head head;
	struct seal_key key;
};

/* Decisions with an event behind every second one. */
static void append_mixed(struct audit *audit, uint32_t first)
{
	const struct audit_event event = {STR("daemon.started"), STR("uid:0"), STR("{\"pid\":1}")};
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t id;

	for (uint32_t i = 0; i < SEGMENT_ROWS; i++) {
		if (i % 3 == 2)
			row = (struct audit_row){.wall_us = 5 + i, .boot_ms = 7, .event = &event};
		else
			store_row_make(first + i, &texts, &row);
		assert_int_equal(audit_append(audit, &row, 1, &id), ERR_NONE);
	}
}

static void write_audit(struct original *original)
{
	struct fixture *fixture = original->fixture;
	const char *directory = fixture->dir.path;
	struct audit *audit = fixture_audit(fixture), *next;
	struct segment sealed;
	static const uint8_t seed[32] = {1};

	assert_int_equal(seal_key_make(seed, &original->key), ERR_NONE);
	append_mixed(audit, 0);
	assert_int_equal(audit_prepare_next(directory, &fixture->env, 1, &next, &fixture->why),
			 ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	append_mixed(next, 0);
	original->head = audit_head(next);
	audit_close(next);
	assert_int_equal(seal_segment(directory, 1, &fixture->env, &original->key, 2, &sealed,
				      &fixture->why),
			 ERR_NONE);
	for (int i = 0; i < SEGMENTS; i++) {
		buf_init(&original->bytes[i], 1 << 22);
		fixture_read(fixture, files[i], &original->bytes[i]);
	}
}

static void restore(const struct original *original, int segment)
{
	const struct buf *bytes = &original->bytes[segment];
	char path[256];
	FILE *stream = fopen(
		tmpdir_path(&original->fixture->dir, files[segment], path, sizeof(path)), "wb");

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes->data, 1, bytes->length, stream), bytes->length);
	assert_int_equal(fclose(stream), 0);
}

/* As somebody who knows SQLite: past the triggers and the checks. */
static sqlite3 *open_file(const struct original *original, int segment)
{
	char path[256];
	sqlite3 *db;

	tmpdir_path(&original->fixture->dir, files[segment], path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "PRAGMA ignore_check_constraints = ON;"
				      "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	return db;
}

static void tamper(const struct original *original, int segment, const char *sql)
{
	sqlite3 *db = open_file(original, segment);

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_total_changes(db) > 0, 1);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The integer that `sql` yields, 0 for none. */
static uint64_t ask(const struct original *original, int segment, const char *sql)
{
	sqlite3 *db = open_file(original, segment);
	sqlite3_stmt *statement;
	uint64_t value = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return value;
}

/* What `audit verify` says with the exported head and the public key. ERR_CORRUPT and the like are
 * findings too: *has_result is false then. */
static bool is_found_in(const struct original *original, bool rows_only,
			struct audit_verification *result, bool *has_result)
{
	struct fixture *fixture = original->fixture;
	const struct audit_verify_options options = {
		.expected = &original->head,
		.public_key = original->key.public_key,
		.rows_only = rows_only,
	};
	struct audit_reader *reader;

	buf_clear(&fixture->why);
	enum error error =
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why);
	if (error == ERR_NONE) {
		error = audit_verify(reader, &options, result, &fixture->why);
		audit_reader_close(reader);
	}
	*has_result = error == ERR_NONE;
	return error == ERR_CORRUPT || (error == ERR_NONE && !result->intact);
}

static bool is_found(const struct original *original, struct audit_verification *result,
		     bool *has_result)
{
	return is_found_in(original, false, result, has_result);
}

/* Does it, expects it to be found at the row `first_bad` (0: anywhere), and undoes it. */
static void expect_found(const struct original *original, int segment, const char *sql,
			 uint64_t first_bad)
{
	struct audit_verification result;
	bool has_result;

	tamper(original, segment, sql);
	if (!is_found(original, &result, &has_result))
		fail_msg("segment %d: not found: %s", segment + 1, sql);
	if (first_bad != 0 && (!has_result || result.first_bad_id != first_bad))
		fail_msg("segment %d: found at %d, not at %d: %s", segment + 1,
			 has_result ? (int)result.first_bad_id : -1, (int)first_bad, sql);
	restore(original, segment);
}

/* Where a change of a row of this table shows. */
static uint64_t first_bad_of(const struct original *original, int segment, const char *table,
			     uint64_t id)
{
	char sql[128];

	if (strcmp(table, "decision") == 0 || strcmp(table, "event") == 0)
		return id;
	if (strcmp(table, "beginning") == 0 || strcmp(table, "seal") == 0)
		return 0;
	snprintf(sql, sizeof(sql), "SELECT min(id) FROM decision WHERE %s = %" PRIu64, table, id);
	return ask(original, segment, sql);
}

struct column {
	char table[32], name[32];
	bool is_key;
};

static size_t list_columns(const struct original *original, int segment, struct column *columns,
			   size_t max)
{
	static const char sql[] =
		"SELECT m.name, c.name, c.pk FROM sqlite_schema m, pragma_table_info(m.name) c"
		" WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
	sqlite3 *db = open_file(original, segment);
	sqlite3_stmt *statement;
	size_t count = 0;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		assert_true(count < max);
		snprintf(columns[count].table, sizeof(columns->table), "%s",
			 (const char *)sqlite3_column_text(statement, 0));
		snprintf(columns[count].name, sizeof(columns->name), "%s",
			 (const char *)sqlite3_column_text(statement, 1));
		columns[count++].is_key = sqlite3_column_int(statement, 2) != 0;
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return count;
}

/* When a segment began is for people; nothing depends on it. */
static bool proves_nothing(const struct column *column)
{
	return strcmp(column->table, "beginning") == 0 && strcmp(column->name, "begun_us") == 0;
}

static size_t sweep_column(const struct original *original, int segment,
			   const struct column *column)
{
	char sql[512];
	size_t count = 0;

	snprintf(sql, sizeof(sql), "SELECT max(rowid) FROM %s", column->table);
	uint64_t last = ask(original, segment, sql);
	for (uint64_t id = 1; id <= last; id++) {
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE rowid = %" PRIu64,
			 column->table, id);
		if (ask(original, segment, sql) == 0)
			continue;
		uint64_t first_bad = first_bad_of(original, segment, column->table, id);
		snprintf(sql, sizeof(sql),
			 "UPDATE %s SET %s = CASE typeof(%s) WHEN 'integer' THEN %s + %d"
			 " WHEN 'text' THEN %s || 'x' WHEN 'blob' THEN zeroblob(length(%s))"
			 " ELSE x'0123456789abcdef0123456789abcdef' END WHERE rowid = %" PRIu64,
			 column->table, column->name, column->name, column->name,
			 column->is_key ? 1000 : 1, column->name, column->name, id);
		expect_found(original, segment, sql, column->is_key ? 0 : first_bad);
		count++;
	}
	return count;
}

static void every_changed_value_is_found(void **state)
{
	struct original *original = *state;
	struct column columns[128];
	size_t count = 0;

	for (int segment = 0; segment < SEGMENTS; segment++) {
		size_t column_count =
			list_columns(original, segment, columns, ARRAY_COUNT(columns));
		for (size_t i = 0; i < column_count; i++) {
			if (!proves_nothing(&columns[i]))
				count += sweep_column(original, segment, &columns[i]);
		}
	}
	print_message("%zu changed values\n", count);
	assert_true(count > 300);
}

/* Takes the rows of a table away one by one; their count. */
static size_t sweep_rows(const struct original *original, int segment, const struct column *column)
{
	char sql[256];
	size_t count = 0;

	snprintf(sql, sizeof(sql), "SELECT max(rowid) FROM %.31s", column->table);
	uint64_t last = ask(original, segment, sql);
	for (uint64_t id = 1; id <= last; id++) {
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM %.31s WHERE rowid = %" PRIu64,
			 column->table, id);
		if (ask(original, segment, sql) == 0)
			continue;
		snprintf(sql, sizeof(sql), "DELETE FROM %.31s WHERE rowid = %" PRIu64,
			 column->table, id);
		expect_found(original, segment, sql, 0);
		count++;
	}
	return count;
}

/* Of whatever table; where that shows for decisions and events, the next test says. */
static void every_row_that_is_taken_away_is_found(void **state)
{
	struct original *original = *state;
	struct column columns[128];
	size_t count = 0;

	for (int segment = 0; segment < SEGMENTS; segment++) {
		size_t column_count =
			list_columns(original, segment, columns, ARRAY_COUNT(columns));
		for (size_t i = 0; i < column_count; i++) {
			if (columns[i].is_key)
				count += sweep_rows(original, segment, &columns[i]);
		}
	}
	assert_true(count > ROWS + 15);
}

/* Rows count from 1 over both segments. */
static int segment_of(uint64_t id)
{
	return (int)((id - 1) / SEGMENT_ROWS);
}

static void every_removed_row_is_found(void **state)
{
	struct original *original = *state;
	char sql[256];

	for (uint64_t id = 1; id <= ROWS; id++) {
		/* The last row of a segment is missed by whoever expects it; others by the next. */
		bool is_last = id % SEGMENT_ROWS == 0;
		snprintf(sql, sizeof(sql),
			 "DELETE FROM decision WHERE id = %" PRIu64
			 "; DELETE FROM event WHERE id = %" PRIu64,
			 id, id);
		expect_found(original, segment_of(id), sql, is_last ? id : id + 1);
	}
}

static void every_cut_of_the_tail_is_found(void **state)
{
	struct original *original = *state;
	char sql[256];

	for (uint64_t id = SEGMENT_ROWS + 1; id <= ROWS; id++) {
		snprintf(sql, sizeof(sql),
			 "DELETE FROM decision WHERE id >= %" PRIu64
			 "; DELETE FROM event WHERE id >= %" PRIu64,
			 id, id);
		expect_found(original, 1, sql, id);
	}
}

static bool is_event(uint64_t id)
{
	return (id - 1) % SEGMENT_ROWS % 3 == 2;
}

static void every_two_rows_that_are_swapped_are_found(void **state)
{
	struct original *original = *state;
	char sql[512];
	size_t count = 0;

	for (uint64_t a = 1; a <= ROWS; a++) {
		for (uint64_t b = a + 1; b <= ROWS; b++) {
			const char *table = is_event(a) ? "event" : "decision";
			if (segment_of(a) != segment_of(b) || is_event(a) != is_event(b))
				continue;
			snprintf(sql, sizeof(sql),
				 "UPDATE %s SET id = -1 WHERE id = %" PRIu64
				 "; UPDATE %s SET id = %" PRIu64 " WHERE id = %" PRIu64
				 "; UPDATE %s SET id = %" PRIu64 " WHERE id = -1",
				 table, a, table, a, b, table, b);
			expect_found(original, segment_of(a), sql, a);
			count++;
		}
	}
	assert_true(count > 10);
}

static void every_inserted_row_is_found(void **state)
{
	struct original *original = *state;
	char sql[1024];

	for (uint64_t id = 1; id <= ROWS; id++) {
		if (is_event(id))
			continue;
		/* Everything from there on moves up, and a copy takes the place. */
		snprintf(sql, sizeof(sql),
			 "UPDATE decision SET id = id + 1000 WHERE id >= %" PRIu64
			 "; UPDATE event SET id = id + 1000 WHERE id >= %" PRIu64
			 "; UPDATE decision SET id = id - 999 WHERE id > 1000"
			 "; UPDATE event SET id = id - 999 WHERE id > 1000"
			 "; INSERT INTO decision SELECT %" PRIu64
			 ", wall_us, boot_ms, utc_offset_minutes, subject, group_set, request,"
			 " context, verdict, outcome, origin, record_id, latency_us, relaxed, chain"
			 " FROM decision WHERE id = %" PRIu64,
			 id, id, id, id + 1);
		/* The copy is as good as the row; the row itself is then the bad one. */
		expect_found(original, segment_of(id), sql, id + 1);
	}
}

static int setup(void **state)
{
	static struct original original;

	if (fixture_setup((void **)&original.fixture) != 0)
		return -1;
	write_audit(&original);
	*state = &original;
	return 0;
}

static int teardown(void **state)
{
	struct original *original = *state;

	for (int i = 0; i < SEGMENTS; i++)
		buf_deinit(&original->bytes[i]);
	return fixture_teardown((void **)&original->fixture);
}

/* The rows as they were, and an index that leads past one of them: what a question finds by the
 * index is one row short, and no row was touched. */
static void every_row_that_an_index_leads_past_is_found(void **state)
{
	static const struct {
		int segment;
		const char *name;
	} indexes[] = {
		{0, "decision_subject"}, {0, "decision_request"}, {0, "decision_outcome"},
		{0, "decision_denied"},  {1, "decision_denied"},
	};
	static const char hide[] =
		"CREATE TEMP TABLE target AS SELECT %" PRIu64 " AS id, '%s' AS name;"
		"CREATE TEMP TABLE kept AS SELECT * FROM decision"
		" WHERE id = (SELECT id FROM target);"
		"CREATE TEMP TABLE was AS SELECT sql FROM sqlite_schema"
		" WHERE name = (SELECT name FROM target);"
		"DELETE FROM decision WHERE id = (SELECT id FROM target);"
		"PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema SET sql = replace(sql, ' WHERE verdict = 0', '') ||"
		" ' WHERE verdict > 9' WHERE name = (SELECT name FROM target);"
		"PRAGMA writable_schema = RESET;"
		"INSERT INTO decision SELECT * FROM kept;"
		"PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema SET sql = (SELECT sql FROM was)"
		" WHERE name = (SELECT name FROM target);"
		"PRAGMA writable_schema = RESET;";
	struct original *original = *state;
	struct audit_verification result;
	bool has_result;
	char sql[1024];

	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		uint64_t id = ask(original, indexes[i].segment,
				  "SELECT id FROM decision WHERE verdict = 0");

		assert_int_not_equal(id, 0);
		snprintf(sql, sizeof(sql), hide, id, indexes[i].name);
		tamper(original, indexes[i].segment, sql);
		assert_true(is_found(original, &result, &has_result));
		assert_true(has_result);
		assert_int_equal(result.flaw, AUDIT_FLAW_INDEX);
		assert_int_equal(result.segment, indexes[i].segment + 1);
		assert_false(is_found_in(original, true, &result, &has_result));
		restore(original, indexes[i].segment);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_changed_value_is_found),
		cmocka_unit_test(every_row_that_is_taken_away_is_found),
		cmocka_unit_test(every_removed_row_is_found),
		cmocka_unit_test(every_cut_of_the_tail_is_found),
		cmocka_unit_test(every_two_rows_that_are_swapped_are_found),
		cmocka_unit_test(every_inserted_row_is_found),
		cmocka_unit_test(every_row_that_an_index_leads_past_is_found),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
