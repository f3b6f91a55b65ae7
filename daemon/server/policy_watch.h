/*
 * Notices changes in the policy directory. Whoever edits makes several at once, so the owner is
 * told when it has been quiet for a while. Loop thread.
 */
#ifndef SERVER_POLICY_WATCH_H
#define SERVER_POLICY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/attributes.h"
#include "base/error.h"

enum { POLICY_WATCH_QUIET_MS = 500, POLICY_WATCH_DIRECTORIES = 2 };

struct policy_watch {
	/* The directory and its subdirectory "tests". */
	uv_fs_event_t events[POLICY_WATCH_DIRECTORIES];
	uv_timer_t quiet;
	const char *directory;
	uint64_t quiet_ms;
	bool is_lost; /* the directory was not there when it was to be watched again */
	void (*on_changed)(void *arg);
	void *arg;
};

/* Watches `directory`, which is borrowed; one that goes and comes back is watched again. The handles
 * end like any other of the loop. ERR_IO when the directory cannot be watched; the handles are there
 * nevertheless. */
enum error policy_watch_start(struct policy_watch *watch, uv_loop_t *loop, const char *directory,
			      uint64_t quiet_ms, void (*on_changed)(void *arg),
			      void *arg) ATTR_MUST_CHECK;

#endif
