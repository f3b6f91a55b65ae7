/*
 * A bucket is one number: the moment at which it is full again. Each request moves that moment on by
 * the time one request is worth; it may not lie further ahead than a burst is worth (the generic
 * cell rate algorithm).
 */
#include "server/rates.h"

#include "base/mem.h"

enum { NS_PER_MS = 1000000 };

struct bucket {
	uint64_t principal; /* its hash */
	int64_t full_ns;
};

struct rates {
	struct hash_key key;
	int64_t interval_ns; /* what one request is worth */
	int64_t burst_ns;    /* what all but one of a burst are */
	struct bucket buckets[RATES_SETS][RATES_WAYS];
};

enum error rates_new(uint32_t per_second, uint32_t burst, struct hash_key key, struct rates **out)
{
	struct rates *rates = mem_calloc(1, sizeof(*rates));

	if (rates == NULL)
		return ERR_NO_MEMORY;
	rates->key = key;
	rates->interval_ns = INT64_C(1000000000) / per_second;
	rates->burst_ns = rates->interval_ns * (burst - 1);
	*out = rates;
	return ERR_NONE;
}

void rates_free(struct rates *rates)
{
	mem_free(rates);
}

/* The principal's bucket, or the one of its set that is nearest to full, given to it. */
static struct bucket *find(struct rates *rates, uint64_t principal)
{
	struct bucket *set = rates->buckets[principal % RATES_SETS], *found = &set[0];

	for (int i = 0; i < RATES_WAYS; i++) {
		if (set[i].principal == principal)
			return &set[i];
		if (set[i].full_ns < found->full_ns)
			found = &set[i];
	}
	*found = (struct bucket){principal, INT64_MIN};
	return found;
}

bool rates_take(struct rates *rates, struct str principal, int64_t now_ms)
{
	struct bucket *bucket =
		find(rates, hash_bytes(rates->key, principal.ptr, principal.length));
	int64_t now_ns = now_ms * NS_PER_MS;

	if (bucket->full_ns < now_ns)
		bucket->full_ns = now_ns;
	if (bucket->full_ns - now_ns > rates->burst_ns)
		return false;
	bucket->full_ns += rates->interval_ns;
	return true;
}
