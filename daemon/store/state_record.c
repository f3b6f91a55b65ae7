#include "store/state_db.h"
#include "store/stmt.h"

static const char put_sql[] =
	"INSERT OR REPLACE INTO record (id, key, boot_id, application, principal, user, mechanism,"
	" policy_revision, decision_id, created_us, created_ms, last_used_ms, expires_ms, idle_ms,"
	" max_lifetime_ms, max_shells, max_operations, timeslot_s, max_operations_per_timeslot,"
	" administrator, revoked, endpoint)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
	" ?19, ?20, ?21, ?22)";

static const char load_sql[] =
	"SELECT id, key, boot_id, application, principal, user, mechanism, policy_revision,"
	" decision_id, created_us, created_ms, last_used_ms, expires_ms, idle_ms, max_lifetime_ms,"
	" max_shells, max_operations, timeslot_s, max_operations_per_timeslot, administrator,"
	" revoked, endpoint FROM record ORDER BY revoked DESC";

static bool fits(const struct state_record *record)
{
	return record->application.length <= STATE_TEXT_MAX_BYTES &&
	       record->principal.length <= STATE_TEXT_MAX_BYTES &&
	       record->user.length <= STATE_TEXT_MAX_BYTES &&
	       record->mechanism.length <= STATE_TEXT_MAX_BYTES;
}

static enum error put(struct stmt *stmt, const struct state_record *record)
{
	stmt_bind_blob(stmt, 1, record->id, sizeof(record->id));
	stmt_bind_blob(stmt, 2, record->key, sizeof(record->key));
	stmt_bind_blob(stmt, 3, record->boot_id, sizeof(record->boot_id));
	stmt_bind_text(stmt, 4, record->application);
	stmt_bind_text(stmt, 5, record->principal);
	stmt_bind_text(stmt, 6, record->user);
	stmt_bind_text(stmt, 7, record->mechanism);
	stmt_bind_u64(stmt, 8, record->policy_revision);
	stmt_bind_u64(stmt, 9, record->decision_id);
	stmt_bind_int(stmt, 10, record->created_us);
	stmt_bind_int(stmt, 11, record->created_ms);
	stmt_bind_int(stmt, 12, record->last_used_ms);
	stmt_bind_int(stmt, 13, record->expires_ms);
	stmt_bind_int(stmt, 14, record->idle_ms);
	stmt_bind_int(stmt, 15, record->max_lifetime_ms);
	stmt_bind_int(stmt, 16, record->max_shells);
	stmt_bind_int(stmt, 17, record->max_operations);
	stmt_bind_int(stmt, 18, record->timeslot_s);
	stmt_bind_int(stmt, 19, record->max_operations_per_timeslot);
	stmt_bind_int(stmt, 20, record->administrator);
	stmt_bind_int(stmt, 21, record->revoked);
	stmt_bind_blob(stmt, 22, record->endpoint, sizeof(record->endpoint));
	return stmt_run(stmt);
}

static enum error delete_records(struct state *state, const struct state_record_changes *changes)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &state->db, "DELETE FROM record WHERE id = ?1");

	for (size_t i = 0; error == ERR_NONE && i < changes->delete_count; i++) {
		stmt_bind_blob(&stmt, 1, changes->deletes[i], STATE_RECORD_ID_BYTES);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return error;
}

static enum error put_records(struct state *state, const struct state_record_changes *changes)
{
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &state->db, put_sql);

	for (size_t i = 0; error == ERR_NONE && i < changes->put_count; i++)
		error = put(&stmt, &changes->puts[i]);
	stmt_finish(&stmt);
	return error;
}

enum error state_apply_records(struct state *state, const struct state_record_changes *changes)
{
	enum error error = state_may_change(state);

	for (size_t i = 0; error == ERR_NONE && i < changes->put_count; i++) {
		if (!fits(&changes->puts[i]))
			error = ERR_LIMIT;
	}
	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = delete_records(state, changes);
	if (error == ERR_NONE)
		error = put_records(state, changes);
	return state_end(state, error);
}

static enum error delete_other_boots(struct state *state, const uint8_t *boot_id)
{
	struct stmt stmt = {0};
	enum error error = state_may_change(state);

	if (error == ERR_NONE)
		error = db_begin(&state->db);
	if (error != ERR_NONE)
		return error;
	error = stmt_prepare(&stmt, &state->db, "DELETE FROM record WHERE boot_id <> ?1");
	if (error == ERR_NONE) {
		stmt_bind_blob(&stmt, 1, boot_id, STATE_BOOT_ID_BYTES);
		error = stmt_run(&stmt);
	}
	stmt_finish(&stmt);
	return state_end(state, error);
}

static bool read_u32(const struct stmt *stmt, int column, uint32_t *value)
{
	int64_t number = stmt_int(stmt, column);

	*value = (uint32_t)number;
	return number >= 0 && number <= UINT32_MAX;
}

static enum error read_record(const struct stmt *stmt, struct state_record *record)
{
	if (!stmt_copy_blob(stmt, 0, record->id, sizeof(record->id)) ||
	    !stmt_copy_blob(stmt, 1, record->key, sizeof(record->key)) ||
	    !stmt_copy_blob(stmt, 2, record->boot_id, sizeof(record->boot_id)) ||
	    !stmt_copy_blob(stmt, 21, record->endpoint, sizeof(record->endpoint)) ||
	    !read_u32(stmt, 15, &record->max_shells) ||
	    !read_u32(stmt, 16, &record->max_operations) ||
	    !read_u32(stmt, 17, &record->timeslot_s) ||
	    !read_u32(stmt, 18, &record->max_operations_per_timeslot))
		return ERR_CORRUPT;
	record->application = stmt_bytes(stmt, 3);
	record->principal = stmt_bytes(stmt, 4);
	record->user = stmt_bytes(stmt, 5);
	record->mechanism = stmt_bytes(stmt, 6);
	record->policy_revision = stmt_u64(stmt, 7);
	record->decision_id = stmt_u64(stmt, 8);
	record->created_us = stmt_int(stmt, 9);
	record->created_ms = stmt_int(stmt, 10);
	record->last_used_ms = stmt_int(stmt, 11);
	record->expires_ms = stmt_int(stmt, 12);
	record->idle_ms = stmt_int(stmt, 13);
	record->max_lifetime_ms = stmt_int(stmt, 14);
	record->administrator = stmt_int(stmt, 19) != 0;
	record->revoked = stmt_int(stmt, 20) != 0;
	return ERR_NONE;
}

enum error state_load_records(struct state *state, const uint8_t boot_id[STATE_BOOT_ID_BYTES],
			      enum error (*on_record)(void *arg, const struct state_record *record),
			      void *arg)
{
	struct stmt stmt = {0};
	struct state_record record;
	bool row = false;
	enum error error = delete_other_boots(state, boot_id);

	if (error == ERR_NONE)
		error = stmt_prepare(&stmt, &state->db, load_sql);
	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error == ERR_NONE && !row)
			break;
		if (error == ERR_NONE)
			error = read_record(&stmt, &record);
		if (error == ERR_NONE)
			error = on_record(arg, &record);
	}
	stmt_finish(&stmt);
	return error;
}
