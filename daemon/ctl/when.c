#include "ctl/when.h"

#include <stdio.h>

#include "base/attributes.h"
#include "base/civil.h"

#define DAY_US    INT64_C(86400000000)
#define MINUTE_US INT64_C(60000000)
#define SPAN_MAX  (UINT64_C(36525) * 86400000)

enum { CLOCK_LENGTH = 5, OFFSET_LENGTH = 6, DATED_MAX = 64 };

bool when_parse_span(struct str text, uint64_t *ms)
{
	static const struct {
		struct str unit;
		uint64_t ms;
	} units[] = {
		{{"d", 1}, 86400000}, {{"h", 1}, 3600000}, {{"m", 1}, 60000},
		{{"s", 1}, 1000},     {{"ms", 2}, 1},
	};
	uint64_t sum = 0;
	size_t next = 0;

	if (text.length == 0)
		return false;
	while (text.length != 0) {
		size_t digits = 0, letters = 0;
		uint64_t value;

		while (digits < text.length && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
			digits++;
		while (digits + letters < text.length && text.ptr[digits + letters] >= 'a' &&
		       text.ptr[digits + letters] <= 'z')
			letters++;
		if (!str_to_u64(str_make(text.ptr, digits), &value))
			return false;
		while (next < ARRAY_COUNT(units) &&
		       !str_equal(units[next].unit, str_make(text.ptr + digits, letters)))
			next++;
		if (next == ARRAY_COUNT(units) || value > (SPAN_MAX - sum) / units[next].ms)
			return false;
		sum += value * units[next++].ms;
		text = str_make(text.ptr + digits + letters, text.length - digits - letters);
	}
	if (sum == 0)
		return false;
	*ms = sum;
	return true;
}

static int digits_of(struct str text, size_t at)
{
	unsigned char tens = (unsigned char)text.ptr[at], ones = (unsigned char)text.ptr[at + 1];

	if (tens < '0' || tens > '9' || ones < '0' || ones > '9')
		return -1;
	return (tens - '0') * 10 + (ones - '0');
}

/* Takes an offset such as "+01:00" from the end of a day or time of day; false when none is there. */
static bool take_offset(struct str *text, int64_t *offset_us)
{
	int hours, minutes;
	size_t at;

	if (text->length < OFFSET_LENGTH)
		return false;
	at = text->length - OFFSET_LENGTH;
	if ((text->ptr[at] != '+' && text->ptr[at] != '-') || text->ptr[at + 3] != ':')
		return false;
	hours = digits_of(*text, at + 1);
	minutes = digits_of(*text, at + 4);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*offset_us = (text->ptr[at] == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * MINUTE_US;
	text->length = at;
	return true;
}

/* Reads "today", "yesterday", a time of day, or a time of one of them; today begins at `today_us`. */
static bool parse_clock(struct str text, int64_t today_us, int64_t *wall_us)
{
	static const struct str names[] = {{"today", 5}, {"yesterday", 9}};
	char dated[DATED_MAX];
	int64_t of_day_us;
	int length;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (str_equal(text, names[i])) {
			*wall_us = today_us - (int64_t)i * DAY_US;
			return true;
		}
		if (str_starts_with(text, names[i]) && text.length > names[i].length + 1 &&
		    (text.ptr[names[i].length] == ' ' || text.ptr[names[i].length] == 'T')) {
			text = str_make(text.ptr + names[i].length + 1,
					text.length - names[i].length - 1);
			today_us -= (int64_t)i * DAY_US;
			break;
		}
	}
	if (text.length < CLOCK_LENGTH || text.ptr[2] != ':')
		return false;
	/* The first day there is, so that what is read is the time of day alone. */
	length = snprintf(dated, sizeof(dated), "1970-01-01T%.*s", STR_ARGS(text));
	if (length >= (int)sizeof(dated) ||
	    !civil_parse(str_make(dated, (size_t)length), &of_day_us))
		return false;
	*wall_us = today_us + of_day_us;
	return true;
}

static int64_t day_of(int64_t wall_us)
{
	return wall_us - wall_us % DAY_US;
}

bool when_parse(struct str text, int64_t now_us, int64_t *wall_us)
{
	int64_t offset_us = 0, moment_us;
	uint64_t span_ms;

	if (when_parse_span(text, &span_ms)) {
		*wall_us = now_us - (int64_t)span_ms * 1000;
		return true;
	}
	if (str_equal(text, STR("now"))) {
		*wall_us = now_us;
		return true;
	}
	/* "Z" is an offset, too, and there can be but one. */
	if (take_offset(&text, &offset_us) && str_ends_with(text, STR("Z")))
		return false;
	if (!parse_clock(text, day_of(now_us + offset_us), &moment_us) &&
	    !civil_parse(text, &moment_us))
		return false;
	*wall_us = moment_us - offset_us;
	return true;
}
