/* The time, and what tells one boot of the machine from the next. */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"

/* The system's clocks (base/clock.h). Any thread. */
const struct clock *platform_clock(void);

/* What local time is ahead of UTC at that moment, in seconds, by the time zone the process started
 * with. The first call reads the zone's file. Any thread. */
int32_t platform_utc_offset_s(int64_t wall_us);

/* What tells one boot of the machine from the next; records do not survive a boot. */
struct boot_id {
	unsigned char bytes[16];
};

enum error platform_boot_id(struct boot_id *out) ATTR_MUST_CHECK;

#endif
