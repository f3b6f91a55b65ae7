#include "authz/blocks.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

enum { US_OF_MS = 1000 };

struct entry {
	struct map_node node;
	struct block block;
	char texts[];
};

struct blocks {
	struct map map; /* by principal */
	struct hash_key key;
};

enum error blocks_new(struct hash_key key, struct blocks **out)
{
	struct blocks *blocks = mem_alloc(sizeof(*blocks));

	if (blocks == NULL)
		return ERR_NO_MEMORY;
	map_init(&blocks->map);
	blocks->key = key;
	*out = blocks;
	return ERR_NONE;
}

static bool free_entry(struct map_node *node, void *arg)
{
	(void)arg;
	mem_free(CONTAINER_OF(node, struct entry, node));
	return true;
}

void blocks_free(struct blocks *blocks)
{
	if (blocks == NULL)
		return;
	map_each(&blocks->map, free_entry, NULL);
	map_deinit(&blocks->map);
	mem_free(blocks);
}

static uint64_t hash_of(const struct blocks *blocks, struct str principal)
{
	return hash_bytes(blocks->key, principal.ptr, principal.length);
}

static struct entry *find(const struct blocks *blocks, struct str principal)
{
	struct map_node *node = map_first(&blocks->map, hash_of(blocks, principal));

	for (; node != NULL; node = map_next(node)) {
		struct entry *entry = CONTAINER_OF(node, struct entry, node);
		if (str_equal(entry->block.principal, principal))
			return entry;
	}
	return NULL;
}

static void copy_text(char *to, struct str *text)
{
	if (text->length != 0)
		memcpy(to, text->ptr, text->length);
	text->ptr = to;
}

enum error blocks_put(struct blocks *blocks, const struct block *block)
{
	struct entry *old = find(blocks, block->principal);
	struct entry *entry;
	enum error error;

	if (old == NULL && blocks->map.count >= BLOCKS_MAX_COUNT)
		return ERR_LIMIT;
	entry = mem_alloc(sizeof(*entry) + block->principal.length + block->reason.length);
	if (entry == NULL)
		return ERR_NO_MEMORY;
	entry->block = *block;
	copy_text(entry->texts, &entry->block.principal);
	copy_text(entry->texts + block->principal.length, &entry->block.reason);
	error = map_put(&blocks->map, &entry->node, hash_of(blocks, block->principal));
	if (error != ERR_NONE) {
		mem_free(entry);
		return error;
	}
	if (old != NULL) {
		map_remove(&blocks->map, &old->node);
		mem_free(old);
	}
	return ERR_NONE;
}

bool blocks_remove(struct blocks *blocks, struct str principal)
{
	struct entry *entry = find(blocks, principal);

	if (entry == NULL)
		return false;
	map_remove(&blocks->map, &entry->node);
	mem_free(entry);
	return true;
}

bool block_holds(const struct block *block, struct block_time now)
{
	if (block->until_us == BLOCK_FOR_EVER)
		return true;
	return block->by_wall_clock ? now.wall_us <= block->until_us
				    : now.boot_ms <= block->until_ms;
}

bool block_is_over(const struct block *block, struct block_time now)
{
	return !block_holds(block, now) && now.boot_ms > block->until_ms;
}

int64_t block_left_ms(const struct block *block, struct block_time now)
{
	if (!block_holds(block, now))
		return 0;
	if (block->until_us == BLOCK_FOR_EVER)
		return BLOCK_FOR_EVER;
	/* The last moment is of the block. */
	return block->by_wall_clock ? (block->until_us - now.wall_us) / US_OF_MS + 1
				    : block->until_ms - now.boot_ms + 1;
}

int64_t block_end_us(const struct block *block, struct block_time now)
{
	if (block->until_us == BLOCK_FOR_EVER || block->by_wall_clock)
		return block->until_us;
	return now.wall_us + (block->until_ms - now.boot_ms) * US_OF_MS;
}

void blocks_remove_over(struct blocks *blocks, struct str principal, struct block_time now)
{
	const struct entry *entry = find(blocks, principal);

	if (entry != NULL && block_is_over(&entry->block, now))
		blocks_remove(blocks, principal);
}

static const struct block *find_in_force(const struct blocks *blocks, struct str principal,
					 struct block_time now)
{
	const struct entry *entry = find(blocks, principal);

	return entry != NULL && block_holds(&entry->block, now) ? &entry->block : NULL;
}

const struct block *blocks_find(const struct blocks *blocks, const struct identity *identity,
				struct block_time now)
{
	const struct block *block;

	if (blocks->map.count == 0)
		return NULL;
	block = find_in_force(blocks, identity->principal, now);
	return block != NULL ? block : find_in_force(blocks, identity->name, now);
}

size_t blocks_count(const struct blocks *blocks)
{
	return blocks->map.count;
}

struct listing {
	bool (*visit)(const struct block *block, void *arg);
	void *arg;
};

static bool visit_entry(struct map_node *node, void *arg)
{
	const struct listing *listing = arg;

	return listing->visit(&CONTAINER_OF(node, struct entry, node)->block, listing->arg);
}

void blocks_each(const struct blocks *blocks, bool (*visit)(const struct block *block, void *arg),
		 void *arg)
{
	struct map map = blocks->map;
	struct listing listing = {visit, arg};

	map_each(&map, visit_entry, &listing);
}
