/* The entities of one request, seen together with those of its engine. */
#ifndef CEDAR_ENTITY_OVERLAY_H
#define CEDAR_ENTITY_OVERLAY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/entity.h"
#include "cedar/symbols.h"

struct entity_overlay {
	const struct entity_store *base;
	struct symbols *symbols; /* of the request */
	struct arena *arena;
	struct entity *entities;
	uint32_t count, capacity;
	struct symbol_slots known; /* of them, those whose uid is a symbol of the engine */
};

void entity_overlay_init(struct entity_overlay *overlay, const struct entity_store *base,
			 struct symbols *symbols, struct arena *arena);

/* Adds an entity with its ancestors: the parents and theirs. ERR_EXISTS when there is one with this
 * uid, ERR_INVALID when it would be its own ancestor or is an ancestor of an entity added before,
 * which would have needed to know, ERR_LIMIT, ERR_NO_MEMORY. */
enum error entity_overlay_add(struct entity_overlay *overlay, cedar_uid uid,
			      const struct value_record *attrs, const cedar_uid *parents,
			      size_t parent_count) ATTR_MUST_CHECK;

/* The entity of the request with this uid, for changing it, or NULL. */
struct entity *entity_overlay_own(const struct entity_overlay *overlay, cedar_uid uid);

/* The entity with this uid, of the engine or the request, or NULL. */
static inline const struct entity *entity_overlay_find(const struct entity_overlay *overlay,
						       cedar_uid uid)
{
	const struct entity *entity = NULL;

	if (uid < overlay->symbols->first_uid)
		entity = entity_store_find(overlay->base, uid);
	if (entity == NULL && overlay->count != 0)
		entity = entity_overlay_own(overlay, uid);
	return entity;
}

#endif
