#include "unit/store/fixture.h"

#include <stdio.h>

#include <sqlite3.h>

#include "base/mem.h"

int fixture_setup(void **state)
{
	struct fixture *fixture = mem_calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	tmpdir_create(&fixture->dir);
	fixture->env = store_env_make(NULL);
	buf_init(&fixture->why, 4096);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	tmpdir_remove(&fixture->dir);
	buf_deinit(&fixture->why);
	mem_free(fixture);
	return 0;
}

struct audit *fixture_audit(struct fixture *fixture)
{
	struct audit *audit = NULL;

	buf_clear(&fixture->why);
	if (audit_open(fixture->dir.path, &fixture->env, true, &audit, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return audit;
}

uint64_t fixture_append(struct audit *audit, uint32_t first, uint32_t count)
{
	struct audit_row *rows = mem_calloc(count, sizeof(*rows));
	struct store_row_texts *texts = mem_calloc(count, sizeof(*texts));
	uint64_t first_id = 0;

	assert_non_null(rows);
	assert_non_null(texts);
	for (uint32_t i = 0; i < count; i++)
		store_row_make(first + i, &texts[i], &rows[i]);
	if (audit_append(audit, rows, count, &first_id) != ERR_NONE)
		fail_msg("%s", audit_failure_text(audit));
	mem_free(rows);
	mem_free(texts);
	return first_id;
}

static sqlite3 *open_file(const struct fixture *fixture, const char *file)
{
	sqlite3 *handle;
	char path[256];

	tmpdir_path(&fixture->dir, file, path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	return handle;
}

void fixture_sql(const struct fixture *fixture, const char *file, const char *sql)
{
	sqlite3 *handle = open_file(fixture, file);

	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

void fixture_sql_fails(const struct fixture *fixture, const char *file, const char *sql)
{
	sqlite3 *handle = open_file(fixture, file);

	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		fail_msg("%s: was allowed", sql);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

int64_t fixture_int(const struct fixture *fixture, const char *file, const char *sql)
{
	sqlite3 *handle = open_file(fixture, file);
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	return value;
}

void fixture_read(const struct fixture *fixture, const char *file, struct buf *out)
{
	char path[256];
	FILE *stream = fopen(tmpdir_path(&fixture->dir, file, path, sizeof(path)), "rb");
	size_t length;

	assert_non_null(stream);
	buf_clear(out);
	do {
		char *room = buf_reserve(out, 4096);
		assert_non_null(room);
		length = fread(room, 1, 4096, stream);
		buf_grow(out, length);
	} while (length != 0);
	assert_int_equal(ferror(stream), 0);
	fclose(stream);
}

void fixture_assert_audit(struct fixture *fixture, uint64_t row_count)
{
	struct audit_verification result;
	struct audit_reader *reader;

	buf_clear(&fixture->why);
	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) !=
		    ERR_NONE ||
	    audit_verify(reader, NULL, &result, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_true(result.intact);
	assert_int_equal(result.row_count, row_count);
	audit_reader_close(reader);
}
