#include "bench/bare.h"

bool bare_open(struct bare *bare, const struct tmpdir *dir, const struct store_env *env,
	       struct buf *why)
{
	static const char insert[] =
		"INSERT INTO decision (id, wall_us, boot_ms, utc_offset_minutes, subject,"
		" group_set, request, context, outcome, origin, verdict, record_id, latency_us,"
		" relaxed, chain)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
	static const char pragmas[] = "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;";
	char path[256];
	struct audit *made;

	/* The store makes the segment, so that the schema is the same. */
	if (audit_open(dir->path, env, false, &made, why) != ERR_NONE)
		return false;
	audit_close(made);
	tmpdir_path(dir, "audit-000001.db", path, sizeof(path));
	return sqlite3_open(path, &bare->handle) == SQLITE_OK &&
	       sqlite3_exec(bare->handle, pragmas, NULL, NULL, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(bare->handle, insert, -1, &bare->insert, NULL) == SQLITE_OK;
}

void bare_close(struct bare *bare)
{
	sqlite3_finalize(bare->insert);
	sqlite3_close(bare->handle);
}

static bool insert_row(struct bare *bare, const struct audit_row *row)
{
	static const unsigned char chain[AUDIT_CHAIN_BYTES] = {1};
	sqlite3_stmt *insert = bare->insert;
	int64_t id = ++bare->last_id;
	const int64_t numbers[] = {
		id,
		row->wall_us,
		row->boot_ms,
		row->utc_offset_minutes,
		id % 1000 + 1,
		1,
		id % 50 + 1,
		1,
		id % 14 + 1,
		1,
		(int64_t)row->verdict,
	};

	for (int i = 0; i < 11; i++)
		sqlite3_bind_int64(insert, i + 1, numbers[i]);
	sqlite3_bind_blob(insert, 12, row->record_id, sizeof(row->record_id), SQLITE_STATIC);
	sqlite3_bind_int64(insert, 13, (int64_t)row->latency_us);
	sqlite3_bind_int64(insert, 14, row->relaxed);
	sqlite3_bind_blob(insert, 15, chain, sizeof(chain), SQLITE_STATIC);
	return sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK;
}

/* `step` is 1 for a list of rows, and 0 for the same one each time. */
static bool append(struct bare *bare, const struct audit_row *row, size_t step, size_t count)
{
	bool done = sqlite3_exec(bare->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

	for (size_t i = 0; done && i < count; i++, row += step)
		done = insert_row(bare, row);
	return done && sqlite3_exec(bare->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

bool bare_append(struct bare *bare, const struct audit_row *rows, size_t count)
{
	return append(bare, rows, 1, count);
}

bool bare_repeat(struct bare *bare, const struct audit_row *row, size_t count)
{
	return append(bare, row, 0, count);
}
