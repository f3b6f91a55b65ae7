/* The chain: whatever is changed in the tables, by somebody who knows how to take the triggers out
 * and put them back, is found, and the first bad row is named. */
#include <stdio.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "unit/store/fixture.h"

enum { ROWS = 40 };

static struct audit_verification verify(struct fixture *fixture)
{
	struct audit_verification result;
	struct audit_reader *reader;

	buf_clear(&fixture->why);
	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) !=
		    ERR_NONE ||
	    audit_verify(reader, NULL, &result, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	audit_reader_close(reader);
	return result;
}

/* Runs SQL with the triggers gone and puts them back as they were. */
static void tamper(struct fixture *fixture, const char *sql)
{
	static const char open_up[] =
		"PRAGMA foreign_keys = OFF; PRAGMA writable_schema = ON; BEGIN;"
		"CREATE TEMP TABLE saved AS SELECT * FROM sqlite_schema WHERE type = 'trigger';"
		"DELETE FROM sqlite_schema WHERE type = 'trigger'; COMMIT;"
		"PRAGMA writable_schema = RESET;";
	static const char close_again[] = "PRAGMA writable_schema = ON; BEGIN;"
					  "INSERT INTO sqlite_schema SELECT * FROM saved; COMMIT;"
					  "PRAGMA writable_schema = RESET; DROP TABLE temp.saved;";
	struct buf all;

	buf_init(&all, 8192);
	buf_printf(&all, "%s%s;%s", open_up, sql, close_again);
	fixture_sql(fixture, AUDIT_FILE, buf_text(&all));
	buf_deinit(&all);
}

static void fill(struct fixture *fixture)
{
	struct audit *audit = fixture_audit(fixture);

	fixture_append(audit, 0, ROWS);
	audit_close(audit);
}

static void an_empty_audit_is_intact(void **state)
{
	struct fixture *fixture = *state;

	audit_close(fixture_audit(fixture));
	struct audit_verification result = verify(fixture);
	assert_true(result.intact);
	assert_int_equal(result.head.decision_id, 0);
	assert_int_equal(result.row_count, 0);
}

static void tampering_with_nothing_changes_nothing(void **state)
{
	fill(*state);
	tamper(*state, "SELECT 1");
	fixture_assert_audit(*state, ROWS);
}

/* Every column of every table, at one row. */
static void any_changed_value_is_found_at_its_row(void **state)
{
	static const struct {
		const char *change, *undo;
		uint64_t first_bad_id;
	} cases[] = {
		{"UPDATE decision SET wall_us = wall_us + 1 WHERE id = 7",
		 "UPDATE decision SET wall_us = wall_us - 1 WHERE id = 7", 7},
		{"UPDATE decision SET boot_ms = boot_ms + 1 WHERE id = 7",
		 "UPDATE decision SET boot_ms = boot_ms - 1 WHERE id = 7", 7},
		{"UPDATE decision SET utc_offset_minutes = 61 WHERE id = 7",
		 "UPDATE decision SET utc_offset_minutes = 60 WHERE id = 7", 7},
		{"UPDATE decision SET subject = 1 WHERE id = 7",
		 "UPDATE decision SET subject = 7 WHERE id = 7", 7},
		{"UPDATE decision SET subject = 12345 WHERE id = 7",
		 "UPDATE decision SET subject = 7 WHERE id = 7", 7},
		{"UPDATE decision SET group_set = 0 WHERE id = 7",
		 "UPDATE decision SET group_set = 1 WHERE id = 7", 7},
		{"UPDATE decision SET request = 3 WHERE id = 7",
		 "UPDATE decision SET request = 7 WHERE id = 7", 7},
		{"UPDATE decision SET request = 12345 WHERE id = 7",
		 "UPDATE decision SET request = 7 WHERE id = 7", 7},
		{"UPDATE decision SET context = 12345 WHERE id = 7",
		 "UPDATE decision SET context = 1 WHERE id = 7", 7},
		{"UPDATE decision SET verdict = 0 WHERE id = 7",
		 "UPDATE decision SET verdict = 1 WHERE id = 7", 7},
		{"UPDATE decision SET outcome = 12345 WHERE id = 7",
		 "UPDATE decision SET outcome = 7 WHERE id = 7", 7},
		{"UPDATE decision SET origin = 12345 WHERE id = 7",
		 "UPDATE decision SET origin = 1 WHERE id = 7", 7},
		{"UPDATE decision SET record_id = NULL WHERE id = 7",
		 "UPDATE decision SET record_id = x'06000100000000000000000000000000' WHERE id = 7",
		 7},
		{"UPDATE decision SET latency_us = 0 WHERE id = 7",
		 "UPDATE decision SET latency_us = 156 WHERE id = 7", 7},
		{"UPDATE decision SET relaxed = 1 WHERE id = 7",
		 "UPDATE decision SET relaxed = 0 WHERE id = 7", 7},
		{"UPDATE subject SET application = 'x' WHERE id = 7",
		 "UPDATE subject SET application = 'http://schemas.microsoft.com/powershell'"
		 " WHERE id = 7",
		 7},
		{"UPDATE subject SET principal = principal || '0' WHERE id = 7",
		 "UPDATE subject SET principal = substr(principal, 1, length(principal) - 1)"
		 " WHERE id = 7",
		 7},
		{"UPDATE subject SET user = 'CONTOSO\\User7' WHERE id = 7",
		 "UPDATE subject SET user = 'CONTOSO\\User6' WHERE id = 7", 7},
		{"UPDATE subject SET user_folded = '' WHERE id = 7",
		 "UPDATE subject SET user_folded = 'contoso\\user6' WHERE id = 7", 7},
		{"UPDATE subject SET mechanism = 'Basic' WHERE id = 7",
		 "UPDATE subject SET mechanism = 'Kerberos' WHERE id = 7", 7},
		{"UPDATE group_set SET groups = replace(groups, '580', '544')",
		 "UPDATE group_set SET groups = replace(groups, '544', '580')", 1},
		{"UPDATE group_set SET deny_only = replace(deny_only, '544', '580')",
		 "UPDATE group_set SET deny_only = replace(deny_only, '580', '544')", 1},
		{"UPDATE group_set SET groups = 'not JSON', deny_only = groups",
		 "UPDATE group_set SET groups = deny_only, deny_only = '[\"S-1-5-32-544\"]'", 1},
		{"UPDATE request SET kind = 1 WHERE id = 7",
		 "UPDATE request SET kind = 2 WHERE id = 7", 7},
		{"UPDATE request SET kind = 99 WHERE id = 7",
		 "UPDATE request SET kind = 2 WHERE id = 7", 7},
		{"UPDATE request SET action = 'Get' WHERE id = 7",
		 "UPDATE request SET action = 'Invoke' WHERE id = 7", 7},
		{"UPDATE request SET resource_uri = resource_uri || '0' WHERE id = 7",
		 "UPDATE request SET resource_uri = substr(resource_uri, 1, length(resource_uri) - "
		 "1)"
		 " WHERE id = 7",
		 7},
		{"UPDATE context SET context = replace(context, 'false', 'true ')",
		 "UPDATE context SET context = replace(context, 'true ', 'false')", 1},
		{"UPDATE outcome SET code = 5 WHERE id = 7",
		 "UPDATE outcome SET code = 0 WHERE id = 7", 7},
		{"UPDATE outcome SET administrator = 1 WHERE id = 7",
		 "UPDATE outcome SET administrator = 0 WHERE id = 7", 7},
		{"UPDATE outcome SET policy_revision = 16 WHERE id = 7",
		 "UPDATE outcome SET policy_revision = 17 WHERE id = 7", 7},
		{"UPDATE outcome SET erring = policies WHERE id = 7",
		 "UPDATE outcome SET erring = '[]' WHERE id = 7", 7},
		{"UPDATE origin SET peer = 'uid:0'", "UPDATE origin SET peer = 'uid:33'", 1},
		{"UPDATE origin SET peer_pid = 1", "UPDATE origin SET peer_pid = 4242", 1},
		{"UPDATE origin SET connection = 1", "UPDATE origin SET connection = 3", 1},
	};
	struct fixture *fixture = *state;

	fill(fixture);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		tamper(fixture, cases[i].change);
		struct audit_verification result = verify(fixture);
		if (result.intact || result.first_bad_id != cases[i].first_bad_id ||
		    result.head.decision_id != cases[i].first_bad_id - 1)
			fail_msg("%s: bad id %d", cases[i].change, (int)result.first_bad_id);
		tamper(fixture, cases[i].undo);
		fixture_assert_audit(fixture, ROWS);
	}
}

static void a_removed_row_is_found_at_the_next(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	tamper(fixture, "DELETE FROM decision WHERE id = 20");
	struct audit_verification result = verify(fixture);
	assert_false(result.intact);
	assert_int_equal(result.first_bad_id, 21);
	assert_int_equal(result.head.decision_id, 19);
}

static void a_removed_first_row_is_found(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	tamper(fixture, "DELETE FROM decision WHERE id = 1");
	struct audit_verification result = verify(fixture);
	assert_false(result.intact);
	assert_int_equal(result.first_bad_id, 2);
	assert_int_equal(result.head.decision_id, 0);
}

static void swapped_rows_are_found(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	tamper(fixture, "UPDATE decision SET id = -1 WHERE id = 11;"
			"UPDATE decision SET id = 11 WHERE id = 12;"
			"UPDATE decision SET id = 12 WHERE id = -1");
	struct audit_verification result = verify(fixture);
	assert_false(result.intact);
	assert_int_equal(result.first_bad_id, 11);
}

static void an_inserted_row_is_found(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	tamper(fixture, "UPDATE decision SET id = 1000 WHERE id = 40");
	struct audit_verification result = verify(fixture);
	assert_false(result.intact);
	assert_int_equal(result.first_bad_id, 1000);
}

static void a_cut_tail_leaves_texts_that_nobody_has(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	tamper(fixture, "DELETE FROM decision WHERE id > 30");
	struct audit_verification result = verify(fixture);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_TEXT);
	assert_int_equal(result.head.decision_id, 30);
}

/* The tail in rows whose texts earlier rows have as well. */
static struct audit_head fill_and_cut(struct fixture *fixture)
{
	struct audit *audit = fixture_audit(fixture);

	fixture_append(audit, 0, ROWS);
	fixture_append(audit, 0, ROWS);
	struct audit_head kept = audit_head(audit);
	audit_close(audit);
	tamper(fixture, "DELETE FROM decision WHERE id > 50");
	return kept;
}

static struct audit_verification compare(struct fixture *fixture, const struct audit_head *kept)
{
	struct audit_verify_options options = {.expected = kept};
	struct audit_verification result;
	struct audit_reader *reader;

	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) !=
		    ERR_NONE ||
	    audit_verify(reader, &options, &result, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	audit_reader_close(reader);
	return result;
}

static void a_cut_tail_is_found_with_a_head_that_was_kept(void **state)
{
	struct fixture *fixture = *state;
	struct audit_head kept = fill_and_cut(fixture);

	assert_true(verify(fixture).intact);
	struct audit_verification result = compare(fixture, &kept);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_CUT);
	assert_int_equal(result.first_bad_id, 51);
	assert_int_equal(result.head.decision_id, 50);
}

static void a_head_that_was_kept_is_compared_where_the_chain_passes_it(void **state)
{
	struct fixture *fixture = *state;
	struct audit *audit = fixture_audit(fixture);

	fixture_append(audit, 0, ROWS);
	struct audit_head kept = audit_head(audit);
	fixture_append(audit, 0, ROWS);
	audit_close(audit);
	assert_true(compare(fixture, &kept).intact);
	kept.chain[0] ^= 1;
	struct audit_verification result = compare(fixture, &kept);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_HEAD);
	assert_int_equal(result.first_bad_id, ROWS);
}

/* A log that is gone takes its rows with it. */
static void a_deleted_log_is_found_with_a_head_that_was_kept(void **state)
{
	struct fixture *fixture = *state;
	char database[256], log[256], copy[256];
	struct buf bytes;

	buf_init(&bytes, 16 * 1024 * 1024);
	struct audit *audit = fixture_audit(fixture);
	fixture_append(audit, 0, ROWS);
	audit_close(audit);
	audit = fixture_audit(fixture);
	fixture_append(audit, 0, ROWS);
	struct audit_head kept = audit_head(audit);
	/* As after a kill: the database as it is without its log. */
	fixture_read(fixture, AUDIT_FILE, &bytes);
	audit_close(audit);
	tmpdir_path(&fixture->dir, AUDIT_FILE, database, sizeof(database));
	tmpdir_path(&fixture->dir, AUDIT_FILE "-wal", log, sizeof(log));
	tmpdir_path(&fixture->dir, "copy", copy, sizeof(copy));
	FILE *stream = fopen(copy, "wb");
	assert_non_null(stream);
	assert_int_equal(fwrite(bytes.data, 1, bytes.length, stream), bytes.length);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(rename(copy, database), 0);
	(void)remove(log);
	buf_deinit(&bytes);
	struct audit_verification result = compare(fixture, &kept);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_CUT);
	assert_int_equal(result.first_bad_id, ROWS + 1);
}

/* Events and decisions in turns: every second row. */
static void fill_mixed(struct fixture *fixture)
{
	struct audit_event event = {STR("daemon.started"), STR("uid:0"), STR("{\"pid\":1}")};
	struct audit *audit = fixture_audit(fixture);
	struct store_row_texts texts;
	struct audit_row rows[2];
	uint64_t id;

	for (uint32_t i = 0; i < ROWS / 2; i++) {
		store_row_make(i, &texts, &rows[0]);
		rows[1] = (struct audit_row){.wall_us = 5 + i, .boot_ms = 7, .event = &event};
		assert_int_equal(audit_append(audit, rows, 2, &id), ERR_NONE);
		assert_int_equal(id, 2 * i + 1);
	}
	audit_close(audit);
}

static void events_stand_in_the_chain(void **state)
{
	struct fixture *fixture = *state;

	fill_mixed(fixture);
	struct audit_verification result = verify(fixture);
	assert_true(result.intact);
	assert_int_equal(result.row_count, ROWS);
	assert_int_equal(result.event_count, ROWS / 2);
	assert_int_equal(result.head.decision_id, ROWS);
}

static void any_change_of_an_event_is_found(void **state)
{
	static const struct {
		const char *change, *undo;
		uint64_t first_bad_id;
	} cases[] = {
		{"UPDATE event SET wall_us = wall_us + 1 WHERE id = 8",
		 "UPDATE event SET wall_us = wall_us - 1 WHERE id = 8", 8},
		{"UPDATE event SET boot_ms = 8 WHERE id = 8",
		 "UPDATE event SET boot_ms = 7 WHERE id = 8", 8},
		{"UPDATE event SET kind = 'daemon.stopped' WHERE id = 8",
		 "UPDATE event SET kind = 'daemon.started' WHERE id = 8", 8},
		{"UPDATE event SET actor = 'uid:1' WHERE id = 8",
		 "UPDATE event SET actor = 'uid:0' WHERE id = 8", 8},
		{"UPDATE event SET detail = '{}' WHERE id = 8",
		 "UPDATE event SET detail = '{\"pid\":1}' WHERE id = 8", 8},
		{"UPDATE event SET id = 1000 WHERE id = 8",
		 "UPDATE event SET id = 8 WHERE id = 1000", 9},
	};
	struct fixture *fixture = *state;

	fill_mixed(fixture);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		tamper(fixture, cases[i].change);
		struct audit_verification result = verify(fixture);
		if (result.intact || result.flaw != AUDIT_FLAW_ROW ||
		    result.first_bad_id != cases[i].first_bad_id)
			fail_msg("%s: bad id %d", cases[i].change, (int)result.first_bad_id);
		tamper(fixture, cases[i].undo);
		assert_true(verify(fixture).intact);
	}
	tamper(fixture, "DELETE FROM event WHERE id = 8");
	assert_int_equal(verify(fixture).first_bad_id, 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_audit_is_intact),
		TEST(tampering_with_nothing_changes_nothing),
		TEST(any_changed_value_is_found_at_its_row),
		TEST(a_removed_row_is_found_at_the_next),
		TEST(a_removed_first_row_is_found),
		TEST(swapped_rows_are_found),
		TEST(an_inserted_row_is_found),
		TEST(a_cut_tail_leaves_texts_that_nobody_has),
		TEST(a_cut_tail_is_found_with_a_head_that_was_kept),
		TEST(a_head_that_was_kept_is_compared_where_the_chain_passes_it),
		TEST(a_deleted_log_is_found_with_a_head_that_was_kept),
		TEST(events_stand_in_the_chain),
		TEST(any_change_of_an_event_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
