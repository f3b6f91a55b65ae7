/* A relation between the numbers below a bound, and its transitive closure: which entity types can
 * be below which, which action is in which group. */
#ifndef CEDAR_RELATION_H
#define CEDAR_RELATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"

enum { RELATION_MAX = 4096 }; /* numbers; then it takes 2 MiB */

struct relation {
	uint64_t *rows; /* a bit for each pair */
	uint32_t count;
	uint32_t row_words;
};

/* An empty relation between numbers below `count`, at most RELATION_MAX. ERR_NO_MEMORY. */
enum error relation_init(struct relation *relation, struct arena *arena,
			 uint32_t count) ATTR_MUST_CHECK;

/* Relates `from` to `to`. */
void relation_add(struct relation *relation, uint32_t from, uint32_t to);

bool relation_has(const struct relation *relation, uint32_t from, uint32_t to);

/* Adds every pair that is connected by a chain of pairs. */
void relation_close(struct relation *relation);

#endif
