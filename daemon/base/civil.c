#include "base/civil.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY    (INT64_C(86400) * US_PER_SECOND)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970-01-01 from and to a date: Howard Hinnant, "chrono-compatible low-level date
 * algorithms". The year starts in March, so that the leap day is its last. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, struct civil *out)
{
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted_month = (5 * day_of_year + 2) / 153;

	out->day = (uint8_t)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
	out->month = (uint8_t)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
	out->year = (int32_t)(year_of_era + era * 400 + (out->month <= 2));
	/* 1970-01-01 was a Thursday. */
	out->weekday = (uint8_t)(days + 4 - floor_div(days + 4, 7) * 7);
}

struct civil civil_from_us(int64_t wall_us)
{
	int64_t days = floor_div(wall_us, US_PER_DAY);
	int64_t of_day = wall_us - days * US_PER_DAY;
	int64_t seconds = of_day / US_PER_SECOND;
	struct civil out;

	date_from_days(days, &out);
	out.hour = (uint8_t)(seconds / 3600);
	out.minute = (uint8_t)(seconds / 60 % 60);
	out.second = (uint8_t)(seconds % 60);
	out.microsecond = (uint32_t)(of_day % US_PER_SECOND);
	return out;
}

int64_t civil_to_us(const struct civil *civil)
{
	int64_t seconds = days_from_date(civil->year, civil->month, civil->day) * 86400 +
			  civil->hour * 3600 + civil->minute * 60 + civil->second;

	return seconds * US_PER_SECOND + civil->microsecond;
}

/* Writes exactly `count` digits and what follows them. */
static char *put(char *at, uint32_t value, size_t count, char behind)
{
	for (size_t i = count; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	at[count] = behind;
	return at + count + 1;
}

void civil_append(struct buf *out, int64_t wall_us)
{
	struct civil c = civil_from_us(wall_us);
	char text[sizeof("-01-01T00:00:00.000Z") - 1], *at = text;

	if (c.year >= 1000 && c.year <= 9999)
		buf_append_u64(out, (uint64_t)c.year);
	else
		buf_printf(out, "%04d", (int)c.year);
	*at++ = '-';
	at = put(at, c.month, 2, '-');
	at = put(at, c.day, 2, 'T');
	at = put(at, c.hour, 2, ':');
	at = put(at, c.minute, 2, ':');
	at = put(at, c.second, 2, '.');
	put(at, c.microsecond / 1000, 3, 'Z');
	buf_append(out, text, sizeof(text));
}

/* Takes exactly `count` digits off the front. */
static bool take_digits(struct str *text, size_t count, uint32_t *value)
{
	uint32_t sum = 0;

	if (text->length < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (text->ptr[i] < '0' || text->ptr[i] > '9')
			return false;
		sum = sum * 10 + (uint32_t)(text->ptr[i] - '0');
	}
	*text = str_make(text->ptr + count, text->length - count);
	*value = sum;
	return true;
}

static bool take_byte(struct str *text, char byte)
{
	if (text->length == 0 || text->ptr[0] != byte)
		return false;
	*text = str_make(text->ptr + 1, text->length - 1);
	return true;
}

/* One to six digits behind the point. */
static bool take_fraction(struct str *text, uint32_t *microsecond)
{
	uint32_t digit, sum = 0, unit = 1000000;

	while (unit > 1 && take_digits(text, 1, &digit)) {
		unit /= 10;
		sum += digit * unit;
	}
	*microsecond = sum;
	return unit < 1000000;
}

static bool take_time(struct str *text, uint32_t *hour, uint32_t *minute, uint32_t *second,
		      uint32_t *microsecond)
{
	if (!take_digits(text, 2, hour) || !take_byte(text, ':') || !take_digits(text, 2, minute))
		return false;
	if (take_byte(text, ':') && !take_digits(text, 2, second))
		return false;
	if (take_byte(text, '.') && !take_fraction(text, microsecond))
		return false;
	return *hour <= 23 && *minute <= 59 && *second <= 59;
}

bool civil_parse(struct str text, int64_t *wall_us)
{
	uint32_t year, month, day, hour = 0, minute = 0, second = 0, microsecond = 0;
	struct civil civil, again;
	int64_t result;

	if (!take_digits(&text, 4, &year) || !take_byte(&text, '-') ||
	    !take_digits(&text, 2, &month) || !take_byte(&text, '-') ||
	    !take_digits(&text, 2, &day))
		return false;
	if ((take_byte(&text, 'T') || take_byte(&text, ' ')) &&
	    !take_time(&text, &hour, &minute, &second, &microsecond))
		return false;
	take_byte(&text, 'Z');
	if (text.length != 0 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	civil = (struct civil){(int32_t)year,   (uint8_t)month,  (uint8_t)day, (uint8_t)hour,
			       (uint8_t)minute, (uint8_t)second, microsecond,  0};
	result = civil_to_us(&civil);
	/* A day that the month does not have comes back as one of the next month. */
	again = civil_from_us(result);
	if (again.day != civil.day)
		return false;
	*wall_us = result;
	return true;
}
