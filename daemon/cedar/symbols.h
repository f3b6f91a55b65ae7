/*
 * Symbols: numbers for names (attribute keys, tag keys, entity types) and for entity uids, so that
 * the evaluator compares numbers.
 *
 * Tables come in two layers. An engine's table holds what policies and entities mention. A request
 * puts a table of its own on top: what the engine knows keeps its number, what it does not gets a
 * number above all of the engine's, which is good until the request begins anew. Equal names have
 * equal numbers in both.
 */
#ifndef CEDAR_SYMBOLS_H
#define CEDAR_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

#define SYMBOL_NONE UINT32_MAX

struct uid_entry {
	struct str id;
	uint32_t type;   /* symbol of the type's name */
	uint32_t entity; /* 1 + position in the entities of the same layer; 0 without an entity */
};

/* An open-addressing hash table of positions. */
struct symbol_slot {
	uint32_t hash;
	uint32_t position; /* 1 + position; 0 in an empty slot */
};

struct symbol_slots {
	struct symbol_slot *slots;
	uint32_t slot_count; /* a power of two, or 0 while empty */
	uint32_t count;
};

struct symbols {
	const struct symbols *base; /* the layer below, which must not change; or NULL */
	struct arena *arena;        /* of this layer's tables */
	struct arena *text_arena;   /* of copies of names and ids; NULL to borrow the caller's */
	struct hash_key key;        /* the same in both layers */
	uint32_t first_name;        /* the smallest number of this layer */
	uint32_t first_uid;
	enum error refusal; /* why the latest refused symbol was: ERR_LIMIT, ERR_NO_MEMORY */
	uint32_t name_capacity, uid_capacity;
	struct str *names;
	struct uid_entry *uids;
	struct symbol_slots name_slots, uid_slots;
};

/* An empty layer. Takes no memory before the first symbol. */
void symbols_init(struct symbols *symbols, const struct symbols *base, struct hash_key key,
		  struct arena *arena, struct arena *text_arena);

/* Moves the tables of a layer without base to `arena`, in their exact size. Nothing may be added
 * afterwards. ERR_NO_MEMORY leaves the layer as it was. */
enum error symbols_freeze(struct symbols *symbols, struct arena *arena) ATTR_MUST_CHECK;

/* The number of a name, a new one if need be; SYMBOL_NONE, and `refusal` set, when memory is
 * spent. */
uint32_t symbols_put_name(struct symbols *symbols, struct str name) ATTR_MUST_CHECK;

/* Forgets the names of this layer from `name_count` on, counted without those of the base. */
void symbols_truncate_names(struct symbols *symbols, uint32_t name_count);

/* The number of a name in either layer, or SYMBOL_NONE. */
uint32_t symbols_find_name(const struct symbols *symbols, struct str name);

/* As above for the uid type::"id". */
uint32_t symbols_put_uid(struct symbols *symbols, uint32_t type, struct str id) ATTR_MUST_CHECK;
/* The same for an id that lives as long as the layer and need not be copied. */
uint32_t symbols_put_lasting_uid(struct symbols *symbols, uint32_t type,
				 struct str id) ATTR_MUST_CHECK;

/* Adds a position to a table; false, and nothing changed, when memory is spent. */
bool symbols_put_slot(struct symbol_slots *table, struct arena *arena,
		      struct symbol_slot slot) ATTR_MUST_CHECK;

/* How many numbers are in use; all smaller ones are valid. */
static inline uint32_t symbols_name_count(const struct symbols *symbols)
{
	return symbols->first_name + symbols->name_slots.count;
}

static inline uint32_t symbols_uid_count(const struct symbols *symbols)
{
	return symbols->first_uid + symbols->uid_slots.count;
}

/* The arguments must be valid numbers. */
static inline struct str symbols_name(const struct symbols *symbols, uint32_t name)
{
	if (name < symbols->first_name)
		return symbols->base->names[name];
	return symbols->names[name - symbols->first_name];
}

static inline struct uid_entry *symbols_own_uid(const struct symbols *symbols, uint32_t uid)
{
	return &symbols->uids[uid - symbols->first_uid];
}

static inline const struct uid_entry *symbols_uid(const struct symbols *symbols, uint32_t uid)
{
	if (uid < symbols->first_uid)
		return &symbols->base->uids[uid];
	return symbols_own_uid(symbols, uid);
}

#endif
