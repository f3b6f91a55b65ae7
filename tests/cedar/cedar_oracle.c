/*
 * The engine against the naive evaluator, over random worlds and policies.
 *
 * usage: cedar_oracle [ROUNDS [SEED]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"

enum {
	DEFAULT_ROUNDS = 1500,
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

static bool run_round(uint64_t seed, struct oracle_tally *tally)
{
	struct random random = {seed};
	struct buf text, report;
	enum oracle_result result;

	buf_init(&text, TEXT_BYTES);
	buf_init(&report, TEXT_BYTES);
	write_policies(&random, &text);
	result = oracle_compare(&random, buf_str(&text), tally, &report);
	if (result == ORACLE_DIFFERS)
		(void)fprintf(stderr, "cedar_oracle 1 %" PRIu64 ": %s", seed, buf_text(&report));
	if (result == ORACLE_REFUSED)
		(void)fprintf(stderr, "cedar_oracle 1 %" PRIu64 ": a malformed policy\n", seed);
	buf_deinit(&report);
	buf_deinit(&text);
	return result == ORACLE_AGREES;
}

int main(int argc, char **argv)
{
	uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : DEFAULT_ROUNDS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	struct oracle_tally tally = {0};
	bool agree = true;

	for (uint64_t i = 0; i < rounds; i++)
		agree = run_round(seed + i, &tally) && agree;
	(void)printf("%" PRIu64 " rounds: %" PRIu64 " allowed, %" PRIu64 " denied, %" PRIu64
		     " reasons, %" PRIu64 " errors\n",
		     rounds, tally.allowed, tally.denied, tally.reasons, tally.errors);
	return agree ? EXIT_SUCCESS : EXIT_FAILURE;
}
