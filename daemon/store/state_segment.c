#include "store/state_db.h"
#include "store/stmt.h"

static enum error insert(struct state *state, const struct segment *segment)
{
	struct stmt stmt;
	enum error error =
		stmt_prepare(&stmt, &state->db,
			     "INSERT INTO audit_segment (number, base_id, base_chain, first_id,"
			     " last_id, decision_count, event_count, first_us, last_us, chain,"
			     " file_bytes, sealed_us)"
			     " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12"
			     " WHERE NOT EXISTS (SELECT 1 FROM audit_segment WHERE number = ?1)");

	if (error == ERR_NONE) {
		stmt_bind_int(&stmt, 1, segment->number);
		stmt_bind_u64(&stmt, 2, segment->before.decision_id);
		stmt_bind_blob(&stmt, 3, segment->before.chain, AUDIT_CHAIN_BYTES);
		stmt_bind_u64(&stmt, 4, segment->first_id);
		stmt_bind_u64(&stmt, 5, segment->last_id);
		stmt_bind_u64(&stmt, 6, segment->decision_count);
		stmt_bind_u64(&stmt, 7, segment->event_count);
		stmt_bind_int(&stmt, 8, segment->first_us);
		stmt_bind_int(&stmt, 9, segment->last_us);
		stmt_bind_blob(&stmt, 10, segment->head.chain, AUDIT_CHAIN_BYTES);
		stmt_bind_u64(&stmt, 11, segment->file_bytes);
		stmt_bind_int(&stmt, 12, segment->sealed_us);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

enum error state_put_segment(struct state *state, const struct segment *segment)
{
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	return state_end(state, insert(state, segment));
}

static enum error insert_removed(struct state *state, uint32_t number, int64_t wall_us,
				 struct str reason)
{
	struct stmt stmt;
	enum error error = stmt_prepare(
		&stmt, &state->db,
		"INSERT INTO audit_segment_removed (number, removed_us, reason)"
		" SELECT ?1, ?2, ?3"
		" WHERE NOT EXISTS (SELECT 1 FROM audit_segment_removed WHERE number = ?1)");

	if (error == ERR_NONE) {
		stmt_bind_int(&stmt, 1, number);
		stmt_bind_int(&stmt, 2, wall_us);
		stmt_bind_text(&stmt, 3, reason);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

enum error state_put_segment_removed(struct state *state, const struct segment *segment,
				     int64_t wall_us, struct str reason)
{
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = insert(state, segment);
	if (error == ERR_NONE)
		error = insert_removed(state, segment->number, wall_us, reason);
	return state_end(state, error);
}
