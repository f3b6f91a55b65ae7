/*
 * Dates and times of day in UTC, proleptic Gregorian calendar, without time zones, locales or leap
 * seconds. Pure functions.
 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct civil {
	int32_t year;
	uint8_t month, day; /* from 1 */
	uint8_t hour, minute, second;
	uint32_t microsecond;
	uint8_t weekday; /* 0 is Sunday; not read by civil_to_us() */
};

/* The moment `wall_us` microseconds after 1970-01-01T00:00:00Z (before it, when negative). */
struct civil civil_from_us(int64_t wall_us);

/* The inverse; the fields must be in range, and the year within +-200,000. */
int64_t civil_to_us(const struct civil *civil);

/* Appends RFC 3339 with milliseconds and Z: "2026-11-22T21:38:31.123Z". */
void civil_append(struct buf *out, int64_t wall_us);

/* Reads "YYYY-MM-DD" or "YYYY-MM-DDTHH:MM[:SS[.fraction]]" (a blank may stand for T) with an
 * optional Z, all of it UTC. False when it is no such text or no such day. */
bool civil_parse(struct str text, int64_t *wall_us);

#endif
