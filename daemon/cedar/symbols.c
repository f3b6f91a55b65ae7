#include "cedar/symbols.h"

#include <string.h>

enum { FIRST_SLOTS = 64 };

void symbols_init(struct symbols *symbols, const struct symbols *base, struct hash_key key,
		  struct arena *arena, struct arena *text_arena)
{
	*symbols = (struct symbols){
		.base = base,
		.arena = arena,
		.text_arena = text_arena,
		.key = key,
		.first_name = base != NULL ? symbols_name_count(base) : 0,
		.first_uid = base != NULL ? symbols_uid_count(base) : 0,
	};
}

static uint32_t hash_name(const struct symbols *symbols, struct str name)
{
	return (uint32_t)hash_bytes(symbols->key, name.ptr, name.length);
}

static uint32_t hash_uid(const struct symbols *symbols, uint32_t type, struct str id)
{
	struct hash_key key = {symbols->key.k0 ^ type, ~symbols->key.k1};

	return (uint32_t)hash_bytes(key, id.ptr, id.length);
}

/* Slots. */

static void place(struct symbol_slot *slots, uint32_t slot_count, struct symbol_slot slot)
{
	uint32_t i = slot.hash & (slot_count - 1);

	while (slots[i].position != 0)
		i = (i + 1) & (slot_count - 1);
	slots[i] = slot;
}

/* Keeps at least half of the slots empty. */
static bool slots_reserve(struct symbol_slots *table, struct arena *arena)
{
	uint32_t slot_count = table->slot_count != 0 ? table->slot_count * 2 : FIRST_SLOTS;
	struct symbol_slot *slots;

	if (table->count < table->slot_count / 2)
		return true;
	if (slot_count == 0)
		return false;
	slots = arena_calloc(arena, slot_count, sizeof(*slots));
	if (slots == NULL)
		return false;
	for (uint32_t i = 0; i < table->slot_count; i++) {
		if (table->slots[i].position != 0)
			place(slots, slot_count, table->slots[i]);
	}
	table->slots = slots;
	table->slot_count = slot_count;
	return true;
}

bool symbols_put_slot(struct symbol_slots *table, struct arena *arena, struct symbol_slot slot)
{
	if (!slots_reserve(table, arena))
		return false;
	place(table->slots, table->slot_count, slot);
	table->count++;
	return true;
}

static void *copy_exact(struct arena *arena, const void *bytes, size_t count, size_t size)
{
	void *copy = arena_calloc(arena, count, size);

	if (copy != NULL && count != 0)
		memcpy(copy, bytes, count * size);
	return copy;
}

enum error symbols_freeze(struct symbols *symbols, struct arena *arena)
{
	struct symbols frozen = *symbols;

	frozen.names =
		copy_exact(arena, symbols->names, symbols->name_slots.count, sizeof(*frozen.names));
	frozen.uids =
		copy_exact(arena, symbols->uids, symbols->uid_slots.count, sizeof(*frozen.uids));
	frozen.name_slots.slots =
		copy_exact(arena, symbols->name_slots.slots, symbols->name_slots.slot_count,
			   sizeof(struct symbol_slot));
	frozen.uid_slots.slots =
		copy_exact(arena, symbols->uid_slots.slots, symbols->uid_slots.slot_count,
			   sizeof(struct symbol_slot));
	if (frozen.names == NULL || frozen.uids == NULL || frozen.name_slots.slots == NULL ||
	    frozen.uid_slots.slots == NULL)
		return ERR_NO_MEMORY;
	frozen.arena = arena;
	frozen.text_arena = arena;
	*symbols = frozen;
	return ERR_NONE;
}

static bool take_text(struct symbols *symbols, struct str *text)
{
	if (symbols->text_arena == NULL)
		return true;
	*text = arena_copy(symbols->text_arena, *text);
	return text->ptr != NULL;
}

static uint32_t refuse(struct symbols *symbols, enum error reason)
{
	symbols->refusal = reason;
	return SYMBOL_NONE;
}

/* Names. */

static uint32_t find_own_name(const struct symbols *symbols, struct str name, uint32_t hash)
{
	const struct symbol_slots *table = &symbols->name_slots;

	if (table->slot_count == 0)
		return SYMBOL_NONE;
	for (uint32_t i = hash;; i++) {
		const struct symbol_slot *slot = &table->slots[i & (table->slot_count - 1)];

		if (slot->position == 0)
			return SYMBOL_NONE;
		if (slot->hash == hash && str_equal(symbols->names[slot->position - 1], name))
			return symbols->first_name + slot->position - 1;
	}
}

static uint32_t find_name(const struct symbols *symbols, struct str name, uint32_t hash)
{
	uint32_t found = SYMBOL_NONE;

	if (symbols->base != NULL)
		found = find_own_name(symbols->base, name, hash);
	return found != SYMBOL_NONE ? found : find_own_name(symbols, name, hash);
}

uint32_t symbols_find_name(const struct symbols *symbols, struct str name)
{
	return find_name(symbols, name, hash_name(symbols, name));
}

uint32_t symbols_put_name(struct symbols *symbols, struct str name)
{
	uint32_t hash = hash_name(symbols, name);
	uint32_t found = find_name(symbols, name, hash);
	uint32_t count = symbols->name_slots.count;
	struct str *names;

	if (found != SYMBOL_NONE)
		return found;
	if (symbols->first_name + count == SYMBOL_NONE)
		return refuse(symbols, ERR_LIMIT);
	if (!slots_reserve(&symbols->name_slots, symbols->arena))
		return refuse(symbols, symbols->arena->refusal);
	names = arena_grow_array(symbols->arena, symbols->names, count, &symbols->name_capacity,
				 sizeof(*names));
	if (names == NULL)
		return refuse(symbols, symbols->arena->refusal);
	symbols->names = names;
	if (!take_text(symbols, &name))
		return refuse(symbols, symbols->text_arena->refusal);
	names[count] = name;
	place(symbols->name_slots.slots, symbols->name_slots.slot_count,
	      (struct symbol_slot){hash, count + 1});
	symbols->name_slots.count++;
	return symbols->first_name + count;
}

void symbols_truncate_names(struct symbols *symbols, uint32_t name_count)
{
	struct symbol_slots *table = &symbols->name_slots;

	table->count = name_count;
	if (table->slot_count == 0)
		return;
	memset(table->slots, 0, table->slot_count * sizeof(*table->slots));
	for (uint32_t i = 0; i < name_count; i++)
		place(table->slots, table->slot_count,
		      (struct symbol_slot){hash_name(symbols, symbols->names[i]), i + 1});
}

/* Uids. */

static uint32_t find_own_uid(const struct symbols *symbols, uint32_t type, struct str id,
			     uint32_t hash)
{
	const struct symbol_slots *table = &symbols->uid_slots;

	if (table->slot_count == 0)
		return SYMBOL_NONE;
	for (uint32_t i = hash;; i++) {
		const struct symbol_slot *slot = &table->slots[i & (table->slot_count - 1)];
		const struct uid_entry *entry;

		if (slot->position == 0)
			return SYMBOL_NONE;
		if (slot->hash != hash)
			continue;
		entry = &symbols->uids[slot->position - 1];
		if (entry->type == type && str_equal(entry->id, id))
			return symbols->first_uid + slot->position - 1;
	}
}

static uint32_t find_uid(const struct symbols *symbols, uint32_t type, struct str id, uint32_t hash)
{
	uint32_t found = SYMBOL_NONE;

	if (symbols->base != NULL && type < symbols->first_name)
		found = find_own_uid(symbols->base, type, id, hash);
	return found != SYMBOL_NONE ? found : find_own_uid(symbols, type, id, hash);
}

static uint32_t put_uid(struct symbols *symbols, uint32_t type, struct str id, bool copy)
{
	uint32_t hash = hash_uid(symbols, type, id);
	uint32_t found = find_uid(symbols, type, id, hash);
	uint32_t count = symbols->uid_slots.count;
	struct uid_entry *uids;

	if (found != SYMBOL_NONE)
		return found;
	if (symbols->first_uid + count == SYMBOL_NONE)
		return refuse(symbols, ERR_LIMIT);
	if (!slots_reserve(&symbols->uid_slots, symbols->arena))
		return refuse(symbols, symbols->arena->refusal);
	uids = arena_grow_array(symbols->arena, symbols->uids, count, &symbols->uid_capacity,
				sizeof(*uids));
	if (uids == NULL)
		return refuse(symbols, symbols->arena->refusal);
	symbols->uids = uids;
	if (copy && !take_text(symbols, &id))
		return refuse(symbols, symbols->text_arena->refusal);
	uids[count] = (struct uid_entry){id, type, 0};
	place(symbols->uid_slots.slots, symbols->uid_slots.slot_count,
	      (struct symbol_slot){hash, count + 1});
	symbols->uid_slots.count++;
	return symbols->first_uid + count;
}

uint32_t symbols_put_uid(struct symbols *symbols, uint32_t type, struct str id)
{
	return put_uid(symbols, type, id, true);
}

uint32_t symbols_put_lasting_uid(struct symbols *symbols, uint32_t type, struct str id)
{
	return put_uid(symbols, type, id, false);
}
