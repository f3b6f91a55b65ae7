/* The generated table behind base/casefold.h. */
#ifndef BASE_CASEFOLD_TABLE_H
#define BASE_CASEFOLD_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* The code points first, first + step, ... last fold to themselves plus delta. */
struct casefold_range {
	uint32_t first, last;
	uint32_t step; /* 1 or 2 */
	int32_t delta;
};

/* Ascending, without overlap. */
extern const struct casefold_range casefold_ranges[];
extern const size_t casefold_range_count;

#endif
