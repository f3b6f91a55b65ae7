/* Entity types and actions of a schema, from names to numbers, and the rules that span
 * declarations.
 */
#include "base/sort.h"
#include "cedar/diag.h"
#include "cedar/resolver.h"
#include "cedar/schema.h"

/* Entity types. */

static int compare_ids(const void *a, const void *b)
{
	const struct str *left = a, *right = b;

	return str_compare(*left, *right);
}

/* Sorts the ids and drops those that stand there twice, which is allowed. */
static void resolve_enum(struct resolver *r, struct schema_entity *entity)
{
	uint32_t count = entity->ast->enum_id_count, used = 0;
	struct str *ids = resolver_alloc(r, count, sizeof(*ids));

	if (ids == NULL)
		return;
	memcpy(ids, entity->ast->enum_ids, count * sizeof(*ids));
	sort(ids, count, sizeof(*ids), compare_ids);
	for (uint32_t i = 0; i < count; i++) {
		if (used == 0 || !str_equal(ids[used - 1], ids[i]))
			ids[used++] = ids[i];
	}
	entity->enum_ids = ids;
	entity->enum_id_count = used;
}

/* The entity type that stands where only entities of the application may: actions have a type, too,
 * but are neither principals, resources nor groups of those. */
static uint32_t resolve_ref(struct resolver *r, const struct schema_ast_namespace *space,
			    const struct schema_ast_ref *ref)
{
	struct meaning meaning;

	if (!resolver_find_meaning(r, space, ref->name, MEANS_ENTITY, &meaning)) {
		resolver_report_unknown(r, "entity type", ref->name, ref->span);
		return SCHEMA_NONE;
	}
	if (!schema_is_action_type(&r->schema->entities[meaning.entity]))
		return meaning.entity;
	resolver_report(r, ref->span, "`%s` is the type of actions and cannot stand here",
			diag_quote(ref->name).text);
	return SCHEMA_NONE;
}

static void resolve_parents(struct resolver *r, uint32_t number)
{
	const struct schema_entity *entity = &r->schema->entities[number];

	for (const struct schema_ast_ref *ref = entity->ast->parents; ref != NULL;
	     ref = ref->next) {
		uint32_t parent = resolve_ref(r, entity->space, ref);

		if (parent != SCHEMA_NONE)
			relation_add(&r->schema->entity_ancestors, number, parent);
	}
}

static void resolve_entities(struct resolver *r)
{
	struct cedar_schema *schema = r->schema;

	if (relation_init(&schema->entity_ancestors, r->arena, schema->entity_count) != ERR_NONE) {
		resolver_note(r, ERR_NO_MEMORY);
		return;
	}
	for (uint32_t i = 0; i < schema->entity_count; i++) {
		struct schema_entity *entity = &schema->entities[i];
		const struct schema_ast_entity *ast = entity->ast;

		if (ast == NULL)
			continue;
		entity->shape =
			resolver_shape(r, entity->space, ast->shape, "the shape of an entity type");
		if (ast->tags != NULL)
			entity->tags = resolver_type(r, entity->space, ast->tags);
		if (ast->enum_ids != NULL)
			resolve_enum(r, entity);
		resolve_parents(r, i);
	}
	relation_close(&schema->entity_ancestors);
}

/* Actions. */

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static struct schema_types resolve_refs(struct resolver *r,
					const struct schema_ast_namespace *space,
					const struct schema_ast_ref *refs)
{
	struct schema_types types = {NULL, 0};
	uint32_t *list;
	uint32_t count = 0, used = 0;

	for (const struct schema_ast_ref *ref = refs; ref != NULL; ref = ref->next)
		count++;
	list = resolver_alloc(r, count, sizeof(*list));
	if (list == NULL)
		return types;
	for (const struct schema_ast_ref *ref = refs; ref != NULL; ref = ref->next) {
		uint32_t entity = resolve_ref(r, space, ref);

		if (entity != SCHEMA_NONE)
			list[used++] = entity;
	}
	sort(list, used, sizeof(*list), compare_numbers);
	types.list = list;
	for (uint32_t i = 0; i < used; i++) {
		if (i == 0 || list[i] != list[i - 1])
			list[types.count++] = list[i];
	}
	return types;
}

/* As names of types do, an unqualified `Action` means that of the namespace first. */
static uint32_t find_parent(struct resolver *r, const struct schema_ast_namespace *space,
			    const struct schema_ast_action_ref *ref)
{
	uint32_t found = SCHEMA_NONE;

	if (!resolver_is_qualified(ref->type) && space->name.length != 0)
		found = schema_find_action(r->schema, resolver_qualify(r, space, ref->type),
					   ref->id);
	if (found == SCHEMA_NONE)
		found = schema_find_action(r->schema, ref->type, ref->id);
	return found;
}

static void resolve_action_parents(struct resolver *r, uint32_t number)
{
	const struct schema_action *action = &r->schema->actions[number];

	for (const struct schema_ast_action_ref *ref = action->ast->parents; ref != NULL;
	     ref = ref->next) {
		uint32_t parent = find_parent(r, action->space, ref);

		if (parent != SCHEMA_NONE)
			relation_add(&r->schema->action_ancestors, number, parent);
		else
			resolver_report(r, ref->span, "there is no action %s::\"%s\"",
					diag_quote(ref->type).text, diag_quote(ref->id).text);
	}
}

static void resolve_actions(struct resolver *r)
{
	struct cedar_schema *schema = r->schema;

	if (relation_init(&schema->action_ancestors, r->arena, schema->action_count) != ERR_NONE) {
		resolver_note(r, ERR_NO_MEMORY);
		return;
	}
	for (uint32_t i = 0; i < schema->action_count; i++) {
		struct schema_action *action = &schema->actions[i];

		action->principals = resolve_refs(r, action->space, action->ast->principals);
		action->resources = resolve_refs(r, action->space, action->ast->resources);
		action->context = resolver_shape(r, action->space, action->ast->context,
						 "the context of an action");
		resolve_action_parents(r, i);
	}
	relation_close(&schema->action_ancestors);
	for (uint32_t i = 0; i < schema->action_count; i++) {
		if (relation_has(&schema->action_ancestors, i, i))
			resolver_report(r, schema->actions[i].ast->span,
					"the action \"%s\" is a member of itself",
					diag_quote(schema->actions[i].id).text);
	}
}

/* Common types that nothing refers to are checked, too. */
static void resolve_commons(struct resolver *r)
{
	for (uint32_t i = 0; i < r->common_count; i++) {
		struct common *common = &r->commons[i];

		if (common->state == COMMON_NEW)
			resolver_common(r, common, common->ast->span);
	}
}

static void resolve_all(struct resolver *r)
{
	resolver_list(r);
	if (r->failed != ERR_NONE && r->failed != ERR_INVALID)
		return;
	resolve_commons(r);
	resolve_entities(r);
	resolve_actions(r);
}

enum error schema_resolve(struct cedar_schema *schema, struct cedar_diags *diags)
{
	struct resolver resolver = {.schema = schema, .arena = &schema->arena, .diags = diags};

	buf_init(&resolver.name, SIZE_MAX);
	resolve_all(&resolver);
	buf_deinit(&resolver.name);
	return resolver.failed;
}
