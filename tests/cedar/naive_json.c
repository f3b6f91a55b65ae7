#include "naive_json.h"

#include "cedar/checked.h"
#include "cedar/ext.h"

bool naive_json_uid(const struct tree *tree, struct naive_uid *out)
{
	const struct tree *inner = tree_get(tree, "__entity");

	if (inner != NULL)
		tree = inner;
	if (tree_get(tree, "type") == NULL || tree_get(tree, "id") == NULL)
		return false;
	*out = (struct naive_uid){tree_get_text(tree, "type"), tree_get_text(tree, "id")};
	return true;
}

/* {"fn": "offset", "args": [datetime, duration]}: dates beyond four digits have no text. */
static bool read_offset(struct arena *arena, const struct tree *arguments, struct naive_value *out)
{
	struct naive_value date, span;

	if (tree_count(arguments) != 2 || !naive_json_value(arena, arguments->items[0], &date) ||
	    !naive_json_value(arena, arguments->items[1], &span) || date.kind != NAIVE_DATETIME ||
	    span.kind != NAIVE_DURATION)
		return false;
	out->kind = NAIVE_DATETIME;
	return checked_add(date.number, span.number, &out->number);
}

static bool read_extension(struct arena *arena, const struct tree *tree, struct naive_value *out)
{
	struct str function = tree_get_text(tree, "fn"), text = tree_get_text(tree, "arg");

	if (str_equal(function, STR("decimal"))) {
		out->kind = NAIVE_DECIMAL;
		return ext_parse_decimal(text, &out->number);
	}
	if (str_equal(function, STR("datetime"))) {
		out->kind = NAIVE_DATETIME;
		return ext_parse_datetime(text, &out->number);
	}
	if (str_equal(function, STR("duration"))) {
		out->kind = NAIVE_DURATION;
		return ext_parse_duration(text, &out->number);
	}
	if (str_equal(function, STR("offset")))
		return read_offset(arena, tree_get(tree, "args"), out);
	out->kind = NAIVE_IP;
	return str_equal(function, STR("ip")) && ext_parse_ipaddr(text, &out->ip);
}

/* The items of an array or object, in their order. */
static bool read_items(struct arena *arena, const struct tree *tree, struct naive_value *out)
{
	struct naive_value *items = arena_calloc(arena, tree->count + 1, sizeof(*items));

	if (items == NULL)
		return false;
	for (size_t i = 0; i < tree->count; i++) {
		if (!naive_json_value(arena, tree->items[i], &items[i]))
			return false;
	}
	out->items = items;
	out->keys = tree->keys;
	out->count = tree->count;
	return true;
}

static bool read_object(struct arena *arena, const struct tree *tree, struct naive_value *out)
{
	const struct tree *entity = tree_get(tree, "__entity"),
			  *extension = tree_get(tree, "__extn");
	struct naive_uid uid;

	if (tree->count == 1 && entity != NULL) {
		if (!naive_json_uid(entity, &uid))
			return false;
		*out = (struct naive_value){.kind = NAIVE_ENTITY, .type = uid.type, .text = uid.id};
		return true;
	}
	if (tree->count == 1 && extension != NULL)
		return read_extension(arena, extension, out);
	out->kind = NAIVE_RECORD;
	return read_items(arena, tree, out);
}

bool naive_json_value(struct arena *arena, const struct tree *tree, struct naive_value *out)
{
	*out = (struct naive_value){.kind = NAIVE_BOOL};
	if (tree == NULL)
		return false;
	switch (tree->kind) {
	case JSON_BOOL: out->number = tree->boolean; return true;
	case JSON_INTEGER:
		out->kind = NAIVE_LONG;
		out->number = tree->integer;
		return true;
	case JSON_STRING:
		out->kind = NAIVE_STRING;
		out->text = tree->text;
		return true;
	case JSON_ARRAY: out->kind = NAIVE_SET; return read_items(arena, tree, out);
	case JSON_OBJECT: return read_object(arena, tree, out);
	default: return false;
	}
}

bool naive_json_record(struct arena *arena, const struct tree *tree, struct naive_value *out)
{
	*out = (struct naive_value){.kind = NAIVE_RECORD};
	return tree == NULL || (tree->kind == JSON_OBJECT && read_items(arena, tree, out));
}

static bool read_entity(struct arena *arena, const struct tree *tree, struct naive_entity *out)
{
	const struct tree *parents = tree_get(tree, "parents");
	struct naive_uid *uids = arena_calloc(arena, tree_count(parents) + 1, sizeof(*uids));

	if (uids == NULL || !naive_json_uid(tree_get(tree, "uid"), &out->uid) ||
	    !naive_json_record(arena, tree_get(tree, "attrs"), &out->attrs) ||
	    !naive_json_record(arena, tree_get(tree, "tags"), &out->tags))
		return false;
	for (size_t i = 0; i < tree_count(parents); i++) {
		if (!naive_json_uid(parents->items[i], &uids[i]))
			return false;
	}
	out->parents = uids;
	out->parent_count = tree_count(parents);
	return true;
}

bool naive_json_entities(struct arena *arena, const struct tree *tree, struct naive_world *world)
{
	struct naive_entity *entities =
		arena_calloc(arena, tree_count(tree) + 1, sizeof(*entities));

	if (entities == NULL || tree == NULL || tree->kind != JSON_ARRAY)
		return false;
	for (size_t i = 0; i < tree->count; i++) {
		if (!read_entity(arena, tree->items[i], &entities[i]))
			return false;
	}
	world->entities = entities;
	world->entity_count = tree->count;
	return true;
}
