#include "store/audit_schema.h"

#include "store/audit.h"
#include "store/migrate.h"
#include "store/segment.h"

enum { VALUE_MAX_BYTES = 1024 * 1024 };

/* Rows are added, and nothing else ever. */
static const struct db_right rights[] = {
	{"decision", .insert = true}, {"subject", .insert = true}, {"group_set", .insert = true},
	{"request", .insert = true},  {"context", .insert = true}, {"outcome", .insert = true},
	{"origin", .insert = true},   {"event", .insert = true},   {"beginning", .insert = true},
};

static const struct db_schema schema = {
	.noun = "audit segment",
	.application_id = 0x77735a41, /* "wsZA" */
	.migrations = &audit_migrations,
	.sealing = &seal_migrations,
	.sealed_mark = "decision_subject",
	.known = &audit_known,
	.older = &older_migrations,
	.rights = rights,
	.right_count = ARRAY_COUNT(rights),
	.max_value_bytes = VALUE_MAX_BYTES,
	/* A row's references are ids that the same transaction found or made, the chain shows when
	 * one is missing later, and checking them takes a fifth of the time of a row. */
	.check_references = false,
};

enum error audit_open_segment(const char *directory, uint32_t number, const struct store_env *env,
			      enum db_mode mode, struct db *db, struct buf *why)
{
	char name[SEGMENT_NAME_BYTES];

	segment_name(number, name);
	return db_open(db, directory, name, env, &schema, mode, why);
}
