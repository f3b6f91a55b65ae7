/* What the cases of wsauthz-bench share: how a result is reported. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>

struct bench_result {
	const char *name; /* "channel/64x1/strict" */
	double value;
	const char *unit; /* "requests/s", "ns", "us" */
	double floor;     /* the same unit, measured in the same run; 0 for none */
};

/* Prints one line on stdout: a JSON object {"name","value","unit","floor","ratio"} (floor and ratio
 * only with a floor) or a row for people. */
void bench_report(const struct bench_result *result, bool json);

/* `whole`, or `tiny` where WSAUTHZ_BENCH_TINY is in the environment: each case runs then, in a moment,
 * and no figure means anything. */
int bench_size(int whole, int tiny);

/* The median; sorts `values`. */
double bench_median(double *values, int count);

/* The activation of policy directories; a part of bench_policy(). */
void bench_activate(bool json);

/* The suites; 0 when all cases ran. */
int bench_audit(bool json);
int bench_channel(bool json);
int bench_decide(bool json);
int bench_policy(bool json);
int bench_replay(bool json);
int bench_store(bool json);

/* Parts of the suite "audit". `last_us` is the time of the last row, and the last segment a full one
 * that is not sealed. */
bool bench_audit_queries(const char *directory, int64_t last_us, bool json);
/* One user and one day, asked by a run of wsauthzctl: milliseconds; negative when it failed. */
double bench_audit_ask(const char *directory, int64_t last_us);
/* The cases of the suite "store", with names below `prefix`. */
int bench_store_append(const char *prefix, bool json);

#endif
