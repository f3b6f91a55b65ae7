#include "ctl/when.h"

#include "base/attributes.h"
#include "base/civil.h"

#define DAY_US   INT64_C(86400000000)
#define SPAN_MAX (UINT64_C(36525) * 86400000)

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

bool when_parse(struct str text, int64_t now_us, int64_t *wall_us)
{
	int64_t today_us = now_us - now_us % DAY_US;
	uint64_t span_ms;

	if (when_parse_span(text, &span_ms))
		*wall_us = now_us - (int64_t)span_ms * 1000;
	else if (str_equal(text, STR("now")))
		*wall_us = now_us;
	else if (str_equal(text, STR("today")))
		*wall_us = today_us;
	else if (str_equal(text, STR("yesterday")))
		*wall_us = today_us - DAY_US;
	else
		return civil_parse(text, wall_us);
	return true;
}
