#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/log_output.h"
#include "platform/process.h"
#include "support/cmocka.h"

static void the_clocks_go_forward(void **state)
{
	const struct clock *clock = platform_clock();
	int64_t wall_us = clock_wall_us(clock), boot_ms = clock_boot_ms(clock);

	(void)state;
	/* 2020-01-01; a machine whose clock is before that fails here on purpose. */
	assert_true(wall_us > INT64_C(1577836800000000));
	assert_true(boot_ms > 0);
	assert_true(clock_boot_ms(clock) >= boot_ms);
}

static void local_time_is_what_the_zone_says(void **state)
{
	(void)state;
	/* 2026-07-01 and 2026-01-01, where clocks change between them. */
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	assert_int_equal(platform_utc_offset_s(INT64_C(1782864000000000)), 7200);
	assert_int_equal(platform_utc_offset_s(INT64_C(1767225600000000)), 3600);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void a_boot_has_one_id(void **state)
{
	struct boot_id first, second, zero = {{0}};

	(void)state;
	assert_int_equal(platform_boot_id(&first), ERR_NONE);
	assert_int_equal(platform_boot_id(&second), ERR_NONE);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_memory_not_equal(&first, &zero, sizeof(first));
}

static void who_gives_way_is_nicer_and_nobody_else(void **state)
{
	int before = getpriority(PRIO_PROCESS, 0), status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		process_give_way();
		_exit(getpriority(PRIO_PROCESS, 0) == 19 ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

static void random_bytes_differ_from_call_to_call(void **state)
{
	unsigned char first[32] = {0}, second[32] = {0};

	(void)state;
	assert_int_equal(platform_random(first, sizeof(first)), ERR_NONE);
	assert_int_equal(platform_random(second, sizeof(second)), ERR_NONE);
	assert_memory_not_equal(first, second, sizeof(first));
	assert_int_equal(platform_random(first, 0), ERR_NONE);
}

/* Runs in a child, because hardening cannot be taken back. */
static int hardened_child(void)
{
	struct rlimit core;
	int fds[2];

	close(STDIN_FILENO);
	if (process_harden(false) != ERR_NONE)
		return 1;
	if (fcntl(STDIN_FILENO, F_GETFD) < 0)
		return 2;
	if (umask(077) != 077)
		return 3;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) != 1)
		return 5;
	if (prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0)
		return 6;
	if (pipe(fds) != 0 || close(fds[0]) != 0 || write(fds[1], "x", 1) != -1)
		return 7;
	return 0;
}

static void hardening_takes_rights_and_dumps_away(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(hardened_child());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void log_lines_arrive_whole(void **state)
{
	struct log_output sink = {.is_journal = true};
	int saved = dup(STDERR_FILENO), fds[2];
	char text[64] = "";

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	log_output_write(&sink, LOG_WARNING, STR("first\n"));
	sink.is_journal = false;
	log_output_write(&sink, LOG_WARNING, STR("second\n"));
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_int_equal(read(fds[0], text, sizeof(text) - 1), 16);
	assert_string_equal(text, "<4>first\nsecond\n");
	close(saved);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clocks_go_forward),
		cmocka_unit_test(local_time_is_what_the_zone_says),
		cmocka_unit_test(a_boot_has_one_id),
		cmocka_unit_test(who_gives_way_is_nicer_and_nobody_else),
		cmocka_unit_test(random_bytes_differ_from_call_to_call),
		cmocka_unit_test(hardening_takes_rights_and_dumps_away),
		cmocka_unit_test(log_lines_arrive_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
