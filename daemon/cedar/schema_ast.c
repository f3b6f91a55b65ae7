#include "cedar/schema_ast.h"

#include "base/utf8.h"
#include "cedar/diag.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"

bool schema_is_reserved_common(struct str name)
{
	static const struct str words[] = {
		{"Bool", 4}, {"Boolean", 7}, {"Entity", 6}, {"Extension", 9},
		{"Long", 4}, {"Record", 6},  {"Set", 3},    {"String", 6},
	};

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		if (str_equal(words[i], name))
			return true;
	}
	return false;
}

enum error schema_check_text(const struct source *source, struct cedar_diags *diags)
{
	size_t valid;

	if (source->text.length > SCHEMA_TEXT_BYTES) {
		diag_report_source(diags, CEDAR_ERROR, source->name,
				   "the schema has %zu bytes; at most %d are allowed",
				   source->text.length, SCHEMA_TEXT_BYTES);
		return ERR_LIMIT;
	}
	valid = utf8_valid_length(source->text);
	if (valid == source->text.length)
		return ERR_NONE;
	diag_report(diags, CEDAR_ERROR, source, span_make((uint32_t)valid, (uint32_t)valid + 1),
		    "the schema is not valid UTF-8");
	return ERR_SYNTAX;
}

/* JSON syntax. */

static void write_annotations(struct json_writer *json, struct schema_ast_annotations annotations)
{
	if (annotations.count == 0)
		return;
	json_member_object(json, "annotations");
	for (uint32_t i = 0; i < annotations.count; i++) {
		const struct ast_annotation *annotation = &annotations.items[i];

		/* One without a value has the value "". */
		json_write_key(json, annotation->key);
		json_write_string(json, annotation->value);
	}
	json_write_object_end(json);
}

static void write_type_members(struct json_writer *json, const struct schema_ast_type *type);

static void write_attrs(struct json_writer *json, const struct schema_ast_attr *attrs)
{
	json_member_object(json, "attributes");
	for (const struct schema_ast_attr *attr = attrs; attr != NULL; attr = attr->next) {
		json_write_key(json, attr->name);
		json_write_object(json);
		write_type_members(json, attr->type);
		if (attr->optional)
			json_member_bool(json, "required", false);
		write_annotations(json, attr->annotations);
		json_write_object_end(json);
	}
	json_write_object_end(json);
}

static void write_named(struct json_writer *json, struct str type, struct str name)
{
	json_member_string(json, "type", type);
	json_member_string(json, "name", name);
}

static void write_plain(struct json_writer *json, struct str type)
{
	json_member_string(json, "type", type);
}

/* Types nest as deep as they do in the source, where the parser and the reader bound them. */
static void write_type_members(struct json_writer *json, const struct schema_ast_type *type)
{
	switch (type->form) {
	case SCHEMA_NAME: write_named(json, STR("EntityOrCommon"), type->name); break;
	case SCHEMA_ENTITY_NAME: write_named(json, STR("Entity"), type->name); break;
	case SCHEMA_EXTENSION: write_named(json, STR("Extension"), type->name); break;
	case SCHEMA_COMMON_NAME: write_plain(json, type->name); break;
	case SCHEMA_BOOL: write_plain(json, STR("Boolean")); break;
	case SCHEMA_LONG: write_plain(json, STR("Long")); break;
	case SCHEMA_STRING: write_plain(json, STR("String")); break;
	case SCHEMA_SET:
		write_plain(json, STR("Set"));
		json_member_object(json, "element");
		write_type_members(json, type->element);
		json_write_object_end(json);
		break;
	case SCHEMA_RECORD:
		write_plain(json, STR("Record"));
		write_attrs(json, type->attrs);
		break;
	}
}

static void write_type(struct json_writer *json, struct str key, const struct schema_ast_type *type)
{
	json_write_key(json, key);
	json_write_object(json);
	write_type_members(json, type);
	json_write_object_end(json);
}

/* An empty record is what stands where none is written. */
static bool says_something(const struct schema_ast_type *type)
{
	return type != NULL && !(type->form == SCHEMA_RECORD && type->attrs == NULL);
}

static void write_refs(struct json_writer *json, struct str key, const struct schema_ast_ref *refs)
{
	json_write_key(json, key);
	json_write_array(json);
	for (const struct schema_ast_ref *ref = refs; ref != NULL; ref = ref->next)
		json_write_string(json, ref->name);
	json_write_array_end(json);
}

static void write_entity(struct json_writer *json, const struct schema_ast_entity *entity)
{
	json_write_key(json, entity->name);
	json_write_object(json);
	if (entity->enum_ids != NULL) {
		json_member_array(json, "enum");
		for (uint32_t i = 0; i < entity->enum_id_count; i++)
			json_write_string(json, entity->enum_ids[i]);
		json_write_array_end(json);
	}
	if (entity->parents != NULL)
		write_refs(json, STR("memberOfTypes"), entity->parents);
	if (says_something(entity->shape))
		write_type(json, STR("shape"), entity->shape);
	if (entity->tags != NULL)
		write_type(json, STR("tags"), entity->tags);
	write_annotations(json, entity->annotations);
	json_write_object_end(json);
}

static void write_action_parents(struct json_writer *json, const struct schema_ast_action *action)
{
	json_member_array(json, "memberOf");
	for (const struct schema_ast_action_ref *ref = action->parents; ref != NULL;
	     ref = ref->next) {
		json_write_object(json);
		json_member_string(json, "id", ref->id);
		json_member_string(json, "type", ref->type);
		json_write_object_end(json);
	}
	json_write_array_end(json);
}

static void write_action(struct json_writer *json, const struct schema_ast_action *action)
{
	json_write_key(json, action->id);
	json_write_object(json);
	if (action->parents != NULL)
		write_action_parents(json, action);
	json_member_object(json, "appliesTo");
	write_refs(json, STR("principalTypes"), action->principals);
	write_refs(json, STR("resourceTypes"), action->resources);
	if (says_something(action->context))
		write_type(json, STR("context"), action->context);
	json_write_object_end(json);
	write_annotations(json, action->annotations);
	json_write_object_end(json);
}

static void write_commons(struct json_writer *json, const struct schema_ast_common *common)
{
	if (common == NULL)
		return;
	json_member_object(json, "commonTypes");
	for (; common != NULL; common = common->next) {
		json_write_key(json, common->name);
		json_write_object(json);
		write_type_members(json, common->type);
		write_annotations(json, common->annotations);
		json_write_object_end(json);
	}
	json_write_object_end(json);
}

static void write_namespace(struct json_writer *json, const struct schema_ast_namespace *space)
{
	json_write_key(json, space->name);
	json_write_object(json);
	write_commons(json, space->commons);
	json_member_object(json, "entityTypes");
	for (const struct schema_ast_entity *entity = space->entities; entity != NULL;
	     entity = entity->next)
		write_entity(json, entity);
	json_write_object_end(json);
	json_member_object(json, "actions");
	for (const struct schema_ast_action *action = space->actions; action != NULL;
	     action = action->next)
		write_action(json, action);
	json_write_object_end(json);
	write_annotations(json, space->annotations);
	json_write_object_end(json);
}

void schema_write_json(const struct schema_ast *ast, struct buf *out)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	for (const struct schema_ast_namespace *space = ast->namespaces; space != NULL;
	     space = space->next)
		write_namespace(&json, space);
	json_write_object_end(&json);
}
