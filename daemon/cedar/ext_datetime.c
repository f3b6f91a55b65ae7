#include "base/civil.h"
#include "cedar/checked.h"
#include "cedar/ext.h"

enum { MS_PER_SECOND = 1000, MS_PER_MINUTE = 60000, MS_PER_HOUR = 3600000 };

/* What is left to read. */
struct reader {
	const char *at, *end;
};

static bool take(struct reader *reader, char c)
{
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

/* Exactly `count` digits with a value of at most `max`. */
static bool take_digits(struct reader *reader, int count, int max, int *out)
{
	int value = 0;

	for (int i = 0; i < count; i++, reader->at++) {
		if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9')
			return false;
		value = value * 10 + (*reader->at - '0');
	}
	*out = value;
	return value <= max;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct reader *reader, int64_t *ms)
{
	int year, month, day;
	struct civil civil = {0};

	if (!take_digits(reader, 4, 9999, &year) || !take(reader, '-') ||
	    !take_digits(reader, 2, 12, &month) || !take(reader, '-') ||
	    !take_digits(reader, 2, 31, &day))
		return false;
	if (month == 0 || day == 0 || day > days_of_month(year, month))
		return false;
	civil.year = year;
	civil.month = (uint8_t)month;
	civil.day = (uint8_t)day;
	*ms = civil_to_us(&civil) / 1000;
	return true;
}

/* Thh:mm:ss, maybe .mmm, and Z or +hhmm or -hhmm; in ms to add to the date. */
static bool take_time(struct reader *reader, int64_t *ms)
{
	int hour, minute, second, thousandth = 0, zone_hour = 0, zone_minute = 0;
	int64_t local, zone;
	bool west = false;

	if (!take(reader, 'T') || !take_digits(reader, 2, 23, &hour) || !take(reader, ':') ||
	    !take_digits(reader, 2, 59, &minute) || !take(reader, ':') ||
	    !take_digits(reader, 2, 59, &second))
		return false;
	if (take(reader, '.') && !take_digits(reader, 3, 999, &thousandth))
		return false;
	if (!take(reader, 'Z')) {
		west = take(reader, '-');
		if (!west && !take(reader, '+'))
			return false;
		if (!take_digits(reader, 2, 23, &zone_hour) ||
		    !take_digits(reader, 2, 59, &zone_minute))
			return false;
	}
	local = (int64_t)hour * MS_PER_HOUR + (int64_t)minute * MS_PER_MINUTE +
		(int64_t)second * MS_PER_SECOND + thousandth;
	zone = (int64_t)zone_hour * MS_PER_HOUR + (int64_t)zone_minute * MS_PER_MINUTE;
	*ms = west ? local + zone : local - zone;
	return true;
}

bool ext_parse_datetime(struct str text, int64_t *out)
{
	struct reader reader = {text.ptr, text.ptr + text.length};
	int64_t date, time = 0;

	if (text.length == 0 || !take_date(&reader, &date))
		return false;
	if (reader.at != reader.end && !take_time(&reader, &time))
		return false;
	if (reader.at != reader.end)
		return false;
	*out = date + time;
	return true;
}

/* At least one digit; false also when the number does not fit. */
static bool take_number(struct reader *reader, uint64_t *out)
{
	const char *start = reader->at;
	uint64_t value = 0;

	for (; reader->at != reader->end && *reader->at >= '0' && *reader->at <= '9';
	     reader->at++) {
		uint64_t digit = (uint64_t)(*reader->at - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return reader->at != start;
}

/* Adds `number` units to `*total`, or subtracts them. */
static bool add_part(int64_t *total, uint64_t number, int64_t unit_ms, bool negative)
{
	/* The most negative part has no positive twin. */
	uint64_t max = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t part;

	if (number > max / (uint64_t)unit_ms)
		return false;
	part = number * (uint64_t)unit_ms;
	if (!negative)
		return checked_add(*total, (int64_t)part, total);
	if (part == max)
		return checked_add(*total, INT64_MIN, total);
	return checked_sub(*total, (int64_t)part, total);
}

bool ext_parse_duration(struct str text, int64_t *out)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"d", EXT_MS_PER_DAY},
		     {"h", MS_PER_HOUR},
		     {"m", MS_PER_MINUTE},
		     {"s", MS_PER_SECOND},
		     {"ms", 1}};
	struct reader reader = {text.ptr, text.ptr + text.length};
	bool negative = text.length != 0 && take(&reader, '-');
	size_t next = 0;
	int64_t total = 0;

	if (text.length == 0 || reader.at == reader.end)
		return false;
	while (reader.at != reader.end) {
		struct str unit;
		uint64_t number;

		if (!take_number(&reader, &number))
			return false;
		unit = str_make(reader.at, 0);
		while (reader.at != reader.end && *reader.at >= 'a' && *reader.at <= 'z') {
			reader.at++;
			unit.length++;
		}
		while (next < ARRAY_COUNT(units) && !str_equal(str_from(units[next].name), unit))
			next++;
		if (next == ARRAY_COUNT(units) ||
		    !add_part(&total, number, units[next].ms, negative))
			return false;
		next++;
	}
	*out = total;
	return true;
}

int64_t ext_datetime_to_time(int64_t ms)
{
	int64_t time = ms % EXT_MS_PER_DAY;

	return time >= 0 ? time : time + EXT_MS_PER_DAY;
}

bool ext_datetime_to_date(int64_t ms, int64_t *out)
{
	return checked_sub(ms, ext_datetime_to_time(ms), out);
}
