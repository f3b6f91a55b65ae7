/* Bars of block characters for terminals. */
#ifndef CTL_BAR_H
#define CTL_BAR_H

#include <stdint.h>

#include "base/buf.h"

/* Appends a bar in two parts, the first full and the second shaded, as long as they are of `max` when
 * `width` columns are all; neither is left out while there is room for both, unless it is 0. */
void bar_append(struct buf *out, uint64_t first, uint64_t second, uint64_t max, unsigned width);

#endif
