#include "store/floor.h"

#include <sqlite3.h>

#include "base/mem.h"

/* Numbers and blobs as a row of the audit has them. */
enum { NUMBER_COUNT = 13, ID_BYTES = 16, CHAIN_BYTES = 32 };

struct floor_db {
	sqlite3 *handle;
	sqlite3_stmt *insert;
	sqlite3_int64 last;
};

static const char setup[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	"CREATE TABLE row (id INTEGER PRIMARY KEY, b, c, d, e, f, g, h, i, j, k, l, m, n, o)";

static const char insert[] =
	"INSERT INTO row VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

enum error floor_open(const char *directory, struct floor_db **out, struct buf *why)
{
	struct floor_db *floor = mem_calloc(1, sizeof(*floor));
	enum error error = floor != NULL ? ERR_NONE : ERR_NO_MEMORY;
	struct buf path;

	buf_init(&path, SIZE_MAX);
	buf_printf(&path, "%s/floor.db", directory);
	if (error == ERR_NONE)
		error = path.failed;
	if (error == ERR_NONE &&
	    (sqlite3_open_v2(path.data, &floor->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			     NULL) != SQLITE_OK ||
	     sqlite3_exec(floor->handle, setup, NULL, NULL, NULL) != SQLITE_OK ||
	     sqlite3_prepare_v2(floor->handle, insert, -1, &floor->insert, NULL) != SQLITE_OK))
		error = ERR_IO;
	if (error == ERR_NONE) {
		*out = floor;
	} else {
		buf_printf(why, "%s/floor.db: %s", directory,
			   floor != NULL && floor->handle != NULL ? sqlite3_errmsg(floor->handle)
								  : error_text(error));
		floor_close(floor);
	}
	buf_deinit(&path);
	return error;
}

void floor_close(struct floor_db *floor)
{
	if (floor == NULL)
		return;
	sqlite3_finalize(floor->insert);
	sqlite3_close(floor->handle);
	mem_free(floor);
}

static bool insert_row(struct floor_db *floor)
{
	static const unsigned char bytes[CHAIN_BYTES] = {1};
	sqlite3_int64 id = ++floor->last;

	sqlite3_bind_int64(floor->insert, 1, id);
	for (int i = 2; i <= NUMBER_COUNT; i++)
		sqlite3_bind_int64(floor->insert, i, id * i);
	sqlite3_bind_blob(floor->insert, NUMBER_COUNT + 1, bytes, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(floor->insert, NUMBER_COUNT + 2, bytes, CHAIN_BYTES, SQLITE_STATIC);
	return sqlite3_step(floor->insert) == SQLITE_DONE &&
	       sqlite3_reset(floor->insert) == SQLITE_OK;
}

enum error floor_commit(struct floor_db *floor, size_t row_count)
{
	bool done = sqlite3_exec(floor->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

	for (size_t i = 0; done && i < row_count; i++)
		done = insert_row(floor);
	if (done && sqlite3_exec(floor->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return ERR_NONE;
	sqlite3_reset(floor->insert);
	(void)sqlite3_exec(floor->handle, "ROLLBACK", NULL, NULL, NULL);
	return ERR_IO;
}
