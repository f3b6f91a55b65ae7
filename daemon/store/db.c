#include "store/db.h"

#include <stdio.h>

#include <sqlite3.h>

#include "store/migrate.h"

/* Whether nothing may be tried any more after `error`. A failed write or sync leaves pages in
 * memory that the system may have dropped for good, so that a repeated sync can report success for
 * data that is lost (the "fsyncgate" of 2018); a damaged file must not be damaged further. */
static bool breaks(enum error error)
{
	return error == ERR_IO || error == ERR_CORRUPT || error == ERR_FOREIGN ||
	       error == ERR_INTERNAL;
}

static enum error error_of(int result)
{
	if (result == SQLITE_IOERR_NOMEM)
		return ERR_NO_MEMORY;
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return ERR_NONE;
	case SQLITE_NOMEM: return ERR_NO_MEMORY;
	case SQLITE_FULL: return ERR_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: return ERR_BUSY;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM: return ERR_IO;
	case SQLITE_CORRUPT: return ERR_CORRUPT;
	case SQLITE_NOTADB: return ERR_FOREIGN;
	case SQLITE_TOOBIG: return ERR_LIMIT;
	case SQLITE_AUTH: return ERR_DENIED;
	case SQLITE_INTERRUPT: return ERR_CANCELLED;
	default: return ERR_INTERNAL;
	}
}

enum error db_fail(struct db *db, int result)
{
	enum error error = error_of(result);

	if (error == ERR_NONE)
		return ERR_NONE;
	/* The connection's own text is more exact, but only while it speaks of this failure. */
	if (sqlite3_extended_errcode(db->handle) == result)
		snprintf(db->failure, sizeof(db->failure), "%s (SQLite result %d)",
			 sqlite3_errmsg(db->handle), result);
	else
		snprintf(db->failure, sizeof(db->failure), "%s (SQLite result %d)",
			 sqlite3_errstr(result), result);
	if (breaks(error) && db->broken == ERR_NONE)
		db->broken = error;
	return error;
}

void db_yield(const struct db *db)
{
	if (db->yield != NULL)
		db->yield();
}

static int on_progress(void *arg)
{
	db_yield(arg);
	return 0;
}

void db_watch_yield(struct db *db)
{
	if (db->yield != NULL)
		sqlite3_progress_handler(db->handle, DB_YIELD_STEPS, on_progress, db);
}

enum error db_exec(struct db *db, const char *sql)
{
	return db_fail(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

enum error db_set_cache(struct db *db, unsigned pages)
{
	char sql[64];

	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA cache_size = %u", pages);
	return db_exec(db, sql);
}

enum error db_get_int(struct db *db, const char *sql, int64_t *value)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
	int64_t found = 0;

	if (result == SQLITE_OK) {
		result = sqlite3_step(statement);
		if (result == SQLITE_ROW)
			found = sqlite3_column_int64(statement, 0);
		else if (result == SQLITE_DONE)
			result = SQLITE_ERROR;
	}
	enum error error = db_fail(db, result);
	sqlite3_finalize(statement);
	if (error == ERR_NONE)
		*value = found;
	return error;
}

static sqlite3_file *find_file(struct db *db, int which)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db->handle, "main", which, &file) != SQLITE_OK)
		return NULL;
	return file != NULL && file->pMethods != NULL ? file : NULL;
}

enum error db_file_bytes(struct db *db, uint64_t *bytes)
{
	sqlite3_file *file = find_file(db, SQLITE_FCNTL_FILE_POINTER);
	sqlite3_int64 size = 0;
	int result = file != NULL ? file->pMethods->xFileSize(file, &size) : SQLITE_INTERNAL;

	*bytes = (uint64_t)size;
	return db_fail(db, result);
}

bool db_has_log(struct db *db)
{
	/* Of either kind; SQLite names the one that it has open. */
	return find_file(db, SQLITE_FCNTL_JOURNAL_POINTER) != NULL;
}

enum error db_read_file(void *arg, uint64_t offset, void *out, size_t length)
{
	struct db *db = arg;
	sqlite3_file *file = find_file(db, SQLITE_FCNTL_FILE_POINTER);

	db_yield(db);
	if (file == NULL)
		return db_fail(db, SQLITE_INTERNAL);
	int result = file->pMethods->xRead(file, out, (int)length, (sqlite3_int64)offset);
	return result == SQLITE_IOERR_SHORT_READ ? ERR_CORRUPT : db_fail(db, result);
}

enum error db_checkpoint(struct db *db)
{
	return db_fail(db, sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE,
						     NULL, NULL));
}

static int on_commit(void *arg, sqlite3 *handle, const char *name, int log_pages)
{
	struct db *db = arg;
	int result = SQLITE_OK;

	if (log_pages >= DB_LOG_PAGES)
		result = sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL,
						   NULL);
	if (breaks(error_of(result)))
		(void)db_fail(db, result);
	return SQLITE_OK;
}

void db_move_long_logs(struct db *db)
{
	sqlite3_wal_hook(db->handle, on_commit, db);
}

enum error db_lift_rights(struct db *db)
{
	return db_fail(db, sqlite3_set_authorizer(db->handle, NULL, NULL));
}

enum error db_break(struct db *db, enum error error, const char *text)
{
	snprintf(db->failure, sizeof(db->failure), "%s", text);
	if (db->broken == ERR_NONE)
		db->broken = error;
	return error;
}

void db_silence_triggers(struct db *db)
{
	/* Only an option that SQLite does not know is refused. */
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
}

static enum error begin(struct db *db, const char *sql)
{
	enum error error = db->broken;

	/* Left open by a rollback that found no memory. */
	if (error == ERR_NONE && sqlite3_get_autocommit(db->handle) == 0)
		error = db_exec(db, "ROLLBACK");
	return error == ERR_NONE ? db_exec(db, sql) : error;
}

enum error db_begin(struct db *db)
{
	return begin(db, "BEGIN IMMEDIATE");
}

enum error db_begin_read(struct db *db)
{
	enum error error = begin(db, "BEGIN");

	if (error == ERR_NONE && db->older_version != 0) {
		error = migrate_check_still_older(db);
		if (error != ERR_NONE)
			db_rollback(db);
	}
	return error;
}

enum error db_end_read(struct db *db)
{
	return db_exec(db, "COMMIT");
}

enum error db_commit(struct db *db)
{
	enum error error = db_exec(db, "COMMIT");

	if (error != ERR_NONE)
		db_rollback(db);
	return error;
}

void db_rollback(struct db *db)
{
	/* Some failures have rolled back already. One that cannot is left to db_begin(), so that
	 * the text of the first failure stays. */
	if (sqlite3_get_autocommit(db->handle) == 0)
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

void db_close(struct db *db)
{
	if (db->handle == NULL)
		return;
	/* Closing would move the log into the database and delete it. After a failure the log may
	 * be the only sound copy, so it stays for whoever opens the database next. */
	if (db->broken != ERR_NONE)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close_v2(db->handle);
	db->handle = NULL;
}
