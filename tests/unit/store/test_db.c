#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/state.h"
#include "store/stmt.h"
#include "unit/store/fixture.h"

/* A schema of its own, to see the connection rather than the audit. */
static const struct db_migration migration_items[] = {
	{1, "first", "CREATE TABLE shelf (id INTEGER PRIMARY KEY, name TEXT) STRICT;"},
	{2, "second", "CREATE TABLE log (id INTEGER PRIMARY KEY) STRICT;"},
};
static const struct db_migrations migrations = {migration_items, 2};
static const struct db_right rights[] = {
	{"shelf", .insert = true, .update = true, .delete = true},
	{"log", .insert = true},
};
static const struct db_schema schema = {
	.noun = "test database",
	.application_id = 0x74657374,
	.migrations = &migrations,
	.rights = rights,
	.right_count = 2,
	.max_value_bytes = 1000,
	.check_references = true,
};

static enum error open_db(struct fixture *fixture, enum db_mode mode, struct db *db)
{
	buf_clear(&fixture->why);
	return db_open(db, fixture->dir.path, "test.db", &fixture->env, &schema, mode,
		       &fixture->why);
}

static void assert_opens(struct fixture *fixture, enum db_mode mode, struct db *db)
{
	if (open_db(fixture, mode, db) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
}

static int64_t pragma(struct db *db, const char *sql)
{
	int64_t value = -1;

	/* The authorizer would refuse. */
	sqlite3_set_authorizer(db->handle, NULL, NULL);
	assert_int_equal(db_get_int(db, sql, &value), ERR_NONE);
	return value;
}

static void every_defence_is_on(void **state)
{
	static const struct {
		int option, value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 1},      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},          {SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0},
	};
	struct db db;

	assert_opens(*state, DB_WRITE, &db);
	for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
		int value = -1;
		assert_int_equal(sqlite3_db_config(db.handle, options[i].option, -1, &value),
				 SQLITE_OK);
		assert_int_equal(value, options[i].value);
	}
	assert_int_equal(pragma(&db, "PRAGMA synchronous"), 2);
	assert_int_equal(pragma(&db, "PRAGMA cell_size_check"), 1);
	assert_int_equal(pragma(&db, "PRAGMA temp_store"), 2);
	assert_int_equal(pragma(&db, "PRAGMA recursive_triggers"), 1);
	assert_int_equal(pragma(&db, "PRAGMA busy_timeout"), STORE_BUSY_MS);
	assert_int_equal(pragma(&db, "PRAGMA user_version"), 2);
	assert_int_equal(pragma(&db, "PRAGMA application_id"), 0x74657374);
	assert_int_equal(sqlite3_limit(db.handle, SQLITE_LIMIT_ATTACHED, -1), 0);
	assert_int_equal(sqlite3_limit(db.handle, SQLITE_LIMIT_LENGTH, -1), 1000);
	assert_int_equal(sqlite3_limit(db.handle, SQLITE_LIMIT_SQL_LENGTH, -1), DB_SQL_MAX_BYTES);
	assert_int_equal(sqlite3_hard_heap_limit64(-1), DB_HEAP_MAX_BYTES);
	db_close(&db);
}

static mode_t mode_of(const struct fixture *fixture, const char *file)
{
	char path[256];
	struct stat st;

	assert_int_equal(stat(tmpdir_path(&fixture->dir, file, path, sizeof(path)), &st), 0);
	return st.st_mode & 0777;
}

static void files_are_private_whatever_the_umask(void **state)
{
	struct fixture *fixture = *state;
	mode_t before = umask(0);
	struct db db;

	assert_opens(fixture, DB_WRITE, &db);
	assert_int_equal(mode_of(fixture, "test.db"), 0600);
	assert_int_equal(mode_of(fixture, "test.db-wal"), 0600);
	assert_int_equal(mode_of(fixture, "test.db-shm"), 0600);
	db_close(&db);
	umask(before);
}

static void statements_do_what_the_rights_say_and_no_more(void **state)
{
	static const char *const allowed[] = {
		"INSERT INTO shelf VALUES (1, 'a')",
		"UPDATE shelf SET name = 'b'",
		"DELETE FROM shelf WHERE id = 1",
		"INSERT INTO log VALUES (1)",
		"SELECT count(*), max(id) FROM log",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3)"
		" SELECT * FROM n",
	};
	static const char *const refused[] = {
		"UPDATE log SET id = 2",
		"DELETE FROM log",
		"DROP TABLE shelf",
		"ALTER TABLE shelf ADD COLUMN more TEXT",
		"CREATE TABLE other (id)",
		"CREATE TEMP TABLE other (id)",
		"CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM shelf; END",
		"CREATE TEMP TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM shelf; END",
		"CREATE VIEW v AS SELECT 1",
		"CREATE INDEX i ON shelf (name)",
		"INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'x')",
		"UPDATE sqlite_schema SET sql = ''",
		"ATTACH ':memory:' AS other",
		"DETACH main",
		"PRAGMA synchronous = OFF",
		"PRAGMA journal_mode = DELETE",
		"PRAGMA writable_schema = ON",
		"PRAGMA user_version = 9",
		"PRAGMA recursive_triggers = OFF",
		"VACUUM",
		"ANALYZE",
	};
	struct db db;

	assert_opens(*state, DB_WRITE, &db);
	for (size_t i = 0; i < ARRAY_COUNT(allowed); i++) {
		if (db_exec(&db, allowed[i]) != ERR_NONE)
			fail_msg("%s: %s", allowed[i], db.failure);
	}
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
		if (db_exec(&db, refused[i]) == ERR_NONE)
			fail_msg("%s: was allowed", refused[i]);
	}
	db_close(&db);
}

static void a_reader_writes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct db db;

	assert_opens(fixture, DB_WRITE, &db);
	db_close(&db);
	assert_opens(fixture, DB_READ, &db);
	assert_int_equal(db_exec(&db, "INSERT INTO shelf VALUES (1, 'a')"), ERR_DENIED);
	assert_int_equal(db_exec(&db, "DELETE FROM shelf"), ERR_DENIED);
	db_close(&db);
}

static void reading_what_is_not_there_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	struct db db;

	assert_int_equal(open_db(fixture, DB_READ, &db), ERR_NOT_FOUND);
	assert_non_null(strstr(buf_text(&fixture->why), "test.db: not found"));
	/* Made, and not yet filled. */
	tmpdir_write(&fixture->dir, "test.db", "", 0);
	assert_int_equal(open_db(fixture, DB_READ, &db), ERR_NOT_FOUND);
}

static void an_empty_file_becomes_a_database(void **state)
{
	struct fixture *fixture = *state;
	struct db db;

	tmpdir_write(&fixture->dir, "test.db", "", 0);
	assert_opens(fixture, DB_WRITE, &db);
	db_close(&db);
	assert_opens(fixture, DB_READ, &db);
	db_close(&db);
}

/* Opens in each mode, and demands the error, a text in the explanation and the very same bytes. */
static void assert_refused(struct fixture *fixture, enum error expected, const char *text)
{
	struct buf before, after;
	struct db db;

	buf_init(&before, SIZE_MAX);
	buf_init(&after, SIZE_MAX);
	fixture_read(fixture, "test.db", &before);
	for (int mode = DB_READ; mode <= DB_WRITE_CHECK; mode++) {
		enum error error = open_db(fixture, (enum db_mode)mode, &db);
		if (error != expected || strstr(buf_text(&fixture->why), text) == NULL)
			fail_msg("mode %d: %s: %s", mode, error_text(error),
				 buf_text(&fixture->why));
		fixture_read(fixture, "test.db", &after);
		assert_true(str_equal(buf_str(&before), buf_str(&after)));
	}
	buf_deinit(&before);
	buf_deinit(&after);
}

static void make_database(struct fixture *fixture)
{
	struct db db;

	assert_opens(fixture, DB_WRITE, &db);
	for (int i = 0; i < 200; i++)
		assert_int_equal(
			db_exec(&db, "INSERT INTO shelf (name) VALUES (hex(zeroblob(90)))"),
			ERR_NONE);
	db_close(&db);
}

static void files_that_are_no_database_are_refused_and_kept(void **state)
{
	static const char zeros[8192];
	struct fixture *fixture = *state;

	tmpdir_write(&fixture->dir, "test.db", "x", 1);
	assert_refused(fixture, ERR_FOREIGN, "is not a SQLite database");
	tmpdir_write(&fixture->dir, "test.db", "Dear diary, today I was overwritten.", 36);
	assert_refused(fixture, ERR_FOREIGN, "is not a SQLite database");
	tmpdir_write(&fixture->dir, "test.db", "SQLite format 3", 16);
	assert_refused(fixture, ERR_CORRUPT, "cut off within its header");
	tmpdir_write(&fixture->dir, "test.db", zeros, sizeof(zeros));
	assert_refused(fixture, ERR_FOREIGN, "test.db");
}

static void databases_of_other_programs_are_refused_and_kept(void **state)
{
	struct fixture *fixture = *state;

	fixture_sql(fixture, "test.db", "CREATE TABLE t (a)");
	assert_refused(fixture, ERR_FOREIGN, "another program");
	fixture_sql(fixture, "test.db", "PRAGMA application_id = 1; PRAGMA journal_mode = WAL");
	assert_refused(fixture, ERR_FOREIGN, "another program");
}

static void the_state_is_not_taken_for_the_audit(void **state)
{
	struct fixture *fixture = *state;
	char from[256], to[256];
	struct state *made;
	struct audit *audit;

	assert_int_equal(state_open(fixture->dir.path, &fixture->env, false, &made, &fixture->why),
			 ERR_NONE);
	state_close(made);
	assert_int_equal(rename(tmpdir_path(&fixture->dir, STATE_FILE, from, sizeof(from)),
				tmpdir_path(&fixture->dir, AUDIT_FILE, to, sizeof(to))),
			 0);
	assert_int_equal(audit_open(fixture->dir.path, &fixture->env, true, &audit, &fixture->why),
			 ERR_FOREIGN);
}

static void newer_versions_are_refused_and_kept(void **state)
{
	struct fixture *fixture = *state;

	make_database(fixture);
	fixture_sql(fixture, "test.db", "PRAGMA user_version = 3");
	assert_refused(fixture, ERR_VERSION, "schema version 3");
	fixture_sql(fixture, "test.db", "PRAGMA user_version = -1");
	assert_refused(fixture, ERR_VERSION, "schema version -1");
}

static void a_newer_version_in_the_log_alone_is_refused_and_kept(void **state)
{
	struct fixture *fixture = *state;
	char path[256];
	sqlite3 *writer;

	make_database(fixture);
	/* An open connection keeps its change in the log. */
	tmpdir_path(&fixture->dir, "test.db", path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &writer), SQLITE_OK);
	assert_int_equal(sqlite3_exec(writer, "PRAGMA user_version = 3", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_refused(fixture, ERR_VERSION, "schema version 3");
	sqlite3_close(writer);
}

static void an_older_version_is_brought_up_to_date_by_a_writer_only(void **state)
{
	struct fixture *fixture = *state;
	struct db db;

	make_database(fixture);
	fixture_sql(fixture, "test.db", "DROP TABLE log; PRAGMA user_version = 1");
	assert_int_equal(open_db(fixture, DB_READ, &db), ERR_VERSION);
	assert_non_null(strstr(buf_text(&fixture->why), "bring it up to date"));
	assert_opens(fixture, DB_WRITE_CHECK, &db);
	assert_int_equal(pragma(&db, "PRAGMA user_version"), 2);
	db_close(&db);
	assert_int_equal(fixture_int(fixture, "test.db", "SELECT count(*) FROM shelf"), 200);
}

static void changed_schemas_are_refused_and_kept(void **state)
{
	static const struct {
		const char *change, *undo, *text;
	} cases[] = {
		{"CREATE TRIGGER evil AFTER INSERT ON log BEGIN DELETE FROM shelf; END",
		 "DROP TRIGGER evil", "trigger evil"},
		{"CREATE VIEW a_view AS SELECT 1", "DROP VIEW a_view", "view a_view"},
		{"CREATE TABLE zz (id)", "DROP TABLE zz", "table zz"},
		{"CREATE INDEX extra ON shelf (name)", "DROP INDEX extra", "index extra"},
		{"DROP TABLE log", "CREATE TABLE log (id INTEGER PRIMARY KEY) STRICT", "log"},
		{"ALTER TABLE log ADD COLUMN more TEXT", "ALTER TABLE log DROP COLUMN more",
		 "table log"},
	};
	struct fixture *fixture = *state;
	struct db db;

	make_database(fixture);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		fixture_sql(fixture, "test.db", cases[i].change);
		assert_refused(fixture, ERR_FOREIGN, cases[i].text);
		fixture_sql(fixture, "test.db", cases[i].undo);
		assert_opens(fixture, DB_WRITE, &db);
		db_close(&db);
	}
	/* Statistics are SQLite's own. */
	fixture_sql(fixture, "test.db", "ANALYZE");
	assert_opens(fixture, DB_WRITE_CHECK, &db);
	db_close(&db);
}

static void a_symbolic_link_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char from[256], to[256];
	struct db db;

	make_database(fixture);
	tmpdir_path(&fixture->dir, "test.db", from, sizeof(from));
	tmpdir_path(&fixture->dir, "real.db", to, sizeof(to));
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(symlink("real.db", from), 0);
	for (int mode = DB_READ; mode <= DB_WRITE_CHECK; mode++) {
		assert_int_equal(open_db(fixture, (enum db_mode)mode, &db), ERR_FOREIGN);
		assert_non_null(strstr(buf_text(&fixture->why), "symbolic link"));
	}
	/* One that leads nowhere is not followed to make a file there either. */
	assert_int_equal(unlink(to), 0);
	assert_int_not_equal(open_db(fixture, DB_WRITE, &db), ERR_NONE);
	assert_int_not_equal(access(to, F_OK), 0);
}

static void a_directory_in_its_place_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char path[256];
	struct db db;

	assert_int_equal(mkdir(tmpdir_path(&fixture->dir, "test.db", path, sizeof(path)), 0700), 0);
	assert_int_equal(open_db(fixture, DB_WRITE, &db), ERR_IO);
	assert_int_equal(open_db(fixture, DB_READ, &db), ERR_IO);
}

static void a_missing_directory_is_an_error_with_its_path(void **state)
{
	struct fixture *fixture = *state;
	struct db db;

	assert_int_equal(db_open(&db, "/nonexistent/dir", "test.db", &fixture->env, &schema,
				 DB_WRITE, &fixture->why),
			 ERR_IO);
	assert_non_null(strstr(buf_text(&fixture->why), "/nonexistent/dir/test.db"));
}

/* Cuts the file at every kind of place. */
static void truncated_files_are_refused_and_kept(void **state)
{
	static const size_t lengths[] = {16, 50, 99, 100, 512, 4095, 4096, 4097, 8192, 12288};
	struct fixture *fixture = *state;
	struct buf whole;

	buf_init(&whole, SIZE_MAX);
	make_database(fixture);
	fixture_read(fixture, "test.db", &whole);
	for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
		assert_true(lengths[i] < whole.length);
		tmpdir_write(&fixture->dir, "test.db", whole.data, lengths[i]);
		assert_refused(fixture, ERR_CORRUPT, "test.db");
	}
	buf_deinit(&whole);
}

/* Every page in turn is overwritten, in two ways. */
static void a_damaged_page_is_found_by_checking_and_kept(void **state)
{
	struct fixture *fixture = *state;
	struct buf whole;
	struct db db;

	buf_init(&whole, SIZE_MAX);
	make_database(fixture);
	fixture_read(fixture, "test.db", &whole);
	for (size_t page = 1; page * 4096 < whole.length; page++) {
		for (int fill = 0; fill <= 0xff; fill += 0xff) {
			char saved[4096];
			memcpy(saved, whole.data + page * 4096, sizeof(saved));
			memset(whole.data + page * 4096, fill, sizeof(saved));
			tmpdir_write(&fixture->dir, "test.db", whole.data, whole.length);
			assert_int_equal(open_db(fixture, DB_WRITE_CHECK, &db), ERR_CORRUPT);
			assert_null(strchr(buf_text(&fixture->why), '\n'));
			struct buf after;
			buf_init(&after, SIZE_MAX);
			fixture_read(fixture, "test.db", &after);
			assert_true(str_equal(buf_str(&whole), buf_str(&after)));
			buf_deinit(&after);
			memcpy(whole.data + page * 4096, saved, sizeof(saved));
		}
	}
	buf_deinit(&whole);
}

/* Random damage: whatever happens, it is an answer and not a crash, and a refused file is kept. */
static void random_damage_never_crashes(void **state)
{
	struct fixture *fixture = *state;
	struct buf whole, after;
	unsigned seed = 1;
	struct db db;

	buf_init(&whole, SIZE_MAX);
	buf_init(&after, SIZE_MAX);
	make_database(fixture);
	fixture_read(fixture, "test.db", &whole);
	for (int i = 0; i < 500; i++) {
		char *damaged = malloc(whole.length);
		assert_non_null(damaged);
		memcpy(damaged, whole.data, whole.length);
		for (int j = 0; j < 8; j++)
			damaged[(size_t)rand_r(&seed) % (j < 4 ? 512 : whole.length)] =
				(char)rand_r(&seed);
		tmpdir_write(&fixture->dir, "test.db", damaged, whole.length);
		if (open_db(fixture, DB_WRITE_CHECK, &db) == ERR_NONE) {
			db_close(&db);
		} else {
			fixture_read(fixture, "test.db", &after);
			assert_int_equal(after.length, whole.length);
			assert_memory_equal(after.data, damaged, whole.length);
			assert_true(fixture->why.length > 0);
		}
		free(damaged);
	}
	buf_deinit(&whole);
	buf_deinit(&after);
}

static void a_locked_database_is_busy_and_then_free(void **state)
{
	struct fixture *fixture = *state;
	char path[256];
	sqlite3 *other;
	struct db db;

	assert_opens(fixture, DB_WRITE, &db);
	tmpdir_path(&fixture->dir, "test.db", path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(db_begin(&db), ERR_BUSY);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(db_begin(&db), ERR_NONE);
	assert_int_equal(db_commit(&db), ERR_NONE);
	sqlite3_close(other);
	db_close(&db);
}

static void a_value_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	static const char text[1001];
	struct stmt insert;
	struct db db;

	assert_opens(*state, DB_WRITE, &db);
	assert_int_equal(stmt_prepare(&insert, &db, "INSERT INTO shelf (name) VALUES (?1)"),
			 ERR_NONE);
	/* The limit is also one of the whole row, which has a header. */
	stmt_bind_text(&insert, 1, str_make(text, 990));
	assert_int_equal(stmt_run(&insert), ERR_NONE);
	stmt_bind_text(&insert, 1, str_make(text, 1001));
	assert_int_equal(stmt_run(&insert), ERR_LIMIT);
	/* The failure is over with the reset. */
	stmt_bind_text(&insert, 1, str_make(text, 1));
	assert_int_equal(stmt_run(&insert), ERR_NONE);
	assert_int_equal(db.broken, ERR_NONE);
	stmt_finish(&insert);
	db_close(&db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_defence_is_on),
		TEST(files_are_private_whatever_the_umask),
		TEST(statements_do_what_the_rights_say_and_no_more),
		TEST(a_reader_writes_nothing),
		TEST(reading_what_is_not_there_is_not_found),
		TEST(an_empty_file_becomes_a_database),
		TEST(files_that_are_no_database_are_refused_and_kept),
		TEST(databases_of_other_programs_are_refused_and_kept),
		TEST(the_state_is_not_taken_for_the_audit),
		TEST(newer_versions_are_refused_and_kept),
		TEST(a_newer_version_in_the_log_alone_is_refused_and_kept),
		TEST(an_older_version_is_brought_up_to_date_by_a_writer_only),
		TEST(changed_schemas_are_refused_and_kept),
		TEST(a_symbolic_link_is_refused),
		TEST(a_directory_in_its_place_is_refused),
		TEST(a_missing_directory_is_an_error_with_its_path),
		TEST(truncated_files_are_refused_and_kept),
		TEST(a_damaged_page_is_found_by_checking_and_kept),
		TEST(random_damage_never_crashes),
		TEST(a_locked_database_is_busy_and_then_free),
		TEST(a_value_may_be_as_long_as_the_limit_and_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
