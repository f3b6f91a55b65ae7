#include "cedar/entity.h"

#include <string.h>

#include "base/sort.h"

enum { SEARCH_LINEAR_MAX = 8 };

bool entity_is_below(const struct entity *entity, cedar_uid uid)
{
	const cedar_uid *low;
	uint32_t count;

	if (entity == NULL || (entity->ancestor_bits & entity_bit(uid)) == 0)
		return false;
	low = entity->ancestors;
	count = entity->ancestor_count;
	while (count > SEARCH_LINEAR_MAX) {
		uint32_t half = count / 2;

		if (low[half] <= uid) {
			low += half;
			count -= half;
		} else {
			count = half;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		if (low[i] == uid)
			return true;
	}
	return false;
}

enum error entity_set_ancestors(struct entity *entity, struct arena *arena, cedar_uid *uids,
				size_t count)
{
	uint64_t bits = 0;
	cedar_uid *copy;

	count = sort_u32_unique(uids, count);
	if (count > ENTITY_MAX_ANCESTORS)
		return ERR_LIMIT;
	copy = arena_alloc(arena, count * sizeof(*copy));
	if (copy == NULL)
		return arena->refusal;
	for (size_t i = 0; i < count; i++) {
		copy[i] = uids[i];
		bits |= entity_bit(uids[i]);
	}
	entity->ancestors = copy;
	entity->ancestor_count = (uint32_t)count;
	entity->ancestor_bits = bits;
	return ERR_NONE;
}

void entity_store_init(struct entity_store *store, struct symbols *symbols, struct arena *build,
		       struct arena *keep)
{
	*store = (struct entity_store){
		.symbols = symbols,
		.build = build,
		.keep = keep,
		.closed = true,
	};
}

static bool records_equal(const struct value_record *a, const struct value_record *b)
{
	uint32_t a_count = a != NULL ? a->count : 0, b_count = b != NULL ? b->count : 0;

	if (a_count == 0 || b_count == 0)
		return a_count == b_count;
	return value_equal(value_of_address(VALUE_RECORD, 0, a),
			   value_of_address(VALUE_RECORD, 0, b));
}

static bool grow(struct entity_store *store)
{
	struct entity *entities;
	struct entity_parents *parents;
	uint32_t capacity = store->capacity;

	entities = arena_grow_array(store->build, store->entities, store->count, &capacity,
				    sizeof(*entities));
	if (entities == NULL)
		return false;
	parents = arena_grow_array(store->build, store->parents, store->count, &store->capacity,
				   sizeof(*parents));
	if (parents == NULL)
		return false;
	store->entities = entities;
	store->parents = parents;
	return true;
}

enum error entity_store_add(struct entity_store *store, cedar_uid uid,
			    const struct value_record *attrs, const struct value_record *tags,
			    const cedar_uid *parents, size_t parent_count)
{
	struct uid_entry *entry = symbols_own_uid(store->symbols, uid);
	struct entity_parents own;
	cedar_uid *copy;

	if (parent_count > ENTITY_MAX_ANCESTORS)
		return ERR_LIMIT;
	copy = arena_alloc(store->build, parent_count * sizeof(*copy));
	if (copy == NULL)
		return store->build->refusal;
	if (parent_count != 0)
		memcpy(copy, parents, parent_count * sizeof(*copy));
	own = (struct entity_parents){copy, (uint32_t)sort_u32_unique(copy, parent_count)};
	if (entry->entity != 0) {
		const struct entity *known = &store->entities[entry->entity - 1];
		const struct entity_parents *theirs = &store->parents[entry->entity - 1];

		return records_equal(known->attrs, attrs) && records_equal(known->tags, tags) &&
				       theirs->count == own.count &&
				       memcmp(theirs->uids, own.uids,
					      own.count * sizeof(*own.uids)) == 0
			       ? ERR_NONE
			       : ERR_EXISTS;
	}
	if (!grow(store))
		return store->build->refusal;
	store->entities[store->count] = (struct entity){.attrs = attrs, .tags = tags, .uid = uid};
	store->parents[store->count] = own;
	store->count++;
	entry->entity = store->count;
	store->closed = false;
	return ERR_NONE;
}

/* The closure: a depth-first walk with a stack of its own, as chains may be long. An entity gets
 * its ancestors when it leaves the stack, after all its parents. */

enum walk_state { WALK_NEW, WALK_ON_STACK, WALK_DONE };

struct walk_frame {
	uint32_t entity;      /* position */
	uint32_t next_parent; /* to look at */
};

struct walk {
	struct entity_store *store;
	uint8_t *states; /* enum walk_state of each entity */
	struct walk_frame *stack;
	uint32_t depth;
};

static void walk_push(struct walk *walk, uint32_t entity)
{
	walk->stack[walk->depth++] = (struct walk_frame){entity, 0};
	walk->states[entity] = WALK_ON_STACK;
}

static enum error gather_ancestors(struct entity_store *store, uint32_t position)
{
	const struct entity_parents *parents = &store->parents[position];
	struct arena_mark mark = arena_get_mark(store->build);
	size_t count = parents->count;
	cedar_uid *uids, *end;
	enum error error;

	for (uint32_t i = 0; i < parents->count; i++) {
		const struct entity *parent = entity_store_find(store, parents->uids[i]);

		count += parent != NULL ? parent->ancestor_count : 0;
	}
	uids = end = arena_alloc(store->build, count * sizeof(*uids));
	if (uids == NULL)
		return store->build->refusal;
	for (uint32_t i = 0; i < parents->count; i++) {
		const struct entity *parent = entity_store_find(store, parents->uids[i]);

		*end++ = parents->uids[i];
		if (parent == NULL || parent->ancestor_count == 0)
			continue;
		memcpy(end, parent->ancestors, parent->ancestor_count * sizeof(*end));
		end += parent->ancestor_count;
	}
	error = entity_set_ancestors(&store->entities[position], store->keep, uids, count);
	arena_reset(store->build, mark);
	return error;
}

/* Does one step at the top of the stack. */
static enum error walk_step(struct walk *walk)
{
	struct entity_store *store = walk->store;
	struct walk_frame *top = &walk->stack[walk->depth - 1];
	const struct entity_parents *parents = &store->parents[top->entity];
	uint32_t parent;

	if (top->next_parent == parents->count) {
		walk->states[top->entity] = WALK_DONE;
		walk->depth--;
		return gather_ancestors(store, top->entity);
	}
	parent = symbols_own_uid(store->symbols, parents->uids[top->next_parent++])->entity;
	if (parent == 0)
		return ERR_NONE;
	if (walk->states[parent - 1] == WALK_ON_STACK)
		return ERR_INVALID;
	if (walk->states[parent - 1] == WALK_NEW)
		walk_push(walk, parent - 1);
	return ERR_NONE;
}

enum error entity_store_close(struct entity_store *store, cedar_uid *culprit)
{
	struct arena_mark mark = arena_get_mark(store->build);
	struct walk walk = {.store = store};
	enum error error = ERR_NONE;

	if (store->closed)
		return ERR_NONE;
	walk.states = arena_calloc(store->build, store->count, sizeof(*walk.states));
	walk.stack = arena_calloc(store->build, store->count, sizeof(*walk.stack));
	if (walk.states == NULL || walk.stack == NULL)
		return store->build->refusal;
	for (uint32_t i = 0; i < store->count && error == ERR_NONE; i++) {
		uint32_t at = i;

		if (walk.states[i] == WALK_NEW)
			walk_push(&walk, i);
		while (walk.depth != 0 && error == ERR_NONE) {
			at = walk.stack[walk.depth - 1].entity;
			error = walk_step(&walk);
		}
		if (error == ERR_INVALID || error == ERR_LIMIT)
			*culprit = store->entities[at].uid;
	}
	arena_reset(store->build, mark);
	store->closed = error == ERR_NONE;
	return error;
}

enum error entity_store_freeze(struct entity_store *store)
{
	struct entity *entities = arena_calloc(store->keep, store->count, sizeof(*entities));

	if (entities == NULL)
		return store->keep->refusal;
	if (store->count != 0)
		memcpy(entities, store->entities, store->count * sizeof(*entities));
	store->entities = entities;
	store->parents = NULL;
	return ERR_NONE;
}
