/* How long something took, counted in buckets, as Prometheus wants it. */
#ifndef SERVER_HISTOGRAM_H
#define SERVER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKET_COUNT = 18 };

/* The upper bounds of the buckets in nanoseconds, bound included, ascending: 10 us to 5 s. */
extern const uint64_t histogram_bounds_ns[HISTOGRAM_BUCKET_COUNT];

struct histogram {
	/* How many fell into each bucket alone, the last of those above all bounds. */
	uint64_t counts[HISTOGRAM_BUCKET_COUNT + 1];
	uint64_t sum_ns;
};

/* Counts one. */
void histogram_add(struct histogram *histogram, uint64_t ns);

/* Counts what took from one reading of uv_hrtime() to a later one; clocks that disagree count as
 * no time at all. */
void histogram_add_span(struct histogram *histogram, uint64_t from_ns, uint64_t to_ns);

#endif
