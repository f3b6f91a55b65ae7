/* This program runs itself: with an argument it is the child, whose work the argument names. */
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/child.h"
#include "support/cmocka.h"
#include "support/fault.h"

enum { LARGE_BYTES = 1 << 20 };
static const DWORD crashed = 0xC0000005; /* as after an access violation */

/* Wine does not hold a process to the processor time and the memory of its job: those limits are
 * wide here, and what they do is seen on Windows only. */
static const struct child_limits wide = {
	.memory_bytes = UINT64_C(1) << 30, .cpu_s = 60, .wall_ms = 60000};

struct fixture {
	struct buf output, why;
	char *large;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	buf_init(&f->output, 2 * LARGE_BYTES);
	buf_init(&f->why, 4096);
	f->large = malloc(LARGE_BYTES);
	assert_non_null(f->large);
	for (size_t i = 0; i < LARGE_BYTES; i++)
		f->large[i] = (char)(i * 31 >> 3);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_deinit(&f->output);
	buf_deinit(&f->why);
	free(f->large);
	free(f);
	return 0;
}

static enum error run(struct fixture *f, const char *work, const struct child_limits *limits)
{
	struct str input = str_from("");

	buf_clear(&f->why);
	return child_run(work, limits, &input, 1, &f->output, &f->why);
}

static void expect_why(struct fixture *f, const char *text)
{
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

static void a_child_reads_all_parts_and_says_more_than_a_pipe_holds(void **state)
{
	struct fixture *f = *state;
	const struct str parts[] = {str_from("first "), str_from(""),
				    str_make(f->large, LARGE_BYTES), str_from(" last")};

	assert_int_equal(child_run("echo", &wide, parts, 4, &f->output, &f->why), ERR_NONE);
	assert_int_equal(f->output.length, 6 + LARGE_BYTES + 5);
	assert_memory_equal(buf_text(&f->output), "first ", 6);
	assert_memory_equal(buf_text(&f->output) + 6, f->large, LARGE_BYTES);
	assert_memory_equal(buf_text(&f->output) + 6 + LARGE_BYTES, " last", 5);
}

static void a_child_that_does_not_read_may_succeed(void **state)
{
	struct fixture *f = *state;
	const struct str part = str_make(f->large, LARGE_BYTES);

	assert_int_equal(child_run("ready", &wide, &part, 1, &f->output, &f->why), ERR_NONE);
	assert_string_equal(buf_text(&f->output), "ready");
}

static void the_output_of_the_child_before_is_gone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "ready", &wide), ERR_NONE);
	assert_int_equal(run(f, "echo", &wide), ERR_NONE);
	assert_int_equal(f->output.length, 0);
}

static void a_status_is_told(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "fail", &wide), ERR_LIMIT);
	expect_why(f, "failed with status 3");
}

static void a_crash_is_told_from_a_status(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "crash", &wide), ERR_INTERNAL);
	expect_why(f, "crashed (0xc0000005)");
}

static void a_child_that_does_not_end_is_ended(void **state)
{
	const struct child_limits short_of_time = {
		.memory_bytes = wide.memory_bytes, .cpu_s = wide.cpu_s, .wall_ms = 200};
	struct fixture *f = *state;

	assert_int_equal(run(f, "stay", &short_of_time), ERR_LIMIT);
	expect_why(f, "longer than 200 ms");
	assert_int_equal(run(f, "deaf-and-mute", &short_of_time), ERR_LIMIT);
	expect_why(f, "longer than 200 ms");
}

static void a_child_that_says_too_much_is_ended(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "flood", &wide), ERR_LIMIT);
	expect_why(f, "said too much");
}

static void what_is_open_here_is_not_open_in_the_child(void **state)
{
	SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
	/* Far from the first handles, which every process has. */
	HANDLE handles[256];
	struct fixture *f = *state;
	char work[32];

	for (size_t i = 0; i < ARRAY_COUNT(handles); i++) {
		handles[i] = CreateEventW(&inherited, TRUE, FALSE, NULL);
		assert_non_null(handles[i]);
	}
	snprintf(work, sizeof(work), "holds%llu",
		 (unsigned long long)(uintptr_t)handles[ARRAY_COUNT(handles) - 1]);
	assert_int_equal(run(f, work, &wide), ERR_NONE);
	assert_string_equal(buf_text(&f->output), "no");
	for (size_t i = 0; i < ARRAY_COUNT(handles); i++)
		CloseHandle(handles[i]);
}

static size_t handle_count(void)
{
	size_t count = 0;
	DWORD flags;

	for (uintptr_t value = 4; value < 1 << 13; value += 4)
		count += GetHandleInformation((HANDLE)value, &flags) != 0;
	return count;
}

static void nothing_of_a_child_stays(void **state)
{
	const struct child_limits short_of_time = {
		.memory_bytes = wide.memory_bytes, .cpu_s = wide.cpu_s, .wall_ms = 100};
	struct fixture *f = *state;
	size_t before;

	assert_int_equal(run(f, "ready", &wide), ERR_NONE); /* begins the pool of threads */
	before = handle_count();
	assert_int_equal(run(f, "ready", &wide), ERR_NONE);
	assert_int_equal(run(f, "fail", &wide), ERR_LIMIT);
	assert_int_equal(run(f, "flood", &wide), ERR_LIMIT);
	assert_int_equal(run(f, "stay", &short_of_time), ERR_LIMIT);
	/* The pool may have begun a thread more for the time that ran out. */
	assert_in_range(handle_count(), before, before + 2);
}

static void without_memory_there_is_no_answer(void **state)
{
	struct fixture *f = *state;
	size_t before = 0;
	uint64_t n = 0;

	for (;; n++) {
		enum error error;

		buf_deinit(&f->output); /* so that it takes memory again */
		fault_arm(n, FAULT_ONCE);
		error = run(f, "ready", &wide);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			assert_string_equal(buf_text(&f->output), "ready");
			break;
		}
		assert_int_not_equal(error, ERR_NONE);
		if (n == 0)
			before = handle_count();
	}
	assert_true(n >= 3); /* the name, the list of handles, the output */
	assert_in_range(handle_count(), before, before + 2);
}

/* The child. */

static void say(const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, stdout) != size || fflush(stdout) != 0)
		exit(4);
}

static void echo(void)
{
	char bytes[4096];
	size_t got;

	while ((got = fread(bytes, 1, sizeof(bytes), stdin)) != 0)
		say(bytes, got);
}

static int work_as(const char *work)
{
	static const char flood[16 * 1024];
	DWORD flags;

	_setmode(0, _O_BINARY);
	_setmode(1, _O_BINARY);
	if (strcmp(work, "echo") == 0) {
		echo();
	} else if (strcmp(work, "ready") == 0) {
		say("ready", 5);
	} else if (strcmp(work, "crash") == 0) {
		TerminateProcess(GetCurrentProcess(), crashed);
	} else if (strcmp(work, "stay") == 0) {
		Sleep(INFINITE);
	} else if (strcmp(work, "deaf-and-mute") == 0) {
		fclose(stdin);
		fclose(stdout);
		Sleep(INFINITE);
	} else if (strcmp(work, "flood") == 0) {
		for (;;)
			say(flood, sizeof(flood));
	} else if (strncmp(work, "holds", 5) == 0) {
		uintptr_t value = (uintptr_t)strtoull(work + 5, NULL, 10);

		if (GetHandleInformation((HANDLE)value, &flags))
			say("yes", 3);
		else
			say("no", 2);
	} else {
		return 3;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_child_reads_all_parts_and_says_more_than_a_pipe_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_that_does_not_read_may_succeed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_output_of_the_child_before_is_gone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_status_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_crash_is_told_from_a_status, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_that_does_not_end_is_ended, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_child_that_says_too_much_is_ended, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_open_here_is_not_open_in_the_child, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nothing_of_a_child_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory_there_is_no_answer, setup, teardown),
	};

	if (argc == 2)
		return work_as(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
