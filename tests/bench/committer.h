/*
 * The floor of the audit queue: a thread that makes one durable transaction of bare rows for all that
 * came while it was busy with the one before. In one process with a libuv loop; the process ends
 * with it.
 */
#ifndef TESTS_BENCH_COMMITTER_H
#define TESTS_BENCH_COMMITTER_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

/* What waits for its rows; embedded by whoever waits. */
struct commit_entry {
	struct commit_entry *next;
	size_t row_count;
};

struct committer;

/* Makes a database in `directory` and starts the thread. `on_done` is called by the loop for each entry
 * in the order they came. False when it cannot. */
bool committer_start(uv_loop_t *loop, const char *directory,
		     void (*on_done)(struct commit_entry *entry), struct committer **out);

/* The entry is the committer's until it is done; the rows of one pass of the loop go together. */
void committer_push(struct committer *committer, struct commit_entry *entry);

#endif
