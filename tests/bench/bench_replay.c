/*
 * Recorded decisions asked again of a candidate, in one thread: of one that does not look at the
 * time, so that equal inputs are asked once; of one that does; and with every decision asked anew.
 * 300,000 decisions of 200 users on 15 resources, so that an input is met about twenty times. The
 * floor is reading the same rows and doing nothing with them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "policy/replay.h"
#include "support/decision_fill.h"
#include "support/tmpdir.h"

enum { DECISIONS = 300000, ROUNDS = 3, POLICY_COUNT = 100, POLICY_MAX_BYTES = 256 * 1024 };

struct stage {
	int decision_count;
	struct tmpdir dir;
	struct decision_fill fill;
	struct audit_reader *reader;
	char policy[POLICY_MAX_BYTES], timed[POLICY_MAX_BYTES];
};

/* Of this thread's processor time: decisions per second and core. */
static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A permit for a group and an action or a resource each, and a forbid. */
static void write_policy(char *text, const char *last)
{
	static const char *const actions[] = {
		"== WinRM::Action::\"Connect\"", "in WinRM::Action::\"Read\"",
		"== WinRM::Action::\"Invoke\"", "in WinRM::Action::\"Write\""};
	size_t length = 0;

	for (int i = 0; i < POLICY_COUNT; i++)
		length += (size_t)snprintf(
			text + length, POLICY_MAX_BYTES - length,
			"permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-%d\", action %s, "
			"resource)%s;\n",
			5000 + i % DECISION_FILL_GROUPS, actions[i / DECISION_FILL_GROUPS % 4],
			i % 3 == 0 ? " when { context.session.url.scheme == \"https\" }" : "");
	(void)snprintf(text + length, POLICY_MAX_BYTES - length, "%s\n", last);
}

static bool stage_open(struct stage *stage)
{
	struct buf why;
	bool good;

	stage->decision_count = bench_size(DECISIONS, 1000);
	tmpdir_create(&stage->dir);
	write_policy(stage->policy, "forbid(principal, action, resource) when { "
				    "context.session.mechanism == \"basic\" };");
	write_policy(stage->timed, "forbid(principal, action, resource) when { "
				   "context.session.localTime > duration(\"30h\") };");
	stage->fill = (struct decision_fill){.directory = stage->dir.path,
					     .user_count = 200,
					     .resource_count = 15,
					     .step_ms = 20};
	buf_init(&why, 4096);
	good = decision_fill_open(&stage->fill) &&
	       decision_fill_set_policy(&stage->fill, stage->policy) &&
	       decision_fill_run(&stage->fill, (uint32_t)stage->decision_count) &&
	       audit_reader_open(stage->dir.path, &stage->fill.env, &stage->reader, &why) ==
		       ERR_NONE;
	buf_deinit(&why);
	return good;
}

static void stage_close(struct stage *stage)
{
	audit_reader_close(stage->reader);
	decision_fill_close(&stage->fill);
	tmpdir_remove(&stage->dir);
}

static enum error ignore(void *arg, struct audit_scan *scan, const struct audit_scan_row *row)
{
	(void)scan;
	*(uint64_t *)arg += row->decision_id;
	return ERR_NONE;
}

/* Decisions a second that are only read; 0 when they cannot be. */
static double read_rate(struct stage *stage)
{
	struct audit_scan_range all = {0};
	double start_s = now_s();
	uint64_t sum = 0;
	struct buf why;
	enum error error;

	buf_init(&why, 4096);
	error = audit_scan(stage->reader, &all, ignore, &sum, &why);
	buf_deinit(&why);
	return error == ERR_NONE ? stage->decision_count / (now_s() - start_s) : 0;
}

/* Decisions a second that are asked again; 0 when they do not all come out as expected. */
static double replay_rate(struct stage *stage, const struct snapshot *candidate, bool asks_each)
{
	struct replay_options options = {.settings = &stage->fill.settings,
					 .state = stage->fill.state,
					 .key = {7, 8},
					 .asks_each = asks_each};
	struct replay_result result;
	double start_s = now_s(), seconds;
	struct buf why;
	enum error error;
	bool good;

	buf_init(&why, 4096);
	error = replay_run(candidate, stage->reader, &options, &result, &why);
	seconds = now_s() - start_s;
	buf_deinit(&why);
	if (error != ERR_NONE)
		return 0;
	good = result.replayed_count == (uint64_t)stage->decision_count;
	replay_result_deinit(&result);
	return good ? stage->decision_count / seconds : 0;
}

struct bench_case {
	const char *name;
	bool is_timed, asks_each;
};

static bool run_case(struct stage *stage, const struct bench_case *bench, bool json)
{
	struct snapshot *candidate =
		decision_fill_build(bench->is_timed ? stage->timed : stage->policy);
	int rounds = bench_size(ROUNDS, 1);
	double floors[ROUNDS], rates[ROUNDS];
	bool good = candidate != NULL;

	for (int i = 0; i < rounds && good; i++) {
		floors[i] = read_rate(stage);
		rates[i] = replay_rate(stage, candidate, bench->asks_each);
		good = floors[i] > 0 && rates[i] > 0;
	}
	snapshot_unref(candidate);
	if (good)
		bench_report(&(struct bench_result){.name = bench->name,
						    .value = bench_median(rates, rounds),
						    .unit = "decisions/s",
						    .floor = bench_median(floors, rounds)},
			     json);
	return good;
}

int bench_replay(bool json)
{
	static const struct bench_case cases[] = {
		{"replay/inputs-once", false, false},
		{"replay/looks-at-time", true, false},
		{"replay/each-decision", false, true},
	};
	struct stage *stage = calloc(1, sizeof(*stage));
	bool good = stage != NULL && stage_open(stage);

	for (size_t i = 0; i < ARRAY_COUNT(cases) && good; i++)
		good = run_case(stage, &cases[i], json);
	if (stage != NULL)
		stage_close(stage);
	free(stage);
	if (!good)
		fprintf(stderr, "bench_replay: a replay was not what it should be\n");
	return good ? 0 : 1;
}
