/*
 * The compiler, the evaluator and the index on policies that mutate: their answers must be those of
 * the naive evaluator. The first bytes choose the world, the rest is policy text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cedar/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct random random = {1};
	struct comparison_tally tally = {0};
	struct buf report;

	if (size < sizeof(uint16_t))
		return 0;
	random.state += (uint64_t)data[0] << 8 | data[1];
	buf_init(&report, SIZE_MAX);
	if (oracle_compare(&random, str_make((const char *)data + 2, size - 2), false, &tally,
			   &report) == ORACLE_DIFFERS) {
		(void)fprintf(stderr, "%s", buf_text(&report));
		abort();
	}
	buf_deinit(&report);
	return 0;
}
