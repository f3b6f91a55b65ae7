#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/audit_schema.h"
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

/* Closes what could be opened. */
static enum error open_once(struct fixture *fixture, const char *file)
{
	struct state *opened;
	enum error error;
	struct db db;

	buf_clear(&fixture->why);
	if (strcmp(file, STATE_FILE) == 0) {
		error = state_open(fixture->dir.path, &fixture->env, false, &opened, &fixture->why);
		if (error == ERR_NONE)
			state_close(opened);
		return error;
	}
	error = strcmp(file, AUDIT_FILE) == 0
			? audit_open_segment(fixture->dir.path, 1, &fixture->env, DB_READ, &db,
					     &fixture->why)
			: open_db(fixture, DB_READ, &db);
	if (error == ERR_NONE)
		db_close(&db);
	return error;
}

/* A row of the schema as no statement of SQLite's would write it, with the tree of `table`. */
struct planted {
	const char *type, *name, *tbl_name, *sql;
};

static void plant(struct fixture *fixture, const char *file, const char *table,
		  const struct planted *row)
{
	char sql[1024];

	sqlite3_snprintf(
		sizeof(sql), sql,
		"PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT %Q, %s, "
		"replace(%Q, '@', '%s'), CASE WHEN %Q IN ('trigger', 'view') THEN 0 ELSE rootpage "
		"END, replace(%Q, '@', '%s') FROM sqlite_schema WHERE name = '%s'",
		row->type, row->name, row->tbl_name, table, row->type, row->sql, table, table);
	fixture_sql(fixture, file, sql);
}

static void make_each_file(struct fixture *fixture)
{
	struct state *made;

	make_database(fixture);
	audit_close(fixture_audit(fixture));
	assert_int_equal(state_open(fixture->dir.path, &fixture->env, false, &made, &fixture->why),
			 ERR_NONE);
	state_close(made);
}

/* SQLite reads them like any others. */
static void objects_named_like_sqlites_own_are_refused(void **state)
{
	static const struct planted rows[] = {
		{"index", "'sqlite_x'", "@", "CREATE INDEX sqlite_x ON @ (id)"},
		{"index", "'sqlite_autoindex_x'", "@", "CREATE INDEX sqlite_autoindex_x ON @ (id)"},
		{"trigger", "'sqlite_x'", "@",
		 "CREATE TRIGGER sqlite_x AFTER INSERT ON @ BEGIN SELECT 1; END"},
		{"view", "'sqlite_x'", "sqlite_x", "CREATE VIEW sqlite_x AS SELECT 1 AS one"},
		{"index", "'sqlite_x'", "sqlite_master",
		 "CREATE INDEX sqlite_x ON sqlite_master (name)"},
		{"table", "'sqlite_stat1'", "sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx)"},
		{"table", "'sqlite_x'", "sqlite_x", "CREATE TABLE sqlite_x(tbl,idx,stat)"},
	};
	static const struct {
		const char *name, *table;
	} files[] = {{"test.db", "shelf"}, {AUDIT_FILE, "decision"}, {STATE_FILE, "admin_action"}};
	struct fixture *fixture = *state;
	struct buf whole;

	buf_init(&whole, SIZE_MAX);
	make_each_file(fixture);
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		fixture_read(fixture, files[i].name, &whole);
		for (size_t j = 0; j < ARRAY_COUNT(rows); j++) {
			plant(fixture, files[i].name, files[i].table, &rows[j]);
			enum error error = open_once(fixture, files[i].name);
			if (error != ERR_FOREIGN ||
			    strstr(buf_text(&fixture->why), "was changed at") == NULL)
				fail_msg("%s: %s: %s: %s", files[i].name, rows[j].sql,
					 error_text(error), buf_text(&fixture->why));
			tmpdir_write(&fixture->dir, files[i].name, whole.data, whole.length);
			assert_int_equal(open_once(fixture, files[i].name), ERR_NONE);
		}
	}
	buf_deinit(&whole);
}

/* A row without SQL gives the index of its name another tree. */
static void a_second_tree_of_an_index_is_refused(void **state)
{
	static const struct planted rows[] = {
		{"index", "'decision_denied'", "decision", NULL},
		{"index", "'sqlite_autoindex_subject_1'", "subject", NULL},
		{"index", "'SQLITE_AUTOINDEX_subject_1'", "subject", NULL},
		{"index", "'sqlite_autoindex_subject_1' || char(0) || 'x'", "subject", NULL},
		{"index", "CAST('sqlite_autoindex_subject_1' AS BLOB)", "subject", NULL},
		{"table", "'sqlite_autoindex_subject_1'", "subject", NULL},
		{NULL, "'sqlite_autoindex_subject_1'", "subject", NULL},
		{"index", "'sqlite_autoindex_subject_1'", "subject", ""},
	};
	struct fixture *fixture = *state;
	struct buf whole;

	buf_init(&whole, SIZE_MAX);
	audit_close(fixture_audit(fixture));
	fixture_read(fixture, AUDIT_FILE, &whole);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		plant(fixture, AUDIT_FILE, "sqlite_autoindex_request_1", &rows[i]);
		enum error error = open_once(fixture, AUDIT_FILE);
		if (error != ERR_FOREIGN)
			fail_msg("%s: %s", rows[i].name, error_text(error));
		tmpdir_write(&fixture->dir, AUDIT_FILE, whole.data, whole.length);
		assert_int_equal(open_once(fixture, AUDIT_FILE), ERR_NONE);
	}
	buf_deinit(&whole);
}

static void an_index_of_a_constraint_is_known_only_as_sqlite_writes_it(void **state)
{
	static const char *const changes[] = {
		"type = 'table'",
		"type = NULL",
		"sql = ''",
		"name = CAST(name AS BLOB)",
	};
	struct fixture *fixture = *state;
	char sql[256];

	for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
		audit_close(fixture_audit(fixture));
		assert_int_equal(open_once(fixture, AUDIT_FILE), ERR_NONE);
		snprintf(sql, sizeof(sql),
			 "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET %s"
			 " WHERE name = 'sqlite_autoindex_subject_1'",
			 changes[i]);
		fixture_sql(fixture, AUDIT_FILE, sql);
		if (open_once(fixture, AUDIT_FILE) != ERR_FOREIGN)
			fail_msg("%s: was taken", changes[i]);
		assert_int_equal(remove(tmpdir_path(&fixture->dir, AUDIT_FILE, sql, sizeof(sql))),
				 0);
	}
}

/* SQLite keeps it up to date no more than it lets anybody make it, but would read it. */
static void a_stale_index_on_the_schema_hides_nothing(void **state)
{
	static const char hide[] =
		"ANALYZE; PRAGMA writable_schema = ON;"
		"CREATE TABLE other (name, type, tbl_name, sql, rootpage);"
		"INSERT INTO other SELECT name, type, tbl_name, sql, rootpage FROM sqlite_schema"
		" WHERE name <> 'other';"
		"CREATE INDEX other_name ON other (name, type, tbl_name, sql, rootpage);"
		"CREATE TRIGGER evil AFTER INSERT ON log BEGIN DELETE FROM shelf; END;"
		"CREATE TEMP TABLE was AS SELECT rootpage FROM sqlite_schema"
		" WHERE name = 'other_name';"
		"DELETE FROM sqlite_schema WHERE name LIKE 'other%';"
		"INSERT INTO sqlite_schema SELECT 'index', 'sqlite_x', 'sqlite_master', rootpage,"
		" 'CREATE INDEX sqlite_x ON sqlite_master (name, type, tbl_name, sql, rootpage)'"
		" FROM was;"
		"INSERT INTO sqlite_stat1 VALUES ('sqlite_master', 'sqlite_x', '1000 1 1 1 1 1 "
		"sz=1')";
	struct fixture *fixture = *state;

	make_database(fixture);
	fixture_sql(fixture, "test.db", hide);
	/* It does hide them from who asks in the usual way. */
	assert_int_equal(fixture_int(fixture, "test.db",
				     "SELECT count(*) FROM (SELECT name, type, tbl_name, sql FROM"
				     " sqlite_schema ORDER BY name) WHERE name = 'evil'"),
			 0);
	assert_refused(fixture, ERR_FOREIGN, "trigger evil");
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
		TEST(objects_named_like_sqlites_own_are_refused),
		TEST(a_second_tree_of_an_index_is_refused),
		TEST(an_index_of_a_constraint_is_known_only_as_sqlite_writes_it),
		TEST(a_stale_index_on_the_schema_hides_nothing),
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
