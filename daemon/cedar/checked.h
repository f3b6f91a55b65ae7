/* Arithmetic of 64-bit integers that tells when the result does not fit. */
#ifndef CEDAR_CHECKED_H
#define CEDAR_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* Each returns false, and writes nothing, when the exact result is out of range. */

static inline bool checked_add(int64_t a, int64_t b, int64_t *out)
{
	if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b)
		return false;
	*out = a + b;
	return true;
}

static inline bool checked_sub(int64_t a, int64_t b, int64_t *out)
{
	if (b > 0 ? a < INT64_MIN + b : a > INT64_MAX + b)
		return false;
	*out = a - b;
	return true;
}

static inline bool checked_mul(int64_t a, int64_t b, int64_t *out)
{
	if (a != 0 && b != 0) {
		if ((a == -1 && b == INT64_MIN) || (b == -1 && a == INT64_MIN))
			return false;
		if (a > 0 ? (b > 0 ? a > INT64_MAX / b : b < INT64_MIN / a)
			  : (b > 0 ? a < INT64_MIN / b : a < INT64_MAX / b))
			return false;
	}
	*out = a * b;
	return true;
}

#endif
