#include "cedar/types.h"

#include <assert.h>
#include <stdlib.h>

static const struct type simple_types[] = {
	[TYPE_NEVER] = {.kind = TYPE_NEVER},
	[TYPE_TRUE] = {.kind = TYPE_TRUE},
	[TYPE_FALSE] = {.kind = TYPE_FALSE},
	[TYPE_BOOL] = {.kind = TYPE_BOOL},
	[TYPE_LONG] = {.kind = TYPE_LONG},
	[TYPE_STRING] = {.kind = TYPE_STRING},
	[TYPE_ANY_ENTITY] = {.kind = TYPE_ANY_ENTITY},
	[TYPE_DECIMAL] = {.kind = TYPE_DECIMAL},
	[TYPE_IPADDR] = {.kind = TYPE_IPADDR},
	[TYPE_DATETIME] = {.kind = TYPE_DATETIME},
	[TYPE_DURATION] = {.kind = TYPE_DURATION},
};

const struct type *type_simple(enum type_kind kind)
{
	assert(kind != TYPE_SET && kind != TYPE_RECORD && kind != TYPE_ENTITY);
	return &simple_types[kind];
}

static const struct type *copy_type(struct arena *arena, const struct type *type)
{
	struct type *copy = arena_alloc(arena, sizeof(*copy));

	if (copy != NULL)
		*copy = *type;
	return copy;
}

const struct type *type_new_set(struct arena *arena, const struct type *element)
{
	return copy_type(arena, &(struct type){.kind = TYPE_SET, .count = 1, .element = element});
}

const struct type *type_new_record(struct arena *arena, const struct type_attr *attrs,
				   uint32_t count, bool is_open)
{
	return copy_type(arena, &(struct type){.kind = TYPE_RECORD,
					       .is_open = is_open,
					       .count = count,
					       .attrs = attrs});
}

const struct type *type_new_entity(struct arena *arena, const uint32_t *entities, uint32_t count)
{
	return copy_type(arena,
			 &(struct type){.kind = TYPE_ENTITY, .count = count, .entities = entities});
}

static int compare_name(const void *key, const void *element)
{
	const struct str *name = key;
	const struct type_attr *attr = element;

	return str_compare(*name, attr->name);
}

const struct type_attr *type_find_attr(const struct type *record, struct str name)
{
	if (record->count == 0)
		return NULL;
	return bsearch(&name, record->attrs, record->count, sizeof(*record->attrs), compare_name);
}
