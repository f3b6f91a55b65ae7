/*
 * Opening a database. The order matters: the file's header is read before SQLite may touch it, so
 * that a foreign file is never recovered, converted or checkpointed; the defences are on before the
 * first statement runs, so that a crafted schema is only data; and the log is moved into the
 * database before anything is appended, so that nothing of ours ever stands in the log behind pages
 * that an earlier failed sync may have lost.
 */
#include "store/db.h"

#include <inttypes.h>
#include <string.h>

#include <sqlite3.h>

#include "store/migrate.h"
#include "store/stmt.h"

enum {
	OPEN_BUSY_MS = 5000, /* at start, a reader's page may be waited for */
	HEADER_BYTES = 100,  /* of a database file: sqlite.org/fileformat2.html, section 1.3 */
	HEADER_APPLICATION_ID = 68,
	/* Most questions come to a page once. A cache that stays within the processor's own then takes
	 * a tenth less time than SQLite's usual one, which a check of all indexes needs. */
	READ_CACHE_PAGES = 100,
	CHECK_CACHE_PAGES = 500,
	LOG_KEPT_BYTES = 64 * 1024 * 1024, /* a log that grew larger is cut when it is recycled */
};

static const char header_magic[16] = "SQLite format 3";

static enum error refuse(enum error error, const char *what, const char *path, struct buf *why)
{
	buf_printf(why, "%s: %s; it was left as it is: move it away or name another directory",
		   path, what);
	return error;
}

/* Finds or makes the file. */
static enum error find_file(const char *path, const struct store_env *env, enum db_mode mode,
			    struct buf *why)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(env->vfs);
	enum error error;
	int exists = 0;

	if (vfs == NULL)
		return ERR_INTERNAL;
	if (mode != DB_READ) {
		error = env->create_private(path);
		if (error == ERR_EXISTS)
			error = ERR_NONE;
	} else {
		/* SQLite takes an empty file for none. */
		int result = vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &exists);
		error = result != SQLITE_OK ? ERR_IO : exists ? ERR_NONE : ERR_NOT_FOUND;
	}
	if (error != ERR_NONE)
		buf_printf(why, "%s: %s", path, error_text(error));
	return error;
}

static int set_options(struct db *db)
{
	static const struct {
		int option, value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
		/* Until the file is known to be ours and sound. */
		{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
	};

	sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, db->schema->max_value_bytes);
	sqlite3_limit(db->handle, SQLITE_LIMIT_SQL_LENGTH, DB_SQL_MAX_BYTES);
	sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
	for (size_t i = 0; i < ARRAY_COUNT(options); i++) {
		int result =
			sqlite3_db_config(db->handle, options[i].option, options[i].value, NULL);
		if (result != SQLITE_OK)
			return result;
	}
	int result = sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY,
				       db->schema->check_references, NULL);
	return result == SQLITE_OK ? sqlite3_busy_timeout(db->handle, OPEN_BUSY_MS) : result;
}

/* Opens the file, which SQLite does without looking further into it than the header. */
static enum error open_file(struct db *db, const char *path, const struct store_env *env,
			    struct buf *why)
{
	int access = db->may_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	int flags = access | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int result = sqlite3_open_v2(path, &db->handle, flags, env->vfs);

	if (result == SQLITE_CANTOPEN_SYMLINK)
		return refuse(ERR_FOREIGN, "is or lies behind a symbolic link", path, why);
	if (result == SQLITE_OK)
		result = set_options(db);
	if (result == SQLITE_OK)
		db_watch_yield(db);
	if (result == SQLITE_OK && db->may_write && sqlite3_db_readonly(db->handle, "main") == 1)
		return refuse(ERR_IO, "cannot be written", path, why);
	return db_fail(db, result);
}

static bool is_all_zero(const unsigned char *bytes, size_t length)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static bool has_application_id(const unsigned char *header, uint32_t id)
{
	const unsigned char *p = header + HEADER_APPLICATION_ID;

	return (uint32_t)p[0] << 24 == (id & 0xff000000) && p[1] == (id >> 16 & 0xff) &&
	       p[2] == (id >> 8 & 0xff) && p[3] == (id & 0xff);
}

/* Looks at the first bytes of the file through the descriptor SQLite has, because opening and
 * closing another one would drop the process's locks on the file (POSIX). */
static enum error check_header(struct db *db, const char *path, struct buf *why)
{
	unsigned char header[HEADER_BYTES] = {0};
	sqlite3_file *file = NULL;
	int result = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	/* Bytes beyond the end of the file are read as zeros. */
	if (result == SQLITE_OK)
		result = file->pMethods->xRead(file, header, sizeof(header), 0);
	if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ)
		return db_fail(db, result);
	/* An empty file is a new one. Power that failed while the file was made can also leave
	 * blocks of zeros and a journal that undoes them; SQLite tells that from a file of zeros.
	 */
	if (is_all_zero(header, sizeof(header)))
		return ERR_NONE;
	if (memcmp(header, header_magic, sizeof(header_magic)) != 0)
		return refuse(ERR_FOREIGN, "is not a SQLite database", path, why);
	if (result == SQLITE_IOERR_SHORT_READ)
		return refuse(ERR_CORRUPT, "is cut off within its header", path, why);
	if (!has_application_id(header, db->schema->application_id))
		return refuse(ERR_FOREIGN, "is a database of another program", path, why);
	return ERR_NONE;
}

/* The same question to SQLite, which by now has undone what a crash left. */
static enum error check_application(struct db *db, const char *path, bool *is_new, struct buf *why)
{
	int64_t id, page_count;
	enum error error = db_get_int(db, "PRAGMA application_id", &id);

	if (error == ERR_NONE)
		error = db_get_int(db, "PRAGMA page_count", &page_count);
	if (error != ERR_NONE)
		return error;
	if ((uint32_t)id != db->schema->application_id && (id != 0 || page_count != 0))
		return refuse(ERR_FOREIGN, "is a database of another program", path, why);
	*is_new = page_count == 0;
	return ERR_NONE;
}

/* Appends a text of SQLite's as part of a sentence, on one line. */
static void append_on_one_line(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		buf_append_byte(out, text.ptr[i] != '\n' ? text.ptr[i] : ' ');
}

enum error db_require_text(struct db *db, const char *sql, const char *text, enum error otherwise,
			   const char *path, struct buf *why)
{
	struct stmt stmt;
	bool row = false;
	enum error error = stmt_prepare(&stmt, db, sql);

	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	if (error == ERR_NONE && (!row || !str_equal(stmt_bytes(&stmt, 0), str_from(text)))) {
		struct str found = row ? stmt_bytes(&stmt, 0) : STR("nothing");
		error = otherwise;
		buf_printf(why, "%s: %s says: ", path, sql);
		append_on_one_line(why, found);
		buf_append_str(why, STR("; it was left as it is: restore it from a backup or move "
					"it away"));
	}
	/* What it says is true only when its end, which may be a commit, succeeds. */
	while (error == ERR_NONE && row)
		error = stmt_step(&stmt, &row);
	stmt_finish(&stmt);
	return error;
}

/* The result code in a message of quick_check about a page that it could not get: lack of memory
 * and failed reads are told like damage. SQLITE_CORRUPT for any other message. */
static int reason_of(struct str message)
{
	static const char mark[] = "error code=";
	int code = 0;

	for (size_t i = 0; i + sizeof(mark) - 1 <= message.length; i++) {
		if (memcmp(message.ptr + i, mark, sizeof(mark) - 1) != 0)
			continue;
		for (i += sizeof(mark) - 1; i < message.length && code < 100000; i++) {
			if (message.ptr[i] < '0' || message.ptr[i] > '9')
				break;
			code = code * 10 + (message.ptr[i] - '0');
		}
	}
	return code != 0 ? code : SQLITE_CORRUPT;
}

enum error db_check(struct db *db, const char *table, bool *is_sound, struct buf *said)
{
	struct stmt stmt = {0};
	bool row = false;
	char sql[128];
	enum error error = db_set_cache(db, CHECK_CACHE_PAGES);

	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA integrity_check(%s)",
			 table != NULL ? table : "1");
	if (error == ERR_NONE)
		error = stmt_prepare(&stmt, db, sql);
	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	if (error == ERR_NONE) {
		struct str first = row ? stmt_bytes(&stmt, 0) : STR("");
		int code = reason_of(first);

		*is_sound = str_equal(first, STR("ok"));
		if (!*is_sound && (code & 0xff) != SQLITE_CORRUPT)
			error = db_fail(db, code);
		if (!*is_sound)
			buf_append_str(said, first);
	}
	stmt_finish(&stmt);
	return error;
}

/* Reads all pages. */
static enum error check_pages(struct db *db, const char *path, struct buf *why)
{
	size_t said = why->length;
	enum error error =
		db_require_text(db, "PRAGMA quick_check(1)", "ok", ERR_CORRUPT, path, why);

	if (error != ERR_CORRUPT || why->length == said)
		return error;
	int code = reason_of(str_make(why->data + said, why->length - said));
	if ((code & 0xff) == SQLITE_CORRUPT)
		return error;
	why->length = said;
	return db_fail(db, code);
}

/* Everything that can refuse the file, before anything is written to it. */
static enum error inspect(struct db *db, const char *path, enum db_mode mode, bool *is_new,
			  struct buf *why)
{
	enum error error = check_header(db, path, why);

	if (error == ERR_NONE)
		error = db_exec(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
				    "PRAGMA temp_store = MEMORY;");
	if (error == ERR_NONE && mode == DB_READ)
		error = db_set_cache(db, READ_CACHE_PAGES);
	if (error == ERR_NONE)
		error = check_application(db, path, is_new, why);
	if (error == ERR_NONE)
		error = migrate_check(db, mode == DB_READ, why);
	if (error == ERR_NONE && mode == DB_READ)
		error = migrate_see_as_present(db);
	if (error == ERR_NONE && mode == DB_WRITE_CHECK)
		error = check_pages(db, path, why);
	return error;
}

/* Readies an accepted file for writing. */
static enum error prepare_writing(struct db *db, const char *path, bool is_new, struct buf *why)
{
	char sql[128];
	enum error error = ERR_NONE;

	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA application_id = %u",
			 db->schema->application_id);
	if (error == ERR_NONE)
		error = db_exec(db, "PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON;");
	/* A transaction of its own, with a rollback journal: the main file says whose it is from
	 * its first page on, whatever is still in the log. SQLite syncs the directory with it. */
	if (error == ERR_NONE && is_new)
		error = db_exec(db, sql);
	if (error == ERR_NONE)
		error = db_require_text(db, "PRAGMA journal_mode = WAL", "wal", ERR_UNSUPPORTED,
					path, why);
	db_move_long_logs(db);
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA journal_size_limit = %d", LOG_KEPT_BYTES);
	if (error == ERR_NONE)
		error = db_exec(db, sql);
	if (error == ERR_NONE)
		error = db_checkpoint(db);
	if (error == ERR_NONE)
		error = migrate_run(db);
	if (error == ERR_NONE)
		error = db_fail(db, sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
						      0, NULL));
	return error;
}

static const struct db_right *find_right(const struct db *db, const char *table)
{
	for (size_t i = 0; i < db->schema->right_count; i++) {
		if (sqlite3_stricmp(db->schema->rights[i].table, table) == 0)
			return &db->schema->rights[i];
	}
	return NULL;
}

/* Asked while a statement is compiled. What is not named here is refused: schema changes, pragmas,
 * attaching, and whatever a later SQLite invents. */
static int authorize(void *arg, int action, const char *first, const char *second,
		     const char *database, const char *trigger)
{
	const struct db *db = arg;
	const struct db_right *right = NULL;
	bool allowed = false;

	(void)database;
	(void)trigger;
	if (db->may_write && first != NULL)
		right = find_right(db, first);
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION: /* the dangerous one, load_extension(), is off */
	case SQLITE_RECURSIVE:
	case SQLITE_TRANSACTION: allowed = true; break;
	case SQLITE_PRAGMA:
		allowed = strcmp(first, "integrity_check") == 0 ||
			  strcmp(first, "cache_size") == 0 ||
			  (strcmp(first, "user_version") == 0 && second == NULL);
		break;
	case SQLITE_INSERT: allowed = right != NULL && right->insert; break;
	case SQLITE_UPDATE: allowed = right != NULL && right->update; break;
	case SQLITE_DELETE: allowed = right != NULL && right->delete; break;
	}
	return allowed ? SQLITE_OK : SQLITE_DENY;
}

static enum error start_sqlite(struct db *db)
{
	enum error error = db_fail(db, sqlite3_initialize());

	if (error == ERR_NONE && sqlite3_hard_heap_limit64(DB_HEAP_MAX_BYTES) < 0)
		error = ERR_INTERNAL;
	return error;
}

static enum error open_path(struct db *db, const char *path, const struct store_env *env,
			    enum db_mode mode, struct buf *why)
{
	bool is_new = false;
	enum error error = start_sqlite(db);

	if (error == ERR_NONE)
		error = find_file(path, env, mode, why);
	if (error == ERR_NONE)
		error = open_file(db, path, env, why);
	/* A file that retention removed meanwhile is not there, which is no failure of the disk. */
	if (error == ERR_IO && mode == DB_READ && find_file(path, env, mode, why) == ERR_NOT_FOUND)
		error = ERR_NOT_FOUND;
	if (error == ERR_NONE)
		error = inspect(db, path, mode, &is_new, why);
	if (error == ERR_NONE && db->may_write)
		error = prepare_writing(db, path, is_new, why);
	if (error == ERR_NONE)
		error = db_fail(db, sqlite3_busy_timeout(db->handle, STORE_BUSY_MS));
	if (error == ERR_NONE)
		error = db_fail(db, sqlite3_set_authorizer(db->handle, authorize, db));
	return error;
}

enum error db_open(struct db *db, const char *directory, const char *file_name,
		   const struct store_env *env, const struct db_schema *schema, enum db_mode mode,
		   struct buf *why)
{
	size_t said = why->length;
	struct buf path;

	*db = (struct db){.schema = schema,
			  .yield = mode == DB_READ ? env->yield : NULL,
			  .may_write = mode != DB_READ};
	db_yield(db);
	buf_init(&path, DB_PATH_MAX_BYTES);
	buf_printf(&path, "%s/%s", directory, file_name);
	const char *text = buf_text(&path);
	enum error error = path.failed;
	if (error == ERR_NONE)
		error = open_path(db, text, env, mode, why);
	if (error != ERR_NONE) {
		if (why->length == said)
			buf_printf(why, "%s: %s: %s", text, error_text(error), db->failure);
		db_close(db);
	}
	buf_deinit(&path);
	return error;
}
