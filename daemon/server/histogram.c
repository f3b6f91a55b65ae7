#include "server/histogram.h"

#define US(n) ((n)*UINT64_C(1000))
#define MS(n) US((n)*UINT64_C(1000))

const uint64_t histogram_bounds_ns[HISTOGRAM_BUCKET_COUNT] = {
	US(10), US(25), US(50), US(100), US(250), US(500), MS(1),    MS(2) + US(500), MS(5),
	MS(10), MS(25), MS(50), MS(100), MS(250), MS(500), MS(1000), MS(2500),        MS(5000),
};

/* Most of what is counted falls into one of the first buckets. */
void histogram_add(struct histogram *histogram, uint64_t ns)
{
	size_t bucket = 0;

	while (bucket < HISTOGRAM_BUCKET_COUNT && ns > histogram_bounds_ns[bucket])
		bucket++;
	histogram->counts[bucket]++;
	histogram->sum_ns += ns;
}

void histogram_add_span(struct histogram *histogram, uint64_t from_ns, uint64_t to_ns)
{
	histogram_add(histogram, to_ns > from_ns ? to_ns - from_ns : 0);
}
