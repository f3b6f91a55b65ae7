#include "server/metrics.h"

#include "base/attributes.h"

const char *refusal_text(enum refusal_reason refusal)
{
	static const char *const texts[] = {
#define X(name, text) text,
		REFUSAL_LIST(X)
#undef X
	};

	return refusal < ARRAY_COUNT(texts) ? texts[refusal] : "unknown";
}

const char *limit_text(enum limit limit)
{
	static const char *const texts[] = {
#define X(name, text) text,
		LIMIT_LIST(X)
#undef X
	};

	return limit < ARRAY_COUNT(texts) ? texts[limit] : "unknown";
}

uint64_t metrics_sum(const uint64_t *counters, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += counters[i];
	return sum;
}
