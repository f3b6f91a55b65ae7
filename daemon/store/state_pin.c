#include "store/state_db.h"
#include "store/stmt.h"

/* Takes out the pin there is and puts in the new one where its revision exists. */
static enum error replace_pin(struct state *state, uint64_t number, bool *done)
{
	struct stmt stmt = {0};
	enum error error = db_exec(&state->db, "DELETE FROM policy_pin");

	*done = number == 0;
	if (error != ERR_NONE || number == 0)
		return error;
	error = stmt_prepare(&stmt, &state->db,
			     "INSERT INTO policy_pin (id, revision)"
			     " SELECT 1, number FROM policy_revision WHERE number = ?1");
	if (error == ERR_NONE) {
		stmt_bind_u64(&stmt, 1, number);
		error = stmt_run(&stmt);
	}
	if (error == ERR_NONE)
		*done = stmt_change_count(&stmt) != 0;
	stmt_finish(&stmt);
	return error;
}

enum error state_set_pin(struct state *state, uint64_t number, enum state_lookup *found)
{
	bool done = false;
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = replace_pin(state, number, &done);
	if (error == ERR_NONE && !done)
		db_rollback(&state->db);
	else
		error = state_end(state, error);
	if (error == ERR_NONE)
		*found = done ? STATE_FOUND : STATE_MISSING;
	return error;
}

enum error state_get_pin(struct state *state, uint64_t *number)
{
	int64_t pinned;
	enum error error =
		db_get_int(&state->db, "SELECT ifnull(max(revision), 0) FROM policy_pin", &pinned);

	if (error == ERR_NONE)
		*number = (uint64_t)pinned;
	return error;
}
