/*
 * An intrusive hash map: the elements embed a `struct map_node`, the map owns only its buckets.
 * Keys live in the elements; the caller hashes (base/hash.h) and compares. One thread at a time.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

struct map {
	struct map_node **buckets;
	size_t bucket_count; /* a power of two, or 0 while empty */
	size_t count;
};

void map_init(struct map *map);

/* Frees the buckets; the elements stay the caller's. Leaves an empty map. */
void map_deinit(struct map *map);

/* Adds `node` under `hash`; equal keys are the caller's affair. ERR_NO_MEMORY leaves the map as it
 * was, and happens only when the map must grow its first buckets. */
enum error map_put(struct map *map, struct map_node *node, uint64_t hash) ATTR_MUST_CHECK;

/* Takes out `node`, which must be in the map. */
void map_remove(struct map *map, struct map_node *node);

/* The first node with `hash`, and the next one with the same hash after `node`; NULL at the end. */
struct map_node *map_first(const struct map *map, uint64_t hash);
struct map_node *map_next(const struct map_node *node);

/* Visits all nodes in no particular order; `visit` may remove the node it is given, nothing else.
 * Stops early when `visit` returns false. */
void map_each(struct map *map, bool (*visit)(struct map_node *node, void *arg), void *arg);

#endif
