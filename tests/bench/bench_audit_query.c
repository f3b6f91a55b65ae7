/*
 * Questions to a large store, each a run of wsauthzctl from the start of its process to its end, with
 * the start of one that asks nothing as the floor: what an administrator waits for.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/attributes.h"
#include "base/civil.h"
#include "bench/bench.h"
#include "store/segment.h"
#include "store/state.h"
#include "support/store_env.h"

#define HOUR_US INT64_C(3600000000)

enum { ROUNDS = 15, ARGUMENTS_MAX = 24, TIME_BYTES = 64 };

/* Notes the sealed segments as the daemon does, whose place the filling of the store took. */
static bool note_segments(const char *directory)
{
	struct store_env env = store_env_make(NULL);
	struct segment_list segments = {0};
	struct state *state = NULL;
	struct buf why;

	buf_init(&why, 4096);
	enum error error = segment_list_read(&segments, directory, &env, &why);
	if (error == ERR_NONE)
		error = state_open(directory, &env, false, &state, &why);
	for (size_t i = 0; error == ERR_NONE && i < segments.count; i++) {
		if (segments.items[i].state == SEGMENT_SEALED)
			error = state_put_segment(state, &segments.items[i]);
	}
	if (error != ERR_NONE)
		fprintf(stderr, "bench: %s\n", buf_text(&why));
	state_close(state);
	segment_list_deinit(&segments);
	buf_deinit(&why);
	return error == ERR_NONE;
}

/* Milliseconds of one run; negative when it failed. */
static double run_once(const char *const *arguments)
{
	posix_spawn_file_actions_t actions;
	struct timespec begin, end;
	int status = -1;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (posix_spawn(&pid, WSAUTHZCTL, &actions, NULL, (char *const *)(uintptr_t)arguments,
			environ) == 0)
		waitpid(pid, &status, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	posix_spawn_file_actions_destroy(&actions);
	if (status != 0)
		return -1;
	return (double)(end.tv_sec - begin.tv_sec) * 1e3 +
	       (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
}

/* The median of some runs, after one that warms the cache of the system. */
static double measure(const char *const *arguments)
{
	int rounds = bench_size(ROUNDS, 1);
	double times[ROUNDS];

	if (run_once(arguments) < 0)
		return -1;
	for (int i = 0; i < rounds; i++) {
		times[i] = run_once(arguments);
		if (times[i] < 0)
			return -1;
	}
	return bench_median(times, rounds);
}

static void print_time(char out[TIME_BYTES], int64_t wall_us)
{
	struct buf text;

	buf_init_fixed(&text, out, TIME_BYTES);
	civil_append(&text, wall_us);
	out[text.length] = '\0';
}

/* What is asked, of the time between two moments before the last row, in hours; 0: to the end. */
struct question {
	const char *name, *words[8];
	int64_t since_h, until_h;
};

static const struct question questions[] = {
	{"audit/query/user-day",
	 {"query", "--user", "contoso\\user5", "--limit", "100000", "--format", "csv"},
	 72,
	 48},
	/* The day whose last part is in the segment that is not sealed, and has no index. */
	{"audit/query/user-day-live",
	 {"query", "--user", "contoso\\user5", "--limit", "100000", "--format", "csv"},
	 24,
	 0},
	{"audit/query/denied-hour", {"query", "--denied"}, 1, 0},
	{"audit/query/denied-hour-all",
	 {"query", "--denied", "--limit", "100000", "--format", "csv"},
	 1,
	 0},
	{"audit/query/top-denied-day", {"top", "users", "--denied"}, 24, 0},
	{"audit/query/stats-day", {"stats"}, 24, 0},
};

/* The command line of a question. */
struct command {
	const char *arguments[ARGUMENTS_MAX]; /* ends with NULL */
	char since[TIME_BYTES], until[TIME_BYTES];
};

static void make_command(struct command *command, const struct question *question,
			 const char *directory, int64_t last_us)
{
	const char *const range[] = {"--state", directory,      "--since", command->since,
				     "--until", command->until, NULL};
	size_t count = 0;

	command->arguments[count++] = "wsauthzctl";
	command->arguments[count++] = "audit";
	for (size_t i = 0; i < ARRAY_COUNT(question->words) && question->words[i] != NULL; i++)
		command->arguments[count++] = question->words[i];
	for (size_t i = 0; i < ARRAY_COUNT(range); i++)
		command->arguments[count++] = range[i];
	print_time(command->since, last_us - question->since_h * HOUR_US);
	print_time(command->until, last_us - question->until_h * HOUR_US + 1000);
}

double bench_audit_ask(const char *directory, int64_t last_us)
{
	struct command command;

	make_command(&command, &questions[0], directory, last_us);
	return run_once(command.arguments);
}

bool bench_audit_queries(const char *directory, int64_t last_us, bool json)
{
	static const char *const nothing[] = {"wsauthzctl", "--version", NULL};
	double floor_ms = measure(nothing);
	bool ok = floor_ms > 0 && note_segments(directory);

	for (size_t i = 0; ok && i < ARRAY_COUNT(questions); i++) {
		struct command command;

		make_command(&command, &questions[i], directory, last_us);
		double ms = measure(command.arguments);
		ok = ms > 0;
		if (ok)
			bench_report(&(struct bench_result){questions[i].name, ms, "ms", floor_ms},
				     json);
	}
	return ok;
}
