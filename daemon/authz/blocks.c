#include "authz/blocks.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

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

static const struct block *find_in_force(const struct blocks *blocks, struct str principal,
					 int64_t now_us)
{
	const struct entry *entry = find(blocks, principal);

	return entry != NULL && now_us <= entry->block.until_us ? &entry->block : NULL;
}

const struct block *blocks_find(const struct blocks *blocks, const struct identity *identity,
				int64_t now_us)
{
	const struct block *block;

	if (blocks->map.count == 0)
		return NULL;
	block = find_in_force(blocks, identity->principal, now_us);
	return block != NULL ? block : find_in_force(blocks, identity->name, now_us);
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
