#include "base/map.h"

#include "base/mem.h"

enum { MAP_FIRST_BUCKETS = 16 };

void map_init(struct map *map)
{
	*map = (struct map){0};
}

void map_deinit(struct map *map)
{
	mem_free(map->buckets);
	map_init(map);
}

static struct map_node **bucket_of(const struct map *map, uint64_t hash)
{
	return &map->buckets[hash & (map->bucket_count - 1)];
}

static bool grow(struct map *map)
{
	size_t bucket_count = map->bucket_count != 0 ? map->bucket_count * 2 : MAP_FIRST_BUCKETS;
	struct map bigger = {mem_calloc(bucket_count, sizeof(struct map_node *)), bucket_count,
			     map->count};

	if (bigger.buckets == NULL)
		return false;
	for (size_t i = 0; i < map->bucket_count; i++) {
		struct map_node *next;
		for (struct map_node *node = map->buckets[i]; node != NULL; node = next) {
			struct map_node **bucket = bucket_of(&bigger, node->hash);
			next = node->next;
			node->next = *bucket;
			*bucket = node;
		}
	}
	mem_free(map->buckets);
	*map = bigger;
	return true;
}

enum error map_put(struct map *map, struct map_node *node, uint64_t hash)
{
	/* A map that cannot grow gets slower but keeps working. */
	if (map->count >= map->bucket_count && !grow(map) && map->bucket_count == 0)
		return ERR_NO_MEMORY;
	node->hash = hash;
	node->next = *bucket_of(map, hash);
	*bucket_of(map, hash) = node;
	map->count++;
	return ERR_NONE;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **link = bucket_of(map, node->hash);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	node->next = NULL;
	map->count--;
}

static struct map_node *skip_others(struct map_node *node, uint64_t hash)
{
	while (node != NULL && node->hash != hash)
		node = node->next;
	return node;
}

struct map_node *map_first(const struct map *map, uint64_t hash)
{
	return map->bucket_count != 0 ? skip_others(*bucket_of(map, hash), hash) : NULL;
}

struct map_node *map_next(const struct map_node *node)
{
	return skip_others(node->next, node->hash);
}

void map_each(struct map *map, bool (*visit)(struct map_node *node, void *arg), void *arg)
{
	for (size_t i = 0; i < map->bucket_count; i++) {
		struct map_node *next;
		for (struct map_node *node = map->buckets[i]; node != NULL; node = next) {
			next = node->next;
			if (!visit(node, arg))
				return;
		}
	}
}
