#include "cedar/schema.h"

#include <stdlib.h>

#include "base/mem.h"

static int compare_name(const void *key, const void *element)
{
	const struct str *name = key;
	const struct schema_entity *entity = element;

	return str_compare(*name, entity->name);
}

uint32_t schema_find_entity(const struct cedar_schema *schema, struct str name)
{
	const struct schema_entity *found = bsearch(&name, schema->entities, schema->entity_count,
						    sizeof(*found), compare_name);

	return found != NULL ? (uint32_t)(found - schema->entities) : SCHEMA_NONE;
}

static int compare_action(const void *key, const void *element)
{
	const struct schema_action *wanted = key, *action = element;

	if (wanted->type != action->type)
		return wanted->type < action->type ? -1 : 1;
	return str_compare(wanted->id, action->id);
}

uint32_t schema_find_action(const struct cedar_schema *schema, struct str type, struct str id)
{
	const struct schema_action key = {.type = schema_find_entity(schema, type), .id = id};
	const struct schema_action *found = bsearch(&key, schema->actions, schema->action_count,
						    sizeof(*found), compare_action);

	return found != NULL ? (uint32_t)(found - schema->actions) : SCHEMA_NONE;
}

bool schema_can_be_in(const struct cedar_schema *schema, uint32_t below, uint32_t above)
{
	return below == above || relation_has(&schema->entity_ancestors, below, above);
}

static int compare_id(const void *key, const void *element)
{
	const struct str *wanted = key, *id = element;

	return str_compare(*wanted, *id);
}

bool schema_has_id(const struct schema_entity *entity, struct str id)
{
	return entity->enum_ids == NULL || bsearch(&id, entity->enum_ids, entity->enum_id_count,
						   sizeof(id), compare_id) != NULL;
}

bool schema_types_have(struct schema_types types, uint32_t entity)
{
	for (uint32_t i = 0; i < types.count; i++) {
		if (types.list[i] == entity)
			return true;
	}
	return false;
}

static enum error read_schema(struct cedar_schema *schema, struct str name, struct str text,
			      enum cedar_schema_syntax syntax, struct cedar_diags *diags)
{
	struct str own_name = arena_copy(&schema->arena, name);
	struct str own_text = arena_copy(&schema->arena, text);
	enum error error;

	if (own_name.ptr == NULL || own_text.ptr == NULL)
		return ERR_NO_MEMORY;
	error = source_init(&schema->source, &schema->arena, own_name, own_text);
	if (error != ERR_NONE)
		return error;
	error = syntax == CEDAR_SCHEMA_JSON
			? schema_read_json(&schema->arena, &schema->source, diags, &schema->ast)
			: schema_parse(&schema->arena, &schema->source, diags, &schema->ast);
	return error != ERR_NONE ? error : schema_resolve(schema, diags);
}

enum error cedar_schema_read(struct str source, struct str text, enum cedar_schema_syntax syntax,
			     struct cedar_diags *diags, struct cedar_schema **out)
{
	struct cedar_schema *schema = mem_calloc(1, sizeof(*schema));
	enum error error;

	if (schema == NULL)
		return ERR_NO_MEMORY;
	arena_init(&schema->arena, 16 * 1024, SIZE_MAX);
	error = read_schema(schema, source, text, syntax, diags);
	if (error != ERR_NONE)
		cedar_schema_free(schema);
	else
		*out = schema;
	return error;
}

void cedar_schema_free(struct cedar_schema *schema)
{
	if (schema == NULL)
		return;
	arena_deinit(&schema->arena);
	mem_free(schema);
}

void cedar_schema_write_json(const struct cedar_schema *schema, struct buf *out)
{
	schema_write_json(&schema->ast, out);
}
