#include "ctl/bar.h"

#include "base/attributes.h"

/* U+2588 and U+2592, which are three bytes in UTF-8. */
static const struct str full = {"\xe2\x96\x88", 3}, shaded = {"\xe2\x96\x92", 3};

/* `value` of `max` in units of which `width` are all, rounded; never 0 for what is there. */
static unsigned scale(uint64_t value, uint64_t max, unsigned width)
{
	if (value == 0 || max == 0)
		return 0;
	if (value >= max)
		return width;
	unsigned units = (unsigned)((double)value / (double)max * width + 0.5);
	return units != 0 ? units : 1;
}

void bar_append(struct buf *out, uint64_t first, uint64_t second, uint64_t max, unsigned width)
{
	unsigned end = scale(first + second, max, width);
	unsigned middle = scale(first, max, width);

	if (middle == end && second != 0 && end > 1)
		middle--;
	for (unsigned i = 0; i < end; i++)
		buf_append_str(out, i < middle ? full : shaded);
}
