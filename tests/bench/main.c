/*
 * wsauthz-bench SUITE [--json]: measures a part of the daemon beside its floor, in the same run. With
 * WSAUTHZ_BENCH_TINY in the environment it only shows that each case runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "bench/bench.h"
#include "policy/candidate.h"

static const struct suite {
	const char *name;
	int (*run)(bool json);
	const char *purpose;
} suites[] = {
	{"audit", bench_audit, "a store of ten million rows: writing, asking, verifying"},
	{"channel", bench_channel, "requests over the socket, beside a bare libuv echo"},
	{"decide", bench_decide, "decisions in memory"},
	{"policy", bench_policy, "decisions of the policy engine, beside testing every policy"},
	{"replay", bench_replay, "recorded decisions asked again, beside reading them alone"},
	{"store", bench_store, "durable audit rows, beside bare inserts of the same rows"},
};

void bench_report(const struct bench_result *result, bool json)
{
	double ratio = result->floor > 0 ? result->value / result->floor : 0;

	if (json && result->floor > 0)
		printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",\"floor\":%.1f,"
		       "\"ratio\":%.3f}\n",
		       result->name, result->value, result->unit, result->floor, ratio);
	else if (json)
		printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\"}\n", result->name,
		       result->value, result->unit);
	else if (result->floor > 0)
		printf("%-36s %14.1f %-12s floor %14.1f  ratio %.3f\n", result->name, result->value,
		       result->unit, result->floor, ratio);
	else
		printf("%-36s %14.1f %s\n", result->name, result->value, result->unit);
	fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int bench_size(int whole, int tiny)
{
	return getenv("WSAUTHZ_BENCH_TINY") != NULL ? tiny : whole;
}

double bench_median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int usage(FILE *out)
{
	fprintf(out, "usage: wsauthz-bench SUITE [--json]\n\nsuites:\n");
	for (size_t i = 0; i < ARRAY_COUNT(suites); i++)
		fprintf(out, "  %-10s %s\n", suites[i].name, suites[i].purpose);
	return 2;
}

int main(int argc, char **argv)
{
	/* Activation starts this program once more, as the child that checks a policy. */
	if (argc == 2 && strcmp(argv[1], POLICY_CANDIDATE_ARGUMENT) == 0)
		return policy_candidate_main();

	bool json = argc == 3 && strcmp(argv[2], "--json") == 0;

	if (argc < 2 || argc > 3 || (argc == 3 && !json))
		return usage(stderr);
	for (size_t i = 0; i < ARRAY_COUNT(suites); i++) {
		if (strcmp(argv[1], suites[i].name) == 0)
			return suites[i].run(json);
	}
	return usage(stderr);
}
