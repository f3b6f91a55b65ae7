#include "support/fake_clock.h"

#include <stddef.h>

#include "base/attributes.h"

static int64_t fake_wall_us(const struct clock *clock)
{
	return CONTAINER_OF((struct clock *)(uintptr_t)clock, struct fake_clock, clock)->wall_us;
}

static int64_t fake_boot_ms(const struct clock *clock)
{
	return CONTAINER_OF((struct clock *)(uintptr_t)clock, struct fake_clock, clock)->boot_ms;
}

void fake_clock_init(struct fake_clock *fake)
{
	fake->clock = (struct clock){fake_wall_us, fake_boot_ms};
	fake->wall_us = INT64_C(1767225600000000);
	fake->boot_ms = 1000000;
}

void fake_clock_advance_ms(struct fake_clock *fake, int64_t ms)
{
	fake->wall_us += ms * 1000;
	fake->boot_ms += ms;
}
