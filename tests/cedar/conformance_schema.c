/*
 * corpus-json-schemas: NAME.cedarschema.json is the JSON form of corpus-tests/NAME.cedarschema.
 * Ours must be equal, and the two must mean the same.
 */
#include "cedar/schema.h"
#include "conformance.h"
#include "conformance_tree.h"

static struct cedar_schema *read_schema(struct run *run, struct str text,
					enum cedar_schema_syntax syntax)
{
	struct cedar_diags diags;
	struct cedar_schema *schema = NULL;

	cedar_diags_init(&diags);
	if (cedar_schema_read(STR("schema"), text, syntax, &diags, &schema) != ERR_NONE)
		run_fail_diags(run, "the schema is not accepted", &diags);
	cedar_diags_deinit(&diags);
	return schema;
}

/* The meaning of a schema as text. */

static void dump_type(struct buf *out, const struct cedar_schema *schema, const struct type *type)
{
	buf_printf(out, "%d", type->kind);
	switch (type->kind) {
	case TYPE_SET:
		buf_append_byte(out, '<');
		dump_type(out, schema, type->element);
		buf_append_byte(out, '>');
		break;
	case TYPE_RECORD:
		buf_append_byte(out, '{');
		for (uint32_t i = 0; i < type->count; i++) {
			buf_append_str(out, type->attrs[i].name);
			buf_append_str(out, type->attrs[i].required ? STR(":") : STR("?:"));
			dump_type(out, schema, type->attrs[i].type);
			buf_append_byte(out, ',');
		}
		buf_append_byte(out, '}');
		break;
	case TYPE_ENTITY:
		for (uint32_t i = 0; i < type->count; i++) {
			buf_append_byte(out, '|');
			buf_append_str(out, schema->entities[type->entities[i]].name);
		}
		break;
	default: break;
	}
}

static void dump_relation(struct buf *out, const struct relation *relation, uint32_t from)
{
	for (uint32_t to = 0; to < relation->count; to++) {
		if (relation_has(relation, from, to))
			buf_printf(out, " %u", (unsigned)to);
	}
}

static void dump_entity(struct buf *out, const struct cedar_schema *schema, uint32_t number)
{
	const struct schema_entity *entity = &schema->entities[number];

	buf_append_str(out, entity->name);
	dump_relation(out, &schema->entity_ancestors, number);
	dump_type(out, schema, entity->shape);
	if (entity->tags != NULL)
		dump_type(out, schema, entity->tags);
	for (uint32_t i = 0; i < entity->enum_id_count; i++) {
		buf_append_byte(out, '\n');
		buf_append_str(out, entity->enum_ids[i]);
	}
	buf_append_byte(out, '\n');
}

static void dump_types(struct buf *out, struct schema_types types)
{
	for (uint32_t i = 0; i < types.count; i++)
		buf_printf(out, " %u", (unsigned)types.list[i]);
	buf_append_byte(out, ';');
}

static void dump_action(struct buf *out, const struct cedar_schema *schema, uint32_t number)
{
	const struct schema_action *action = &schema->actions[number];

	buf_printf(out, "%u ", (unsigned)action->type);
	buf_append_str(out, action->id);
	dump_relation(out, &schema->action_ancestors, number);
	dump_types(out, action->principals);
	dump_types(out, action->resources);
	dump_type(out, schema, action->context);
	buf_append_byte(out, '\n');
}

static void dump_schema(struct buf *out, const struct cedar_schema *schema)
{
	for (uint32_t i = 0; i < schema->entity_count; i++)
		dump_entity(out, schema, i);
	for (uint32_t i = 0; i < schema->action_count; i++)
		dump_action(out, schema, i);
}

static void compare_meaning(struct run *run, const struct cedar_schema *a,
			    const struct cedar_schema *b)
{
	struct buf left, right;

	buf_init(&left, SIZE_MAX);
	buf_init(&right, SIZE_MAX);
	dump_schema(&left, a);
	dump_schema(&right, b);
	if (!str_equal(buf_str(&left), buf_str(&right)))
		run_fail(run, "the two syntaxes mean different schemas");
	buf_deinit(&left);
	buf_deinit(&right);
}

static void compare_json(struct run *run, const struct cedar_schema *schema, struct str golden)
{
	char place[TREE_PLACE_BYTES];
	struct buf out;

	buf_init(&out, SIZE_MAX);
	cedar_schema_write_json(schema, &out);
	if (!tree_equal(tree_read(&run->arena, golden), tree_read(&run->arena, buf_str(&out)),
			place))
		run_fail(run, "the JSON form differs at %s", place);
	buf_deinit(&out);
}

static void run_schema(struct run *run, const char *name)
{
	struct cedar_schema *from_text = NULL, *from_json = NULL;
	struct str text, json;

	if (!run_read(run, &text, "corpus-tests/%s.cedarschema", name) ||
	    !run_read(run, &json, "corpus-json-schemas/%s.cedarschema.json", name))
		return;
	from_text = read_schema(run, text, CEDAR_SCHEMA_TEXT);
	from_json = read_schema(run, json, CEDAR_SCHEMA_JSON);
	if (from_text != NULL)
		compare_json(run, from_text, json);
	if (from_text != NULL && from_json != NULL)
		compare_meaning(run, from_text, from_json);
	cedar_schema_free(from_text);
	cedar_schema_free(from_json);
}

void conformance_corpus_json_schemas(struct run *run)
{
	run_each(run, run->folder, ".cedarschema.json", NULL, run_schema);
}
