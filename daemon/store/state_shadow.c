#include <string.h>

#include "store/state_db.h"
#include "store/stmt.h"

static enum error run(struct state *state, const char *sql)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &state->db, sql);

	if (error == ERR_NONE)
		error = stmt_run(&stmt);
	stmt_finish(&stmt);
	return error;
}

static enum error put_progress(struct state *state, const struct state_shadow *shadow)
{
	struct stmt stmt;
	enum error error = run(state, "DELETE FROM shadow");

	if (error != ERR_NONE)
		return error;
	error = stmt_prepare(&stmt, &state->db,
			     "INSERT INTO shadow (id, directory, digest, since_us, updated_us,"
			     " compared, differed, not_compared, skipped)"
			     " VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	if (error == ERR_NONE) {
		stmt_bind_text(&stmt, 1, shadow->directory);
		stmt_bind_blob(&stmt, 2, shadow->digest, sizeof(shadow->digest));
		stmt_bind_int(&stmt, 3, shadow->since_us);
		stmt_bind_int(&stmt, 4, shadow->updated_us);
		stmt_bind_u64(&stmt, 5, shadow->compared_count);
		stmt_bind_u64(&stmt, 6, shadow->differed_count);
		stmt_bind_u64(&stmt, 7, shadow->not_compared_count);
		stmt_bind_u64(&stmt, 8, shadow->skipped_count);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

static enum error add_differences(struct state *state, const struct state_difference *items,
				  size_t count)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &state->db,
					"INSERT INTO shadow_difference"
					" (decision_id, decided_us, flip, user, before, after)"
					" VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	for (size_t i = 0; i < count && error == ERR_NONE; i++) {
		stmt_bind_u64(&stmt, 1, items[i].decision_id);
		stmt_bind_int(&stmt, 2, items[i].decided_us);
		stmt_bind_text(&stmt, 3, items[i].flip);
		stmt_bind_text(&stmt, 4, items[i].user);
		stmt_bind_text(&stmt, 5, items[i].before);
		stmt_bind_text(&stmt, 6, items[i].after);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

/* Keeps the newest STATE_DIFFERENCES_MAX. */
static enum error trim(struct state *state)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &state->db,
					"DELETE FROM shadow_difference WHERE decision_id <="
					" (SELECT decision_id FROM shadow_difference"
					" ORDER BY decision_id DESC LIMIT 1 OFFSET ?1)");

	if (error == ERR_NONE) {
		stmt_bind_u64(&stmt, 1, STATE_DIFFERENCES_MAX);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

static bool fits(const struct state_shadow *shadow, const struct state_difference *items,
		 size_t count)
{
	bool good = shadow->directory.length <= STATE_TEXT_MAX_BYTES;

	for (size_t i = 0; i < count && good; i++)
		good = items[i].user.length <= STATE_TEXT_MAX_BYTES &&
		       items[i].before.length <= STATE_TEXT_MAX_BYTES &&
		       items[i].after.length <= STATE_TEXT_MAX_BYTES;
	return good;
}

enum error state_put_shadow(struct state *state, const struct state_shadow *shadow, bool begins,
			    const struct state_difference *items, size_t count)
{
	enum error error = state_may_change(state);

	if (error == ERR_NONE && !fits(shadow, items, count))
		error = ERR_LIMIT;
	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	if (begins)
		error = run(state, "DELETE FROM shadow_difference");
	if (error == ERR_NONE)
		error = put_progress(state, shadow);
	if (error == ERR_NONE)
		error = add_differences(state, items, count);
	if (error == ERR_NONE && count != 0)
		error = trim(state);
	return state_end(state, error);
}

enum error state_get_shadow(struct state *state, struct arena *arena, struct state_shadow *out,
			    enum state_lookup *found)
{
	struct stmt stmt;
	bool row = false;
	enum error error = stmt_prepare(&stmt, &state->db,
					"SELECT directory, digest, since_us, updated_us, compared,"
					" differed, not_compared, skipped FROM shadow");

	if (error == ERR_NONE)
		error = stmt_step(&stmt, &row);
	*found = row ? STATE_FOUND : STATE_MISSING;
	if (error == ERR_NONE && row) {
		*out = (struct state_shadow){
			.directory = arena_copy(arena, stmt_bytes(&stmt, 0)),
			.since_us = stmt_int(&stmt, 2),
			.updated_us = stmt_int(&stmt, 3),
			.compared_count = stmt_u64(&stmt, 4),
			.differed_count = stmt_u64(&stmt, 5),
			.not_compared_count = stmt_u64(&stmt, 6),
			.skipped_count = stmt_u64(&stmt, 7),
		};
		if (!stmt_copy_blob(&stmt, 1, out->digest, sizeof(out->digest)))
			error = ERR_CORRUPT;
		else if (out->directory.ptr == NULL)
			error = ERR_NO_MEMORY;
	}
	stmt_finish(&stmt);
	return error;
}

enum error state_each_difference(struct state *state, uint64_t limit,
				 bool (*on_difference)(void *arg,
						       const struct state_difference *difference),
				 void *arg)
{
	struct stmt stmt;
	bool row = true, go_on = true;
	enum error error = stmt_prepare(&stmt, &state->db,
					"SELECT decision_id, decided_us, flip, user, before, after"
					" FROM shadow_difference ORDER BY decision_id DESC"
					" LIMIT ?1");

	if (error == ERR_NONE)
		stmt_bind_limit(&stmt, 1, limit);
	while (error == ERR_NONE && go_on) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		const struct state_difference difference = {
			stmt_u64(&stmt, 0),   stmt_int(&stmt, 1),   stmt_bytes(&stmt, 2),
			stmt_bytes(&stmt, 3), stmt_bytes(&stmt, 4), stmt_bytes(&stmt, 5)};
		go_on = on_difference(arg, &difference);
	}
	stmt_finish(&stmt);
	return error;
}
