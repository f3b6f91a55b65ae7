/* The result of a replay for people and for programs. */
#ifndef CTL_REPLAY_REPORT_H
#define CTL_REPLAY_REPORT_H

#include <stdbool.h>

#include "policy/replay.h"

/* What a replay was about. */
struct replay_report {
	const struct replay_result *result;
	const char *candidate; /* as it was named */
	bool has_max;
	uint64_t max_flips;
	uint64_t elapsed_ms;
};

/* Prints to standard output; tables are cut to the width of a terminal. */
void replay_report_text(const struct replay_report *report);

/* One JSON object. */
void replay_report_json(const struct replay_report *report);

#endif
