/* What a policy names, which actions its scope admits, and the environments it is checked in. */
#include "cedar/validate.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "cedar/diag.h"
#include "cedar/engine.h"

/* Reports. */

static uint64_t sum_of(const char *text)
{
	uint64_t sum =
		UINT64_C(0xcbf29ce484222325); /* FNV-1a; tells equal messages apart, no more */

	for (; *text != '\0'; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return sum;
}

static bool is_known(const struct validator *v, const struct validate_finding *finding)
{
	for (uint32_t i = 0; i < v->finding_count; i++) {
		const struct validate_finding *other = &v->findings[i];

		if (other->kind == finding->kind && other->span.start == finding->span.start &&
		    other->span.end == finding->span.end &&
		    (other->text == finding->text || v->options->once_a_place))
			return true;
	}
	return false;
}

/* Notes the finding; false when it is known. Beyond a number that nobody reads all are new. */
static bool note_finding(struct validator *v, const struct validate_finding *finding)
{
	struct validate_finding *findings;

	if (is_known(v, finding))
		return false;
	if (v->finding_count >= 2 * CEDAR_MAX_DIAGS)
		return true;
	findings = arena_grow_array(v->arena, v->findings, v->finding_count, &v->finding_capacity,
				    sizeof(*findings));
	if (findings == NULL) {
		lattice_refused(&v->lattice, v->arena);
		return true;
	}
	v->findings = findings;
	findings[v->finding_count++] = *finding;
	return true;
}

static enum cedar_severity severity_of(const struct validator *v, enum validate_kind kind)
{
	if (kind == VALIDATE_IMPOSSIBLE || kind == VALIDATE_SUSPICIOUS_TEXT ||
	    (kind == VALIDATE_INAPPLICABLE && v->options->inapplicable_is_warning))
		return CEDAR_WARNING;
	return CEDAR_ERROR;
}

void validate_report(struct validator *v, enum validate_kind kind, struct span span,
		     const char *format, ...)
{
	enum cedar_severity severity = severity_of(v, kind);
	struct validate_finding finding = {.kind = kind, .span = span};
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	finding.text = sum_of(text);
	if (!note_finding(v, &finding))
		return;
	v->error_count += severity == CEDAR_ERROR;
	diag_report(v->diags, severity, v->policy->source, span, "%s", text);
	if (v->options->on_finding != NULL)
		v->options->on_finding(v->options->arg, kind, severity);
}

/* Scopes. */

/* What stands at the place of a uid: the literal, or what is linked to the slot; NULL for a slot of
 * a template that is not linked. */
static const struct ast_uid *scope_uid(const struct ast_scope *scope, enum ast_var var,
				       const struct validate_slots *slots)
{
	if (scope->has_slot)
		return slots != NULL ? slots->uids[var] : NULL;
	return scope->uids;
}

/* True when an entity of the type can be in the one that the scope names. */
static bool can_be_in(struct validator *v, uint32_t type, const struct ast_uid *uid)
{
	uint32_t above;

	if (uid == NULL)
		return true;
	above = validate_uid(v, uid).entity;
	return above != SCHEMA_NONE && schema_can_be_in(v->schema, type, above);
}

/* True when the scope of principal or resource admits entities of this type. */
static bool admits_type(struct validator *v, enum ast_var var, const struct validate_slots *slots,
			uint32_t type)
{
	const struct ast_scope *scope = &v->policy->scope[var];
	const struct ast_uid *uid = scope_uid(scope, var, slots);

	switch (scope->kind) {
	case AST_SCOPE_ANY: return true;
	case AST_SCOPE_EQ: return uid == NULL || validate_uid(v, uid).entity == type;
	case AST_SCOPE_IN: return can_be_in(v, type, uid);
	case AST_SCOPE_IS: return validate_type_number(v, scope, scope->type) == type;
	case AST_SCOPE_IS_IN:
		return validate_type_number(v, scope, scope->type) == type &&
		       can_be_in(v, type, uid);
	case AST_SCOPE_IN_LIST: break;
	}
	return false;
}

static bool admits_any(struct validator *v, enum ast_var var, const struct validate_slots *slots,
		       struct schema_types types)
{
	for (uint32_t i = 0; i < types.count; i++) {
		if (admits_type(v, var, slots, types.list[i]))
			return true;
	}
	return false;
}

/* True when all actions that the scope names are declared. */
static bool names_known_actions(struct validator *v)
{
	const struct ast_scope *scope = &v->policy->scope[AST_ACTION];

	for (uint32_t i = 0; i < scope->uid_count; i++) {
		if (validate_uid(v, &scope->uids[i]).action == SCHEMA_NONE)
			return false;
	}
	return true;
}

static bool admits_action(struct validator *v, uint32_t number)
{
	const struct ast_scope *scope = &v->policy->scope[AST_ACTION];

	if (scope->kind == AST_SCOPE_ANY)
		return true;
	for (uint32_t i = 0; i < scope->uid_count && lattice_step(&v->lattice); i++) {
		uint32_t named = validate_uid(v, &scope->uids[i]).action;

		if (named == number || (scope->kind != AST_SCOPE_EQ &&
					relation_has(&v->schema->action_ancestors, number, named)))
			return true;
	}
	return false;
}

static bool is_applicable(struct validator *v, const struct validate_slots *slots)
{
	if (!names_known_actions(v))
		return false;
	for (uint32_t i = 0; i < v->schema->action_count; i++) {
		const struct schema_action *action = &v->schema->actions[i];

		if (admits_action(v, i) &&
		    admits_any(v, AST_PRINCIPAL, slots, action->principals) &&
		    admits_any(v, AST_RESOURCE, slots, action->resources))
			return true;
	}
	return false;
}

static bool check_applicable(struct validator *v, const struct validate_slots *slots)
{
	const struct ast_policy *policy = v->policy;
	bool applicable = is_applicable(v, slots);

	if (!applicable)
		validate_report(v, VALIDATE_INAPPLICABLE,
				span_make(policy->scope[AST_PRINCIPAL].span.start,
					  policy->scope[AST_RESOURCE].span.end),
				"no action that this scope admits applies to a principal and a "
				"resource that it admits");
	return applicable;
}

/* The scope as an expression, so that it is typed by the same rules as the condition. */

static const struct ast_expr *made(struct validator *v, const struct ast_expr *expr)
{
	if (expr == NULL)
		lattice_refused(&v->lattice, v->arena);
	return expr;
}

static const struct ast_expr *new_var(struct validator *v, enum ast_var var, struct span span)
{
	struct ast_expr *expr = ast_new(v->arena, AST_VAR, span);

	if (expr != NULL)
		expr->var = var;
	return made(v, expr);
}

static const struct ast_expr *new_uid(struct validator *v, const struct ast_uid *uid)
{
	struct ast_expr *expr = ast_new(v->arena, AST_UID, uid->span);

	if (expr != NULL)
		expr->uid = uid;
	return made(v, expr);
}

static const struct ast_expr *new_uids(struct validator *v, const struct ast_scope *scope)
{
	const struct ast_expr **items = arena_calloc(v->arena, scope->uid_count, sizeof(*items));

	if (items == NULL)
		return made(v, NULL);
	for (uint32_t i = 0; i < scope->uid_count; i++) {
		items[i] = new_uid(v, &scope->uids[i]);
		if (items[i] == NULL)
			return NULL;
	}
	return made(v, ast_new_list(v->arena, AST_SET, scope->span, items, scope->uid_count));
}

static const struct ast_expr *new_is(struct validator *v, const struct ast_scope *scope,
				     const struct ast_expr *left, const struct ast_expr *in)
{
	struct ast_is *is = arena_alloc(v->arena, sizeof(*is));

	if (is == NULL)
		return made(v, NULL);
	*is = (struct ast_is){scope->type, scope->type_span, in};
	return made(v, ast_new_is(v->arena, scope->span, left, is));
}

/* What the scope demands of one variable; NULL when nothing, or memory is spent. The slot of a
 * template stands for any entity that makes the scope true, so only `is` remains of it. */
static const struct ast_expr *scope_expr(struct validator *v, enum ast_var var)
{
	const struct ast_scope *scope = &v->policy->scope[var];
	const struct ast_expr *left = new_var(v, var, scope->span), *right = NULL;
	bool has_is = scope->kind == AST_SCOPE_IS || scope->kind == AST_SCOPE_IS_IN;

	if (left == NULL || scope->kind == AST_SCOPE_ANY || (scope->has_slot && !has_is))
		return NULL;
	if (scope->kind == AST_SCOPE_IN_LIST)
		right = new_uids(v, scope);
	else if (scope->uid_count != 0)
		right = new_uid(v, &scope->uids[0]);
	if (v->lattice.spent != ERR_NONE)
		return NULL;
	if (has_is)
		return new_is(v, scope, left, right);
	return made(v, ast_new_binary(v->arena, scope->kind == AST_SCOPE_EQ ? AST_EQ : AST_IN,
				      scope->span, left, right));
}

/* The conjuncts of the policy: scope, then conditions. */
struct parts {
	const struct ast_expr **list;
	uint32_t count;
};

static void collect_parts(struct validator *v, struct parts *parts)
{
	const struct ast_policy *policy = v->policy;

	parts->count = 0;
	parts->list =
		arena_calloc(v->arena, (size_t)policy->condition_count + 3, sizeof(*parts->list));
	if (parts->list == NULL) {
		lattice_refused(&v->lattice, v->arena);
		return;
	}
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		const struct ast_expr *expr = scope_expr(v, (enum ast_var)var);

		if (expr != NULL)
			parts->list[parts->count++] = expr;
	}
	for (uint32_t i = 0; i < policy->condition_count; i++) {
		const struct ast_condition *condition = &policy->conditions[i];
		const struct ast_expr *body = condition->body;

		if (condition->unless)
			body = made(v, ast_new_unary(v->arena, AST_NOT, body->span, body));
		parts->list[parts->count++] = body;
	}
}

/* Environments. */

/* Types the policy in the current environment; true unless it is false there. */
static bool check_environment(struct validator *v, const struct parts *parts)
{
	struct answer all = answer_of(type_simple(TYPE_TRUE));
	const struct capability *known = NULL;

	for (uint32_t i = 0; i < parts->count && v->lattice.spent == ERR_NONE; i++) {
		struct answer part;

		if (all.type->kind == TYPE_FALSE)
			break;
		part = validate_operand(v, parts->list[i], known, WANT_BOOL, "Bool");
		all = validate_and(v, all, part);
		known = all.learned;
	}
	return all.type->kind != TYPE_FALSE;
}

/* True when the scope is false for this type of the variable, whatever else holds. */
static bool excludes(struct validator *v, enum ast_var var, uint32_t type)
{
	const struct ast_scope *scope = &v->policy->scope[var];

	return (scope->uid_count == 0 || validate_uid(v, &scope->uids[0]).entity != SCHEMA_NONE) &&
	       !admits_type(v, var, NULL, type);
}

/* All environments of one action and principal; true when the policy can be true in one. */
static bool check_resources(struct validator *v, const struct parts *parts,
			    struct schema_types resources)
{
	bool possible = false;

	for (uint32_t i = 0; i < resources.count && v->lattice.spent == ERR_NONE; i++) {
		struct arena_mark mark = arena_get_mark(v->lattice.arena);

		v->resource = resources.list[i];
		possible = check_environment(v, parts) || possible;
		arena_reset(v->lattice.arena, mark);
	}
	return possible;
}

/* True when the policy can be true in one. An action that the scope does not admit makes the policy
 * false before anything but the scope was looked at. So when there is an action that it admits, the
 * environments of the others, which are most, have nothing to tell. */
static bool check_environments(struct validator *v, bool applicable)
{
	bool possible = false;
	struct parts parts;

	collect_parts(v, &parts);
	for (uint32_t i = 0; i < v->schema->action_count && v->lattice.spent == ERR_NONE; i++) {
		const struct schema_action *action = &v->schema->actions[i];

		if (applicable && !admits_action(v, i))
			continue;
		v->action = i;
		for (uint32_t j = 0; j < action->principals.count; j++) {
			v->principal = action->principals.list[j];
			if (!lattice_step(&v->lattice))
				break;
			if (!excludes(v, AST_PRINCIPAL, v->principal))
				possible =
					check_resources(v, &parts, action->resources) || possible;
		}
	}
	return possible;
}

static void check_policy(struct validator *v)
{
	bool applicable, possible;

	validate_names(v);
	applicable = check_applicable(v, NULL);
	possible = check_environments(v, applicable);
	/* An error says more. */
	if (applicable && !possible && v->error_count == 0 && v->lattice.spent == ERR_NONE)
		validate_report(v, VALIDATE_IMPOSSIBLE, v->policy->effect_span,
				"the policy is false for every request that the schema allows");
}

/* A link was checked as a template; what remains is what was put into the slots. */
static void check_link(struct validator *v, const struct validate_slots *slots)
{
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (slots->uids[var] != NULL)
			validate_type_name(v, slots->uids[var]->type, v->policy->scope[var].span);
	}
	check_applicable(v, slots);
}

static enum error finish(struct validator *v)
{
	if (v->lattice.spent == ERR_LIMIT)
		validate_report(v, VALIDATE_TOO_COMPLEX, v->policy->effect_span,
				"the policy is too complex to be validated against this schema");
	if (v->lattice.spent != ERR_NONE)
		return v->lattice.spent;
	return v->error_count == 0 ? ERR_NONE : ERR_INVALID;
}

enum error validate_policy(const struct cedar_schema *schema, const struct ast_policy *policy,
			   const struct validate_slots *slots,
			   const struct validate_options *options, struct arena *arena,
			   struct cedar_diags *diags)
{
	struct arena_mark mark = arena_get_mark(arena);
	struct arena environment;
	struct validator v = {
		.schema = schema,
		.policy = policy,
		.options = options,
		.diags = diags,
		.lattice = {&environment, options->strict, VALIDATE_STEPS, ERR_NONE},
		.arena = arena,
	};
	enum error error;

	arena_init(&environment, 4096, VALIDATE_BYTES);
	if (slots != NULL)
		check_link(&v, slots);
	else
		check_policy(&v);
	error = finish(&v);
	arena_deinit(&environment);
	arena_reset(arena, mark);
	return error;
}

/* Engines. */

static enum error validate_item(const struct cedar_engine *engine, const struct engine_item *item,
				const struct cedar_schema *schema,
				const struct validate_options *options, struct arena *arena,
				struct cedar_diags *diags)
{
	struct validate_slots slots = {{NULL, NULL, NULL}};
	struct ast_uid uids[3] = {0};

	if (item->template_item == ENGINE_NO_ITEM)
		return validate_policy(schema, item->ast, NULL, options, arena, diags);
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		const struct uid_entry *entry;

		if (item->slots[var] == CEDAR_NO_UID)
			continue;
		entry = symbols_uid(&engine->symbols, item->slots[var]);
		uids[var].type = symbols_name(&engine->symbols, entry->type);
		uids[var].id = entry->id;
		slots.uids[var] = &uids[var];
	}
	return validate_policy(schema, item->ast, &slots, options, arena, diags);
}

enum error cedar_engine_validate(struct cedar_engine *engine, const struct cedar_schema *schema,
				 const struct cedar_validation *options, struct cedar_diags *diags)
{
	struct validate_options inner = {.strict = true};
	enum error worst = ERR_NONE;
	struct arena arena;

	assert(!engine->sealed);
	if (options != NULL) {
		inner.strict = options->mode != CEDAR_PERMISSIVE;
		inner.inapplicable_is_warning = options->inapplicable_is_warning;
		inner.once_a_place = options->once_a_place;
	}
	arena_init(&arena, 4096, SIZE_MAX);
	for (uint32_t i = 0; i < engine->item_count && worst != ERR_NO_MEMORY; i++) {
		enum error error =
			validate_item(engine, &engine->items[i], schema, &inner, &arena, diags);

		if (worst == ERR_NONE || error == ERR_NO_MEMORY)
			worst = error;
	}
	arena_deinit(&arena);
	return worst;
}
