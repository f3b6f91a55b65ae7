#include "store/intern.h"

#include "base/mem.h"

struct intern_entry {
	struct map_node node;
	struct intern_link link;
	struct intern_value value;
	size_t length;
	char content[];
};

void intern_init(struct intern *intern, struct hash_key key, size_t entries_max, size_t bytes_max)
{
	*intern = (struct intern){
		.key = key,
		.entries_max = entries_max,
		.bytes_max = bytes_max,
	};
	map_init(&intern->entries);
	intern->order = (struct intern_link){&intern->order, &intern->order};
}

static void unlink_entry(struct intern_entry *entry)
{
	entry->link.prev->next = entry->link.next;
	entry->link.next->prev = entry->link.prev;
}

static void link_as_last_used(struct intern *intern, struct intern_entry *entry)
{
	entry->link = (struct intern_link){&intern->order, intern->order.next};
	entry->link.next->prev = &entry->link;
	intern->order.next = &entry->link;
}

static void drop_oldest(struct intern *intern)
{
	struct intern_entry *entry = CONTAINER_OF(intern->order.prev, struct intern_entry, link);

	unlink_entry(entry);
	map_remove(&intern->entries, &entry->node);
	intern->bytes -= entry->length;
	mem_free(entry);
}

void intern_clear(struct intern *intern)
{
	while (intern->entries.count != 0)
		drop_oldest(intern);
}

void intern_deinit(struct intern *intern)
{
	intern_clear(intern);
	map_deinit(&intern->entries);
}

const struct intern_value *intern_find(struct intern *intern, struct str content)
{
	uint64_t hash = hash_bytes(intern->key, content.ptr, content.length);

	for (struct map_node *node = map_first(&intern->entries, hash); node != NULL;
	     node = map_next(node)) {
		struct intern_entry *entry = CONTAINER_OF(node, struct intern_entry, node);
		if (!str_equal(str_make(entry->content, entry->length), content))
			continue;
		unlink_entry(entry);
		link_as_last_used(intern, entry);
		return &entry->value;
	}
	return NULL;
}

enum error intern_put(struct intern *intern, struct str content, const struct intern_value *value)
{
	if (content.length > intern->bytes_max)
		return ERR_NONE;
	struct intern_entry *entry = mem_alloc(sizeof(*entry) + content.length);
	if (entry == NULL)
		return ERR_NO_MEMORY;
	entry->value = *value;
	entry->length = content.length;
	memcpy(entry->content, content.ptr, content.length);
	while (intern->entries.count >= intern->entries_max ||
	       intern->bytes > intern->bytes_max - content.length)
		drop_oldest(intern);
	uint64_t hash = hash_bytes(intern->key, content.ptr, content.length);
	enum error error = map_put(&intern->entries, &entry->node, hash);
	if (error != ERR_NONE) {
		mem_free(entry);
		return error;
	}
	link_as_last_used(intern, entry);
	intern->bytes += content.length;
	return ERR_NONE;
}
