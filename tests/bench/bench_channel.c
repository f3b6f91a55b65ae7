/*
 * The channel suite: decisions through the running daemon beside a bare libuv echo of the same
 * request. Rounds alternate echo and daemon and the medians are compared, because the machine's
 * speed drifts; quote the ratio.
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

static const struct channel_case {
	const char *name;
	const char *settings;
	size_t connections, outstanding;
} cases[] = {
	{"channel/1x1/strict", "audit:\n  durability: strict\n", 1, 1},
	{"channel/64x1/strict", "audit:\n  durability: strict\n", 64, 1},
	{"channel/64x16/strict", "audit:\n  durability: strict\n", 64, 16},
	{"channel/1x1/relaxed", "audit:\n  durability: relaxed\n", 1, 1},
	{"channel/64x1/relaxed", "audit:\n  durability: relaxed\n", 64, 1},
};

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
		.stamp = load_questions_stamp,
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

static void report(const struct channel_case *c, const double rate[2], const double p50[2],
		   const double p99[2], bool json)
{
	char name[64];

	bench_report(&(struct bench_result){c->name, rate[1], "requests/s", rate[0]}, json);
	snprintf(name, sizeof(name), "%s/p50", c->name);
	bench_report(&(struct bench_result){name, p50[1], "us", p50[0]}, json);
	snprintf(name, sizeof(name), "%s/p99", c->name);
	bench_report(&(struct bench_result){name, p99[1], "us", p99[0]}, json);
}

static bool run_case(const struct channel_case *c, struct load_questions *all, bool json)
{
	struct daemon_options options = {.policy = load_questions_policy, .settings = c->settings};
	int rounds = bench_size(ROUNDS, 1);
	double rates[2][ROUNDS], p50s[2][ROUNDS], p99s[2][ROUNDS];
	double rate[2], p50[2], p99[2];
	struct daemon daemon;
	char echo_path[128];
	pid_t echo = -1;
	bool ok;

	daemon_init(&daemon, &options);
	tmpdir_path(&daemon.dir, "echo.sock", echo_path, sizeof(echo_path));
	ok = daemon_start(&daemon, NULL) && echo_server_start(echo_path, &echo);
	for (int round = 0; ok && round < rounds; round++) {
		for (int side = 0; ok && side < 2; side++) {
			struct load_result result;

			ok = measure(c, all, side == 1 ? daemon.authorize_path : echo_path,
				     side == 1, &result);
			rates[side][round] = (double)result.replies / result.seconds;
			p50s[side][round] = result.p50_us;
			p99s[side][round] = result.p99_us;
		}
	}
	if (echo > 0)
		echo_server_stop(echo);
	daemon_deinit(&daemon, !ok);
	for (int side = 0; ok && side < 2; side++) {
		rate[side] = bench_median(rates[side], rounds);
		p50[side] = bench_median(p50s[side], rounds);
		p99[side] = bench_median(p99s[side], rounds);
	}
	if (ok)
		report(c, rate, p50, p99, json);
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
		"channel/32x1/reloading", "  reload: on_request\naudit:\n  durability: relaxed\n",
		32, 1};
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
