/*
 * The channel suite: decisions through the running daemon beside a bare libuv echo of the same
 * request, and in strict durability also beside an echo that waits until a bare row for each request
 * is on disk. Rounds alternate between the sides and the medians are compared, because the machine's
 * speed drifts; quote the ratios.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/attributes.h"
#include "bench/bench.h"
#include "bench/echo_server.h"
#include "bench/load.h"
#include "bench/load_questions.h"
#include "support/daemon.h"

enum {
	ROUNDS = 5,
	DISK_COMMITS = 200,
	/* Of a round. */
	WARM_UP_MS = 300,
	MEASURED_MS = 1000,
};

#define STRICT  "audit:\n  durability: strict\n"
#define RELAXED "audit:\n  durability: relaxed\n"

static const struct channel_case {
	const char *name;
	const char *settings;
	size_t connections, outstanding;
	bool asks_many; /* more questions than the daemon remembers, not the same ones again */
	bool is_strict;
} cases[] = {
	{"channel/1x1/strict", STRICT, 1, 1, false, true},
	{"channel/64x1/strict", STRICT, 64, 1, false, true},
	{"channel/64x1/strict/many", STRICT, 64, 1, true, true},
	{"channel/64x16/strict", STRICT, 64, 16, false, true},
	{"channel/64x16/strict/many", STRICT, 64, 16, true, true},
	{"channel/1x1/relaxed", RELAXED, 1, 1, false, false},
	{"channel/64x1/relaxed", RELAXED, 64, 1, false, false},
	{"channel/64x1/relaxed/many", RELAXED, 64, 1, true, false},
};

/* What a round measures, in this order. */
enum side { SIDE_ECHO, SIDE_COMMIT, SIDE_DAEMON, SIDE_COUNT };

static bool measure(const struct channel_case *c, struct load_questions *all, const char *path,
		    bool daemon, struct load_result *result)
{
	struct load_plan plan = {
		.path = path,
		.connection_count = c->connections,
		.outstanding = c->outstanding,
		.warm_up_s = bench_size(WARM_UP_MS, 1) / 1e3,
		.measured_s = bench_size(MEASURED_MS, 20) / 1e3,
		.peers = all->peers,
		.stamp = c->asks_many ? load_questions_stamp_many : load_questions_stamp,
		.check = daemon ? load_questions_is_allow : NULL,
	};

	load_questions_make(all, c->connections, daemon);
	if (!load_run(&plan, result))
		return false;
	if (result->failed != 0)
		fprintf(stderr, "bench: %s: %llu replies were no ALLOW\n", c->name,
			(unsigned long long)result->failed);
	return result->failed == 0;
}

/* Of one side, a value a round; their medians in `value`. */
struct figures {
	double rate[ROUNDS], p50[ROUNDS], p99[ROUNDS];
};

static void report_one(const char *name, const char *part, double *value, double *floor,
		       const char *unit, bool json)
{
	int rounds = bench_size(ROUNDS, 1);
	char whole[64];

	snprintf(whole, sizeof(whole), "%s%s", name, part);
	bench_report(&(struct bench_result){whole, bench_median(value, rounds), unit,
					    bench_median(floor, rounds)},
		     json);
}

static void report(const struct channel_case *c, struct figures figures[SIDE_COUNT], bool json)
{
	struct figures *echo = &figures[SIDE_ECHO], *commit = &figures[SIDE_COMMIT];
	struct figures *daemon = &figures[SIDE_DAEMON];

	report_one(c->name, "", daemon->rate, echo->rate, "requests/s", json);
	report_one(c->name, "/p50", daemon->p50, echo->p50, "us", json);
	report_one(c->name, "/p99", daemon->p99, echo->p99, "us", json);
	if (!c->is_strict)
		return;
	report_one(c->name, "/commit", daemon->rate, commit->rate, "requests/s", json);
	report_one(c->name, "/commit/p50", daemon->p50, commit->p50, "us", json);
}

/* The servers of a case, whose paths stand in the order of the sides. */
struct contest {
	struct daemon daemon;
	struct tmpdir rows; /* of the echo that waits for them */
	char echo_path[128], commit_path[128];
	pid_t echo, commit;
};

static bool contest_start(struct contest *contest, const struct channel_case *c)
{
	struct daemon_options options = {.policy = load_questions_policy, .settings = c->settings};
	struct daemon *daemon = &contest->daemon;

	contest->echo = contest->commit = -1;
	daemon_init(daemon, &options);
	tmpdir_create(&contest->rows);
	tmpdir_path(&daemon->dir, "echo.sock", contest->echo_path, sizeof(contest->echo_path));
	tmpdir_path(&daemon->dir, "rows.sock", contest->commit_path, sizeof(contest->commit_path));
	return daemon_start(daemon, NULL) &&
	       echo_server_start(contest->echo_path, NULL, &contest->echo) &&
	       (!c->is_strict ||
		echo_server_start(contest->commit_path, contest->rows.path, &contest->commit));
}

static void contest_stop(struct contest *contest, bool show_log)
{
	if (contest->echo > 0)
		echo_server_stop(contest->echo);
	if (contest->commit > 0)
		echo_server_stop(contest->commit);
	daemon_deinit(&contest->daemon, show_log);
	tmpdir_remove(&contest->rows);
}

static bool run_case(const struct channel_case *c, struct load_questions *all, bool json)
{
	int rounds = bench_size(ROUNDS, 1);
	struct figures figures[SIDE_COUNT];
	struct contest contest;
	bool ok = contest_start(&contest, c);
	const char *const paths[SIDE_COUNT] = {
		[SIDE_ECHO] = contest.echo_path,
		[SIDE_COMMIT] = contest.commit_path,
		[SIDE_DAEMON] = contest.daemon.authorize_path,
	};

	for (int round = 0; ok && round < rounds; round++) {
		for (int side = 0; ok && side < SIDE_COUNT; side++) {
			struct load_result result = {0};

			if (side == SIDE_COMMIT && !c->is_strict)
				continue;
			ok = measure(c, all, paths[side], side == SIDE_DAEMON, &result);
			figures[side].rate[round] = (double)result.replies / result.seconds;
			figures[side].p50[round] = result.p50_us;
			figures[side].p99[round] = result.p99_us;
		}
	}
	contest_stop(&contest, !ok);
	if (ok)
		report(c, figures, json);
	return ok;
}

/* What one durable commit costs at least on the disk the daemon's state is on, for the strict cases:
 * N connections with one request each cannot do more than N in this time. */
static bool report_disk(bool json)
{
	char name[256], block[4096] = {0};
	int commits = bench_size(DISK_COMMITS, 1);
	double commit_us[DISK_COMMITS];
	struct tmpdir dir;
	bool ok = true;
	int fd;

	tmpdir_create(&dir);
	fd = open(tmpdir_path(&dir, "disk", name, sizeof(name)), O_RDWR | O_CREAT | O_CLOEXEC,
		  0600);
	for (int i = 0; ok && i < commits; i++) {
		struct timespec start, end;

		ok = fd >= 0 && pwrite(fd, block, sizeof(block), i * (off_t)sizeof(block)) > 0;
		clock_gettime(CLOCK_MONOTONIC, &start);
		ok = ok && fdatasync(fd) == 0;
		clock_gettime(CLOCK_MONOTONIC, &end);
		commit_us[i] = (double)(end.tv_sec - start.tv_sec) * 1e6 +
			       (double)(end.tv_nsec - start.tv_nsec) / 1e3;
	}
	if (fd >= 0)
		close(fd);
	tmpdir_remove(&dir);
	if (ok)
		bench_report(&(struct bench_result){.name = "channel/disk/fdatasync/p50",
						    .value = bench_median(commit_us, commits),
						    .unit = "us"},
			     json);
	else
		perror("bench: writing to the disk");
	return ok;
}

/* Reloads in turns while the load runs. */
struct reloader {
	const struct daemon *daemon;
	atomic_bool is_over;
	unsigned count, failed;
};

static void *reload_in_turns(void *arg)
{
	struct reloader *reloader = arg;
	char command[512], policy[sizeof(load_questions_policy) + 64];

	(void)snprintf(command, sizeof(command), "%s policy reload --config %s >/dev/null 2>&1",
		       WSAUTHZCTL, reloader->daemon->config_path);
	while (!atomic_load(&reloader->is_over)) {
		(void)snprintf(policy, sizeof(policy), "// %u\n%s", ++reloader->count,
			       load_questions_policy);
		daemon_write_policy(reloader->daemon, "policy.cedar", policy);
		reloader->failed += system(command) != 0;
	}
	return NULL;
}

/* The longest that a request waits while the policy is reloaded as fast as it goes, beside the
 * longest without reloads. Relaxed, so that it is not the disk that is measured; half the connections
 * that the daemon takes, for it may see the end of those before later than the next begin. */
static bool run_reload_case(struct load_questions *all, bool json)
{
	static const struct channel_case c = {
		"channel/32x1/reloading",
		"  reload: on_request\naudit:\n  durability: relaxed\n",
		32,
		1,
		false,
		false};
	struct daemon_options options = {.policy = load_questions_policy, .settings = c.settings};
	int rounds = bench_size(ROUNDS, 1);
	double maxima[2][ROUNDS], p99s[2][ROUNDS];
	struct daemon daemon;
	char name[64];
	unsigned reloads = 0;
	bool ok;

	daemon_init(&daemon, &options);
	ok = daemon_start(&daemon, NULL);
	for (int round = 0; ok && round < rounds; round++) {
		for (int side = 0; ok && side < 2; side++) {
			struct reloader reloader = {.daemon = &daemon};
			struct load_result result;
			pthread_t thread;

			if (side == 1)
				ok = pthread_create(&thread, NULL, reload_in_turns, &reloader) == 0;
			ok = ok && measure(&c, all, daemon.authorize_path, true, &result);
			if (side == 1) {
				atomic_store(&reloader.is_over, true);
				pthread_join(thread, NULL);
				ok = ok && reloader.failed == 0;
				reloads += reloader.count;
			}
			maxima[side][round] = result.max_us;
			p99s[side][round] = result.p99_us;
		}
	}
	daemon_deinit(&daemon, !ok);
	if (!ok)
		return false;
	(void)snprintf(name, sizeof(name), "%s/p99", c.name);
	bench_report(&(struct bench_result){name, bench_median(p99s[1], rounds), "us",
					    bench_median(p99s[0], rounds)},
		     json);
	(void)snprintf(name, sizeof(name), "%s/max", c.name);
	bench_report(&(struct bench_result){name, bench_median(maxima[1], rounds), "us",
					    bench_median(maxima[0], rounds)},
		     json);
	bench_report(&(struct bench_result){.name = "channel/32x1/reloading/reloads",
					    .value = reloads / (double)rounds,
					    .unit = "a round"},
		     json);
	return true;
}

int bench_channel(bool json)
{
	struct load_questions *all = calloc(1, sizeof(*all));
	bool ok = all != NULL && report_disk(json);

	for (size_t i = 0; ok && i < ARRAY_COUNT(cases); i++)
		ok = run_case(&cases[i], all, json);
	ok = ok && run_reload_case(all, json);
	free(all);
	return ok ? 0 : 1;
}
