/* A clock that moves only when the test moves it. */
#ifndef TESTS_SUPPORT_FAKE_CLOCK_H
#define TESTS_SUPPORT_FAKE_CLOCK_H

#include "base/clock.h"

struct fake_clock {
	struct clock clock; /* pass &fake.clock */
	int64_t wall_us;
	int64_t boot_ms;
};

/* Wall clock 2026-01-01T00:00:00Z, boot clock 1,000,000 ms. */
void fake_clock_init(struct fake_clock *fake);

/* Moves both clocks on. */
void fake_clock_advance_ms(struct fake_clock *fake, int64_t ms);

#endif
