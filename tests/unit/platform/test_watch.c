#include <stdio.h>

#include "platform/platform.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

static void a_change_of_a_file_ends_the_wait(void **state)
{
	struct watch *watch = NULL;
	struct tmpdir dir;
	char path[256];
	struct buf why;

	(void)state;
	tmpdir_create(&dir);
	buf_init(&why, 256);
	assert_int_equal(watch_open(dir.path, &watch, &why), ERR_NONE);
	assert_int_equal(watch_wait(watch, 0), ERR_TIMEOUT);
	tmpdir_write(&dir, "file", "1", 1);
	assert_int_equal(watch_wait(watch, -1), ERR_NONE);
	/* However much changed, it is told once. */
	assert_int_equal(watch_wait(watch, 0), ERR_TIMEOUT);
	tmpdir_write(&dir, "file", "2", 1);
	tmpdir_write(&dir, "other", "2", 1);
	assert_int_equal(watch_wait(watch, -1), ERR_NONE);
	assert_int_equal(watch_wait(watch, 0), ERR_TIMEOUT);
	assert_int_equal(remove(tmpdir_path(&dir, "other", path, sizeof(path))), 0);
	assert_int_equal(watch_wait(watch, -1), ERR_NONE);
	watch_close(watch);
	tmpdir_remove(&dir);
	buf_deinit(&why);
}

static void what_is_not_there_cannot_be_watched(void **state)
{
	struct watch *watch = NULL;
	struct buf why;

	(void)state;
	buf_init(&why, 256);
	assert_int_equal(watch_open("/nonexistent", &watch, &why), ERR_NOT_FOUND);
	assert_null(watch);
	assert_true(why.length != 0);
	buf_deinit(&why);
	watch_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_of_a_file_ends_the_wait),
		cmocka_unit_test(what_is_not_there_cannot_be_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
