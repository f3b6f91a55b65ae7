/* What others do to a segment between two looks of a reader: at one exact point of each test. */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/attributes.h"
#include "store/audit_schema.h"
#include "store/migrate.h"
#include "store/seal.h"
#include "store/segment.h"
#include "unit/store/fixture.h"

enum { ROWS = 4 };

/* What the interruptions below share; SQLite gives them no argument of ours. */
static struct {
	struct fixture *fixture;
	struct audit *audit;   /* for interrupt() */
	const char *statement; /* the interruption comes when one that begins so has ended */
	enum error (*interrupt)(void);
	bool is_armed;
	uint32_t count; /* of interruptions */
	enum error error;
} race;

static struct audit *rotate(struct fixture *fixture, struct audit *audit)
{
	struct audit *next;

	assert_int_equal(audit_prepare_next(fixture->dir.path, &fixture->env,
					    audit_segment_number(audit), &next, &fixture->why),
			 ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	return next;
}

/* Segments 1 and 2 closed, 3 live, each with ROWS decisions. */
static void fill(struct fixture *fixture)
{
	struct audit *audit = fixture_audit(fixture);

	fixture_append(audit, 0, ROWS);
	audit = rotate(fixture, audit);
	fixture_append(audit, ROWS, ROWS);
	audit = rotate(fixture, audit);
	fixture_append(audit, 2 * ROWS, ROWS);
	audit_close(audit);
}

static void seal(struct fixture *fixture, uint32_t number)
{
	struct segment segment;

	assert_int_equal(seal_segment(fixture->dir.path, number, &fixture->env, NULL, 1, &segment,
				      &fixture->why),
			 ERR_NONE);
}

/* Commits what sealing segment 1 commits. The rest of it would wait for the reader. */
static enum error commit_seal(void)
{
	static const char seal_sql[] =
		"INSERT INTO seal (id, sealed_us, first_id, last_id, decision_count, event_count,"
		" first_us, last_us, chain)"
		" SELECT 1, 1, min(id), max(id), count(*), 0, min(wall_us), max(wall_us),"
		" (SELECT chain FROM decision ORDER BY id DESC LIMIT 1) FROM decision";
	struct fixture *fixture = race.fixture;
	struct db db;
	enum error error = audit_open_segment(fixture->dir.path, 1, &fixture->env, DB_WRITE, &db,
					      &fixture->why);

	if (error != ERR_NONE)
		return error;
	error = db_lift_rights(&db);
	if (error == ERR_NONE)
		error = db_begin(&db);
	if (error == ERR_NONE)
		error = db_exec(&db, seal_sql);
	if (error == ERR_NONE)
		error = migrate_seal(&db);
	if (error == ERR_NONE)
		error = db_commit(&db);
	db_close(&db);
	return error;
}

static enum error append_row(void)
{
	struct store_row_texts texts;
	struct audit_row row;
	uint64_t id;

	store_row_make(0, &texts, &row);
	return audit_append(race.audit, &row, 1, &id);
}

static int on_statement(unsigned type, void *context, void *statement, void *arg)
{
	const char *sql = sqlite3_sql(statement);

	(void)type;
	(void)context;
	(void)arg;
	if (race.is_armed && sql != NULL &&
	    strncmp(sql, race.statement, strlen(race.statement)) == 0) {
		race.is_armed = false;
		race.count++;
		race.error = race.interrupt();
	}
	return 0;
}

static int on_connection(sqlite3 *handle, char **message, const struct sqlite3_api_routines *api)
{
	(void)message;
	(void)api;
	return sqlite3_trace_v2(handle, SQLITE_TRACE_PROFILE, on_statement, NULL);
}

/* Something happens the moment that a statement of a reader, which begins with `statement`, has
 * ended; returns what the reader makes of the segments. */
static struct segment_list list_interrupted(struct fixture *fixture, const char *statement,
					    enum error (*interrupt)(void))
{
	struct segment_list segments = {0};

	race.fixture = fixture;
	race.statement = statement;
	race.interrupt = interrupt;
	race.count = 0;
	race.is_armed = true;
	assert_int_equal(sqlite3_auto_extension((void (*)(void))on_connection), SQLITE_OK);
	enum error error =
		segment_list_read(&segments, fixture->dir.path, &fixture->env, &fixture->why);
	sqlite3_cancel_auto_extension((void (*)(void))on_connection);
	assert_int_equal(race.count, 1);
	assert_int_equal(race.error, ERR_NONE);
	if (error != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return segments;
}

static void a_segment_sealed_while_its_schema_is_checked_is_accepted(void **state)
{
	static const char *const statements[] = {"PRAGMA user_version",
						 "SELECT 1 FROM sqlite_schema"};

	for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
		fill(*state);
		struct segment_list segments = list_interrupted(*state, statements[i], commit_seal);
		assert_int_equal(segments.count, 3);
		/* The looks at its content begin later. */
		assert_int_equal(segments.items[0].state, SEGMENT_SEALED);
		segment_list_deinit(&segments);
		fixture_teardown(state);
		fixture_setup(state);
	}
}

static void a_segment_is_described_as_it_is_at_one_moment(void **state)
{
	race.audit = fixture_audit(*state);
	struct segment_list segments = list_interrupted(
		*state, "SELECT * FROM (SELECT id, wall_us, chain FROM decision ORDER BY id LIMIT",
		append_row);
	audit_close(race.audit);
	assert_int_equal(segments.count, 1);
	assert_int_equal(segments.items[0].first_id, 0);
	assert_int_equal(segments.items[0].last_id, 0);
	segment_list_deinit(&segments);
}

/* As retention would, right after the names of the files were listed. */
static enum error list_names_then_remove(const char *directory,
					 enum error (*on_name)(void *arg, const char *name),
					 void *arg)
{
	enum error error = race.fixture->env.list_names(directory, on_name, arg);

	if (error == ERR_NONE && race.is_armed) {
		race.is_armed = false;
		race.count++;
		error = segment_remove(directory, 1, &race.fixture->env);
	}
	return error;
}

static struct audit_reader *reader_while_removing(struct fixture *fixture)
{
	struct store_env env = fixture->env;
	struct audit_reader *reader;

	fill(fixture);
	seal(fixture, 1);
	seal(fixture, 2);
	race.fixture = fixture;
	race.is_armed = false;
	race.count = 0;
	env.list_names = list_names_then_remove;
	assert_int_equal(audit_reader_open(fixture->dir.path, &env, &reader, &fixture->why),
			 ERR_NONE);
	race.is_armed = true;
	return reader;
}

static void a_verification_goes_on_behind_what_retention_removes(void **state)
{
	struct fixture *fixture = *state;
	struct audit_reader *reader = reader_while_removing(fixture);
	struct audit_verification result;

	if (audit_verify(reader, NULL, &result, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_int_equal(race.count, 1);
	assert_true(result.intact);
	assert_int_equal(result.segment_count, 2);
	assert_int_equal(result.row_count, 2 * ROWS);
	assert_int_equal(result.head.decision_id, 3 * ROWS);
	audit_reader_close(reader);
}

static bool count_row(void *arg, const struct audit_row *row)
{
	uint32_t *count = arg;

	(void)row;
	(*count)++;
	return true;
}

static void a_query_leaves_out_what_retention_removes(void **state)
{
	struct fixture *fixture = *state;
	struct audit_reader *reader = reader_while_removing(fixture);
	const struct audit_filter all = {0};
	uint32_t count = 0;

	if (audit_query(reader, &all, count_row, &count, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	assert_int_equal(race.count, 1);
	assert_int_equal(count, 2 * ROWS);
	audit_reader_close(reader);
}

/* Says that the file of segment 1 is there and removes it. */
static int access_then_remove(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);
	int code = system->xAccess(system, name, flags, result);

	(void)vfs;
	if (race.is_armed && strstr(name, "audit-000001.db") != NULL) {
		race.is_armed = false;
		race.count++;
		assert_int_equal(remove(name), 0);
	}
	return code;
}

static void a_segment_removed_while_it_is_opened_is_not_there(void **state)
{
	struct fixture *fixture = *state;
	sqlite3_vfs vanishing = *sqlite3_vfs_find(NULL);
	struct store_env env = fixture->env;
	struct segment_list segments = {0};

	vanishing.zName = "vanishing";
	vanishing.xAccess = access_then_remove;
	assert_int_equal(sqlite3_vfs_register(&vanishing, 0), SQLITE_OK);
	fill(fixture);
	seal(fixture, 1);
	race.is_armed = true;
	race.count = 0;
	env.vfs = "vanishing";
	if (segment_list_read(&segments, fixture->dir.path, &env, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	sqlite3_vfs_unregister(&vanishing);
	assert_int_equal(race.count, 1);
	assert_int_equal(segments.count, 2);
	assert_int_equal(segments.items[0].number, 2);
	segment_list_deinit(&segments);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_segment_sealed_while_its_schema_is_checked_is_accepted),
		TEST(a_segment_is_described_as_it_is_at_one_moment),
		TEST(a_verification_goes_on_behind_what_retention_removes),
		TEST(a_query_leaves_out_what_retention_removes),
		TEST(a_segment_removed_while_it_is_opened_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
