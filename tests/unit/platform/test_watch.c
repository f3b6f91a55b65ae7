#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "platform/clock.h"
#include "platform/watch.h"
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

struct writer {
	struct tmpdir dir;
	atomic_bool is_over;
	uint64_t change_count;
};

/* Changes a file without a pause. */
static void *write_on(void *arg)
{
	struct writer *writer = arg;

	while (!atomic_load(&writer->is_over)) {
		tmpdir_write(&writer->dir, "file", "1", 1);
		writer->change_count++;
	}
	return NULL;
}

/* However slow the machine is, two waits end so far from each other. */
static void a_file_that_changes_all_the_time_ends_the_wait_at_a_pace(void **state)
{
	enum { WAKES = 6 };
	struct writer writer = {0};
	struct watch *watch = NULL;
	pthread_t thread;
	struct buf why;
	int64_t began_ms;

	(void)state;
	tmpdir_create(&writer.dir);
	buf_init(&why, 256);
	assert_int_equal(watch_open(writer.dir.path, &watch, &why), ERR_NONE);
	assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
	assert_int_equal(watch_wait(watch, -1), ERR_NONE);
	began_ms = clock_boot_ms(platform_clock());
	for (int i = 0; i < WAKES; i++)
		assert_int_equal(watch_wait(watch, -1), ERR_NONE);
	/* The end of a wait is between two milliseconds. */
	assert_true(clock_boot_ms(platform_clock()) - began_ms >= WAKES * (WATCH_PACE_MS - 1));
	atomic_store(&writer.is_over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(writer.change_count > WAKES);
	watch_close(watch);
	tmpdir_remove(&writer.dir);
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
		cmocka_unit_test(a_file_that_changes_all_the_time_ends_the_wait_at_a_pace),
		cmocka_unit_test(what_is_not_there_cannot_be_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
