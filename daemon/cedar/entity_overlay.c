#include "cedar/entity_overlay.h"

#include <string.h>

void entity_overlay_init(struct entity_overlay *overlay, const struct entity_store *base,
			 struct symbols *symbols, struct arena *arena)
{
	*overlay = (struct entity_overlay){.base = base, .symbols = symbols, .arena = arena};
}

/* Numbers of symbols are handed out in order, so that this spreads them well. */
static uint32_t hash_uid(cedar_uid uid)
{
	return (uint32_t)(uid * 0x9e3779b97f4a7c15u >> 32);
}

static struct entity *find_known(const struct entity_overlay *overlay, cedar_uid uid)
{
	const struct symbol_slots *known = &overlay->known;
	uint32_t hash = hash_uid(uid);

	if (known->count == 0)
		return NULL;
	for (uint32_t i = hash;; i++) {
		const struct symbol_slot *slot = &known->slots[i & (known->slot_count - 1)];

		if (slot->position == 0)
			return NULL;
		if (overlay->entities[slot->position - 1].uid == uid)
			return &overlay->entities[slot->position - 1];
	}
}

struct entity *entity_overlay_own(const struct entity_overlay *overlay, cedar_uid uid)
{
	uint32_t position;

	if (uid < overlay->symbols->first_uid)
		return find_known(overlay, uid);
	position = symbols_own_uid(overlay->symbols, uid)->entity;
	return position != 0 ? &overlay->entities[position - 1] : NULL;
}

static enum error check_new(const struct entity_overlay *overlay, cedar_uid uid)
{
	if (entity_overlay_find(overlay, uid) != NULL)
		return ERR_EXISTS;
	for (uint32_t i = 0; i < overlay->count; i++) {
		if (entity_is_below(&overlay->entities[i], uid))
			return ERR_INVALID;
	}
	return ERR_NONE;
}

static enum error set_ancestors(struct entity_overlay *overlay, struct entity *entity,
				const cedar_uid *parents, size_t parent_count)
{
	size_t count = parent_count;
	cedar_uid *uids, *end;

	for (size_t i = 0; i < parent_count; i++) {
		const struct entity *parent = entity_overlay_find(overlay, parents[i]);

		count += parent != NULL ? parent->ancestor_count : 0;
		if (parents[i] == entity->uid || entity_is_below(parent, entity->uid))
			return ERR_INVALID;
	}
	uids = end = arena_alloc(overlay->arena, count * sizeof(*uids));
	if (uids == NULL)
		return overlay->arena->refusal;
	for (size_t i = 0; i < parent_count; i++) {
		const struct entity *parent = entity_overlay_find(overlay, parents[i]);

		*end++ = parents[i];
		if (parent == NULL || parent->ancestor_count == 0)
			continue;
		memcpy(end, parent->ancestors, parent->ancestor_count * sizeof(*end));
		end += parent->ancestor_count;
	}
	return entity_set_ancestors(entity, overlay->arena, uids, count);
}

enum error entity_overlay_add(struct entity_overlay *overlay, cedar_uid uid,
			      const struct value_record *attrs, const cedar_uid *parents,
			      size_t parent_count)
{
	struct entity entity = {.attrs = attrs, .uid = uid};
	struct entity *entities;
	enum error error = check_new(overlay, uid);

	if (error == ERR_NONE)
		error = set_ancestors(overlay, &entity, parents, parent_count);
	if (error != ERR_NONE)
		return error;
	entities = arena_grow_array(overlay->arena, overlay->entities, overlay->count,
				    &overlay->capacity, sizeof(*entities));
	if (entities == NULL)
		return overlay->arena->refusal;
	overlay->entities = entities;
	if (uid < overlay->symbols->first_uid) {
		struct symbol_slot slot = {hash_uid(uid), overlay->count + 1};

		if (!symbols_put_slot(&overlay->known, overlay->arena, slot))
			return overlay->arena->refusal;
	} else {
		symbols_own_uid(overlay->symbols, uid)->entity = overlay->count + 1;
	}
	entities[overlay->count++] = entity;
	return ERR_NONE;
}
