/*
 * Entities: attributes, tags and ancestors by uid (docs.cedarpolicy.com, "Entities").
 *
 * An engine collects them in a store, in any order and possibly in several goes, and closes the
 * hierarchy once: afterwards every entity knows all its ancestors, so that `in` is one search.
 * Parents that are no entities themselves are ancestors like any other.
 */
#ifndef CEDAR_ENTITY_H
#define CEDAR_ENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/cedar.h"
#include "cedar/symbols.h"
#include "cedar/value.h"

/* Ancestors of one entity. The closure of a long chain grows with its square. */
enum { ENTITY_MAX_ANCESTORS = 16384 };

struct entity {
	const struct value_record *attrs; /* NULL for none */
	const struct value_record *tags;  /* NULL for none */
	const cedar_uid *ancestors;       /* ascending, each once, without the entity itself */
	uint64_t ancestor_bits;           /* entity_bit() of each ancestor */
	uint32_t ancestor_count;
	cedar_uid uid;
};

/* One of 64 bits, by which most uids that are no ancestors are told apart without a search. */
static inline uint64_t entity_bit(cedar_uid uid)
{
	return (uint64_t)1 << (uid * 0x9e3779b1u >> 26);
}

/* True when `uid` is an ancestor of `entity`, which may be NULL. Not reflexive. */
bool entity_is_below(const struct entity *entity, cedar_uid uid);

/* Makes the sorted ancestors of `entity` from `uids`, which is sorted in place. The entity itself
 * must not be among them. ERR_LIMIT, ERR_NO_MEMORY. */
enum error entity_set_ancestors(struct entity *entity, struct arena *arena, cedar_uid *uids,
				size_t count) ATTR_MUST_CHECK;

struct entity_parents {
	const cedar_uid *uids; /* ascending, each once */
	uint32_t count;
};

struct entity_store {
	struct symbols *symbols;
	struct arena *build; /* what is needed until the store is frozen */
	struct arena *keep;
	struct entity *entities;
	struct entity_parents *parents; /* of each entity */
	uint32_t count, capacity;
	bool closed; /* the ancestors are up to date */
};

void entity_store_init(struct entity_store *store, struct symbols *symbols, struct arena *build,
		       struct arena *keep);

/* Adds an entity. `attrs` and `tags`, which may be NULL, must live as long as the store and are
 * made with a builder over the store's symbols; `parents` are copied. An equal definition of the
 * same uid changes nothing, a different one is ERR_EXISTS. ERR_LIMIT, ERR_NO_MEMORY. */
enum error entity_store_add(struct entity_store *store, cedar_uid uid,
			    const struct value_record *attrs, const struct value_record *tags,
			    const cedar_uid *parents, size_t parent_count) ATTR_MUST_CHECK;

/* Computes all ancestors; may be called again after more was added. ERR_INVALID: `*culprit` is its
 * own ancestor. ERR_LIMIT: `*culprit` has more than ENTITY_MAX_ANCESTORS. ERR_NO_MEMORY. When there is no
 * culprit, `*culprit` is untouched. */
enum error entity_store_close(struct entity_store *store, cedar_uid *culprit) ATTR_MUST_CHECK;

/* Moves a closed store out of the build arena, which may then go. ERR_NO_MEMORY. */
enum error entity_store_freeze(struct entity_store *store) ATTR_MUST_CHECK;

/* The entity with this uid, or NULL. Its ancestors are good when the store is closed. */
static inline const struct entity *entity_store_find(const struct entity_store *store,
						     cedar_uid uid)
{
	uint32_t position = store->symbols->uids[uid].entity;

	return position != 0 ? &store->entities[position - 1] : NULL;
}

#endif
