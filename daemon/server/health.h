/* What is wrong with the daemon, in words, for whoever runs it. */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "server/service.h"

enum { HEALTH_PROBLEMS_MAX = 8 };

struct problem {
	const char *code; /* a word that stays the same over versions */
	struct str text;  /* one sentence; may hold text from outside */
	int64_t since_us; /* wall clock */
};

/* No problem: all is well. */
struct health {
	struct problem problems[HEALTH_PROBLEMS_MAX];
	size_t count;
};

/* Looks at the policy and the watch over its directories, audit and metrics file; texts live in `arena`. False when memory is spent. Loop
 * thread. */
bool health_examine(struct arena *arena, const struct service *service,
		    struct health *health) ATTR_MUST_CHECK;

#endif
