#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/lock.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

static void a_second_daemon_is_told_who_holds_the_lock(void **state)
{
	struct daemon_lock *first = NULL, *second = NULL;
	char expected[256];
	struct tmpdir dir;
	struct buf why;

	(void)state;
	tmpdir_create(&dir);
	buf_init(&why, 1024);
	assert_int_equal(daemon_lock_take(dir.path, &first, &why), ERR_NONE);
	assert_int_equal(daemon_lock_take(dir.path, &second, &why), ERR_BUSY);
	assert_null(second);
	snprintf(expected, sizeof(expected), "already running (pid %d, lock %s/lock)",
		 (int)getpid(), dir.path);
	assert_string_equal(buf_text(&why), expected);

	daemon_lock_release(first);
	assert_int_equal(daemon_lock_take(dir.path, &second, &why), ERR_NONE);
	daemon_lock_release(second);
	buf_deinit(&why);
	tmpdir_remove(&dir);
}

static void the_lock_ends_with_the_process_that_held_it(void **state)
{
	struct daemon_lock *lock = NULL;
	int ready[2];
	struct tmpdir dir;
	struct buf why;
	char byte;
	pid_t child;

	(void)state;
	tmpdir_create(&dir);
	buf_init(&why, 1024);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0)
		_exit(daemon_lock_take(dir.path, &lock, &why) == ERR_NONE ? 0 : 1);
	close(ready[1]);
	/* The end of the child closes the last writing end. */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	assert_int_equal(daemon_lock_take(dir.path, &lock, &why), ERR_NONE);
	daemon_lock_release(lock);
	buf_deinit(&why);
	tmpdir_remove(&dir);
}

static void a_link_in_place_of_the_lock_is_refused(void **state)
{
	struct daemon_lock *lock = NULL;
	struct tmpdir dir;
	struct buf why;
	char path[256];

	(void)state;
	tmpdir_create(&dir);
	buf_init(&why, 1024);
	assert_int_equal(symlink("/dev/null", tmpdir_path(&dir, "lock", path, sizeof(path))), 0);
	assert_int_not_equal(daemon_lock_take(dir.path, &lock, &why), ERR_NONE);
	assert_null(lock);
	buf_deinit(&why);
	tmpdir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_daemon_is_told_who_holds_the_lock),
		cmocka_unit_test(the_lock_ends_with_the_process_that_held_it),
		cmocka_unit_test(a_link_in_place_of_the_lock_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
