#include "ctl/time_steps.h"

#include "base/attributes.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

/* Also for times before 1970. */
static int64_t round_down(int64_t us, int64_t step_us)
{
	int64_t rest = us % step_us;

	return us - (rest < 0 ? rest + step_us : rest);
}

struct time_steps time_steps_make(int64_t since_us, int64_t until_us, int64_t step_us,
				  size_t max_count)
{
	struct time_steps steps = {.start_us = round_down(since_us, step_us), .step_us = step_us};
	uint64_t span = (uint64_t)until_us - (uint64_t)steps.start_us;
	uint64_t count = (span + (uint64_t)step_us - 1) / (uint64_t)step_us;

	steps.count = count <= max_count ? (size_t)count : 0;
	return steps;
}

struct time_steps time_steps_choose(int64_t since_us, int64_t until_us, size_t max_count)
{
	static const int64_t round_us[] = {
		MINUTE_US,   5 * MINUTE_US, 15 * MINUTE_US, 30 * MINUTE_US, HOUR_US,
		3 * HOUR_US, 6 * HOUR_US,   12 * HOUR_US,   DAY_US,         7 * DAY_US,
	};
	struct time_steps steps = {0};
	int64_t step_us = 0;

	for (size_t i = 0; steps.count == 0 && i < ARRAY_COUNT(round_us); i++)
		steps = time_steps_make(since_us, until_us, round_us[i], max_count);
	/* For centuries, weeks together. */
	for (step_us = 14 * DAY_US; steps.count == 0; step_us *= 2)
		steps = time_steps_make(since_us, until_us, step_us, max_count);
	return steps;
}
