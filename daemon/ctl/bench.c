/* wsauthzctl bench: how fast wsauthz is on this machine, beside what the machine itself takes. */
#include "ctl/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "config/settings.h"
#include "ctl/bench_peer.h"
#include "ctl/output.h"
#include "platform/bench.h"
#include "platform/file.h"
#include "platform/user_file.h"
#include "store/floor.h"

/* Measurements of one run, which share its time. */
enum { CASE_COUNT = 7, SECONDS_DEFAULT = 10, SECONDS_MAX = 600, WHY_MAX = 4096 };

struct bench_options {
	uint64_t seconds;
	const char *directory;
	const char *daemon;
	const char *policy;
};

static const struct arg_option bench_table[] = {
	{"--seconds", ARG_COUNT, offsetof(struct bench_options, seconds), "N",
	 "how long it may take, 1 to 600 (default 10)"},
	{"--directory", ARG_TEXT, offsetof(struct bench_options, directory), "DIR",
	 "on the disk to be measured (default /var/tmp)"},
	{"--policy", ARG_TEXT, offsetof(struct bench_options, policy), "DIR",
	 "the policy directory to measure (default that of the daemon, if it is valid)"},
	{"--daemon", ARG_TEXT, offsetof(struct bench_options, daemon), "FILE",
	 "the program wsauthzd (default the one installed beside wsauthzctl)"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

bool bench_samples_init(struct bench_samples *samples)
{
	*samples =
		(struct bench_samples){.ns = mem_alloc(BENCH_SAMPLES_MAX * sizeof(*samples->ns))};
	return samples->ns != NULL;
}

void bench_samples_deinit(struct bench_samples *samples)
{
	mem_free(samples->ns);
}

void bench_samples_add(struct bench_samples *samples, uint64_t ns)
{
	if (samples->count < BENCH_SAMPLES_MAX)
		samples->ns[samples->count++] = ns;
	samples->total_ns += ns;
	samples->total_count++;
}

void bench_samples_clear(struct bench_samples *samples)
{
	samples->count = 0;
	samples->total_ns = samples->total_count = 0;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t left, right;

	memcpy(&left, a, sizeof(left));
	memcpy(&right, b, sizeof(right));
	return left < right ? -1 : left > right;
}

uint64_t bench_samples_ns(struct bench_samples *samples, unsigned percent)
{
	if (samples->count == 0)
		return 0;
	sort(samples->ns, samples->count, sizeof(*samples->ns), compare_u64);
	return samples->ns[(samples->count - 1) * percent / 100];
}

double bench_median_us(struct bench_samples *samples)
{
	return (double)bench_samples_ns(samples, 50) / 1000;
}

double bench_per_second(const struct bench_samples *samples, size_t count)
{
	if (samples->total_ns == 0)
		return 0;
	return (double)(samples->total_count * count) * 1e9 / (double)samples->total_ns;
}

bool bench_compare(struct bench *bench, const struct bench_work *ours,
		   const struct bench_work *floor, size_t count)
{
	uint64_t began_ns = bench_now_ns();

	bench_samples_clear(&bench->ours);
	bench_samples_clear(&bench->floor);
	while (!bench_is_over(bench, began_ns)) {
		uint64_t start_ns = bench_now_ns(), middle_ns;

		if (!floor->go(floor->arg, count, &bench->why))
			return false;
		middle_ns = bench_now_ns();
		if (!ours->go(ours->arg, count, &bench->why))
			return false;
		bench_samples_add(&bench->floor, middle_ns - start_ns);
		bench_samples_add(&bench->ours, bench_now_ns() - middle_ns);
	}
	return true;
}

bool bench_floor_go(void *arg, size_t count, struct buf *why)
{
	if (floor_commit(arg, count) == ERR_NONE)
		return true;
	buf_printf(why, "the bare database could not be written");
	return false;
}

bool bench_is_over(const struct bench *bench, uint64_t began_ns)
{
	return bench_now_ns() - began_ns >= bench->case_ns || bench_is_interrupted();
}

/* With as many digits as say something. */
static void append_number(struct buf *out, double value)
{
	buf_printf(out, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
}

static void append_json(struct buf *out, const char *name, double value, double floor,
			const char *unit)
{
	buf_printf(out, "{\"name\":\"%s\",\"value\":", name);
	append_number(out, value);
	buf_printf(out, ",\"unit\":\"%s\"", unit);
	if (floor > 0) {
		buf_append_str(out, STR(",\"floor\":"));
		append_number(out, floor);
		buf_append_str(out, STR(",\"ratio\":"));
		append_number(out, value / floor);
	}
	buf_append_byte(out, '}');
}

static void append_row(struct buf *out, const char *name, double value, double floor,
		       const char *unit)
{
	struct buf cell;

	buf_init(&cell, 64);
	append_number(&cell, value);
	buf_printf(out, "%-40s %12s %-8s", name, buf_text(&cell), unit);
	if (floor > 0) {
		buf_clear(&cell);
		append_number(&cell, floor);
		buf_printf(out, " %12s", buf_text(&cell));
		buf_clear(&cell);
		append_number(&cell, value / floor);
		buf_printf(out, " %7s", buf_text(&cell));
	}
	buf_deinit(&cell);
}

void bench_report(const struct bench *bench, const char *name, double value, double floor,
		  const char *unit)
{
	struct buf line;

	if (bench_is_interrupted())
		return;
	buf_init(&line, 512);
	if (bench->json)
		append_json(&line, name, value, floor, unit);
	else
		append_row(&line, name, value, floor, unit);
	output_line(&line);
	buf_deinit(&line);
	/* A run takes a while, and whoever waits sees how far it is. */
	fflush(stdout);
}

static void announce(const struct bench *bench, uint64_t seconds)
{
	if (bench->json)
		return;
	fprintf(stderr,
		"measuring for about %" PRIu64
		" s with a daemon of its own in %s, which is removed "
		"at the end;\nthe daemon that serves is asked nothing\n\n",
		seconds, bench->directory);
	printf("%-40s %12s %-8s %12s %7s\n", "WHAT", "VALUE", "UNIT", "FLOOR", "RATIO");
}

/* Makes what the daemon of our own needs below the directory. */
static bool furnish(struct bench *bench, struct buf *policy)
{
	static const char *const names[] = {"run", "admin", "policy"};
	struct buf path;
	bool done = true;

	buf_init(&path, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(names) && done; i++) {
		buf_clear(&path);
		buf_printf(&path, "%s/%s", bench->directory, names[i]);
		done = path.failed == ERR_NONE &&
		       directory_make_private(path.data, &bench->why) == ERR_NONE;
	}
	buf_append_str(policy, buf_str(&path));
	buf_printf(&path, "/bench.cedar");
	done = done && path.failed == ERR_NONE && policy->failed == ERR_NONE &&
	       file_publish(path.data, str_from(bench_peer_policy), &bench->why) == ERR_NONE;
	if (done)
		bench->own_policy = buf_text(policy);
	buf_deinit(&path);
	return done;
}

static bool run_suites(struct bench *bench)
{
	struct floor_db *floor = NULL;
	struct buf policy;
	bool done;

	buf_init(&policy, SIZE_MAX);
	done = furnish(bench, &policy) &&
	       floor_open(bench->directory, &floor, &bench->why) == ERR_NONE &&
	       bench_audit(bench, floor) && bench_policy(bench) && bench_channel(bench, floor);
	floor_close(floor);
	buf_deinit(&policy);
	return done;
}

static enum ctl_exit run_in(struct bench *bench, const struct bench_options *options,
			    uint64_t seconds)
{
	struct buf directory, daemon;
	bool done = false;

	buf_init(&directory, SIZE_MAX);
	buf_init(&daemon, SIZE_MAX);
	bench->daemon = options->daemon;
	if (bench->daemon == NULL &&
	    bench_find_program("wsauthzd", &daemon, &bench->why) == ERR_NONE)
		bench->daemon = daemon.data;
	if (bench->daemon != NULL &&
	    bench_directory_make(options->directory != NULL ? options->directory : "/var/tmp",
				 &directory, &bench->why) == ERR_NONE) {
		bench->directory = directory.data;
		announce(bench, seconds);
		done = run_suites(bench);
		bench_directory_remove(bench->directory);
	}
	buf_deinit(&directory);
	buf_deinit(&daemon);
	if (bench_is_interrupted())
		output_error("interrupted; nothing is left behind");
	else if (!done)
		output_error("%s", buf_text(&bench->why));
	return done && !bench_is_interrupted() ? CTL_DONE : CTL_INVALID;
}

static enum ctl_exit run(const struct ctl *ctl, const void *arguments, char **operands,
			 int operand_count)
{
	const struct bench_options *options = arguments;
	uint64_t seconds = options->seconds != 0 ? options->seconds : SECONDS_DEFAULT;
	struct bench bench = {.json = ctl->json, .policy = options->policy};
	const struct settings *settings = NULL;
	enum ctl_exit code = CTL_INVALID;

	(void)operands;
	(void)operand_count;
	if (seconds > SECONDS_MAX) {
		output_error("--seconds takes 1 to %d", SECONDS_MAX);
		return CTL_USAGE;
	}
	if (!ctl_find_settings(ctl, &settings))
		return CTL_INVALID;
	bench.configured_policy = settings->policy_directory;
	bench.case_ns = seconds * UINT64_C(1000000000) / CASE_COUNT;
	buf_init(&bench.why, WHY_MAX);
	bench_catch_interrupt();
	if (bench_samples_init(&bench.ours) && bench_samples_init(&bench.floor))
		code = run_in(&bench, options, seconds);
	else
		output_error("%s", error_text(ERR_NO_MEMORY));
	bench_samples_deinit(&bench.ours);
	bench_samples_deinit(&bench.floor);
	buf_deinit(&bench.why);
	return code;
}

const struct ctl_command bench_command = {
	.words = "bench",
	.operands = "",
	.summary = "how fast it is here, beside what the machine itself takes",
	.options = bench_table,
	.options_size = sizeof(struct bench_options),
	.run = run,
};
