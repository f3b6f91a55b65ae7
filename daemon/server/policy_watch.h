/*
 * Notices changes in the policy directory. Whoever edits makes several at once, so the owner is
 * told when it has been quiet for a while. A directory that cannot be watched, because it is missing
 * or the system has no watch left, is logged once and tried again until it can be. Loop thread.
 */
#ifndef SERVER_POLICY_WATCH_H
#define SERVER_POLICY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/log.h"

enum { POLICY_WATCH_QUIET_MS = 500, POLICY_WATCH_DIRECTORIES = 2 };

/* Everything is borrowed. */
struct policy_watch_options {
	const struct log *log;
	const char *directory;
	const char *lost_event; /* the name of the event that says that changes are not noticed */
	uint64_t quiet_ms;
	void (*on_changed)(void *arg); /* also when the directory can be watched again */
	void *arg;
};

/* Embedded; the fields are its own. */
struct policy_watch {
	struct policy_watch_options options;
	/* The directory and its subdirectory "tests". */
	uv_fs_event_t events[POLICY_WATCH_DIRECTORIES];
	uv_timer_t quiet;
	int64_t lost_since_us; /* 0 while the directory is watched */
};

/* The handles end like any other of the loop. */
void policy_watch_start(struct policy_watch *watch, uv_loop_t *loop,
			const struct policy_watch_options *options);

/* Since when changes are not noticed, by the wall clock; 0 when they are. */
int64_t policy_watch_lost_since_us(const struct policy_watch *watch);

#endif
