/* store/floor.h */
#include <string.h>

#include <sqlite3.h>

#include "store/floor.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"

static int64_t count_rows(const struct tmpdir *dir)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	int64_t count = -1;
	char path[256];

	tmpdir_path(dir, "floor.db", path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM row", -1, &statement, NULL),
			 SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		count = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return count;
}

static void what_is_committed_is_there_for_another_connection(void **state)
{
	struct floor_db *floor = NULL;
	struct tmpdir dir;
	struct buf why;

	(void)state;
	tmpdir_create(&dir);
	buf_init(&why, 1024);
	assert_int_equal(floor_open(dir.path, &floor, &why), ERR_NONE);
	assert_int_equal(floor_commit(floor, 1), ERR_NONE);
	assert_int_equal(floor_commit(floor, 64), ERR_NONE);
	assert_int_equal(count_rows(&dir), 65);
	floor_close(floor);
	buf_deinit(&why);
	tmpdir_remove(&dir);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	struct floor_db *floor = NULL;
	struct buf why;

	(void)state;
	buf_init(&why, 1024);
	assert_int_equal(floor_open("/nonexistent", &floor, &why), ERR_IO);
	assert_null(floor);
	assert_non_null(strstr(buf_text(&why), "/nonexistent/floor.db: "));
	floor_close(NULL);
	buf_deinit(&why);
}

static void without_memory_nothing_is_open(void **state)
{
	struct floor_db *floor = NULL;
	struct tmpdir dir;
	struct buf why;
	bool fired = true;

	(void)state;
	tmpdir_create(&dir);
	for (unsigned n = 0; fired; n++) {
		enum error error;

		buf_init(&why, 1024);
		fault_arm(n, FAULT_ONCE);
		error = floor_open(dir.path, &floor, &why);
		fired = fault_disarm();
		assert_true(error == ERR_NONE || fired);
		buf_deinit(&why);
	}
	assert_non_null(floor);
	floor_close(floor);
	tmpdir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_committed_is_there_for_another_connection),
		cmocka_unit_test(a_directory_that_is_not_there_is_named),
		cmocka_unit_test(without_memory_nothing_is_open),
	};

	return cmocka_run_group_tests_name("floor", tests, NULL, NULL);
}
