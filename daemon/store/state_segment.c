#include "base/mem.h"
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

static enum error insert_undelivered(struct state *state, const struct segment *segment)
{
	struct stmt stmt;
	enum error error = stmt_prepare(
		&stmt, &state->db,
		"INSERT INTO audit_segment_undelivered (number, least_id) SELECT ?1, ?2"
		" WHERE NOT EXISTS (SELECT 1 FROM audit_segment_undelivered WHERE number = ?1)");

	if (error == ERR_NONE) {
		stmt_bind_int(&stmt, 1, segment->number);
		stmt_bind_u64(&stmt, 2, segment->undelivered_id);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

static enum error note(struct state *state, const struct segment *segment)
{
	enum error error = insert(state, segment);

	if (error == ERR_NONE && segment->knows_undelivered)
		error = insert_undelivered(state, segment);
	return error;
}

enum error state_put_segment(struct state *state, const struct segment *segment)
{
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	return state_end(state, note(state, segment));
}

static bool read_segment(const struct stmt *stmt, struct segment *segment)
{
	int64_t number = stmt_int(stmt, 0);

	*segment = (struct segment){
		.state = SEGMENT_SEALED,
		.before.decision_id = stmt_u64(stmt, 1),
		.first_id = stmt_u64(stmt, 3),
		.last_id = stmt_u64(stmt, 4),
		.decision_count = stmt_u64(stmt, 5),
		.event_count = stmt_u64(stmt, 6),
		.first_us = stmt_int(stmt, 7),
		.last_us = stmt_int(stmt, 8),
		.head.decision_id = stmt_u64(stmt, 4),
		.file_bytes = stmt_u64(stmt, 10),
		.sealed_us = stmt_int(stmt, 11),
		.knows_undelivered = stmt_int(stmt, 12) != 0,
		.undelivered_id = stmt_u64(stmt, 13),
	};
	if (number < 1 || number > SEGMENT_NUMBER_MAX)
		return false;
	segment->number = (uint32_t)number;
	return stmt_copy_blob(stmt, 2, segment->before.chain, AUDIT_CHAIN_BYTES) &&
	       stmt_copy_blob(stmt, 9, segment->head.chain, AUDIT_CHAIN_BYTES);
}

static enum error add_segments(struct stmt *stmt, struct segment_list *list, size_t capacity)
{
	for (;;) {
		bool row;
		enum error error = stmt_step(stmt, &row);

		if (error != ERR_NONE || !row)
			return error;
		if (list->count == capacity || !read_segment(stmt, &list->items[list->count]))
			return ERR_CORRUPT;
		list->count++;
	}
}

enum error state_list_segments(struct state *state, struct segment_list *list)
{
	static const char sql[] =
		"SELECT s.number, base_id, base_chain, first_id, last_id, decision_count,"
		" event_count, first_us, last_us, chain, file_bytes, sealed_us,"
		" u.number IS NOT NULL, u.least_id"
		" FROM audit_segment s LEFT JOIN audit_segment_undelivered u ON u.number = s.number"
		" WHERE s.number NOT IN (SELECT number FROM audit_segment_removed)"
		" ORDER BY s.number";
	struct segment_list found = {0};
	struct stmt stmt = {0};
	int64_t count = 0;
	enum error error = db_begin_read(&state->db);

	if (error != ERR_NONE)
		return error;
	error = db_get_int(&state->db, "SELECT count(*) FROM audit_segment", &count);
	if (error == ERR_NONE) {
		found.items = mem_calloc((size_t)count + 1, sizeof(*found.items));
		error = found.items != NULL ? ERR_NONE : ERR_NO_MEMORY;
	}
	if (error == ERR_NONE)
		error = stmt_prepare(&stmt, &state->db, sql);
	if (error == ERR_NONE)
		error = add_segments(&stmt, &found, (size_t)count);
	stmt_finish(&stmt);
	if (error == ERR_NONE)
		error = db_end_read(&state->db);
	if (error != ERR_NONE) {
		db_rollback(&state->db);
		segment_list_deinit(&found);
		return error;
	}
	*list = found;
	return ERR_NONE;
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
	error = note(state, segment);
	if (error == ERR_NONE)
		error = insert_removed(state, segment->number, wall_us, reason);
	return state_end(state, error);
}
