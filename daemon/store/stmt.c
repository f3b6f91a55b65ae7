#include "store/stmt.h"

#include <assert.h>
#include <string.h>

#include <sqlite3.h>

enum error stmt_prepare(struct stmt *stmt, struct db *db, const char *sql)
{
	*stmt = (struct stmt){.db = db};
	return db_fail(db, sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
					      &stmt->handle, NULL));
}

void stmt_finish(struct stmt *stmt)
{
	/* Its result repeats the failure of the last step, which was reported there. */
	sqlite3_finalize(stmt->handle);
	stmt->handle = NULL;
}

static void note(struct stmt *stmt, int result)
{
	if (result != SQLITE_OK && stmt->failed == ERR_NONE)
		stmt->failed = db_fail(stmt->db, result);
}

void stmt_bind_int(struct stmt *stmt, int index, int64_t value)
{
	note(stmt, sqlite3_bind_int64(stmt->handle, index, value));
}

void stmt_bind_u64(struct stmt *stmt, int index, uint64_t value)
{
	int64_t same_bits;

	memcpy(&same_bits, &value, sizeof(same_bits));
	stmt_bind_int(stmt, index, same_bits);
}

void stmt_bind_text(struct stmt *stmt, int index, struct str text)
{
	/* A null pointer would bind NULL. */
	note(stmt, sqlite3_bind_text64(stmt->handle, index, text.length != 0 ? text.ptr : "",
				       text.length, SQLITE_STATIC, SQLITE_UTF8));
}

void stmt_bind_blob(struct stmt *stmt, int index, const void *bytes, size_t length)
{
	note(stmt, sqlite3_bind_blob64(stmt->handle, index, length != 0 ? bytes : "", length,
				       SQLITE_STATIC));
}

void stmt_bind_buf(struct stmt *stmt, int index, const struct buf *buf)
{
	if (buf->failed == ERR_NONE)
		stmt_bind_text(stmt, index, buf_str(buf));
	else if (stmt->failed == ERR_NONE)
		stmt->failed = buf->failed;
}

void stmt_bind_limit(struct stmt *stmt, int index, uint64_t limit)
{
	/* To SQL a negative limit is none. */
	stmt_bind_int(stmt, index, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
}

void stmt_bind_null(struct stmt *stmt, int index)
{
	note(stmt, sqlite3_bind_null(stmt->handle, index));
}

enum error stmt_step(struct stmt *stmt, bool *row)
{
	enum error error = stmt->failed;

	if (error == ERR_NONE) {
		int result = sqlite3_step(stmt->handle);
		if (result == SQLITE_ROW) {
			*row = true;
			return ERR_NONE;
		}
		error = db_fail(stmt->db, result);
	}
	stmt_reset(stmt);
	if (error == ERR_NONE)
		*row = false;
	return error;
}

enum error stmt_run(struct stmt *stmt)
{
	bool row;
	enum error error = stmt_step(stmt, &row);

	assert(error != ERR_NONE || !row);
	return error;
}

int64_t stmt_change_count(const struct stmt *stmt)
{
	return sqlite3_changes64(stmt->db->handle);
}

void stmt_reset(struct stmt *stmt)
{
	sqlite3_reset(stmt->handle);
	stmt->failed = ERR_NONE;
}

int64_t stmt_int(const struct stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt->handle, column);
}

uint64_t stmt_u64(const struct stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt->handle, column);
}

struct str stmt_bytes(const struct stmt *stmt, int column)
{
	/* As a blob, because asking for text would have SQLite end it with a zero, which may take
	 * memory. The bytes are the same. */
	const void *bytes = sqlite3_column_blob(stmt->handle, column);

	return str_make(bytes, (size_t)sqlite3_column_bytes(stmt->handle, column));
}

bool stmt_copy_blob(const struct stmt *stmt, int column, void *out, size_t length)
{
	if (sqlite3_column_type(stmt->handle, column) != SQLITE_BLOB)
		return false;
	struct str bytes = stmt_bytes(stmt, column);
	if (bytes.length != length)
		return false;
	memcpy(out, bytes.ptr, length);
	return true;
}
