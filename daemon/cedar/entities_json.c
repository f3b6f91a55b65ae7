/* Entities from JSON into an engine (docs.cedarpolicy.com, "Entities JSON format"). */
#include "cedar/diag.h"
#include "cedar/engine.h"
#include "cedar/json_fields.h"
#include "cedar/value_json.h"

enum { ENTITIES_TEXT_BYTES = 64 << 20 };

/* An action of the text, to be compared with its declaration once all of them are known. */
struct action_entry {
	struct span span;
	uint32_t number;       /* in the schema */
	uint32_t first, count; /* of its parents in `action_parents` */
};

struct loader {
	struct cedar_engine *engine;
	const struct cedar_schema *schema; /* NULL without */
	struct value_json values;
	struct buf parents;        /* uids of the entity being read */
	struct buf actions;        /* struct action_entry */
	struct buf action_parents; /* numbers of actions */
};

/* The entity being read. */
struct entry {
	struct span span;
	struct json_uid names; /* as written */
	cedar_uid uid;
	uint32_t first_action_parent;
	uint32_t type; /* in the schema, when there is one */
	const struct value_record *attrs, *tags;
};

static bool is_action_type(struct str type)
{
	return str_equal(type, STR("Action")) || str_ends_with(type, STR("::Action"));
}

static const struct schema_entity *declared_type(const struct loader *loader,
						 const struct entry *entry)
{
	return loader->schema != NULL ? &loader->schema->entities[entry->type] : NULL;
}

/* The uid comes first, wherever it stands, for its type decides how the rest is read. */
static bool read_uid(struct loader *loader, struct entry *entry)
{
	struct value_json *v = &loader->values;
	struct json_reader uid;

	entry->span = v->json.span;
	if (!json_read_expect(&v->json, JSON_OBJECT, "an entity"))
		return false;
	if (!json_peek_member(&v->json, STR("uid"), &uid) || !json_peek_uid(&uid, &entry->names))
		return true; /* its field will be found missing or wrong */
	if (loader->schema == NULL)
		return true;
	entry->type = schema_find_entity(loader->schema, entry->names.type);
	if (entry->type == SCHEMA_NONE)
		json_read_fail(&v->json, entry->span, "the entity type `%s` is not declared",
			       diag_quote(entry->names.type).text);
	return entry->type != SCHEMA_NONE;
}

static bool read_uid_field(struct loader *loader, struct entry *entry)
{
	struct value_json *v = &loader->values;
	struct span span = v->json.span;

	if (!json_read_uid(&v->json, &entry->names) ||
	    !value_json_make_uid(v, &entry->names, span, &entry->uid))
		return false;
	if (loader->schema == NULL ||
	    conformance_uid(&v->check, entry->names.type, entry->names.id))
		return true;
	json_read_fail(&v->json, span, "%s", v->check.text);
	return false;
}

/* Actions have no attributes that a schema could declare, so theirs are read as without one, and
 * refused by the type, which is an empty record. */
static bool read_attrs(struct loader *loader, struct entry *entry)
{
	const struct schema_entity *declared = declared_type(loader, entry);
	struct cedar_value record;

	if (!json_read_expect(&loader->values.json, JSON_OBJECT, "\"attrs\"") ||
	    !value_json_read_record(&loader->values, declared != NULL ? declared->shape : NULL,
				    &record))
		return false;
	if (value_record(record)->count != 0)
		entry->attrs = value_record(record);
	return true;
}

static bool read_tags(struct loader *loader, struct entry *entry)
{
	const struct schema_entity *declared = declared_type(loader, entry);
	struct value_json *v = &loader->values;
	struct span span = v->json.span;
	struct cedar_value record;

	if (!json_read_expect(&v->json, JSON_OBJECT, "\"tags\"") ||
	    !value_json_read_map(v, declared != NULL ? declared->tags : NULL, &record))
		return false;
	if (value_record(record)->count == 0)
		return true;
	entry->tags = value_record(record);
	if (declared == NULL || declared->tags != NULL)
		return true;
	json_read_fail(&v->json, span, "entities of type `%s` have no tags",
		       diag_quote(entry->names.type).text);
	return false;
}

static uint32_t count_action_parents(const struct loader *loader)
{
	return (uint32_t)(loader->action_parents.length / sizeof(uint32_t));
}

/* What a schema says about the parent, and what holds without one: actions are in actions only. */
static bool check_parent(struct loader *loader, const struct entry *entry,
			 const struct json_uid *parent, struct span span)
{
	struct value_json *v = &loader->values;
	const struct cedar_schema *schema = loader->schema;

	if (is_action_type(entry->names.type) && !is_action_type(parent->type)) {
		json_read_fail(&v->json, span, "an action can only be in other actions");
		return false;
	}
	if (schema == NULL)
		return true;
	if (!conformance_uid(&v->check, parent->type, parent->id)) {
		json_read_fail(&v->json, span, "%s", v->check.text);
		return false;
	}
	if (schema_is_action_type(declared_type(loader, entry))) {
		uint32_t number = schema_find_action(schema, parent->type, parent->id);

		buf_append(&loader->action_parents, &number, sizeof(number));
		return true;
	}
	if (relation_has(&schema->entity_ancestors, entry->type,
			 schema_find_entity(schema, parent->type)))
		return true;
	json_read_fail(&v->json, span, "an entity of type `%s` cannot be in one of type `%s`",
		       diag_quote(entry->names.type).text, diag_quote(parent->type).text);
	return false;
}

static bool read_parents(struct loader *loader, struct entry *entry)
{
	struct value_json *v = &loader->values;

	if (!json_read_expect(&v->json, JSON_ARRAY, "\"parents\""))
		return false;
	while (json_read_element(&v->json)) {
		struct span span = v->json.span;
		struct json_uid names;
		cedar_uid parent;

		if (!json_read_uid(&v->json, &names) ||
		    !check_parent(loader, entry, &names, span) ||
		    !value_json_make_uid(v, &names, span, &parent))
			return false;
		buf_append(&loader->parents, &parent, sizeof(parent));
	}
	if (loader->parents.failed != ERR_NONE)
		json_read_abort(&v->json, loader->parents.failed);
	return v->json.failed == ERR_NONE;
}

static void fail_add(struct loader *loader, enum error error, struct span span)
{
	struct json_reader *json = &loader->values.json;

	if (error == ERR_EXISTS)
		json_read_fail(json, span, "this entity is known already, with other content");
	else if (error == ERR_LIMIT)
		json_read_fail(json, span, "there are too many entities or parents");
	else
		json_read_abort(json, error);
}

/* So that a mistake that only shows when all entities are there can be told with its place. */
static enum error note_place(struct loader *loader, const struct entry *entry)
{
	struct cedar_engine *engine = loader->engine;
	struct entity_place *places =
		arena_grow_array(&engine->build, engine->places, engine->place_count,
				 &engine->place_capacity, sizeof(*places));

	if (places == NULL)
		return engine->build.refusal;
	engine->places = places;
	places[engine->place_count++] =
		(struct entity_place){entry->uid, loader->values.json.source, entry->span};
	return ERR_NONE;
}

static void add_entity(struct loader *loader, const struct entry *entry)
{
	const cedar_uid *parents = (const void *)loader->parents.data;
	enum error error =
		entity_store_add(&loader->engine->entities, entry->uid, entry->attrs, entry->tags,
				 parents, loader->parents.length / sizeof(*parents));

	if (error == ERR_NONE)
		error = note_place(loader, entry);
	if (error != ERR_NONE)
		fail_add(loader, error, entry->span);
}

static void note_action(struct loader *loader, const struct entry *entry)
{
	struct action_entry action = {
		.span = entry->span,
		.number = schema_find_action(loader->schema, entry->names.type, entry->names.id),
		.first = entry->first_action_parent,
		.count = count_action_parents(loader) - entry->first_action_parent,
	};

	buf_append(&loader->actions, &action, sizeof(action));
}

enum { ENTITY_UID, ENTITY_ATTRS, ENTITY_PARENTS, ENTITY_TAGS };

static bool read_fields(struct loader *loader, struct entry *entry)
{
	static const struct str names[] = {{"uid", 3}, {"attrs", 5}, {"parents", 7}, {"tags", 4}};
	struct json_fields fields = {names, ARRAY_COUNT(names), true, 0, "an entity"};
	struct json_reader *json = &loader->values.json;
	int field;

	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		bool done = field == ENTITY_UID       ? read_uid_field(loader, entry)
			    : field == ENTITY_ATTRS   ? read_attrs(loader, entry)
			    : field == ENTITY_PARENTS ? read_parents(loader, entry)
						      : read_tags(loader, entry);

		if (!done)
			return false;
	}
	return json_fields_require(json, &fields, ENTITY_UID, entry->span) &&
	       json_fields_require(json, &fields, ENTITY_ATTRS, entry->span) &&
	       json_fields_require(json, &fields, ENTITY_PARENTS, entry->span);
}

static void read_entity(struct loader *loader)
{
	struct entry entry = {.first_action_parent = count_action_parents(loader)};
	const struct schema_entity *declared;

	buf_clear(&loader->parents);
	if (!read_uid(loader, &entry) || !read_fields(loader, &entry))
		return;
	declared = declared_type(loader, &entry);
	if (declared != NULL && schema_is_action_type(declared))
		note_action(loader, &entry);
	else
		add_entity(loader, &entry);
}

/* Actions as a schema declares them. */

static enum error add_action(struct cedar_engine *engine, const struct cedar_schema *schema,
			     uint32_t number, struct buf *parents)
{
	const struct schema_action *action = &schema->actions[number];
	struct value_builder *builder = &engine->builder;
	cedar_uid uid = value_build_uid(builder, schema->entities[action->type].name, action->id);

	buf_clear(parents);
	for (uint32_t above = 0; above < schema->action_count; above++) {
		const struct schema_action *group = &schema->actions[above];
		cedar_uid parent;

		if (!relation_has(&schema->action_ancestors, number, above))
			continue;
		parent = value_build_uid(builder, schema->entities[group->type].name, group->id);
		buf_append(parents, &parent, sizeof(parent));
	}
	if (builder->failed != ERR_NONE)
		return builder->failed;
	if (parents->failed != ERR_NONE)
		return parents->failed;
	return entity_store_add(&engine->entities, uid, NULL, NULL, (const void *)parents->data,
				parents->length / sizeof(cedar_uid));
}

enum error cedar_engine_add_actions(struct cedar_engine *engine, const struct cedar_schema *schema,
				    struct cedar_diags *diags)
{
	enum error error = ERR_NONE;
	struct buf parents;

	buf_init(&parents, SIZE_MAX);
	for (uint32_t i = 0; error == ERR_NONE && i < schema->action_count; i++) {
		error = add_action(engine, schema, i, &parents);
		if (error == ERR_EXISTS)
			diag_report_source(diags, CEDAR_ERROR, schema->source.name,
					   "the action \"%s\" is known already, with other groups",
					   diag_quote(schema->actions[i].id).text);
	}
	buf_deinit(&parents);
	return error;
}

/* The parents written for an action, together with those of the parents that the text has, too,
 * must be the groups that the schema declares, neither more nor less. */
static bool matches_declaration(const struct loader *loader, const struct action_entry *action,
				const bool *present)
{
	const struct cedar_schema *schema = loader->schema;
	const uint32_t *parents = (const void *)loader->action_parents.data;

	for (uint32_t above = 0; above < schema->action_count; above++) {
		bool found = false;

		for (uint32_t i = action->first; i < action->first + action->count; i++)
			found = found || parents[i] == above ||
				(present[parents[i]] &&
				 relation_has(&schema->action_ancestors, parents[i], above));
		if (found != relation_has(&schema->action_ancestors, action->number, above))
			return false;
	}
	return true;
}

static void add_actions(struct loader *loader)
{
	const struct action_entry *actions = (const void *)loader->actions.data;
	size_t count = loader->actions.length / sizeof(*actions);
	struct json_reader *json = &loader->values.json;
	bool *present;

	if (loader->actions.failed != ERR_NONE || loader->action_parents.failed != ERR_NONE)
		json_read_abort(json, ERR_NO_MEMORY);
	if (json->failed != ERR_NONE || count == 0)
		return;
	present = arena_calloc(json->arena, loader->schema->action_count, sizeof(*present));
	if (present == NULL) {
		json_read_abort(json, ERR_NO_MEMORY);
		return;
	}
	for (size_t i = 0; i < count; i++)
		present[actions[i].number] = true;
	for (size_t i = 0; json->failed == ERR_NONE && i < count; i++) {
		enum error error;

		if (!matches_declaration(loader, &actions[i], present)) {
			json_read_fail(json, actions[i].span,
				       "the parents of this action are not those that the schema "
				       "declares");
			return;
		}
		error = add_action(loader->engine, loader->schema, actions[i].number,
				   &loader->parents);
		if (error != ERR_NONE)
			fail_add(loader, error, actions[i].span);
	}
}

static enum error load(struct loader *loader, const struct source *source,
		       struct cedar_diags *diags, struct arena *arena)
{
	struct cedar_engine *engine = loader->engine;
	struct json_reader *json = &loader->values.json;
	enum error error;

	value_json_init(&loader->values, arena, source, diags, &engine->builder, &engine->resolver,
			loader->schema);
	buf_init(&loader->parents, SIZE_MAX);
	buf_init(&loader->actions, SIZE_MAX);
	buf_init(&loader->action_parents, SIZE_MAX);
	json_read_next(json);
	if (json_read_expect(json, JSON_ARRAY, "entities")) {
		while (json_read_element(json))
			read_entity(loader);
	}
	error = json_read_finish(json);
	if (error == ERR_NONE) {
		add_actions(loader);
		error = json->failed;
	}
	buf_deinit(&loader->action_parents);
	buf_deinit(&loader->actions);
	buf_deinit(&loader->parents);
	value_json_deinit(&loader->values);
	return error;
}

/* A source that lives until the engine is sealed. */
static enum error copy_source(struct cedar_engine *engine, struct str name, struct str text,
			      struct source **out)
{
	struct source *source = arena_alloc(&engine->build, sizeof(*source));
	struct str own_name = arena_copy(&engine->build, name);
	struct str own_text = arena_copy(&engine->build, text);
	enum error error;

	if (source == NULL || own_name.ptr == NULL || own_text.ptr == NULL)
		return ERR_NO_MEMORY;
	error = source_init(source, &engine->build, own_name, own_text);
	if (error == ERR_NONE)
		*out = source;
	return error;
}

enum error cedar_engine_add_entities(struct cedar_engine *engine, const struct cedar_schema *schema,
				     struct str source, struct str text, struct cedar_diags *diags)
{
	struct loader loader = {.engine = engine, .schema = schema};
	struct source *lines;
	struct arena arena;
	enum error error;

	if (text.length > ENTITIES_TEXT_BYTES) {
		diag_report_source(diags, CEDAR_ERROR, source,
				   "the text has %zu bytes; at most %d are allowed", text.length,
				   ENTITIES_TEXT_BYTES);
		return ERR_LIMIT;
	}
	arena_init(&arena, 4096, SIZE_MAX);
	error = copy_source(engine, source, text, &lines);
	if (error == ERR_NONE)
		error = load(&loader, lines, diags, &arena);
	arena_deinit(&arena);
	return error;
}
