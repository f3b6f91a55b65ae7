/* Time as a parameter: the daemon passes the system's clocks (platform), tests their own. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
	/* Wall clock, microseconds since 1970-01-01 UTC. May step either way; for people only. */
	int64_t (*wall_us)(const struct clock *clock);
	/* Milliseconds of a clock that never steps and goes on while the machine sleeps
	 * (CLOCK_BOOTTIME, QueryInterruptTime). Starts anew at each boot. All time-outs use it. */
	int64_t (*boot_ms)(const struct clock *clock);
};

static inline int64_t clock_wall_us(const struct clock *clock)
{
	return clock->wall_us(clock);
}

static inline int64_t clock_boot_ms(const struct clock *clock)
{
	return clock->boot_ms(clock);
}

#endif
