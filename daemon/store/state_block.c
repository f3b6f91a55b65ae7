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
		"INSERT OR REPLACE INTO block (principal, created_us, until_us, reason)"
		" VALUES (?1, ?2, ?3, ?4)");
	if (error == ERR_NONE) {
		stmt_bind_text(&stmt, 1, block->principal);
		stmt_bind_int(&stmt, 2, block->created_us);
		stmt_bind_int(&stmt, 3, block->until_us);
		stmt_bind_text(&stmt, 4, block->reason);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
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
					"SELECT principal, created_us, until_us, reason FROM block"
					" ORDER BY principal");

	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		const struct state_block block = {stmt_bytes(&stmt, 0), stmt_int(&stmt, 1),
						  stmt_int(&stmt, 2), stmt_bytes(&stmt, 3)};
		error = on_block(arg, &block);
	}
	stmt_finish(&stmt);
	return error;
}
