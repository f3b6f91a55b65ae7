/*
 * The metrics in a file for the textfile collector of node_exporter or windows_exporter: written
 * anew every so often, whole or not at all. Loop thread; the disk is a worker's.
 */
#ifndef SERVER_METRICS_FILE_H
#define SERVER_METRICS_FILE_H

#include <stdbool.h>

#include <uv.h>

#include "server/service.h"

/* Embedded; the fields are its own. */
struct metrics_file {
	struct service *service;
	uv_timer_t timer;
	uv_work_t work;
	bool is_writing;
	struct buf text; /* the worker's while it writes */
	struct buf why;
	enum error error;
	int64_t failing_since_us; /* 0 while it can be written */
};

/* Writes the file that the settings name now and at every interval; nothing when they name none. */
void metrics_file_start(struct metrics_file *file, struct service *service, uv_loop_t *loop);

/* Begins no more; to be called before anything of the service goes. The timer is closed by whoever
 * walks the loop. */
void metrics_file_stop(struct metrics_file *file);

/* When the loop has ended. Accepts one that was never started. */
void metrics_file_deinit(struct metrics_file *file);

/* Since when the file cannot be written, by the wall clock; 0 when it can. */
int64_t metrics_file_failing_since_us(const struct metrics_file *file);

#endif
