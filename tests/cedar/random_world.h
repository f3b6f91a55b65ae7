/*
 * Random but repeatable: hierarchies of several levels with several parents and parents that are no
 * entities, attributes, requests, and policies that talk about them.
 */
#ifndef TESTS_CEDAR_RANDOM_WORLD_H
#define TESTS_CEDAR_RANDOM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "naive.h"

struct random {
	uint64_t state; /* not 0 */
};

/* A number below `bound`, which is not 0. */
uint32_t random_below(struct random *random, uint32_t bound);

/* True `percent` times out of a hundred. */
bool random_chance(struct random *random, uint32_t percent);

/* One of some words. */
const char *random_word(struct random *random, const char *const *words, uint32_t count);

#define RANDOM_WORD(random, ...)                                                                   \
	random_word(random, (const char *const[]){__VA_ARGS__},                                    \
		    (uint32_t)ARRAY_COUNT(((const char *const[]){__VA_ARGS__})))

/* The type of some entities, and the ids they have: "0" and so on. */
enum { RANDOM_IDS = 5 };
const char *random_type(struct random *random);

/* Makes entities; those of the request come first and have no children among the others. All memory
 * is from world->arena. */
void random_entities(struct random *random, struct naive_world *world);

/* Makes principal, action, resource and context. */
void random_request(struct random *random, struct naive_world *world);

/* Appends a policy. Scopes that match most requests are as frequent as those that match few. */
void random_policy(struct random *random, struct buf *out, bool is_template);

/* A uid that scopes and slots talk about. */
struct naive_uid random_uid(struct random *random);

#endif
