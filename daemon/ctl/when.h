/* Times and spans on the command line. */
#ifndef CTL_WHEN_H
#define CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Reads "15m", "8h", "1d12h": positive whole numbers with the units d, h, m, s, ms in this order,
 * each at most once. False when it is no such text or exceeds a hundred years. */
bool when_parse_span(struct str text, uint64_t *ms);

/* Reads a moment: a span, meaning that long before `now_us`; "now"; "today" and "yesterday"; a time of
 * today such as "02:00", or "yesterday 02:00"; or a date or time of base/civil.h. A day or time
 * of day may end in an offset from UTC such as "+01:00"; without one it is UTC. */
bool when_parse(struct str text, int64_t now_us, int64_t *wall_us);

#endif
