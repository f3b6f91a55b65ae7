/*
 * Databases of every earlier schema version on their way to the present one, on a machine that is
 * killed or loses its power behind every write, sync, creation and removal: what is found then opens,
 * becomes what it was to become, and has every row. The earlier versions are made by the migrations
 * up to them.
 */
#include <stdio.h>

#include <sqlite3.h>

#include "store/audit.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/state.h"
#include "support/cmocka.h"
#include "support/power_vfs.h"
#include "support/store_env.h"

enum { SEEDS_PER_EVENT = 4 };

static struct store_env power_env(void)
{
	struct store_env env = store_env_make(power_vfs_name());

	env.create_private = power_vfs_create;
	env.list_names = power_vfs_list;
	env.make_readonly = power_vfs_make_readonly;
	return env;
}

/* A kind of database, with a row of its first version. */
struct kind {
	const char *file;
	uint32_t application_id;
	const struct db_migrations *migrations;
	const char *row, *count;
	/* Opens it as the daemon does, which migrates it, and closes it. */
	bool (*open)(const struct store_env *env, struct buf *why);
};

static bool open_audit(const struct store_env *env, struct buf *why)
{
	struct audit *audit = NULL;
	bool opened = audit_open("/power", env, true, &audit, why) == ERR_NONE;

	audit_close(audit);
	return opened;
}

static bool open_state(const struct store_env *env, struct buf *why)
{
	struct state *state = NULL;
	bool opened = state_open("/power", env, true, &state, why) == ERR_NONE;

	state_close(state);
	return opened;
}

static const struct kind audit_kind = {
	.file = "audit-000001.db",
	.application_id = 0x77735a41,
	.migrations = &audit_migrations,
	.row = "INSERT INTO request (id, digest, kind, action, action_uri, resource_uri)"
	       " VALUES (1, zeroblob(24), 1, 'a', 'b', 'c')",
	.count = "SELECT count(*) FROM request WHERE action = 'a'",
	.open = open_audit,
};

static const struct kind state_kind = {
	.file = "state.db",
	.application_id = 0x77735a53,
	.migrations = &state_migrations,
	.row = "INSERT INTO record (id, key, boot_id, application, principal, user, mechanism,"
	       " policy_revision, decision_id, created_us, created_ms, last_used_ms, expires_ms,"
	       " idle_ms, max_lifetime_ms, max_shells, max_operations, timeslot_s,"
	       " max_operations_per_timeslot, administrator)"
	       " VALUES (zeroblob(16), zeroblob(32), zeroblob(16), 'a', 'p', 'u', 'm', 1, 1, 1, 1,"
	       " 1, 1, 1, 1, 0, 0, 0, 0, 0)",
	.count = "SELECT count(*) FROM record WHERE principal = 'p'",
	.open = open_state,
};

/* The database as version `version` of the program made it, on an empty disk. */
static void make_earlier(const struct kind *kind, size_t version)
{
	struct store_env env = power_env();
	const struct db_migrations migrations = {kind->migrations->items, version};
	const struct db_schema schema = {
		.noun = "earlier database",
		.application_id = kind->application_id,
		.migrations = &migrations,
		.max_value_bytes = 1 << 20,
	};
	struct buf why;
	struct db db;

	power_vfs_reset();
	buf_init(&why, 4096);
	if (db_open(&db, "/power", kind->file, &env, &schema, DB_WRITE, &why) != ERR_NONE)
		fail_msg("%s", buf_text(&why));
	assert_int_equal(db_lift_rights(&db), ERR_NONE);
	assert_int_equal(db_exec(&db, kind->row), ERR_NONE);
	db_close(&db);
	buf_deinit(&why);
}

/* The row is there, whatever opened the file before. */
static int64_t count_rows(const struct kind *kind)
{
	char path[64];
	sqlite3 *handle;
	sqlite3_stmt *statement;

	snprintf(path, sizeof(path), "/power/%s", kind->file);
	assert_int_equal(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, power_vfs_name()),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle, kind->count, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t count = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	return count;
}

static void expect_whole(const struct kind *kind, size_t version, size_t event)
{
	struct store_env env = power_env();
	struct buf why;

	buf_init(&why, 4096);
	if (!kind->open(&env, &why))
		fail_msg("%s from version %zu, behind event %zu: %s", kind->file, version, event,
			 buf_text(&why));
	assert_int_equal(count_rows(kind), 1);
	buf_deinit(&why);
}

static size_t sweep(const struct kind *kind, size_t version)
{
	struct store_env env = power_env();
	size_t states = 0;
	struct buf why;

	buf_init(&why, 4096);
	make_earlier(kind, version);
	size_t first = power_vfs_event_count();
	if (!kind->open(&env, &why))
		fail_msg("%s", buf_text(&why));
	for (size_t n = first; n <= power_vfs_event_count(); n++) {
		power_vfs_lose_power(n, POWER_LOSS_ALL, 0);
		expect_whole(kind, version, n);
		/* What a kill leaves. */
		power_vfs_lose_power(n, POWER_LOSS_NONE, 0);
		expect_whole(kind, version, n);
		for (uint32_t seed = 1; seed <= SEEDS_PER_EVENT; seed++) {
			power_vfs_lose_power(n, POWER_LOSS_RANDOM, seed);
			expect_whole(kind, version, n);
		}
		states += 2 + SEEDS_PER_EVENT;
	}
	power_vfs_free();
	buf_deinit(&why);
	return states;
}

static void sweep_all(const struct kind *kind)
{
	size_t states = 0;

	assert_true(kind->migrations->count >= 2);
	for (size_t version = 1; version < kind->migrations->count; version++)
		states += sweep(kind, version);
	print_message("%zu states\n", states);
}

static void every_earlier_audit_becomes_the_present_one(void **state)
{
	(void)state;
	sweep_all(&audit_kind);
}

static void every_earlier_state_becomes_the_present_one(void **state)
{
	(void)state;
	sweep_all(&state_kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_earlier_audit_becomes_the_present_one),
		cmocka_unit_test(every_earlier_state_becomes_the_present_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
