/*
 * The engine against the naive evaluator, over random worlds and policies, until enough requests
 * were asked.
 *
 * usage: cedar_oracle [REQUESTS [SEED]]
 *        cedar_oracle --planted
 *
 * With --planted each round expects something wrong, and must find that out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

enum {
	DEFAULT_REQUESTS = 100000,
	PLANTED_ROUNDS = 100,
	FEW_POLICIES = 40,
	MANY_POLICIES = 3000, /* enough to divide nodes of the index again and again */
	TEXT_BYTES = 4 << 20,
};

static void write_policies(struct random *random, struct buf *text)
{
	uint32_t max = random_chance(random, 2) ? MANY_POLICIES : FEW_POLICIES;

	for (uint32_t i = 1 + random_below(random, max); i > 0; i--)
		random_policy(random, text, random_chance(random, 10));
}

static enum oracle_result run_round(uint64_t seed, bool plant, struct comparison_tally *tally)
{
	struct random random = {seed};
	struct buf text, report;
	enum oracle_result result;

	buf_init(&text, TEXT_BYTES);
	buf_init(&report, TEXT_BYTES);
	write_policies(&random, &text);
	result = oracle_compare(&random, buf_str(&text), plant, tally, &report);
	if (result == ORACLE_DIFFERS && !plant)
		(void)fprintf(stderr, "cedar_oracle 1 %" PRIu64 ": %s", seed, buf_text(&report));
	if (result == ORACLE_REFUSED)
		(void)fprintf(stderr, "cedar_oracle 1 %" PRIu64 ": a malformed policy\n", seed);
	buf_deinit(&report);
	buf_deinit(&text);
	return result;
}

static int find_planted(void)
{
	struct comparison_tally tally = {0};

	for (uint64_t i = 1; i <= PLANTED_ROUNDS; i++) {
		if (run_round(i, true, &tally) == ORACLE_AGREES) {
			(void)fprintf(stderr, "round %" PRIu64 " agrees with a mistake\n", i);
			return EXIT_FAILURE;
		}
	}
	(void)printf("%d planted mistakes were found\n", PLANTED_ROUNDS);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	uint64_t requests, seed, rounds = 0;
	struct comparison_tally tally = {0};
	bool agree = true;

	if (argc > 1 && strcmp(argv[1], "--planted") == 0)
		return find_planted();
	requests = argc > 1 ? strtoull(argv[1], NULL, 10) : DEFAULT_REQUESTS;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	while (tally.requests < requests && agree)
		agree = run_round(seed + rounds++, false, &tally) == ORACLE_AGREES;
	(void)printf("%" PRIu64 " requests of %" PRIu64 " rounds, each indexed, linear and naive: "
		     "%" PRIu64 " allowed, %" PRIu64 " denied, %" PRIu64 " reasons, %" PRIu64
		     " errors\n",
		     tally.requests, rounds, tally.allowed, tally.denied, tally.reasons,
		     tally.errors);
	return agree ? EXIT_SUCCESS : EXIT_FAILURE;
}
