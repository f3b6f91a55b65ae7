/*
 * The audit suite: what a store of ten million rows costs the daemon and whoever reads it.
 *
 *	audit/append        rows through the store alone, beside bare SQLite with the same schema
 *	audit/query         questions of wsauthzctl, process and all (bench_audit_query.c)
 *	audit/daemon        decisions a second, pipelined and strict, with that many rows in the
 *	                    store, beside the same with an empty one, in turns
 *	audit/asked         the p99 of decisions while somebody asks with wsauthzctl about one user
 *	                    and one day, again and again, beside the same without, in many short
 *	                    turns of one load; ".../error": turns without questions beside others
 *	                    of them, whose ratio would be 1 if the machine was still; and how long
 *	                    such a question takes then, beside the same while nothing is decided
 *	audit/verify        rows a second, and without a look at the indexes
 *	audit/size          bytes a row of a sealed segment, indexes and all
 *
 * WSAUTHZ_BENCH_ROWS sets another number of rows.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/attributes.h"
#include "bench/bench.h"
#include "bench/load.h"
#include "bench/load_questions.h"
#include "store/audit_query.h"
#include "support/daemon.h"
#include "support/store_env.h"
#include "support/store_fill.h"

/* Half the connections that the daemon takes, for it may see the end of those of one round later than
 * the next begin. */
enum {
	ROWS = 10000000,
	ROUNDS = 5,
	TURNS = 40, /* with questions, and as many without */
	IDLE_QUESTIONS = 9,
	CONNECTIONS = 32,
	OUTSTANDING = 32,
	QUESTIONS_MAX = 4096,
};

/* Of a round, and of a turn. */
enum { WARM_UP_MS = 300, MEASURED_MS = 2000, TURN_WARM_UP_MS = 100, TURN_MS = 900 };

static const char settings_text[] = "audit:\n  durability: strict\n";

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t rows_wanted(void)
{
	const char *text = getenv("WSAUTHZ_BENCH_ROWS");
	uint64_t rows = text != NULL ? strtoull(text, NULL, 10) : 0;

	return rows != 0 ? rows : (uint64_t)bench_size(ROWS, 3000);
}

/* `*last_us` is the time of the last row. */
static bool fill(const struct daemon *daemon, uint64_t row_count, int64_t *last_us)
{
	struct store_env env = store_env_make(NULL);
	struct timespec now;
	struct store_fill plan = {.directory = daemon->state_dir, .env = &env};
	struct buf why;

	clock_gettime(CLOCK_REALTIME, &now);
	plan.row_count = row_count;
	plan.segment_rows = (uint64_t)bench_size(STORE_FILL_SEGMENT_ROWS, 1000);
	plan.last_us = *last_us = (int64_t)now.tv_sec * 1000000;
	buf_init(&why, 4096);
	enum error error = store_fill(&plan, &why);
	if (error != ERR_NONE)
		fprintf(stderr, "bench: %s\n", buf_text(&why));
	buf_deinit(&why);
	return error == ERR_NONE;
}

static struct load_plan plan_load(struct load_questions *all, const struct daemon *daemon,
				  size_t outstanding)
{
	load_questions_make(all, CONNECTIONS, true);
	return (struct load_plan){
		.path = daemon->authorize_path,
		.connection_count = CONNECTIONS,
		.outstanding = outstanding,
		.warm_up_s = bench_size(WARM_UP_MS, 1) / 1e3,
		.measured_s = bench_size(MEASURED_MS, 20) / 1e3,
		.peers = all->peers,
		.stamp = load_questions_stamp,
		.check = load_questions_is_allow,
	};
}

/* In turns, because the machine's speed drifts. */
static bool run_daemons(struct load_questions *all, const struct daemon daemons[2], bool json)
{
	int rounds = bench_size(ROUNDS, 1);
	double rates[2][ROUNDS];

	for (int round = 0; round < rounds; round++) {
		for (int side = 0; side < 2; side++) {
			struct load_plan plan = plan_load(all, &daemons[side], OUTSTANDING);
			struct load_result result;

			if (!load_run(&plan, &result) || result.failed != 0)
				return false;
			rates[side][round] = (double)result.replies / result.seconds;
		}
	}
	bench_report(&(struct bench_result){"audit/daemon/32x32/strict",
					    bench_median(rates[1], rounds), "rows/s",
					    bench_median(rates[0], rounds)},
		     json);
	return true;
}

/* Somebody who asks with the command, one question behind the other, until told to end. */
struct asker {
	const char *directory;
	int64_t last_us;
	atomic_bool is_over;
	double times_ms[QUESTIONS_MAX]; /* of all turns */
	int count;
	bool failed;
};

static void *ask_in_turns(void *arg)
{
	struct asker *asker = arg;

	do {
		double ms = bench_audit_ask(asker->directory, asker->last_us);

		asker->failed = ms < 0;
		if (!asker->failed && asker->count < QUESTIONS_MAX)
			asker->times_ms[asker->count++] = ms;
	} while (!asker->failed && !atomic_load(&asker->is_over));
	return NULL;
}

static bool asked_turn(struct load *load, struct asker *asker, struct load_result *result)
{
	pthread_t thread;

	atomic_store(&asker->is_over, false);
	if (pthread_create(&thread, NULL, ask_in_turns, asker) != 0)
		return false;
	bool done = load_turn(load, result);
	atomic_store(&asker->is_over, true);
	pthread_join(thread, NULL);
	return done && !asker->failed;
}

/* Turns of two sides; of the first, those before and those behind one of the second apart: what they
 * differ in is the error of the comparison. */
struct sides {
	double p99s[2][TURNS], before_us[TURNS], behind_us[TURNS];
	int counts[2], before_count, behind_count;
};

static void note_turn(struct sides *sides, int side, bool is_behind, double p99_us)
{
	sides->p99s[side][sides->counts[side]++] = p99_us;
	if (side == 0 && is_behind)
		sides->behind_us[sides->behind_count++] = p99_us;
	else if (side == 0)
		sides->before_us[sides->before_count++] = p99_us;
}

/* Alone, asked, asked, alone: a drift in time, of the machine or of the store that grows, falls on both
 * sides alike. */
static bool take_turns(struct load *load, struct asker *asker, int pairs, struct sides *sides)
{
	for (int turn = 0; turn < 2 * pairs; turn++) {
		int side = turn % 4 == 1 || turn % 4 == 2;
		struct load_result result;
		bool done = side == 1 ? asked_turn(load, asker, &result) : load_turn(load, &result);

		if (!done || result.failed != 0)
			return false;
		note_turn(sides, side, turn % 4 == 3, result.p99_us);
	}
	return true;
}

static void report_asked(struct sides *sides, struct asker *asker, double idle_ms, bool json)
{
	const struct bench_result results[] = {
		{"audit/asked/32x1/p99", bench_median(sides->p99s[1], sides->counts[1]), "us",
		 bench_median(sides->p99s[0], sides->counts[0])},
		{"audit/asked/32x1/p99/error", bench_median(sides->behind_us, sides->behind_count),
		 "us", bench_median(sides->before_us, sides->before_count)},
		{"audit/asked/query", bench_median(asker->times_ms, asker->count), "ms", idle_ms},
		{.name = "audit/asked/queries",
		 .value = (double)asker->count / sides->counts[1],
		 .unit = "a turn"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(results); i++)
		bench_report(&results[i], json);
}

/* One outstanding a connection: latency, and not the length of a queue. */
static bool run_asked(struct load_questions *all, const struct daemon *daemon, int64_t last_us,
		      bool json)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	double idle_ms[IDLE_QUESTIONS];
	struct load_plan plan = plan_load(all, daemon, 1);
	struct sides sides = {0};
	struct load *load = NULL;
	bool done = asker != NULL;

	if (done)
		*asker = (struct asker){.directory = daemon->state_dir, .last_us = last_us};
	for (int i = 0; done && i < IDLE_QUESTIONS; i++) {
		idle_ms[i] = bench_audit_ask(daemon->state_dir, last_us);
		done = idle_ms[i] >= 0;
	}
	plan.warm_up_s = bench_size(TURN_WARM_UP_MS, 1) / 1e3;
	plan.measured_s = bench_size(TURN_MS, 20) / 1e3;
	done = done && load_open(&plan, &load) &&
	       take_turns(load, asker, bench_size(TURNS, 2), &sides);
	load_close(load);
	if (done)
		report_asked(&sides, asker, bench_median(idle_ms, IDLE_QUESTIONS), json);
	free(asker);
	return done;
}

static bool measure_verify(struct audit_reader *reader, bool rows_only, bool json)
{
	const struct audit_verify_options options = {.rows_only = rows_only};
	struct audit_verification found = {0};
	struct buf why;

	buf_init(&why, 4096);
	double start = now_s();
	enum error error = audit_verify(reader, &options, &found, &why);
	double seconds = now_s() - start;
	if (error != ERR_NONE)
		fprintf(stderr, "bench: %s\n", buf_text(&why));
	buf_deinit(&why);
	if (error != ERR_NONE || !found.intact)
		return false;
	bench_report(&(struct bench_result){.name = rows_only ? "audit/verify/rows-only"
							      : "audit/verify",
					    .value = (double)found.row_count / seconds,
					    .unit = "rows/s"},
		     json);
	return true;
}

static void report_size(const struct segment_list *segments, bool json)
{
	uint64_t sealed_bytes = 0, sealed_rows = 0;

	for (size_t i = 0; i < segments->count; i++) {
		if (segments->items[i].state != SEGMENT_SEALED)
			continue;
		sealed_bytes += segments->items[i].file_bytes;
		sealed_rows += segments->items[i].decision_count;
	}
	if (sealed_rows != 0)
		bench_report(
			&(struct bench_result){.name = "audit/size/sealed",
					       .value = (double)sealed_bytes / (double)sealed_rows,
					       .unit = "bytes/row"},
			json);
}

static bool run_reading(const struct daemon *daemon, bool json)
{
	struct store_env env = store_env_make(NULL);
	struct audit_reader *reader;
	struct buf why;

	buf_init(&why, 4096);
	enum error error = audit_reader_open(daemon->state_dir, &env, &reader, &why);
	bool done = error == ERR_NONE;
	if (!done)
		fprintf(stderr, "bench: %s\n", buf_text(&why));
	buf_deinit(&why);
	if (!done)
		return false;
	done = measure_verify(reader, true, json) && measure_verify(reader, false, json);
	if (done)
		report_size(audit_reader_segments(reader), json);
	audit_reader_close(reader);
	return done;
}

int bench_audit(bool json)
{
	struct daemon_options options = {.policy = load_questions_policy,
					 .settings = settings_text};
	struct load_questions *all = calloc(1, sizeof(*all));
	struct daemon daemons[2]; /* with an empty store, and with the rows */
	int64_t last_us = 0;
	bool ok = all != NULL && bench_store_append("audit/append", json) == 0;

	for (int side = 0; side < 2; side++)
		daemon_init(&daemons[side], &options);
	if (ok)
		fprintf(stderr, "bench: writing %" PRIu64 " rows\n", rows_wanted());
	ok = ok && fill(&daemons[1], rows_wanted(), &last_us) &&
	     bench_audit_queries(daemons[1].state_dir, last_us, json);
	for (int side = 0; ok && side < 2; side++)
		ok = daemon_start(&daemons[side], NULL);
	ok = ok && run_daemons(all, daemons, json) && run_asked(all, &daemons[1], last_us, json) &&
	     daemon_stop(&daemons[1]) == 0 && run_reading(&daemons[1], json);
	for (int side = 0; side < 2; side++)
		daemon_deinit(&daemons[side], !ok);
	free(all);
	return ok ? 0 : 1;
}
