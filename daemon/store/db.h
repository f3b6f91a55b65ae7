/*
 * A SQLite connection as this project uses one: opened with every defence on, refusing files that
 * are not its own, and knowing after which failures it must not be used any more.
 *
 * For this layer only; others use audit.h, audit_query.h and state.h. One thread at a time.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/env.h"

struct schema_known_list;
struct sqlite3;

enum {
	/* All memory SQLite may take in this process; it fails with ERR_NO_MEMORY beyond. */
	DB_HEAP_MAX_BYTES = 256 * 1024 * 1024,
	DB_SQL_MAX_BYTES = 64 * 1024,
	DB_PATH_MAX_BYTES = 4096,
	DB_FAILURE_TEXT_BYTES = 256,
	DB_LOG_PAGES = 1000,
	DB_YIELD_STEPS = 250, /* of the virtual machine between two calls of store_env.yield */
};

/* One step from an empty database to the present schema: schema/KIND/NNNN-name.sql. */
struct db_migration {
	uint32_t version; /* NNNN; consecutive from 1 */
	const char *name;
	const char *sql;
};

struct db_migrations {
	const struct db_migration *items;
	size_t count;
};

/* What statements may do to a table besides reading it. */
struct db_right {
	const char *table;
	bool insert, update, delete;
};

/* A kind of database. */
struct db_schema {
	const char *noun; /* for messages: "audit segment" */
	uint32_t application_id;
	const struct db_migrations *migrations;
	/* What is added when a database takes no more rows, and an index that is among it; NULL
	 * where that does not happen. */
	const struct db_migrations *sealing;
	const char *sealed_mark;
	const struct schema_known_list *known; /* NULL: none */
	/* How readers see each earlier version as the present one, the first to the last but one; NULL
	 * where they do not take any. */
	const struct db_migrations *older;
	const struct db_right *rights; /* tables that are not listed can only be read */
	size_t right_count;
	int max_value_bytes;   /* of one text or blob */
	bool check_references; /* of rows that are added, which takes a look-up each */
};

enum db_mode {
	DB_READ,        /* an existing database, for reading */
	DB_WRITE,       /* creates and migrates */
	DB_WRITE_CHECK, /* and reads all of it once to see that it is sound */
};

struct db {
	struct sqlite3 *handle;
	const struct db_schema *schema;
	void (*yield)(void); /* of the store_env; NULL also for writing */
	bool may_write;
	bool is_sealed;         /* it had what schema->sealing adds when it was opened */
	uint64_t older_version; /* that it has, while readers see it as the present one; else 0 */
	enum error broken;      /* the failure after which nothing is tried any more */
	char failure[DB_FAILURE_TEXT_BYTES];
};

/*
 * Opens the database `file_name` in `directory`. On success the schema is exactly that of the last
 * migration, or for reading, with schema->older, that of an earlier one, seen as the last; the journal
 * mode is WAL with synchronous=FULL, and the authorizer holds statements to schema->rights. On failure
 * `db` is closed, a file that was refused is byte for byte what it was, and `why` has one sentence: see
 * audit_open(); ERR_NOT_FOUND for DB_READ without a database. `schema` must live as long as `db`, which
 * must stay where it is.
 */
enum error db_open(struct db *db, const char *directory, const char *file_name,
		   const struct store_env *env, const struct db_schema *schema, enum db_mode mode,
		   struct buf *why) ATTR_MUST_CHECK;

/* All statements must be finished. Safe on a zeroed or closed `db`. */
void db_close(struct db *db);

/* Turns the result code of a SQLite call that failed into an error and notes its text. Errors after
 * which the state on disk is unknown or wrong make the connection `broken`. */
enum error db_fail(struct db *db, int result);

/* Gives the connection up for a failure that SQLite does not see: returns `error`, which must be one
 * of those, with `text` as its text. */
enum error db_break(struct db *db, enum error error, const char *text);

/* Calls store_env.yield, if there is one; from db_watch_yield() on statements do so themselves. */
void db_yield(const struct db *db);
void db_watch_yield(struct db *db);

/* Runs SQL text without parameters or results. */
enum error db_exec(struct db *db, const char *sql) ATTR_MUST_CHECK;

/* How many pages the connection keeps in memory, about. */
enum error db_set_cache(struct db *db, unsigned pages) ATTR_MUST_CHECK;

/* The single integer that `sql` yields. */
enum error db_get_int(struct db *db, const char *sql, int64_t *value) ATTR_MUST_CHECK;

/* Everything in the log moves into the database, and the log is emptied. */
enum error db_checkpoint(struct db *db) ATTR_MUST_CHECK;

/* From now on the log moves into the database behind each commit that leaves it longer than
 * DB_LOG_PAGES. When that fails the commit stands, and an error that is none of lack makes the
 * connection `broken`: SQLite would keep it to itself and sync the same files again. */
void db_move_long_logs(struct db *db);

/* The first row that `sql` yields must be `text`; `otherwise` with `why` when it is not. */
enum error db_require_text(struct db *db, const char *sql, const char *text, enum error otherwise,
			   const char *path, struct buf *why) ATTR_MUST_CHECK;

/* Whether every page can be read, every row is of its table's types, and every index leads to every
 * row it is of. Reads the whole file, or with `table` only that table and its indexes. What is wrong,
 * in SQLite's words, goes to `said`. */
enum error db_check(struct db *db, const char *table, bool *is_sound,
		    struct buf *said) ATTR_MUST_CHECK;

/* The file past SQLite, within a read transaction that has read something: what its bytes say is what
 * SQLite sees as long as it has no log or journal beside it. */
enum error db_file_bytes(struct db *db, uint64_t *bytes) ATTR_MUST_CHECK;
bool db_has_log(struct db *db);
/* A pages_read (pages.h). `arg`: struct db. */
enum error db_read_file(void *arg, uint64_t offset, void *out, size_t length) ATTR_MUST_CHECK;

/* Statements may do anything from now on: for sealing. */
enum error db_lift_rights(struct db *db) ATTR_MUST_CHECK;

/* The triggers of the schema are not asked any more: for a writer that keeps their rules itself and
 * cannot afford them at each row. */
void db_silence_triggers(struct db *db);

/* A write transaction. db_begin() fails with the error of a broken connection. After a failed
 * db_commit() the transaction is rolled back already. */
enum error db_begin(struct db *db) ATTR_MUST_CHECK;
enum error db_commit(struct db *db) ATTR_MUST_CHECK;
void db_rollback(struct db *db); /* nothing to do outside a transaction */

/* What is read from db_begin_read() to db_end_read() is of one moment, whatever others commit
 * meanwhile. ERR_BUSY when an older database was brought up to date since it was opened. */
enum error db_begin_read(struct db *db) ATTR_MUST_CHECK;
enum error db_end_read(struct db *db) ATTR_MUST_CHECK;

#endif
