#include "store/migrate.h"

#include <inttypes.h>
#include <stdio.h>

#include <sodium.h>
#include <sqlite3.h>

#include "store/schema_known.h"
#include "store/stmt.h"

static enum error version_of(struct db *db, int64_t *version)
{
	return db_get_int(db, "PRAGMA user_version", version);
}

/* Runs the migrations behind version `from` up to `to` in one transaction. */
static enum error run_together(struct db *db, uint64_t from, uint64_t to)
{
	char set_version[64];
	enum error error = db_begin(db);

	if (error != ERR_NONE)
		return error;
	for (uint64_t i = from; error == ERR_NONE && i < to; i++)
		error = db_exec(db, db->schema->migrations->items[i].sql);
	/* The version is part of the database header and so of the transaction. */
	sqlite3_snprintf(sizeof(set_version), set_version, "PRAGMA user_version = %u",
			 (unsigned)to);
	if (error == ERR_NONE)
		error = db_exec(db, set_version);
	if (error == ERR_NONE)
		return db_commit(db);
	db_rollback(db);
	return error;
}

static enum error run_to(struct db *db, uint64_t version)
{
	int64_t present;
	enum error error = version_of(db, &present);

	/* A new database appears whole: readers never find a part of it. */
	if (error == ERR_NONE && present == 0 && version != 0)
		return run_together(db, 0, version);
	for (uint64_t i = (uint64_t)present; error == ERR_NONE && i < version; i++)
		error = run_together(db, i, i + 1);
	return error;
}

enum error migrate_run(struct db *db)
{
	if (db->is_sealed)
		return ERR_NONE;
	return run_to(db, db->schema->migrations->count);
}

enum error migrate_see_as_present(struct db *db)
{
	if (db->older_version == 0)
		return ERR_NONE;
	return db_exec(db, db->schema->older->items[db->older_version - 1].sql);
}

enum error migrate_check_still_older(struct db *db)
{
	int64_t version;
	enum error error = version_of(db, &version);

	if (error == ERR_NONE && (uint64_t)version != db->older_version) {
		snprintf(db->failure, sizeof(db->failure),
			 "it is being brought up to date; ask again");
		error = ERR_BUSY;
	}
	return error;
}

static enum error check_version(const struct db_schema *schema, int64_t version, bool for_reading,
				struct buf *why)
{
	if (version < 0 || (uint64_t)version > schema->migrations->count) {
		buf_printf(why,
			   "the %s has schema version %" PRId64
			   ", and this program knows versions up to %zu; it was left as it is: "
			   "use the program that wrote it, or a newer one",
			   schema->noun, version, schema->migrations->count);
		return ERR_VERSION;
	}
	if (for_reading && version == 0) {
		buf_printf(why, "the %s is not there yet", schema->noun);
		return ERR_NOT_FOUND;
	}
	if (for_reading && schema->older == NULL && (uint64_t)version < schema->migrations->count) {
		buf_printf(why,
			   "the %s has schema version %" PRId64 " and not yet %zu: start the "
			   "daemon of this version once to bring it up to date",
			   schema->noun, version, schema->migrations->count);
		return ERR_VERSION;
	}
	return ERR_NONE;
}

enum { OBJECT_COLUMNS = 4 };

/*
 * All that SQLite reads of a schema, whatever its name, but for what SQLite itself makes: tables of
 * statistics, and the index of each constraint, whose row has no SQL and gives it a tree. SQLite takes
 * the last such row of a name, up to a NUL and in any case, so only one that is alone is left out.
 *
 * NOT INDEXED, here and wherever the schema is read: SQLite makes no index of it, but would read one
 * that was planted in its place.
 */
static const char objects_sql[] =
	"SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema AS object NOT INDEXED"
	" WHERE (type = 'index' AND sql IS NULL AND typeof(name) = 'text'"
	"  AND name LIKE 'sqlite\\_autoindex\\_%' ESCAPE '\\'"
	"  AND instr(CAST(name AS BLOB), x'00') = 0"
	"  AND NOT EXISTS (SELECT 1 FROM sqlite_schema AS other NOT INDEXED"
	"   WHERE other.name = object.name COLLATE NOCASE AND other.rowid <> object.rowid))"
	" IS NOT TRUE AND (type = 'table' AND name = tbl_name"
	"  AND (name = 'sqlite_stat1' AND sql = 'CREATE TABLE sqlite_stat1(tbl,idx,stat)'"
	"   OR name = 'sqlite_stat4'"
	"    AND sql = 'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)'))"
	" IS NOT TRUE ORDER BY name COLLATE BINARY, type, tbl_name, sql";

static bool same_object(const struct stmt *a, const struct stmt *b)
{
	for (int column = 0; column < OBJECT_COLUMNS; column++) {
		if (!str_equal(stmt_bytes(a, column), stmt_bytes(b, column)))
			return false;
	}
	return true;
}

static enum error refuse_object(const struct db_schema *schema, const struct stmt *object,
				struct buf *why)
{
	struct str type = stmt_bytes(object, 0), name = stmt_bytes(object, 1);

	buf_printf(why,
		   "the schema of the %s was changed at %.*s %.*s; it was left as it is: "
		   "restore it from a backup or move it away",
		   schema->noun, STR_ARGS(type), STR_ARGS(name));
	return ERR_FOREIGN;
}

static enum error compare(struct stmt *actual, struct stmt *expected, struct buf *why)
{
	for (;;) {
		bool have_actual, have_expected;
		enum error error = stmt_step(actual, &have_actual);

		if (error == ERR_NONE)
			error = stmt_step(expected, &have_expected);
		if (error != ERR_NONE || (!have_actual && !have_expected))
			return error;
		if (have_actual && have_expected && same_object(actual, expected))
			continue;
		/* The rows are in the order of names: the lesser one is missing on the other side.
		 */
		bool at_actual = have_actual &&
				 (!have_expected ||
				  str_compare(stmt_bytes(actual, 1), stmt_bytes(expected, 1)) <= 0);
		return refuse_object(actual->db->schema, at_actual ? actual : expected, why);
	}
}

/* An empty database in which the same migrations have run as in `db` shows what must be there. */
static enum error make_expected(struct db *expected, const struct db *db, uint64_t version,
				bool is_sealed)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int result = sqlite3_open_v2(":memory:", &expected->handle, flags, NULL);

	*expected =
		(struct db){.handle = expected->handle, .schema = db->schema, .yield = db->yield};
	if (result != SQLITE_OK)
		return db_fail(expected, result);
	db_watch_yield(expected);
	enum error error = run_to(expected, version);
	return error == ERR_NONE && is_sealed ? migrate_seal(expected) : error;
}

enum error migrate_seal(struct db *db)
{
	const struct db_migrations *steps = db->schema->sealing;
	enum error error = ERR_NONE;

	for (size_t i = 0; error == ERR_NONE && i < steps->count; i++)
		error = db_exec(db, steps->items[i].sql);
	return error;
}

enum error migrate_find_sealed(struct db *db, bool *is_sealed)
{
	struct stmt stmt;
	bool row = false;
	enum error error = ERR_NONE;

	if (db->schema->sealing != NULL) {
		error = stmt_prepare(&stmt, db,
				     "SELECT 1 FROM sqlite_schema NOT INDEXED"
				     " WHERE type = 'index' AND name = ?1");
		if (error == ERR_NONE) {
			stmt_bind_text(&stmt, 1, str_from(db->schema->sealed_mark));
			error = stmt_step(&stmt, &row);
		}
		stmt_finish(&stmt);
	}
	if (error == ERR_NONE)
		*is_sealed = row;
	return error;
}

static void hash_text(crypto_generichash_state *hash, struct str text)
{
	unsigned char length[8];

	for (size_t i = 0; i < sizeof(length); i++)
		length[i] = (unsigned char)((uint64_t)text.length >> (8 * i));
	crypto_generichash_update(hash, length, sizeof(length));
	crypto_generichash_update(hash, (const unsigned char *)text.ptr, text.length);
}

/* Of all that is compared. */
enum error migrate_digest(struct db *db, uint8_t digest[SCHEMA_DIGEST_BYTES])
{
	crypto_generichash_state hash;
	struct stmt rows;
	bool row = true;
	enum error error = stmt_prepare(&rows, db, objects_sql);

	crypto_generichash_init(&hash, NULL, 0, SCHEMA_DIGEST_BYTES);
	while (error == ERR_NONE) {
		error = stmt_step(&rows, &row);
		if (error != ERR_NONE || !row)
			break;
		for (int column = 0; column < OBJECT_COLUMNS; column++)
			hash_text(&hash, stmt_bytes(&rows, column));
	}
	crypto_generichash_final(&hash, digest, SCHEMA_DIGEST_BYTES);
	stmt_finish(&rows);
	return error;
}

/* Compares with what the migrations make. */
static enum error compare_with_expected(struct db *db, uint64_t version, bool is_sealed,
					struct buf *why)
{
	struct stmt actual_rows = {0}, expected_rows = {0};
	struct db expected = {0};
	enum error error = make_expected(&expected, db, version, is_sealed);

	if (error == ERR_NONE)
		error = stmt_prepare(&expected_rows, &expected, objects_sql);
	if (error == ERR_NONE)
		error = stmt_prepare(&actual_rows, db, objects_sql);
	if (error == ERR_NONE)
		error = compare(&actual_rows, &expected_rows, why);
	stmt_finish(&actual_rows);
	stmt_finish(&expected_rows);
	db_close(&expected);
	return error;
}

static enum error check_objects(struct db *db, uint64_t version, struct buf *why)
{
	uint8_t digest[SCHEMA_DIGEST_BYTES];
	enum error error = migrate_find_sealed(db, &db->is_sealed);

	if (error == ERR_NONE)
		error = migrate_digest(db, digest);
	if (error != ERR_NONE || schema_is_known(db->schema->known, version, db->is_sealed, digest))
		return error;
	return compare_with_expected(db, version, db->is_sealed, why);
}

static enum error check_schema(struct db *db, bool for_reading, struct buf *why)
{
	int64_t version;
	enum error error = version_of(db, &version);

	if (error == ERR_NONE)
		error = check_version(db->schema, version, for_reading, why);
	if (error == ERR_NONE && for_reading && (uint64_t)version != db->schema->migrations->count)
		db->older_version = (uint64_t)version;
	return error == ERR_NONE ? check_objects(db, (uint64_t)version, why) : error;
}

enum error migrate_check(struct db *db, bool for_reading, struct buf *why)
{
	/* One moment: another process may migrate or seal the database while a reader opens it. */
	enum error error = db_begin_read(db);

	if (error != ERR_NONE)
		return error;
	error = check_schema(db, for_reading, why);
	if (error == ERR_NONE)
		error = db_end_read(db);
	if (error != ERR_NONE)
		db_rollback(db);
	return error;
}
