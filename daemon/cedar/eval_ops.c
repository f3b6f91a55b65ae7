/* The operators (docs.cedarpolicy.com, "Operators"): the left operand's type is checked first. */
#include <assert.h>

#include "cedar/checked.h"
#include "cedar/eval.h"
#include "cedar/value.h"

enum cedar_eval_error eval_attribute(const struct eval *eval, struct cedar_value of, uint32_t key,
				     struct cedar_value *out)
{
	const struct value_record *record;
	const struct cedar_value *found;

	if (of.tag == VALUE_RECORD) {
		record = value_record(of);
	} else if (of.tag == VALUE_ENTITY) {
		const struct entity *entity = entity_overlay_find(eval->entities, value_entity(of));

		if (entity == NULL)
			return CEDAR_EVAL_NO_ENTITY;
		record = entity->attrs;
	} else {
		return CEDAR_EVAL_TYPE;
	}
	found = value_record_find(record, key);
	if (found == NULL)
		return CEDAR_EVAL_NO_ATTRIBUTE;
	*out = *found;
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error eval_has(const struct eval *eval, struct cedar_value of, uint32_t key,
			       bool *out)
{
	struct cedar_value ignored;
	enum cedar_eval_error error = eval_attribute(eval, of, key, &ignored);

	if (error == CEDAR_EVAL_TYPE)
		return error;
	*out = error == CEDAR_EVAL_NONE;
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error eval_has_path(const struct eval *eval, struct cedar_value of,
				    const uint32_t *keys, uint32_t count, bool *out)
{
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	for (uint32_t i = 0; i < count && error == CEDAR_EVAL_NONE; i++)
		error = eval_attribute(eval, of, keys[i], &of);
	if (error == CEDAR_EVAL_TYPE)
		return error;
	*out = error == CEDAR_EVAL_NONE;
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error eval_in_uid(const struct eval *eval, struct cedar_value left, cedar_uid uid,
				  bool *out)
{
	if (left.tag != VALUE_ENTITY)
		return CEDAR_EVAL_TYPE;
	*out = value_entity(left) == uid ||
	       entity_is_below(entity_overlay_find(eval->entities, value_entity(left)), uid);
	return CEDAR_EVAL_NONE;
}

/* All elements must be entities, also those behind the one that decides. */
static enum cedar_eval_error eval_in_set(const struct eval *eval, struct cedar_value left,
					 const struct value_set *set, bool *out)
{
	const struct entity *entity = entity_overlay_find(eval->entities, value_entity(left));
	bool found = false;

	for (uint32_t i = 0; i < set->count; i++) {
		if (set->elements[i].tag != VALUE_ENTITY)
			return CEDAR_EVAL_TYPE;
	}
	for (uint32_t i = 0; i < set->count && !found; i++) {
		cedar_uid uid = value_entity(set->elements[i]);

		found = value_entity(left) == uid || entity_is_below(entity, uid);
	}
	*out = found;
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error eval_in(const struct eval *eval, struct cedar_value left,
				     struct cedar_value right, bool *out)
{
	if (left.tag != VALUE_ENTITY)
		return CEDAR_EVAL_TYPE;
	if (right.tag == VALUE_ENTITY)
		return eval_in_uid(eval, left, value_entity(right), out);
	if (right.tag == VALUE_SET)
		return eval_in_set(eval, left, value_set(right), out);
	return CEDAR_EVAL_TYPE;
}

static enum cedar_eval_error eval_order(enum op op, struct cedar_value left,
					struct cedar_value right, bool *out)
{
	int64_t a = value_integer(left), b = value_integer(right);

	if (left.tag != right.tag ||
	    (left.tag != VALUE_LONG && left.tag != VALUE_DATETIME && left.tag != VALUE_DURATION))
		return CEDAR_EVAL_TYPE;
	*out = op == OP_LESS ? a < b : a <= b;
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error eval_arithmetic(enum op op, struct cedar_value left,
					     struct cedar_value right, struct cedar_value *out)
{
	int64_t a = value_integer(left), b = value_integer(right), number;
	bool fits;

	if (left.tag != VALUE_LONG || right.tag != VALUE_LONG)
		return CEDAR_EVAL_TYPE;
	if (op == OP_ADD)
		fits = checked_add(a, b, &number);
	else if (op == OP_SUB)
		fits = checked_sub(a, b, &number);
	else
		fits = checked_mul(a, b, &number);
	if (!fits)
		return CEDAR_EVAL_OVERFLOW;
	*out = cedar_long(number);
	return CEDAR_EVAL_NONE;
}

static bool contains_all(const struct value_set *outer, const struct value_set *inner)
{
	bool all = inner->count <= outer->count;

	for (uint32_t i = 0; i < inner->count && all; i++)
		all = value_set_contains(outer, inner->elements[i]);
	return all;
}

static bool contains_any(const struct value_set *a, const struct value_set *b)
{
	const struct value_set *small = a->count < b->count ? a : b;
	const struct value_set *large = small == a ? b : a;
	bool any = false;

	for (uint32_t i = 0; i < small->count && !any; i++)
		any = value_set_contains(large, small->elements[i]);
	return any;
}

static enum cedar_eval_error eval_contains(enum op op, struct cedar_value left,
					   struct cedar_value right, bool *out)
{
	if (left.tag != VALUE_SET || (op != OP_CONTAINS && right.tag != VALUE_SET))
		return CEDAR_EVAL_TYPE;
	if (op == OP_CONTAINS)
		*out = value_set_contains(value_set(left), right);
	else if (op == OP_CONTAINS_ALL)
		*out = contains_all(value_set(left), value_set(right));
	else
		*out = contains_any(value_set(left), value_set(right));
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error eval_tag(const struct eval *eval, enum op op, struct cedar_value left,
				      struct cedar_value right, struct cedar_value *out)
{
	const struct entity *entity;
	const struct cedar_value *found = NULL;
	uint32_t key;

	if (left.tag != VALUE_ENTITY || right.tag != VALUE_STRING)
		return CEDAR_EVAL_TYPE;
	entity = entity_overlay_find(eval->entities, value_entity(left));
	if (entity != NULL && entity->tags != NULL) {
		/* A string without a symbol is no tag of anything. */
		key = symbols_find_name(eval->symbols, value_string(right));
		if (key != SYMBOL_NONE)
			found = value_record_find(entity->tags, key);
	}
	if (op == OP_HAS_TAG)
		*out = cedar_bool(found != NULL);
	else if (found != NULL)
		*out = *found;
	else
		return entity == NULL ? CEDAR_EVAL_NO_ENTITY : CEDAR_EVAL_NO_TAG;
	return CEDAR_EVAL_NONE;
}

enum cedar_eval_error eval_binary(const struct eval *eval, enum op op, struct cedar_value left,
				  struct cedar_value right, struct cedar_value *out)
{
	enum cedar_eval_error error;
	bool result;

	switch (op) {
	case OP_EQ: *out = cedar_bool(value_equal(left, right)); return CEDAR_EVAL_NONE;
	case OP_LESS:
	case OP_LESS_EQ: error = eval_order(op, left, right, &result); break;
	case OP_IN: error = eval_in(eval, left, right, &result); break;
	case OP_CONTAINS:
	case OP_CONTAINS_ALL:
	case OP_CONTAINS_ANY: error = eval_contains(op, left, right, &result); break;
	case OP_HAS_TAG:
	case OP_GET_TAG: return eval_tag(eval, op, left, right, out);
	default:
		assert(op == OP_ADD || op == OP_SUB || op == OP_MUL);
		return eval_arithmetic(op, left, right, out);
	}
	if (error == CEDAR_EVAL_NONE)
		*out = cedar_bool(result);
	return error;
}

static enum cedar_eval_error made(enum error error)
{
	if (error == ERR_NONE)
		return CEDAR_EVAL_NONE;
	return error == ERR_LIMIT ? CEDAR_EVAL_DEPTH : CEDAR_EVAL_MEMORY;
}

enum cedar_eval_error eval_set(const struct eval *eval, const struct cedar_value *values,
			       uint32_t count, struct cedar_value *out)
{
	return made(value_set_make(eval->scratch, values, count, out));
}

enum cedar_eval_error eval_record(const struct eval *eval, const struct cedar_value *values,
				  const struct shape *shape, struct cedar_value *out)
{
	struct value_record *record = value_record_alloc(eval->scratch, shape->count);
	enum error error;

	if (record == NULL)
		return CEDAR_EVAL_MEMORY;
	for (uint32_t i = 0; i < shape->count; i++) {
		const struct shape_field *field = &shape->fields[i];

		record->fields[i] = (struct value_field){values[field->value], field->key};
	}
	error = value_record_finish(record);
	if (error == ERR_NONE)
		*out = value_of_address(VALUE_RECORD, 0, record);
	return made(error);
}
