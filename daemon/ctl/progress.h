/*
 * How far long work has come: one line on standard error that is written over and over, when that is
 * a terminal and the work has taken a second.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "replaying" */
	bool is_watched, is_shown;
	int64_t started_ms, shown_ms;
};

void progress_begin(struct progress *progress, const char *what);

/* Shows that `done` of `total` decisions are done, a few times a second. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total);

/* Removes the line. To be called before anything else is printed. */
void progress_end(struct progress *progress);

#endif
