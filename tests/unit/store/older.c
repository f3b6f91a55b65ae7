#include "unit/store/older.h"

#include <stdio.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "store/migrate.h"
#include "store/segment.h"

enum { PATH_BYTES = 256, SQL_BYTES = 4096, APPLICATION_ID = 0x77735a41 };

static void run(sqlite3 *handle, const char *sql)
{
	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
}

static bool has_index(sqlite3 *handle, const char *name)
{
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(handle,
					    "SELECT 1 FROM present.sqlite_schema WHERE name = ?1",
					    -1, &statement, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	bool found = sqlite3_step(statement) == SQLITE_ROW;
	sqlite3_finalize(statement);
	return found;
}

/* Copies each table that the older schema has, by the columns that it has there. */
static void copy_tables(sqlite3 *handle)
{
	static const char tables[] =
		"SELECT t.name, group_concat(c.name) FROM main.sqlite_schema t,"
		" pragma_table_info(t.name, 'main') c WHERE t.type = 'table' GROUP BY t.name";
	sqlite3_stmt *statement;
	char sql[SQL_BYTES];

	assert_int_equal(sqlite3_prepare_v2(handle, tables, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(statement, 0);
		const char *columns = (const char *)sqlite3_column_text(statement, 1);

		snprintf(sql, sizeof(sql), "INSERT INTO main.%s (%s) SELECT %s FROM present.%s",
			 table, columns, columns, table);
		run(handle, sql);
	}
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

void older_make(const struct fixture *fixture, uint32_t number, uint64_t version)
{
	char name[SEGMENT_NAME_BYTES], path[PATH_BYTES], older[PATH_BYTES], sql[SQL_BYTES];
	sqlite3 *handle;

	segment_name(number, name);
	tmpdir_path(&fixture->dir, name, path, sizeof(path));
	tmpdir_path(&fixture->dir, "older.db", older, sizeof(older));
	assert_int_equal(sqlite3_open(older, &handle), SQLITE_OK);
	snprintf(sql, sizeof(sql),
		 "PRAGMA application_id = %d; PRAGMA user_version = %u; ATTACH '%s' AS present",
		 APPLICATION_ID, (unsigned)version, path);
	run(handle, sql);
	for (uint64_t i = 0; i < version; i++)
		run(handle, audit_migrations.items[i].sql);
	/* What triggers see to was seen to when the rows were written. */
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	copy_tables(handle);
	bool is_sealed = has_index(handle, "decision_subject");
	if (is_sealed)
		run(handle, seal_migrations.items[0].sql);
	else
		run(handle, "PRAGMA journal_mode = WAL");
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	assert_int_equal(rename(older, path), 0);
	assert_int_equal(chmod(path, is_sealed ? 0400 : 0600), 0);
}

int64_t older_version(const struct fixture *fixture, uint32_t number)
{
	char name[SEGMENT_NAME_BYTES];

	segment_name(number, name);
	return fixture_int(fixture, name, "PRAGMA user_version");
}
