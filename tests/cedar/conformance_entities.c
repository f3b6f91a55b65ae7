/*
 * Entities against a schema. entity-parsing: NAME.json names a schema and entities,
 * NAME.parsing.json says whether the whole file loads, and each entity alone.
 */
#include "conformance_entities.h"

#include "base/buf.h"
#include "conformance_request.h"

enum error conformance_load_entities(const struct cedar_schema *schema, struct str text,
				     struct cedar_diags *diags)
{
	struct cedar_engine *engine = NULL;
	enum error error = cedar_engine_new(NULL, run_key(), &engine);

	if (error == ERR_NONE)
		error = cedar_engine_add_entities(engine, schema, STR("entities"), text, diags);
	if (error == ERR_NONE && schema != NULL)
		error = cedar_engine_add_actions(engine, schema, diags);
	if (error == ERR_NONE)
		error = cedar_engine_seal(engine, diags);
	cedar_engine_free(engine);
	return error;
}

static void compare_load(struct run *run, const struct cedar_schema *schema, struct str text,
			 bool expected, const char *what)
{
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = conformance_load_entities(schema, text, &diags);
	if (error != ERR_NONE && expected)
		run_fail_diags(run, what, &diags);
	else if (error == ERR_NONE && !expected)
		run_fail(run, "%s is accepted", what);
	else if (error != ERR_NONE && diags.error_count == 0)
		run_fail(run, "%s is refused without a reason", what);
	cedar_diags_deinit(&diags);
}

/* "Type::id", as the goldens name an entity. */
static struct str name_of(struct run *run, const struct tree *entity)
{
	const struct tree *uid = tree_get(entity, "uid");
	struct buf text;
	struct str name;

	if (tree_get(uid, "__entity") != NULL)
		uid = tree_get(uid, "__entity");
	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, tree_get_text(uid, "type"));
	buf_append_str(&text, STR("::"));
	buf_append_str(&text, tree_get_text(uid, "id"));
	name = arena_copy(&run->arena, buf_str(&text));
	buf_deinit(&text);
	return name;
}

void conformance_each_entity(struct run *run, const struct cedar_schema *schema,
			     struct str entities, const struct tree *golden,
			     bool (*expects_success)(const struct tree *golden))
{
	const struct tree *list = tree_read(&run->arena, entities);
	size_t compared = 0;

	for (size_t i = 0; i < tree_count(list); i++) {
		struct str name = name_of(run, list->items[i]);
		const struct tree *verdict = tree_get_str(golden, name);
		struct buf alone, what;

		if (verdict == NULL)
			continue;
		compared++;
		buf_init(&alone, SIZE_MAX);
		buf_init(&what, SIZE_MAX);
		buf_printf(&alone, "[");
		buf_append_str(&alone, list->items[i]->raw);
		buf_append_str(&alone, STR("]"));
		buf_printf(&what, "entity %zu alone", i);
		compare_load(run, schema, buf_str(&alone), expects_success(verdict),
			     buf_text(&what));
		buf_deinit(&what);
		buf_deinit(&alone);
	}
	if (compared < tree_count(golden))
		run_fail(run, "%zu entities were compared, not %zu", compared, tree_count(golden));
}

static bool has_success(const struct tree *golden)
{
	return tree_get_bool(golden, "success");
}

static void run_parsing_case(struct run *run, const char *name)
{
	struct str json, golden_json, schema_text, entities;
	const struct tree *test, *golden;
	struct cedar_schema *schema;

	if (!run_read(run, &json, "entity-parsing/%s.json", name) ||
	    !run_read(run, &golden_json, "entity-parsing/%s.parsing.json", name))
		return;
	test = tree_read(&run->arena, json);
	golden = tree_read(&run->arena, golden_json);
	if (!run_read(run, &schema_text, "entity-parsing/%.*s",
		      STR_ARGS(tree_get_text(test, "schema"))) ||
	    !run_read(run, &entities, "entity-parsing/%.*s",
		      STR_ARGS(tree_get_text(test, "entities"))))
		return;
	schema = conformance_read_schema(run, schema_text);
	if (schema == NULL)
		return;
	compare_load(run, schema, entities, has_success(tree_get(golden, "allEntities")),
		     "the file");
	conformance_each_entity(run, schema, entities, tree_get(golden, "perEntity"), has_success);
	cedar_schema_free(schema);
}

void conformance_entity_parsing(struct run *run)
{
	run_each(run, run->folder, ".parsing.json", NULL, run_parsing_case);
}
