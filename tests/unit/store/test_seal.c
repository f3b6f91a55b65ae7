/* Sealing: the indexes, the seal, the signature; and that a segment that was sealed half is sealed
 * whole by doing it again. */
#include "store/seal.h"
#include "store/state.h"

#include <stdio.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "unit/store/fixture.h"

enum { ROWS = 40, SEALED_US = 123456 };

static const uint8_t seed[32] = {1, 2, 3};

/* All segments but the last are closed. */
static void fill_segments(struct fixture *fixture, uint32_t count)
{
	struct audit *audit = fixture_audit(fixture), *next;

	fixture_append(audit, 0, ROWS);
	for (uint32_t number = 1; number < count; number++) {
		assert_int_equal(audit_prepare_next(fixture->dir.path, &fixture->env, number, &next,
						    &fixture->why),
				 ERR_NONE);
		assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
		audit_close(audit);
		audit = next;
		fixture_append(audit, 0, ROWS);
	}
	audit_close(audit);
}

/* Two segments; the first is closed. */
static void fill(struct fixture *fixture)
{
	fill_segments(fixture, 2);
}

static struct segment seal_number(struct fixture *fixture, uint32_t number,
				  const struct seal_key *key)
{
	struct segment segment;

	buf_clear(&fixture->why);
	if (seal_segment(fixture->dir.path, number, &fixture->env, key, SEALED_US, &segment,
			 &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return segment;
}

static struct segment seal(struct fixture *fixture, const struct seal_key *key)
{
	return seal_number(fixture, 1, key);
}

static struct audit_verification verify_with(struct fixture *fixture,
					     const struct audit_verify_options *options)
{
	struct audit_verification result;
	struct audit_reader *reader;

	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) !=
		    ERR_NONE ||
	    audit_verify(reader, options, &result, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	audit_reader_close(reader);
	return result;
}

static struct audit_verification verify(struct fixture *fixture, const uint8_t *public_key)
{
	struct audit_verify_options options = {.public_key = public_key};

	return verify_with(fixture, &options);
}

static void a_sealed_segment_says_what_it_has(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	struct segment segment = seal(fixture, NULL);
	assert_int_equal(segment.state, SEGMENT_SEALED);
	assert_int_equal(segment.first_id, 1);
	assert_int_equal(segment.last_id, ROWS);
	assert_int_equal(segment.decision_count, ROWS);
	assert_int_equal(segment.event_count, 0);
	assert_int_equal(segment.sealed_us, SEALED_US);
	assert_int_equal(segment.first_us,
			 fixture_int(fixture, AUDIT_FILE, "SELECT min(wall_us) FROM decision"));
	assert_int_equal(segment.last_us,
			 fixture_int(fixture, AUDIT_FILE, "SELECT max(wall_us) FROM decision"));
	assert_false(segment.is_signed);
	fixture_assert_audit(fixture, 2 * ROWS);
}

static void a_sealed_segment_is_one_file_that_nobody_may_write(void **state)
{
	struct fixture *fixture = *state;
	char path[256];
	struct stat st;

	fill(fixture);
	seal(fixture, NULL);
	assert_int_equal(stat(tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path)), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(
		stat(tmpdir_path(&fixture->dir, AUDIT_FILE "-wal", path, sizeof(path)), &st), -1);
	assert_int_equal(
		fixture_int(fixture, AUDIT_FILE,
			    "SELECT count(*) FROM sqlite_schema WHERE name IN"
			    " ('decision_subject', 'decision_request', 'decision_outcome')"),
		3);
}

static void a_sealed_segment_takes_no_rows(void **state)
{
	struct fixture *fixture = *state;
	char path[256];

	fill(fixture);
	seal(fixture, NULL);
	assert_int_equal(chmod(tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path)), 0600),
			 0);
	fixture_sql_fails(fixture, AUDIT_FILE,
			  "INSERT INTO event VALUES (1000, 0, 0, '', '', '{}', zeroblob(32))");
	fixture_sql_fails(fixture, AUDIT_FILE, "DELETE FROM seal");
	fixture_sql_fails(fixture, AUDIT_FILE, "UPDATE seal SET event_count = 1");
}

static void sealing_again_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct segment first, second;

	fill(fixture);
	first = seal(fixture, NULL);
	second = seal(fixture, NULL);
	assert_int_equal(second.sealed_us, first.sealed_us);
	assert_int_equal(second.file_bytes, first.file_bytes);
	fixture_assert_audit(fixture, 2 * ROWS);
}

/* As a crash between the seal and the end of the log leaves it. */
static void a_segment_that_is_still_logged_is_sealed_whole(void **state)
{
	struct fixture *fixture = *state;
	char path[256];

	fill(fixture);
	seal(fixture, NULL);
	assert_int_equal(chmod(tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path)), 0600),
			 0);
	fixture_sql(fixture, AUDIT_FILE, "PRAGMA journal_mode = WAL");
	struct segment segment = seal(fixture, NULL);
	assert_int_equal(segment.sealed_us, SEALED_US);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE,
				     "SELECT journal_mode = 'delete' FROM pragma_journal_mode"),
			 1);
}

static void a_reader_in_the_segment_lets_it_be_sealed_later(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment;
	sqlite3 *reader;
	char path[256];

	fill(fixture);
	tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM decision", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(seal_segment(fixture->dir.path, 1, &fixture->env, NULL, SEALED_US,
				      &segment, &fixture->why),
			 ERR_BUSY);
	assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(reader), SQLITE_OK);
	segment = seal(fixture, NULL);
	assert_int_equal(segment.state, SEGMENT_SEALED);
	fixture_assert_audit(fixture, 2 * ROWS);
}

static void a_start_behind_a_sealed_segment_begins_the_next(void **state)
{
	struct fixture *fixture = *state;
	char path[256];

	fill(fixture);
	struct segment segment = seal(fixture, NULL);
	assert_int_equal(remove(tmpdir_path(&fixture->dir, "audit-000002.db", path, sizeof(path))),
			 0);
	struct audit *audit = fixture_audit(fixture);
	struct audit_head head = audit_head(audit);
	assert_int_equal(audit_segment_number(audit), 2);
	assert_memory_equal(&head, &segment.head, sizeof(head));
	fixture_append(audit, 0, 1);
	audit_close(audit);
	fixture_assert_audit(fixture, ROWS + 1);
}

static void a_signature_is_of_its_key_alone(void **state)
{
	static const uint8_t other_seed[32] = {9};
	struct fixture *fixture = *state;
	struct seal_key key, other;

	assert_int_equal(seal_key_make(seed, &key), ERR_NONE);
	assert_int_equal(seal_key_make(other_seed, &other), ERR_NONE);
	fill(fixture);
	struct segment segment = seal(fixture, &key);
	assert_true(segment.is_signed);
	assert_memory_equal(segment.public_key, key.public_key, SEGMENT_KEY_BYTES);
	assert_true(seal_is_signed(&segment, NULL));
	assert_true(seal_is_signed(&segment, key.public_key));
	assert_false(seal_is_signed(&segment, other.public_key));
	struct audit_verification result = verify(fixture, key.public_key);
	assert_true(result.intact);
	assert_int_equal(result.signed_count, 1);
	result = verify(fixture, other.public_key);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_SIGNATURE);
	assert_int_equal(result.segment, 1);
	segment.sealed_us++;
	assert_false(seal_is_signed(&segment, NULL));
}

static void with_a_key_a_seal_without_signature_is_a_flaw_but_in_old_segments(void **state)
{
	struct fixture *fixture = *state;
	struct seal_key key;

	assert_int_equal(seal_key_make(seed, &key), ERR_NONE);
	fill_segments(fixture, 3);
	seal(fixture, NULL);
	seal_number(fixture, 2, &key);
	struct audit_verification result = verify(fixture, key.public_key);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_SIGNATURE);
	struct audit_verify_options options = {.public_key = key.public_key, .signed_from = 1};
	assert_false(verify_with(fixture, &options).intact);
	options.signed_from = 2;
	assert_true(verify_with(fixture, &options).intact);
}

/* Runs SQL on a sealed file with the triggers gone and puts them back. */
static void tamper_with(struct fixture *fixture, const char *file, const char *sql)
{
	char path[256];
	struct buf all;

	tmpdir_path(&fixture->dir, file, path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	buf_init(&all, 8192);
	buf_printf(&all,
		   "PRAGMA writable_schema = ON; BEGIN;"
		   "CREATE TEMP TABLE saved AS SELECT * FROM sqlite_schema WHERE type = 'trigger';"
		   "DELETE FROM sqlite_schema WHERE type = 'trigger'; COMMIT;"
		   "PRAGMA writable_schema = RESET; %s; PRAGMA writable_schema = ON; BEGIN;"
		   "INSERT INTO sqlite_schema SELECT * FROM saved; COMMIT;"
		   "PRAGMA writable_schema = RESET",
		   sql);
	fixture_sql(fixture, file, buf_text(&all));
	buf_deinit(&all);
}

static void tamper(struct fixture *fixture, const char *sql)
{
	tamper_with(fixture, AUDIT_FILE, sql);
}

/* Leaves the segment as one that was never sealed. */
static void take_seal(struct fixture *fixture, const char *file)
{
	tamper_with(fixture, file,
		    "DELETE FROM seal; DROP INDEX decision_subject; DROP INDEX decision_request;"
		    "DROP INDEX decision_outcome");
}

static void a_seal_taken_away_before_a_sealed_segment_is_found_with_the_key(void **state)
{
	struct fixture *fixture = *state;
	struct seal_key key;

	assert_int_equal(seal_key_make(seed, &key), ERR_NONE);
	fill_segments(fixture, 3);
	seal_number(fixture, 1, &key);
	seal_number(fixture, 2, &key);
	assert_true(verify(fixture, key.public_key).intact);
	take_seal(fixture, AUDIT_FILE);
	assert_true(verify(fixture, NULL).intact);
	struct audit_verification result = verify(fixture, key.public_key);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_SIGNATURE);
	assert_int_equal(result.segment, 1);
	assert_int_equal(result.first_bad_id, 1);
	struct audit_verify_options options = {.public_key = key.public_key, .signed_from = 1};
	assert_false(verify_with(fixture, &options).intact);
	options.signed_from = 2;
	assert_true(verify_with(fixture, &options).intact);
}

static void what_is_behind_the_last_signature_is_counted(void **state)
{
	struct fixture *fixture = *state;
	struct seal_key key;

	assert_int_equal(seal_key_make(seed, &key), ERR_NONE);
	fill_segments(fixture, 4);
	seal_number(fixture, 1, &key);
	seal_number(fixture, 2, &key);
	struct audit_verification result = verify(fixture, key.public_key);
	assert_true(result.intact);
	assert_int_equal(result.signed_count, 2);
	assert_int_equal(result.unsigned_segments, 2);
	assert_int_equal(result.unsigned_rows, 2 * ROWS);
	take_seal(fixture, "audit-000002.db");
	result = verify(fixture, key.public_key);
	assert_true(result.intact);
	assert_int_equal(result.unsigned_segments, 3);
	assert_int_equal(result.unsigned_rows, 3 * ROWS);
}

static void with_a_key_an_audit_without_any_signature_is_not_proved(void **state)
{
	struct fixture *fixture = *state;
	struct seal_key key;

	assert_int_equal(seal_key_make(seed, &key), ERR_NONE);
	fill(fixture);
	seal(fixture, &key);
	assert_true(verify(fixture, key.public_key).intact);
	take_seal(fixture, AUDIT_FILE);
	assert_true(verify(fixture, NULL).intact);
	struct audit_verification result = verify(fixture, key.public_key);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_UNSIGNED);
	assert_int_equal(result.segment, 1);
	assert_int_equal(result.first_bad_id, 1);
	assert_int_equal(result.head.decision_id, 2 * ROWS);
}

/* The first segment may have been looked at before its seal was made, and the second behind its. */
static void seals_that_are_made_meanwhile_are_no_flaw(void **state)
{
	struct fixture *fixture = *state;
	struct audit_verification result;
	struct audit_reader *reader;
	struct seal_key key;

	assert_int_equal(seal_key_make(seed, &key), ERR_NONE);
	fill_segments(fixture, 3);
	assert_int_equal(
		audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why),
		ERR_NONE);
	seal_number(fixture, 2, &key);
	struct audit_verify_options options = {.public_key = key.public_key};
	assert_int_equal(audit_verify(reader, &options, &result, &fixture->why), ERR_NONE);
	assert_true(result.intact);
	audit_reader_close(reader);
	assert_false(verify(fixture, key.public_key).intact);
}

static void a_seal_that_does_not_fit_is_found(void **state)
{
	static const struct {
		const char *change, *undo;
	} cases[] = {
		{"UPDATE seal SET decision_count = decision_count + 1",
		 "UPDATE seal SET decision_count = decision_count - 1"},
		{"UPDATE seal SET event_count = 1", "UPDATE seal SET event_count = 0"},
		{"UPDATE seal SET first_us = first_us + 1",
		 "UPDATE seal SET first_us = first_us - 1"},
		{"UPDATE seal SET last_us = last_us + 1", "UPDATE seal SET last_us = last_us - 1"},
		{"UPDATE seal SET last_id = last_id + 1", "UPDATE seal SET last_id = last_id - 1"},
	};
	struct fixture *fixture = *state;

	fill(fixture);
	seal(fixture, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		tamper(fixture, cases[i].change);
		struct audit_verification result = verify(fixture, NULL);
		if (result.intact || result.flaw != AUDIT_FLAW_SEAL || result.segment != 1)
			fail_msg("%s: flaw %d", cases[i].change, (int)result.flaw);
		tamper(fixture, cases[i].undo);
		assert_true(verify(fixture, NULL).intact);
	}
}

static void the_end_of_a_sealed_segment_cannot_be_cut_off(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	seal(fixture, NULL);
	tamper(fixture, "DELETE FROM decision WHERE id = 40");
	struct audit_verification result = verify(fixture, NULL);
	assert_false(result.intact);
	assert_int_equal(result.head.decision_id, ROWS - 1);
}

static void expect_note_found(struct fixture *fixture, const struct segment *noted)
{
	struct audit_verification result;
	struct state *notes;

	assert_int_equal(state_open(fixture->dir.path, &fixture->env, false, &notes, &fixture->why),
			 ERR_NONE);
	assert_int_equal(state_put_segment(notes, noted), ERR_NONE);
	state_close(notes);
	result = verify(fixture, NULL);
	assert_false(result.intact);
	assert_int_equal(result.flaw, AUDIT_FLAW_INDEX);
	assert_int_equal(result.segment, 1);
}

/* What the state database notes of a segment decides which questions look into it. */
static void a_note_that_hides_a_segment_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment;

	fill(fixture);
	segment = seal(fixture, NULL);
	segment.last_us = segment.first_us;
	expect_note_found(fixture, &segment);
}

static void a_note_that_hides_events_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment;

	fill(fixture);
	segment = seal(fixture, NULL);
	segment.event_count++;
	expect_note_found(fixture, &segment);
}

/* Questions would trust it, though nothing holds the segment to it. */
static void a_note_of_a_seal_that_is_not_there_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct segment segment;

	fill(fixture);
	segment = seal(fixture, NULL);
	take_seal(fixture, AUDIT_FILE);
	expect_note_found(fixture, &segment);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_sealed_segment_says_what_it_has),
		TEST(a_sealed_segment_is_one_file_that_nobody_may_write),
		TEST(a_sealed_segment_takes_no_rows),
		TEST(sealing_again_changes_nothing),
		TEST(a_segment_that_is_still_logged_is_sealed_whole),
		TEST(a_reader_in_the_segment_lets_it_be_sealed_later),
		TEST(a_start_behind_a_sealed_segment_begins_the_next),
		TEST(a_signature_is_of_its_key_alone),
		TEST(with_a_key_a_seal_without_signature_is_a_flaw_but_in_old_segments),
		TEST(a_seal_taken_away_before_a_sealed_segment_is_found_with_the_key),
		TEST(what_is_behind_the_last_signature_is_counted),
		TEST(with_a_key_an_audit_without_any_signature_is_not_proved),
		TEST(seals_that_are_made_meanwhile_are_no_flaw),
		TEST(a_seal_that_does_not_fit_is_found),
		TEST(the_end_of_a_sealed_segment_cannot_be_cut_off),
		TEST(a_note_that_hides_a_segment_is_found),
		TEST(a_note_that_hides_events_is_found),
		TEST(a_note_of_a_seal_that_is_not_there_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
