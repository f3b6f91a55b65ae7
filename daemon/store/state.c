#include "store/state.h"

#include <sodium.h>

#include "base/mem.h"
#include "store/migrate.h"
#include "store/state_db.h"

enum { ROW_MAX_BYTES = STATE_FILE_MAX_BYTES + STATE_TEXT_MAX_BYTES };

static const struct db_right rights[] = {
	{"record", .insert = true, .delete = true},
	{"policy_text", .insert = true},
	{"policy_revision", .insert = true},
	{"policy_file", .insert = true},
	{"policy_pin", .insert = true, .delete = true},
	{"block", .insert = true, .update = true, .delete = true},
	{"block_clock", .insert = true, .update = true},
	{"admin_action", .insert = true},
	{"audit_segment", .insert = true},
	{"audit_segment_removed", .insert = true},
	{"audit_segment_undelivered", .insert = true},
	{"shadow", .insert = true, .delete = true},
	{"shadow_difference", .insert = true, .delete = true},
};

static const struct db_schema schema = {
	.noun = "state database",
	.application_id = 0x77735a53, /* "wsZS" */
	.migrations = &state_migrations,
	.known = &state_known,
	.rights = rights,
	.right_count = ARRAY_COUNT(rights),
	.max_value_bytes = ROW_MAX_BYTES,
	.check_references = true,
};

static enum error open_as(enum db_mode mode, const char *directory, const struct store_env *env,
			  struct state **out, struct buf *why)
{
	struct state *state = mem_calloc(1, sizeof(*state));

	if (state == NULL)
		return ERR_NO_MEMORY;
	enum error error = sodium_init() >= 0 ? ERR_NONE : ERR_INTERNAL;
	if (error == ERR_NONE)
		error = db_open(&state->db, directory, "state.db", env, &schema, mode, why);
	if (error != ERR_NONE)
		state_close(state);
	else
		*out = state;
	return error;
}

enum error state_open(const char *directory, const struct store_env *env, bool check,
		      struct state **out, struct buf *why)
{
	return open_as(check ? DB_WRITE_CHECK : DB_WRITE, directory, env, out, why);
}

enum error state_open_readonly(const char *directory, const struct store_env *env,
			       struct state **out, struct buf *why)
{
	return open_as(DB_READ, directory, env, out, why);
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	db_close(&state->db);
	mem_free(state);
}

const char *state_failure_text(const struct state *state)
{
	return state->db.failure;
}

enum error state_may_change(const struct state *state)
{
	if (!state->db.may_write)
		return ERR_DENIED;
	return state->db.broken;
}

enum error state_end(struct state *state, enum error error)
{
	if (error == ERR_NONE)
		return db_commit(&state->db);
	db_rollback(&state->db);
	return error;
}
