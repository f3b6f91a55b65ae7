/*
 * Durable rows a second: audit_append() beside its floor (bench/bare.h) in the same batches, in turns
 * within one run, so that their ratio does not depend on the day.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "bench/bare.h"
#include "bench/bench.h"
#include "store/audit.h"

enum {
	BATCH_MAX = 1000,
	ROUNDS = 5,
	ROUND_BATCHES_MIN = 40, /* and at least ROUND_ROWS rows */
	ROUND_ROWS = 20000,
	ROUND_BATCHES_MAX = 400,
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Rows to append, as they come from different requests. */
struct rows {
	struct audit_row rows[BATCH_MAX];
	struct store_row_texts texts[BATCH_MAX];
};

struct contest {
	struct audit *audit;
	struct bare bare;
	struct rows *rows;
};

static size_t batch_count(size_t batch)
{
	size_t least = (size_t)bench_size(ROUND_BATCHES_MIN, 1);
	size_t most = (size_t)bench_size(ROUND_BATCHES_MAX, 1);
	size_t count = ROUND_ROWS / batch;

	if (count < least)
		return least;
	return count < most ? count : most;
}

/* Seconds for a round of one side; negative when it failed. */
static double run_audit(struct contest *contest, size_t batch)
{
	double start = now_s();
	uint64_t first_id;

	for (size_t i = 0; i < batch_count(batch); i++) {
		if (audit_append(contest->audit, contest->rows->rows, batch, &first_id) != ERR_NONE)
			return -1;
	}
	return now_s() - start;
}

static double run_bare(struct contest *contest, size_t batch)
{
	double start = now_s();

	for (size_t i = 0; i < batch_count(batch); i++) {
		if (!bare_append(&contest->bare, contest->rows->rows, batch))
			return -1;
	}
	return now_s() - start;
}

static bool run_batch_size(struct contest *contest, const char *prefix, size_t batch, bool json)
{
	int rounds = bench_size(ROUNDS, 1);
	double audit[ROUNDS], bare[ROUNDS];
	double rows = (double)(batch * batch_count(batch));
	char name[64];

	for (int round = 0; round < rounds; round++) {
		double audit_s = run_audit(contest, batch), bare_s = run_bare(contest, batch);
		if (audit_s < 0 || bare_s < 0)
			return false;
		audit[round] = rows / audit_s;
		bare[round] = rows / bare_s;
	}
	snprintf(name, sizeof(name), "%s/batch-%zu", prefix, batch);
	bench_report(&(struct bench_result){name, bench_median(audit, rounds), "rows/s",
					    bench_median(bare, rounds)},
		     json);
	return true;
}

/* The size of the file a row, once closing has moved the log into it. */
static bool report_size(const char *path, const char *prefix, uint64_t row_count, bool json)
{
	FILE *file = fopen(path, "rb");
	char name[64];
	long size = -1;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (file != NULL)
		fclose(file);
	if (size < 0 || row_count == 0)
		return false;
	snprintf(name, sizeof(name), "%s/size", prefix);
	bench_report(&(struct bench_result){name, (double)size / (double)row_count, "bytes/row", 0},
		     json);
	return true;
}

static bool run_contest(struct contest *contest, const char *prefix, bool json)
{
	static const size_t batches[] = {1, 10, 64, 1000};

	for (size_t i = 0; i < BATCH_MAX; i++)
		store_row_make((uint32_t)i, &contest->rows->texts[i], &contest->rows->rows[i]);
	for (size_t i = 0; i < ARRAY_COUNT(batches); i++) {
		if (!run_batch_size(contest, prefix, batches[i], json))
			return false;
	}
	return true;
}

int bench_store_append(const char *prefix, bool json)
{
	struct contest contest = {.rows = mem_calloc(1, sizeof(*contest.rows))};
	struct store_env env = store_env_make(NULL);
	uint64_t row_count = 0;
	char path[256];
	struct tmpdir dir, bare_dir;
	struct buf why;
	bool done;

	buf_init(&why, 1024);
	tmpdir_create(&dir);
	tmpdir_create(&bare_dir);
	done = contest.rows != NULL &&
	       audit_open(dir.path, &env, false, &contest.audit, &why) == ERR_NONE &&
	       bare_open(&contest.bare, &bare_dir, &env, &why);
	if (done)
		done = run_contest(&contest, prefix, json);
	if (contest.audit != NULL)
		row_count = audit_head(contest.audit).decision_id;
	audit_close(contest.audit);
	bare_close(&contest.bare);
	if (done)
		done = report_size(tmpdir_path(&dir, "audit-000001.db", path, sizeof(path)), prefix,
				   row_count, json);
	if (!done)
		fprintf(stderr, "bench_store failed %s\n", buf_text(&why));
	tmpdir_remove(&dir);
	tmpdir_remove(&bare_dir);
	buf_deinit(&why);
	mem_free(contest.rows);
	return done ? 0 : 1;
}

int bench_store(bool json)
{
	return bench_store_append("store/append", json);
}
