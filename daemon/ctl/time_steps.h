/* A span of time in equal steps that people find round: whole minutes, hours or days of UTC. */
#ifndef CTL_TIME_STEPS_H
#define CTL_TIME_STEPS_H

#include <stddef.h>
#include <stdint.h>

struct time_steps {
	int64_t start_us, step_us;
	size_t count;
};

/* The smallest round steps of which at most `max_count` (at least 2) cover [since_us, until_us). */
struct time_steps time_steps_choose(int64_t since_us, int64_t until_us, size_t max_count);

/* Steps of `step_us` that cover it; `count` is 0 when that takes more than `max_count`. */
struct time_steps time_steps_make(int64_t since_us, int64_t until_us, int64_t step_us,
				  size_t max_count);

#endif
