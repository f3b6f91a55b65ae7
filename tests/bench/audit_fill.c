/*
 * audit-fill DIRECTORY ROWS [SEGMENT_ROWS]: makes an audit of that many decisions in a directory, for
 * measurements and for trying questions. The last row is of now.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "support/store_env.h"
#include "support/store_fill.h"

static void on_progress(void *arg, uint64_t done)
{
	(void)arg;
	if (done % STORE_FILL_SEGMENT_ROWS == 0)
		fprintf(stderr, "%" PRIu64 " rows\n", done);
}

int main(int argc, char **argv)
{
	struct store_env env = store_env_make(NULL);
	struct store_fill plan = {.env = &env, .on_progress = on_progress};
	struct timespec now;
	struct buf why;
	enum error error;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: audit-fill DIRECTORY ROWS [SEGMENT_ROWS]\n");
		return 2;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	plan.directory = argv[1];
	plan.row_count = strtoull(argv[2], NULL, 10);
	plan.segment_rows = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	plan.last_us = (int64_t)now.tv_sec * 1000000;
	(void)mkdir(argv[1], 0700);
	buf_init(&why, 4096);
	error = store_fill(&plan, &why);
	if (error != ERR_NONE)
		fprintf(stderr, "audit-fill: %s\n", buf_text(&why));
	buf_deinit(&why);
	return error == ERR_NONE ? 0 : 1;
}
