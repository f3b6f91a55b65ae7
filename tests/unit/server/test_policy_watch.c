#include "support/cmocka.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "server/policy_watch.h"
#include "support/fake_clock.h"
#include "support/tmpdir.h"

enum { QUIET_MS = 1 };

struct fixture {
	struct tmpdir dir;
	char path[256]; /* the directory that is watched; the test makes it */
	struct fake_clock clock;
	struct log log;
	struct buf lines;
	uv_loop_t loop;
	struct policy_watch watch;
	unsigned change_count;
};

static void take_line(void *arg, enum log_level level, struct str line)
{
	struct fixture *f = arg;

	(void)level;
	buf_append_str(&f->lines, line);
}

static void on_changed(void *arg)
{
	struct fixture *f = arg;

	f->change_count++;
	uv_stop(&f->loop);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	tmpdir_create(&f.dir);
	tmpdir_path(&f.dir, "policy", f.path, sizeof(f.path));
	fake_clock_init(&f.clock);
	buf_init(&f.lines, SIZE_MAX);
	f.log = (struct log){LOG_INFO, LOG_TEXT, &f.clock.clock, take_line, &f};
	assert_int_equal(uv_loop_init(&f.loop), 0);
	*state = &f;
	return 0;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	uv_close(handle, NULL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	uv_walk(&f->loop, close_handle, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	buf_deinit(&f->lines);
	tmpdir_remove(&f->dir);
	return 0;
}

static void start(struct fixture *f)
{
	struct policy_watch_options options = {
		.log = &f->log,
		.directory = f->path,
		.lost_event = "policy.not_watched",
		.quiet_ms = QUIET_MS,
		.on_changed = on_changed,
		.arg = f,
	};

	policy_watch_start(&f->watch, &f->loop, &options);
}

/* Runs the loop until the owner is told. */
static void wait_for_change(struct fixture *f)
{
	unsigned before = f->change_count;

	while (f->change_count == before)
		uv_run(&f->loop, UV_RUN_DEFAULT);
}

static size_t line_count(struct fixture *f)
{
	size_t count = 0;

	for (const char *at = buf_text(&f->lines); *at != '\0'; at++)
		count += *at == '\n';
	return count;
}

static void a_change_is_told(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(f->path, 0700), 0);
	start(f);
	assert_int_equal(policy_watch_lost_since_us(&f->watch), 0);
	tmpdir_write(&f->dir, "policy/a.cedar", "", 0);
	wait_for_change(f);
	assert_int_equal(f->change_count, 1);
	assert_int_equal(f->lines.length, 0);
}

static void a_directory_that_is_missing_at_the_start_is_watched_when_it_is_there(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_int_equal(policy_watch_lost_since_us(&f->watch), f->clock.wall_us);
	assert_int_equal(line_count(f), 1);
	assert_non_null(strstr(buf_text(&f->lines), " warning policy.not_watched: "));
	assert_non_null(strstr(buf_text(&f->lines), f->path));
	assert_non_null(strstr(buf_text(&f->lines), "no such file or directory"));
	/* It may have come with files, so that it counts as changed. */
	assert_int_equal(mkdir(f->path, 0700), 0);
	wait_for_change(f);
	assert_int_equal(policy_watch_lost_since_us(&f->watch), 0);
	tmpdir_write(&f->dir, "policy/a.cedar", "", 0);
	wait_for_change(f);
	assert_int_equal(line_count(f), 1);
}

static void a_directory_that_goes_is_told_once_and_watched_when_it_comes_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(f->path, 0700), 0);
	start(f);
	assert_int_equal(rmdir(f->path), 0);
	wait_for_change(f);
	assert_int_equal(policy_watch_lost_since_us(&f->watch), f->clock.wall_us);
	/* Looked for again and again without another word. */
	for (int i = 0; i < 3; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->change_count, 1);
	assert_int_equal(line_count(f), 1);
	assert_int_equal(mkdir(f->path, 0700), 0);
	wait_for_change(f);
	assert_int_equal(policy_watch_lost_since_us(&f->watch), 0);
	/* Lost a second time, it is told a second time. */
	assert_int_equal(rmdir(f->path), 0);
	wait_for_change(f);
	assert_int_equal(line_count(f), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_change_is_told),
		TEST(a_directory_that_is_missing_at_the_start_is_watched_when_it_is_there),
		TEST(a_directory_that_goes_is_told_once_and_watched_when_it_comes_back),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
