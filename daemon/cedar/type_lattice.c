#include "cedar/type_lattice.h"

bool lattice_step(struct lattice *lattice)
{
	if (lattice->budget == 0) {
		if (lattice->spent == ERR_NONE)
			lattice->spent = ERR_LIMIT;
		return false;
	}
	lattice->budget--;
	return true;
}

void lattice_refused(struct lattice *lattice, const struct arena *arena)
{
	if (lattice->spent == ERR_NONE)
		lattice->spent = arena->refusal;
}

/* Passes a new type on; NULL means that memory was spent. */
static const struct type *made(struct lattice *lattice, const struct type *type)
{
	if (type == NULL)
		lattice_refused(lattice, lattice->arena);
	return type;
}

/* Subtypes. `strict` is a parameter of its own, as joins of attributes are permissive in places
 * that are otherwise strict. */

static bool is_subtype(struct lattice *lattice, const struct type *a, const struct type *b,
		       bool strict);

static bool is_subset(const struct type *a, const struct type *b)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < a->count; i++) {
		while (at < b->count && b->entities[at] < a->entities[i])
			at++;
		if (at == b->count || b->entities[at] != a->entities[i])
			return false;
	}
	return true;
}

static bool is_attr_subtype(struct lattice *lattice, const struct type_attr *a,
			    const struct type_attr *b, bool strict)
{
	bool fits = strict ? a->required == b->required : a->required || !b->required;

	return fits && is_subtype(lattice, a->type, b->type, strict);
}

/* A closed record has exactly its attributes, so only an open one has subtypes with more. */
static bool is_record_subtype(struct lattice *lattice, const struct type *a, const struct type *b,
			      bool strict)
{
	uint32_t at = 0;

	if ((a->is_open && !b->is_open) || (!b->is_open && a->count != b->count))
		return false;
	for (uint32_t i = 0; i < b->count; i++) {
		while (at < a->count && str_compare(a->attrs[at].name, b->attrs[i].name) < 0) {
			if (!lattice_step(lattice))
				return false;
			at++;
		}
		if (at == a->count || !str_equal(a->attrs[at].name, b->attrs[i].name) ||
		    !is_attr_subtype(lattice, &a->attrs[at], &b->attrs[i], strict))
			return false;
	}
	return true;
}

static bool is_subtype(struct lattice *lattice, const struct type *a, const struct type *b,
		       bool strict)
{
	if (!lattice_step(lattice))
		return false;
	if (a == b || a->kind == TYPE_NEVER)
		return true;
	if (a->kind == TYPE_TRUE || a->kind == TYPE_FALSE)
		return b->kind == a->kind || b->kind == TYPE_BOOL;
	if (a->kind == TYPE_ENTITY && b->kind == TYPE_ANY_ENTITY)
		return !strict;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case TYPE_SET: return is_subtype(lattice, a->element, b->element, strict);
	case TYPE_RECORD: return is_record_subtype(lattice, a, b, strict);
	case TYPE_ENTITY: return is_subset(a, b) && (!strict || a->count == b->count);
	default: return true;
	}
}

/* Joins. */

static const struct type *join(struct lattice *lattice, const struct type *a, const struct type *b,
			       bool strict);

static const struct type *join_sets(struct lattice *lattice, const struct type *a,
				    const struct type *b, bool strict)
{
	const struct type *element = join(lattice, a->element, b->element, strict);

	return element != NULL ? made(lattice, type_new_set(lattice->arena, element)) : NULL;
}

static const struct type *join_entities(struct lattice *lattice, const struct type *a,
					const struct type *b, bool strict)
{
	uint32_t *entities, count = 0, i = 0, j = 0;

	if (strict)
		return NULL;
	entities = arena_alloc(lattice->arena, (a->count + b->count) * sizeof(*entities));
	if (entities == NULL)
		return made(lattice, NULL);
	while (i < a->count || j < b->count) {
		bool from_a = j == b->count || (i < a->count && a->entities[i] <= b->entities[j]);
		uint32_t next = from_a ? a->entities[i] : b->entities[j];

		i += i < a->count && a->entities[i] == next;
		j += j < b->count && b->entities[j] == next;
		entities[count++] = next;
	}
	return made(lattice, type_new_entity(lattice->arena, entities, count));
}

/* The attributes that both have and that can be joined. In strict mode none may be left over. */
static const struct type *join_records(struct lattice *lattice, const struct type *a,
				       const struct type *b, bool strict)
{
	struct type_attr *attrs;
	uint32_t count = 0, at = 0;
	bool all;

	if (strict && a->count != b->count)
		return NULL;
	attrs = arena_calloc(lattice->arena, a->count, sizeof(*attrs));
	if (attrs == NULL)
		return made(lattice, NULL);
	for (uint32_t i = 0; i < a->count && lattice_step(lattice); i++) {
		const struct type_attr *left = &a->attrs[i], *right;
		const struct type *type = NULL;

		while (at < b->count && str_compare(b->attrs[at].name, left->name) < 0)
			at++;
		right = at < b->count && str_equal(b->attrs[at].name, left->name) ? &b->attrs[at]
										  : NULL;
		if (right != NULL && (!strict || left->required == right->required))
			type = join(lattice, left->type, right->type, strict);
		if (type == NULL && strict)
			return NULL;
		if (type != NULL)
			attrs[count++] = (struct type_attr){left->name, type,
							    left->required && right->required};
	}
	all = count == a->count && count == b->count;
	return made(lattice, type_new_record(lattice->arena, attrs, count,
					     a->is_open || b->is_open || !all));
}

static bool is_bool(const struct type *type)
{
	return type->kind == TYPE_TRUE || type->kind == TYPE_FALSE || type->kind == TYPE_BOOL;
}

static const struct type *join(struct lattice *lattice, const struct type *a, const struct type *b,
			       bool strict)
{
	if (is_subtype(lattice, a, b, strict))
		return b;
	if (is_subtype(lattice, b, a, strict))
		return a;
	if (lattice->spent != ERR_NONE)
		return NULL;
	if (is_bool(a) && is_bool(b))
		return type_simple(TYPE_BOOL);
	if (a->kind != b->kind)
		return NULL;
	switch (a->kind) {
	case TYPE_SET: return join_sets(lattice, a, b, strict);
	case TYPE_RECORD: return join_records(lattice, a, b, strict);
	case TYPE_ENTITY: return join_entities(lattice, a, b, strict);
	default: return NULL;
	}
}

const struct type *lattice_join(struct lattice *lattice, const struct type *a, const struct type *b)
{
	return join(lattice, a, b, lattice->strict);
}

const struct type *lattice_join_permissive(struct lattice *lattice, const struct type *a,
					   const struct type *b)
{
	return join(lattice, a, b, false);
}
