/* Bars of block characters for terminals, an eighth of a column fine. */
#ifndef CTL_BAR_H
#define CTL_BAR_H

#include <stdint.h>

#include "base/buf.h"

/* Appends a bar as long as `value` is of `max` when `width` columns are all; at least a thin one
 * unless `value` is 0. */
void bar_append(struct buf *out, uint64_t value, uint64_t max, unsigned width);

/* The same in two parts, the first full and the second shaded, both of `max`. */
void bar_append_two(struct buf *out, uint64_t first, uint64_t second, uint64_t max, unsigned width);

#endif
