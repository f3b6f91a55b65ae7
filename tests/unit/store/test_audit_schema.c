/* The append-only proof: every way to change or remove a row that SQL knows is refused, on a
 * connection with the writer's rights and on one that knows nothing of the store. */
#include "store/audit_schema.h"

#include <sqlite3.h>

#include "base/attributes.h"
#include "unit/store/fixture.h"

/* Against the last decision and the texts it uses. */
static const char *const attacks[] = {
	"UPDATE decision SET verdict = 1",
	"UPDATE decision SET id = id + 1000",
	"UPDATE OR REPLACE decision SET id = 1 WHERE id = 2",
	"DELETE FROM decision",
	"DELETE FROM decision WHERE id = 3",
	"INSERT OR REPLACE INTO decision SELECT * FROM decision WHERE id = 3",
	"REPLACE INTO decision SELECT id, wall_us, boot_ms, utc_offset_minutes, subject, group_set,"
	" request, context, 1, outcome, origin, record_id, latency_us, relaxed, chain"
	" FROM decision WHERE id = 10",
	"INSERT INTO decision SELECT * FROM decision WHERE id = 3"
	" ON CONFLICT (id) DO UPDATE SET verdict = 1",
	"INSERT INTO decision SELECT id - 5, wall_us, boot_ms, utc_offset_minutes, subject,"
	" group_set, request, context, verdict, outcome, origin, record_id, latency_us, relaxed,"
	" chain FROM decision WHERE id = 3",
	"UPDATE subject SET user = 'nobody'",
	"DELETE FROM subject",
	"INSERT OR REPLACE INTO subject SELECT id, randomblob(24), 'a', 'b', 'c', 'd', 'e'"
	" FROM subject LIMIT 1",
	"INSERT OR REPLACE INTO subject SELECT 99999, digest, 'a', 'b', 'c', 'd', 'e'"
	" FROM subject LIMIT 1",
	"INSERT INTO subject SELECT * FROM subject LIMIT 1"
	" ON CONFLICT (id) DO UPDATE SET user = 'nobody'",
	"INSERT INTO subject SELECT 99999, digest, 'a', 'b', 'c', 'd', 'e' FROM subject LIMIT 1"
	" ON CONFLICT (digest) DO UPDATE SET user = 'nobody'",
	"UPDATE group_set SET groups = '[]'",
	"DELETE FROM group_set",
	"REPLACE INTO group_set SELECT id, randomblob(24), '[]', '[]' FROM group_set",
	"REPLACE INTO group_set SELECT 9, digest, '[]', '[]' FROM group_set",
	"UPDATE request SET action = 'Get'",
	"DELETE FROM request",
	"REPLACE INTO request SELECT id, randomblob(24), 1, '', '', '' FROM request LIMIT 1",
	"REPLACE INTO request SELECT 99999, digest, 1, '', '', '' FROM request LIMIT 1",
	"UPDATE context SET context = '{}'",
	"DELETE FROM context",
	"REPLACE INTO context SELECT id, randomblob(24), '{}' FROM context LIMIT 1",
	"REPLACE INTO context SELECT 99999, digest, '{}' FROM context LIMIT 1",
	"UPDATE outcome SET source = ''",
	"DELETE FROM outcome",
	"REPLACE INTO outcome SELECT id, randomblob(24), 0, 0, '', '', 0, '[]', '[]' FROM outcome"
	" LIMIT 1",
	"REPLACE INTO outcome SELECT 99999, digest, 0, 0, '', '', 0, '[]', '[]' FROM outcome"
	" LIMIT 1",
	"UPDATE origin SET peer = ''",
	"DELETE FROM origin",
	"REPLACE INTO origin SELECT id, randomblob(24), 0, '', 0 FROM origin LIMIT 1",
	"REPLACE INTO origin SELECT 99999, digest, 0, '', 0 FROM origin LIMIT 1",
};

static void attack(sqlite3 *handle)
{
	for (size_t i = 0; i < ARRAY_COUNT(attacks); i++) {
		if (sqlite3_exec(handle, attacks[i], NULL, NULL, NULL) == SQLITE_OK)
			fail_msg("%s: was allowed", attacks[i]);
	}
}

static void fill(struct fixture *fixture)
{
	struct audit *audit = fixture_audit(fixture);

	fixture_append(audit, 0, 10);
	audit_close(audit);
}

static void the_writer_cannot_change_what_it_wrote(void **state)
{
	struct fixture *fixture = *state;
	struct db db;

	fill(fixture);
	assert_int_equal(audit_open_segment(fixture->dir.path, 1, &fixture->env, DB_WRITE, &db,
					    &fixture->why),
			 ERR_NONE);
	attack(db.handle);
	db_close(&db);
	fixture_assert_audit(fixture, 10);
}

static void another_program_cannot_change_it_by_mistake(void **state)
{
	struct fixture *fixture = *state;
	char path[256];
	sqlite3 *other;

	fill(fixture);
	tmpdir_path(&fixture->dir, AUDIT_FILE, path, sizeof(path));
	for (int recursive = 0; recursive <= 1; recursive++) {
		assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
		sqlite3_db_config(other, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
		sqlite3_exec(other,
			     recursive ? "PRAGMA recursive_triggers = ON"
				       : "PRAGMA recursive_triggers = OFF",
			     NULL, NULL, NULL);
		attack(other);
		sqlite3_close(other);
	}
	fixture_assert_audit(fixture, 10);
}

static void the_live_segment_has_one_index_besides_its_keys(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE,
				     "SELECT count(*) FROM sqlite_schema WHERE type = 'index'"
				     " AND tbl_name = 'decision'"),
			 1);
}

static void references_lead_somewhere(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	assert_int_equal(
		fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM pragma_foreign_key_check"),
		0);
}

static void the_views_say_what_happened(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM v_decision"), 10);
	assert_int_equal(
		fixture_int(fixture, AUDIT_FILE,
			    "SELECT count(*) FROM v_denial WHERE decision_id = 1"
			    " AND decided_at = '2026-01-01T00:00:00.000Z' AND verdict = 'deny'"
			    " AND user = 'CONTOSO\\User0' AND action = 'Invoke' AND code = 5"
			    " AND source = 'policy' AND policies = '[\"policy0\"]'"
			    " AND policy_revision = 17 AND kind = 'AuthorizeOperation'"
			    " AND record_id = '00000100000000000000000000000000'"
			    " AND peer = 'uid:33' AND durability = 'strict'"),
		1);
	assert_int_equal(fixture_int(fixture, AUDIT_FILE, "SELECT count(*) FROM v_denial"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_writer_cannot_change_what_it_wrote),
		TEST(another_program_cannot_change_it_by_mistake),
		TEST(the_live_segment_has_one_index_besides_its_keys),
		TEST(references_lead_somewhere),
		TEST(the_views_say_what_happened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
