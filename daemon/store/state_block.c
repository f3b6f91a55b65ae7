#include "store/state_db.h"
#include "store/stmt.h"

enum error state_put_block(struct state *state, const struct state_block *block)
{
	struct stmt stmt = {0};
	enum error error = state_may_change(state);

	if (error == ERR_NONE && (block->principal.length > STATE_TEXT_MAX_BYTES ||
				  block->reason.length > STATE_TEXT_MAX_BYTES))
		error = ERR_LIMIT;
	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = stmt_prepare(
		&stmt, &state->db,
		"INSERT OR REPLACE INTO block (principal, created_us, until_us, reason, until_ms,"
		" by_wall_clock) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
	if (error == ERR_NONE) {
		stmt_bind_text(&stmt, 1, block->principal);
		stmt_bind_int(&stmt, 2, block->created_us);
		stmt_bind_int(&stmt, 3, block->until_us);
		stmt_bind_text(&stmt, 4, block->reason);
		stmt_bind_int(&stmt, 5, block->until_ms);
		stmt_bind_int(&stmt, 6, block->by_wall_clock);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return state_end(state, error);
}

enum error state_delete_old_block(struct state *state, struct str principal, int64_t created_us)
{
	struct stmt stmt = {0};
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = stmt_prepare(&stmt, &state->db,
			     "DELETE FROM block WHERE principal = ?1 AND created_us = ?2");
	if (error == ERR_NONE) {
		stmt_bind_text(&stmt, 1, principal);
		stmt_bind_int(&stmt, 2, created_us);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return state_end(state, error);
}

/* Runs a statement about the boot that is noted. */
static enum error run_for_boot(struct state *state, const char *sql,
			       const uint8_t boot_id[STATE_BOOT_ID_BYTES], int64_t boot_ms)
{
	struct stmt stmt = {0};
	enum error error = stmt_prepare(&stmt, &state->db, sql);

	if (error == ERR_NONE) {
		stmt_bind_blob(&stmt, 1, boot_id, STATE_BOOT_ID_BYTES);
		stmt_bind_int(&stmt, 2, boot_ms);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

enum error state_note_block_clock(struct state *state, const uint8_t boot_id[STATE_BOOT_ID_BYTES],
				  int64_t boot_ms)
{
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	/* Blocks of before the first note have no such time yet; a wall clock that is wrong at the next
	 * start must not end them for good. */
	error = run_for_boot(
		state,
		"UPDATE block SET until_ms = ?2 + max((until_us - created_us) / 1000, 0)"
		" WHERE until_us <> 9223372036854775807 AND by_wall_clock"
		" AND until_ms = 0 AND NOT EXISTS (SELECT 1 FROM block_clock)",
		boot_id, boot_ms);
	/* No row when the boot is the one noted, and none when no boot ever was. */
	if (error == ERR_NONE)
		error = run_for_boot(
			state,
			"UPDATE block SET until_ms = until_ms - seen_ms + ?2 FROM block_clock"
			" WHERE boot_id <> ?1 AND until_us <> 9223372036854775807",
			boot_id, boot_ms);
	if (error == ERR_NONE)
		error = run_for_boot(
			state,
			"INSERT INTO block_clock (id, boot_id, seen_ms) VALUES (1, ?1, ?2)"
			" ON CONFLICT (id) DO UPDATE SET boot_id = ?1, seen_ms ="
			" CASE boot_id WHEN ?1 THEN max(seen_ms, ?2) ELSE ?2 END",
			boot_id, boot_ms);
	return state_end(state, error);
}

enum error state_delete_block(struct state *state, struct str principal, enum state_lookup *found)
{
	struct stmt stmt = {0};
	bool deleted = false;
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = stmt_prepare(&stmt, &state->db, "DELETE FROM block WHERE principal = ?1");
	if (error == ERR_NONE) {
		stmt_bind_text(&stmt, 1, principal);
		error = stmt_run(&stmt);
	}
	if (error == ERR_NONE)
		deleted = stmt_change_count(&stmt) != 0;
	stmt_finish(&stmt);
	error = state_end(state, error);
	if (error == ERR_NONE)
		*found = deleted ? STATE_FOUND : STATE_MISSING;
	return error;
}

enum error state_load_blocks(struct state *state,
			     enum error (*on_block)(void *arg, const struct state_block *block),
			     void *arg)
{
	struct stmt stmt;
	bool row = true;
	enum error error = stmt_prepare(&stmt, &state->db,
					"SELECT principal, created_us, until_us, until_ms,"
					" by_wall_clock, reason FROM block ORDER BY principal");

	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		const struct state_block block = {
			.principal = stmt_bytes(&stmt, 0),
			.created_us = stmt_int(&stmt, 1),
			.until_us = stmt_int(&stmt, 2),
			.until_ms = stmt_int(&stmt, 3),
			.by_wall_clock = stmt_int(&stmt, 4) != 0,
			.reason = stmt_bytes(&stmt, 5),
		};
		error = on_block(arg, &block);
	}
	stmt_finish(&stmt);
	return error;
}
