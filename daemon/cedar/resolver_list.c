/* Lists what a schema declares. Equal names come to stand in the order of the source. */
#include "base/sort.h"
#include "cedar/diag.h"
#include "cedar/resolver.h"

static int compare_spans(struct span a, struct span b)
{
	return a.start < b.start ? -1 : a.start > b.start;
}

static int compare_commons(const void *a, const void *b)
{
	const struct common *left = a, *right = b;
	int order = str_compare(left->name, right->name);

	return order != 0 ? order : compare_spans(left->ast->span, right->ast->span);
}

/* Types of actions have no declaration; there is one to a namespace. */
static int compare_entities(const void *a, const void *b)
{
	const struct schema_entity *left = a, *right = b;
	int order = str_compare(left->name, right->name);

	if (order != 0 || left->ast == NULL || right->ast == NULL)
		return order;
	return compare_spans(left->ast->span, right->ast->span);
}

static int compare_actions(const void *a, const void *b)
{
	const struct schema_action *left = a, *right = b;
	int order = left->type < right->type ? -1 : left->type > right->type;

	if (order == 0)
		order = str_compare(left->id, right->id);
	return order != 0 ? order : compare_spans(left->ast->span, right->ast->span);
}

static void list_commons(struct resolver *r)
{
	uint32_t count = 0;

	for (const struct schema_ast_namespace *space = r->schema->ast.namespaces; space != NULL;
	     space = space->next) {
		for (const struct schema_ast_common *ast = space->commons; ast != NULL;
		     ast = ast->next)
			count++;
	}
	r->commons = resolver_alloc(r, count, sizeof(*r->commons));
	if (r->commons == NULL)
		return;
	for (const struct schema_ast_namespace *space = r->schema->ast.namespaces; space != NULL;
	     space = space->next) {
		for (const struct schema_ast_common *ast = space->commons; ast != NULL;
		     ast = ast->next)
			r->commons[r->common_count++] = (struct common){
				.name = resolver_keep_qualified(r, space, ast->name),
				.space = space,
				.ast = ast,
			};
	}
	sort(r->commons, count, sizeof(*r->commons), compare_commons);
	for (uint32_t i = 1; i < count; i++) {
		if (str_equal(r->commons[i - 1].name, r->commons[i].name))
			resolver_report(r, r->commons[i].ast->span,
					"the type `%s` is declared twice",
					diag_quote(r->commons[i].name).text);
	}
}

static uint32_t count_entities(const struct schema_ast *ast)
{
	uint32_t count = 0;

	for (const struct schema_ast_namespace *space = ast->namespaces; space != NULL;
	     space = space->next) {
		count += space->actions != NULL;
		for (const struct schema_ast_entity *entity = space->entities; entity != NULL;
		     entity = entity->next)
			count++;
	}
	return count;
}

static void add_entity(struct resolver *r, const struct schema_ast_namespace *space,
		       const struct schema_ast_entity *ast)
{
	struct str name = ast != NULL ? ast->name : STR("Action");

	r->schema->entities[r->schema->entity_count++] = (struct schema_entity){
		.name = resolver_keep_qualified(r, space, name),
		.space = space,
		.ast = ast,
		.shape = type_new_record(r->arena, NULL, 0, false),
	};
}

/* The type of exactly the entities of each entity type. */
static void set_self_types(struct resolver *r)
{
	uint32_t count = r->schema->entity_count;
	uint32_t *numbers = resolver_alloc(r, count, sizeof(*numbers));

	for (uint32_t i = 0; numbers != NULL && i < count; i++) {
		numbers[i] = i;
		r->schema->entities[i].self = type_new_entity(r->arena, &numbers[i], 1);
		if (r->schema->entities[i].self == NULL || r->schema->entities[i].shape == NULL)
			resolver_note(r, ERR_NO_MEMORY);
	}
}

static void list_entities(struct resolver *r)
{
	struct cedar_schema *schema = r->schema;
	uint32_t count = count_entities(&schema->ast);

	if (count > SCHEMA_ENTITY_TYPES) {
		resolver_report_limit(r, span_make(0, 1), "there are more than %d entity types",
				      SCHEMA_ENTITY_TYPES);
		count = 0;
	}
	schema->entities = resolver_alloc(r, count, sizeof(*schema->entities));
	if (schema->entities == NULL || count == 0)
		return;
	for (const struct schema_ast_namespace *space = schema->ast.namespaces; space != NULL;
	     space = space->next) {
		if (space->actions != NULL)
			add_entity(r, space, NULL);
		for (const struct schema_ast_entity *ast = space->entities; ast != NULL;
		     ast = ast->next) {
			if (str_equal(ast->name, STR("Action")))
				resolver_report(r, ast->span,
						"`Action` is the type of actions and cannot "
						"be declared");
			add_entity(r, space, ast);
		}
	}
	sort(schema->entities, count, sizeof(*schema->entities), compare_entities);
	for (uint32_t i = 1; i < count; i++) {
		const struct schema_entity *entity = &schema->entities[i];

		if (entity->ast != NULL && str_equal(entity[-1].name, entity->name))
			resolver_report(r, entity->ast->span,
					"the entity type `%s` is declared twice",
					diag_quote(entity->name).text);
	}
	set_self_types(r);
}

static void list_actions(struct resolver *r)
{
	struct cedar_schema *schema = r->schema;
	uint32_t count = 0;

	for (const struct schema_ast_namespace *space = schema->ast.namespaces; space != NULL;
	     space = space->next) {
		for (const struct schema_ast_action *ast = space->actions; ast != NULL;
		     ast = ast->next)
			count++;
	}
	if (count > SCHEMA_ACTIONS) {
		resolver_report_limit(r, span_make(0, 1), "there are more than %d actions",
				      SCHEMA_ACTIONS);
		count = 0;
	}
	schema->actions = resolver_alloc(r, count, sizeof(*schema->actions));
	if (schema->actions == NULL || count == 0)
		return;
	for (const struct schema_ast_namespace *space = schema->ast.namespaces; space != NULL;
	     space = space->next) {
		uint32_t type =
			schema_find_entity(schema, resolver_qualify(r, space, STR("Action")));

		for (const struct schema_ast_action *ast = space->actions; ast != NULL;
		     ast = ast->next)
			schema->actions[schema->action_count++] = (struct schema_action){
				.type = type, .id = ast->id, .space = space, .ast = ast};
	}
	sort(schema->actions, count, sizeof(*schema->actions), compare_actions);
	for (uint32_t i = 1; i < count; i++) {
		const struct schema_action *action = &schema->actions[i];

		if (action[-1].type == action->type && str_equal(action[-1].id, action->id))
			resolver_report(r, action->ast->span, "the action \"%s\" is declared twice",
					diag_quote(action->id).text);
	}
}

/* Nothing in a namespace may bear a name of the empty namespace, since the latter could then not be
 * named there (RFC 70). */
static void check_shadowing(struct resolver *r)
{
	struct cedar_schema *schema = r->schema;

	for (uint32_t i = 0; i < r->common_count; i++) {
		const struct common *common = &r->commons[i];

		if (common->space->name.length != 0 &&
		    (resolver_find_common(r, common->ast->name) != NULL ||
		     schema_find_entity(schema, common->ast->name) != SCHEMA_NONE))
			resolver_report(
				r, common->ast->span,
				"`%s` is also declared outside of namespaces, which it would hide",
				diag_quote(common->ast->name).text);
	}
	for (uint32_t i = 0; i < schema->entity_count; i++) {
		const struct schema_entity *entity = &schema->entities[i];

		if (entity->ast != NULL && entity->space->name.length != 0 &&
		    (resolver_find_common(r, entity->ast->name) != NULL ||
		     schema_find_entity(schema, entity->ast->name) != SCHEMA_NONE))
			resolver_report(
				r, entity->ast->span,
				"`%s` is also declared outside of namespaces, which it would hide",
				diag_quote(entity->ast->name).text);
	}
	for (uint32_t i = 0; i < schema->action_count; i++) {
		const struct schema_action *action = &schema->actions[i];

		if (action->space->name.length != 0 &&
		    schema_find_action(schema, STR("Action"), action->id) != SCHEMA_NONE)
			resolver_report(
				r, action->ast->span,
				"the action \"%s\" is also declared outside of namespaces, which "
				"it would hide",
				diag_quote(action->id).text);
	}
}

void resolver_list(struct resolver *r)
{
	list_commons(r);
	list_entities(r);
	if (r->failed == ERR_NONE || r->failed == ERR_INVALID)
		list_actions(r);
	if (r->failed == ERR_NONE || r->failed == ERR_INVALID)
		check_shadowing(r);
}
