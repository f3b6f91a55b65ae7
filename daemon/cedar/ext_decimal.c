#include "cedar/checked.h"
#include "cedar/ext.h"

enum { FRACTION_DIGITS = 4 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool ext_parse_decimal(struct str text, int64_t *out)
{
	bool negative = text.length != 0 && text.ptr[0] == '-';
	size_t at = negative ? 1 : 0, start = at, fraction;
	int64_t value = 0;

	/* The sum is built up with its sign, since the smallest number has no positive twin. */
	for (; at < text.length && is_digit(text.ptr[at]); at++) {
		int64_t digit = text.ptr[at] - '0';

		if (!checked_mul(value, 10, &value) ||
		    !checked_add(value, negative ? -digit : digit, &value))
			return false;
	}
	if (at == start || at == text.length || text.ptr[at] != '.')
		return false;
	fraction = text.length - at - 1;
	if (fraction == 0 || fraction > FRACTION_DIGITS)
		return false;
	for (size_t i = 0; i < FRACTION_DIGITS; i++) {
		int64_t digit = 0;

		if (i < fraction) {
			if (!is_digit(text.ptr[at + 1 + i]))
				return false;
			digit = text.ptr[at + 1 + i] - '0';
		}
		if (!checked_mul(value, 10, &value) ||
		    !checked_add(value, negative ? -digit : digit, &value))
			return false;
	}
	*out = value;
	return true;
}
