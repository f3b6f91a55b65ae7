/* The log where the system collects it: standard error, one write a line, with the priority prefix
 * of sd-daemon(3) where that is the journal; for a service of Windows the Application event log. For
 * struct log; `arg` is a struct log_output. Any thread. */
#ifndef PLATFORM_LOG_OUTPUT_H
#define PLATFORM_LOG_OUTPUT_H

#include <stdbool.h>

#include "base/log.h"
#include "base/str.h"

struct log_output {
	bool is_journal;
	void *event_source; /* NULL for standard error */
};

void log_output_init(struct log_output *output);
void log_output_deinit(struct log_output *output);
void log_output_write(void *arg, enum log_level level, struct str line);

#endif
