/* Schema text in JSON syntax to tree (docs.cedarpolicy.com, "JSON schema format"): declarations and
 * namespaces. */
#include "cedar/schema_json.h"
#include "cedar/diag.h"
#include "cedar/json_fields.h"

/* Declarations. Each is called after its key was read. */

enum { ENTITY_PARENTS, ENTITY_SHAPE, ENTITY_TAGS, ENTITY_ENUM, ENTITY_ANNOTATIONS };

/* [ string ], at least one */
static bool read_enum(struct schema_reader *r, struct schema_ast_entity *entity)
{
	size_t list = r->scratch.length;
	struct span span = r->json.span;

	if (!json_read_expect(&r->json, JSON_ARRAY, "\"enum\""))
		return false;
	while (json_read_element(&r->json)) {
		struct str id;

		if (!schema_json_string(r, "an id", &id))
			return false;
		buf_append(&r->scratch, &id, sizeof(id));
	}
	entity->enum_ids =
		schema_json_take(r, list, sizeof(*entity->enum_ids), &entity->enum_id_count);
	if (entity->enum_ids != NULL && entity->enum_id_count == 0)
		json_read_fail(&r->json, span, "\"enum\" must list at least one id");
	return r->json.failed == ERR_NONE;
}

static bool read_entity_field(struct schema_reader *r, int field, struct schema_ast_entity *entity)
{
	if (field == ENTITY_TAGS && r->json.event == JSON_NULL)
		return true;
	switch (field) {
	case ENTITY_PARENTS: return schema_json_refs(r, "\"memberOfTypes\"", &entity->parents);
	case ENTITY_SHAPE: return (entity->shape = schema_json_inner_type(r)) != NULL;
	case ENTITY_TAGS: return (entity->tags = schema_json_inner_type(r)) != NULL;
	case ENTITY_ENUM: return read_enum(r, entity);
	default: return schema_json_annotations(r, &entity->annotations);
	}
}

/* { "memberOfTypes", "shape", "tags" } or { "enum" } */
static bool read_entity(struct schema_reader *r, struct schema_ast_entity *entity)
{
	static const struct str names[] = {
		{"memberOfTypes", 13}, {"shape", 5}, {"tags", 4}, {"enum", 4}, {"annotations", 11},
	};
	const uint32_t standard = 1u << ENTITY_PARENTS | 1u << ENTITY_SHAPE | 1u << ENTITY_TAGS;
	struct json_fields fields = {names, ARRAY_COUNT(names), false, 0, "an entity type"};
	int field;

	entity->name = r->json.text;
	entity->span = r->json.span;
	if (!schema_json_check_declared(r))
		return false;
	json_read_next(&r->json);
	if (!json_read_expect(&r->json, JSON_OBJECT, "an entity type"))
		return false;
	while ((field = json_fields_next(&r->json, &fields)) != JSON_NO_FIELD) {
		if (!read_entity_field(r, field, entity))
			return false;
	}
	if (entity->enum_ids != NULL && (fields.seen & standard) != 0)
		json_read_fail(&r->json, entity->span,
			       "an enumerated entity type has no parents, shape or tags");
	return r->json.failed == ERR_NONE;
}

static bool read_common(struct schema_reader *r, struct schema_ast_common *common)
{
	struct schema_json_type object;

	common->name = r->json.text;
	common->span = r->json.span;
	if (!schema_json_check_declared(r))
		return false;
	if (schema_is_reserved_common(common->name)) {
		json_read_fail(&r->json, r->json.span,
			       "\"%.*s\" is reserved and cannot name a type",
			       STR_ARGS(common->name));
		return false;
	}
	json_read_next(&r->json);
	if (!schema_json_read_type(r, SCHEMA_JSON_COMMON, &object))
		return false;
	common->type = object.type;
	common->annotations = object.annotations;
	return true;
}

/* { "id", "type" } */
static struct schema_ast_action_ref *read_action_ref(struct schema_reader *r)
{
	static const struct str names[] = {{"id", 2}, {"type", 4}};
	struct json_fields fields = {names, ARRAY_COUNT(names), false, 0, "a parent of an action"};
	struct schema_ast_action_ref *ref = schema_json_alloc(r, sizeof(*ref));
	int field;

	if (ref == NULL || !json_read_expect(&r->json, JSON_OBJECT, "a parent of an action"))
		return NULL;
	ref->type = STR("Action");
	ref->span = r->json.span;
	while ((field = json_fields_next(&r->json, &fields)) != JSON_NO_FIELD) {
		if (field == 0 ? !schema_json_string(r, "an id", &ref->id)
			       : !schema_json_type_name(r, &ref->type))
			return NULL;
	}
	return json_fields_require(&r->json, &fields, 0, ref->span) ? ref : NULL;
}

static bool read_action_parents(struct schema_reader *r, struct schema_ast_action *action)
{
	struct schema_ast_action_ref *first = NULL, **tail = &first;

	if (!json_read_expect(&r->json, JSON_ARRAY, "\"memberOf\""))
		return false;
	while (json_read_element(&r->json)) {
		*tail = read_action_ref(r);
		if (*tail == NULL)
			return false;
		tail = &(*tail)->next;
	}
	action->parents = first;
	return r->json.failed == ERR_NONE;
}

/* { "principalTypes", "resourceTypes", "context" } */
static bool read_applies_to(struct schema_reader *r, struct schema_ast_action *action)
{
	static const struct str names[] = {
		{"principalTypes", 14}, {"resourceTypes", 13}, {"context", 7}};
	struct json_fields fields = {names, ARRAY_COUNT(names), false, 0, "\"appliesTo\""};
	struct span span = r->json.span;
	int field;

	if (!json_read_expect(&r->json, JSON_OBJECT, "\"appliesTo\""))
		return false;
	while ((field = json_fields_next(&r->json, &fields)) != JSON_NO_FIELD) {
		if (field == 2)
			action->context = schema_json_inner_type(r);
		else
			schema_json_refs(r, "a list of entity types",
					 field == 0 ? &action->principals : &action->resources);
	}
	return json_fields_require(&r->json, &fields, 0, span) &&
	       json_fields_require(&r->json, &fields, 1, span);
}

/* Actions have no attributes; an empty object of them is a relic. */
static bool read_action_attributes(struct schema_reader *r)
{
	if (!json_read_expect(&r->json, JSON_OBJECT, "\"attributes\""))
		return false;
	if (json_read_key(&r->json))
		json_read_fail(&r->json, r->json.span, "actions have no attributes");
	return r->json.failed == ERR_NONE;
}

enum { ACTION_PARENTS, ACTION_APPLIES, ACTION_ATTRIBUTES, ACTION_ANNOTATIONS };

static bool read_action_field(struct schema_reader *r, int field, struct schema_ast_action *action)
{
	switch (field) {
	case ACTION_PARENTS: return read_action_parents(r, action);
	case ACTION_APPLIES: return read_applies_to(r, action);
	case ACTION_ATTRIBUTES: return read_action_attributes(r);
	default: return schema_json_annotations(r, &action->annotations);
	}
}

/* What may be left out may be null, too. */
static bool read_action(struct schema_reader *r, struct schema_ast_action *action)
{
	static const struct str names[] = {
		{"memberOf", 8}, {"appliesTo", 9}, {"attributes", 10}, {"annotations", 11}};
	struct json_fields fields = {names, ARRAY_COUNT(names), false, 0, "an action"};
	int field;

	action->id = r->json.text;
	action->span = r->json.span;
	json_read_next(&r->json);
	if (!json_read_expect(&r->json, JSON_OBJECT, "an action"))
		return false;
	while ((field = json_fields_next(&r->json, &fields)) != JSON_NO_FIELD) {
		bool done = r->json.event == JSON_NULL && field != ACTION_ANNOTATIONS;

		if (!done)
			done = read_action_field(r, field, action);
		if (!done)
			return false;
	}
	return r->json.failed == ERR_NONE;
}

/* Namespaces. */

static bool read_entities(struct schema_reader *r, struct schema_ast_namespace *space)
{
	struct schema_ast_entity **tail = &space->entities;
	size_t keys = json_keys_start(&r->keys);

	if (!json_read_expect(&r->json, JSON_OBJECT, "\"entityTypes\""))
		return false;
	while (json_read_key(&r->json)) {
		json_keys_add(&r->keys, &r->json);
		*tail = schema_json_alloc(r, sizeof(**tail));
		if (*tail == NULL || !read_entity(r, *tail))
			return false;
		tail = &(*tail)->next;
	}
	return json_keys_end(&r->keys, &r->json, keys);
}

static bool read_actions(struct schema_reader *r, struct schema_ast_namespace *space)
{
	struct schema_ast_action **tail = &space->actions;
	size_t keys = json_keys_start(&r->keys);

	if (!json_read_expect(&r->json, JSON_OBJECT, "\"actions\""))
		return false;
	while (json_read_key(&r->json)) {
		json_keys_add(&r->keys, &r->json);
		*tail = schema_json_alloc(r, sizeof(**tail));
		if (*tail == NULL || !read_action(r, *tail))
			return false;
		tail = &(*tail)->next;
	}
	return json_keys_end(&r->keys, &r->json, keys);
}

static bool read_commons(struct schema_reader *r, struct schema_ast_namespace *space)
{
	struct schema_ast_common **tail = &space->commons;
	size_t keys = json_keys_start(&r->keys);

	if (!json_read_expect(&r->json, JSON_OBJECT, "\"commonTypes\""))
		return false;
	while (json_read_key(&r->json)) {
		json_keys_add(&r->keys, &r->json);
		*tail = schema_json_alloc(r, sizeof(**tail));
		if (*tail == NULL || !read_common(r, *tail))
			return false;
		tail = &(*tail)->next;
	}
	return json_keys_end(&r->keys, &r->json, keys);
}

enum { SPACE_COMMONS, SPACE_ENTITIES, SPACE_ACTIONS, SPACE_ANNOTATIONS };

static bool read_namespace(struct schema_reader *r, struct schema_ast_namespace *space)
{
	static const struct str names[] = {
		{"commonTypes", 11}, {"entityTypes", 11}, {"actions", 7}, {"annotations", 11}};
	struct json_fields fields = {names, ARRAY_COUNT(names), false, 0, "a namespace"};
	int field;

	space->name = r->json.text;
	space->span = r->json.span;
	if (space->name.length != 0 && !ast_is_path(space->name)) {
		json_read_fail(&r->json, r->json.span, "\"%s\" cannot be the name of a namespace",
			       diag_quote(space->name).text);
		return false;
	}
	json_read_next(&r->json);
	if (!json_read_expect(&r->json, JSON_OBJECT, "a namespace"))
		return false;
	while ((field = json_fields_next(&r->json, &fields)) != JSON_NO_FIELD) {
		bool done = field == SPACE_COMMONS    ? read_commons(r, space)
			    : field == SPACE_ENTITIES ? read_entities(r, space)
			    : field == SPACE_ACTIONS
				    ? read_actions(r, space)
				    : schema_json_annotations(r, &space->annotations);

		if (!done)
			return false;
	}
	return json_fields_require(&r->json, &fields, SPACE_ENTITIES, space->span) &&
	       json_fields_require(&r->json, &fields, SPACE_ACTIONS, space->span);
}

/* { namespace: .. } */
static struct schema_ast_namespace *read_schema(struct schema_reader *r)
{
	struct schema_ast_namespace *first = NULL, **tail = &first;
	size_t keys = json_keys_start(&r->keys);
	uint32_t count = 0;

	json_read_next(&r->json);
	if (!json_read_expect(&r->json, JSON_OBJECT, "a schema"))
		return NULL;
	while (json_read_key(&r->json)) {
		if (count++ == SCHEMA_NAMESPACES) {
			json_read_fail(&r->json, r->json.span, "there are more than %d namespaces",
				       SCHEMA_NAMESPACES);
			return NULL;
		}
		json_keys_add(&r->keys, &r->json);
		*tail = schema_json_alloc(r, sizeof(**tail));
		if (*tail == NULL || !read_namespace(r, *tail))
			return NULL;
		tail = &(*tail)->next;
	}
	return json_keys_end(&r->keys, &r->json, keys) ? first : NULL;
}

enum error schema_read_json(struct arena *arena, const struct source *source,
			    struct cedar_diags *diags, struct schema_ast *ast)
{
	struct schema_reader reader = {.arena = arena};
	struct schema_ast_namespace *namespaces;
	enum error error = schema_check_text(source, diags);

	if (error != ERR_NONE)
		return error;
	json_read_init(&reader.json, arena, source, diags);
	json_keys_init(&reader.keys);
	buf_init(&reader.scratch, SIZE_MAX);
	namespaces = read_schema(&reader);
	error = json_read_finish(&reader.json);
	buf_deinit(&reader.scratch);
	json_keys_deinit(&reader.keys);
	if (error == ERR_NONE)
		*ast = (struct schema_ast){source, namespaces};
	return error;
}
