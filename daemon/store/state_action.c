#include "store/state_db.h"
#include "store/stmt.h"

static bool fits(const struct state_action *action)
{
	return action->actor.length <= STATE_TEXT_MAX_BYTES &&
	       action->action.length <= STATE_TEXT_MAX_BYTES &&
	       action->arguments.length <= STATE_TEXT_MAX_BYTES &&
	       action->outcome.length <= STATE_TEXT_MAX_BYTES;
}

static enum error insert(struct state *state, int64_t id, const struct state_action *action)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &state->db,
					"INSERT INTO admin_action"
					" (id, at_us, actor, action, arguments, outcome)"
					" VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	if (error == ERR_NONE) {
		stmt_bind_int(&stmt, 1, id);
		stmt_bind_int(&stmt, 2, action->at_us);
		stmt_bind_text(&stmt, 3, action->actor);
		stmt_bind_text(&stmt, 4, action->action);
		stmt_bind_text(&stmt, 5, action->arguments);
		stmt_bind_text(&stmt, 6, action->outcome);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

enum error state_put_action(struct state *state, const struct state_action *action, uint64_t *id)
{
	int64_t last = 0;
	enum error error = state_may_change(state);

	if (error == ERR_NONE && !fits(action))
		error = ERR_LIMIT;
	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = db_get_int(&state->db, "SELECT ifnull(max(id), 0) FROM admin_action", &last);
	if (error == ERR_NONE && (last < 0 || last == INT64_MAX))
		error = ERR_CORRUPT;
	if (error == ERR_NONE)
		error = insert(state, last + 1, action);
	error = state_end(state, error);
	if (error == ERR_NONE)
		*id = (uint64_t)last + 1;
	return error;
}

enum error state_each_action(struct state *state, uint64_t limit,
			     bool (*on_action)(void *arg, const struct state_action *action),
			     void *arg)
{
	struct stmt stmt;
	bool row = true, go_on = true;
	enum error error = stmt_prepare(&stmt, &state->db,
					"SELECT id, at_us, actor, action, arguments, outcome"
					" FROM admin_action ORDER BY id DESC LIMIT ?1");

	if (error == ERR_NONE)
		stmt_bind_limit(&stmt, 1, limit);
	while (error == ERR_NONE && go_on) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		const struct state_action action = {stmt_u64(&stmt, 0),   stmt_int(&stmt, 1),
						    stmt_bytes(&stmt, 2), stmt_bytes(&stmt, 3),
						    stmt_bytes(&stmt, 4), stmt_bytes(&stmt, 5)};
		go_on = on_action(arg, &action);
	}
	stmt_finish(&stmt);
	return error;
}
