/* What the parts of wsauthzctl bench share: samples, results, and the place they work in. */
#ifndef CTL_BENCH_H
#define CTL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "ctl/ctl.h"

enum { BENCH_SAMPLES_MAX = 100000, BENCH_BATCH = 64 };

/* How long each of many goes took. */
struct bench_samples {
	uint64_t *ns; /* BENCH_SAMPLES_MAX of them; the rest only counts */
	size_t count;
	uint64_t total_ns, total_count;
};

bool bench_samples_init(struct bench_samples *samples); /* false without memory */
void bench_samples_deinit(struct bench_samples *samples);
void bench_samples_add(struct bench_samples *samples, uint64_t ns);
void bench_samples_clear(struct bench_samples *samples);

/* The time that `percent` of the goes did not exceed; sorts the samples. 0 without samples. */
uint64_t bench_samples_ns(struct bench_samples *samples, unsigned percent);

struct bench {
	bool json;
	uint64_t case_ns;              /* time for one measurement */
	const char *directory;         /* of our own, on the disk to be measured */
	const char *daemon;            /* the program */
	const char *policy;            /* directory that was asked for; NULL for the two below */
	const char *configured_policy; /* the daemon's, may be invalid or missing */
	const char *own_policy;        /* of the daemon of our own, always valid */
	struct bench_samples ours, floor;
	struct buf why; /* of the last failure */
};

/* Something that can be done many times, `count` at once. False with `why`. */
struct bench_work {
	bool (*go)(void *arg, size_t count, struct buf *why);
	void *arg;
};

/* Does ours and the floor in turns, so that what else the machine does meanwhile slows both, until
 * the time of a measurement is over; bench->ours and bench->floor then have the samples. */
bool bench_compare(struct bench *bench, const struct bench_work *ours,
		   const struct bench_work *floor, size_t count);

/* What the samples say, of `count` at once: the median of a go in microseconds, and how many a
 * second. */
double bench_median_us(struct bench_samples *samples);
double bench_per_second(const struct bench_samples *samples, size_t count);

/* Prints one result: its value and, with `floor` above 0, the floor and how often it goes into the
 * value. Nothing after an interruption. */
void bench_report(const struct bench *bench, const char *name, double value, double floor,
		  const char *unit);

/* True when the time of a measurement that began at `began_ns` is over or somebody interrupted. */
bool bench_is_over(const struct bench *bench, uint64_t began_ns);

struct floor_db;

/* The suites. False after a message in bench->why; an interruption is no failure. */
bool bench_audit(struct bench *bench, struct floor_db *floor);
bool bench_policy(struct bench *bench);
bool bench_channel(struct bench *bench, struct floor_db *floor);

/* A commit as work; `arg` is the struct floor_db. */
bool bench_floor_go(void *arg, size_t count, struct buf *why);

#endif
