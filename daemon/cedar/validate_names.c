/* Names in a policy: every entity type and every uid, wherever it stands, must be declared. */
#include "base/utf8.h"
#include "cedar/diag.h"
#include "cedar/validate.h"

static bool is_action_type(struct str type)
{
	return str_equal(type, STR("Action")) || str_ends_with(type, STR("::Action"));
}

static struct validate_number *slot_of(struct validator *v, const void *place)
{
	uintptr_t bits = (uintptr_t)place;

	return &v->numbers[(bits >> 4 ^ bits >> 10) % VALIDATE_NUMBERS];
}

struct validate_number validate_uid(struct validator *v, const struct ast_uid *uid)
{
	struct validate_number *slot = slot_of(v, uid);

	if (slot->place != uid)
		*slot = (struct validate_number){uid, schema_find_entity(v->schema, uid->type),
						 schema_find_action(v->schema, uid->type, uid->id)};
	return *slot;
}

uint32_t validate_type_number(struct validator *v, const void *place, struct str name)
{
	struct validate_number *slot = slot_of(v, place);

	if (slot->place != place)
		*slot = (struct validate_number){place, schema_find_entity(v->schema, name),
						 SCHEMA_NONE};
	return slot->entity;
}

/* The name without its namespace. */
static struct str base_name(struct str name)
{
	size_t at = name.length;

	while (at > 0 && name.ptr[at - 1] != ':')
		at--;
	return str_make(name.ptr + at, name.length - at);
}

static struct str nearest_type(const struct validator *v, struct str name)
{
	struct str names[SCHEMA_SUGGESTIONS];
	uint32_t count = 0;

	for (uint32_t i = 0; i < v->schema->entity_count && count < SCHEMA_SUGGESTIONS; i++) {
		/* What is wrong most often: the namespace is missing, or another one. */
		if (str_equal(base_name(v->schema->entities[i].name), base_name(name)))
			return v->schema->entities[i].name;
		names[count++] = v->schema->entities[i].name;
	}
	return diag_nearest(name, names, count);
}

void validate_type_name(struct validator *v, struct str name, struct span span)
{
	struct str nearest;

	if (is_action_type(name) || schema_find_entity(v->schema, name) != SCHEMA_NONE)
		return;
	nearest = nearest_type(v, name);
	if (nearest.length != 0)
		validate_report(v, VALIDATE_UNKNOWN_TYPE, span,
				"there is no entity type `%s`; did you mean `%s`?",
				diag_quote(name).text, diag_quote(nearest).text);
	else
		validate_report(v, VALIDATE_UNKNOWN_TYPE, span, "there is no entity type `%s`",
				diag_quote(name).text);
}

/* The type of the action that `id` was meant to be, and its id in `*nearest`; empty for none. */
static struct str nearest_action(const struct validator *v, struct str id, struct str *nearest)
{
	struct str ids[SCHEMA_SUGGESTIONS];
	uint32_t count = 0;

	for (uint32_t i = 0; i < v->schema->action_count && count < SCHEMA_SUGGESTIONS; i++)
		ids[count++] = v->schema->actions[i].id;
	*nearest = diag_nearest(id, ids, count);
	for (uint32_t i = 0; nearest->length != 0 && i < count; i++) {
		if (str_equal(ids[i], *nearest))
			return v->schema->entities[v->schema->actions[i].type].name;
	}
	return STR("");
}

static void check_action_name(struct validator *v, const struct ast_uid *uid)
{
	struct str nearest, type;

	if (schema_find_action(v->schema, uid->type, uid->id) != SCHEMA_NONE)
		return;
	type = nearest_action(v, uid->id, &nearest);
	if (nearest.length != 0 && str_equal(type, uid->type))
		validate_report(v, VALIDATE_UNKNOWN_ACTION, uid->span,
				"there is no action %s::\"%s\"; did you mean \"%s\"?",
				diag_quote(uid->type).text, diag_quote(uid->id).text,
				diag_quote(nearest).text);
	else if (nearest.length != 0)
		validate_report(v, VALIDATE_UNKNOWN_ACTION, uid->span,
				"there is no action %s::\"%s\"; did you mean %s::\"%s\"?",
				diag_quote(uid->type).text, diag_quote(uid->id).text,
				diag_quote(type).text, diag_quote(nearest).text);
	else
		validate_report(v, VALIDATE_UNKNOWN_ACTION, uid->span,
				"there is no action %s::\"%s\"", diag_quote(uid->type).text,
				diag_quote(uid->id).text);
}

/* Characters that reorder what a person sees: U+202A to U+202E and U+2066 to U+2069. */
static void check_text(struct validator *v, struct str text, struct span span)
{
	while (text.length != 0) {
		uint32_t c = 0;
		size_t length = utf8_decode(text, &c);

		if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)) {
			validate_report(v, VALIDATE_SUSPICIOUS_TEXT, span,
					"this text holds a character that changes the direction of "
					"writing (U+%04X); it may not say what it seems to",
					(unsigned)c);
			return;
		}
		if (length == 0)
			return;
		text = str_make(text.ptr + length, text.length - length);
	}
}

static void check_uid_names(struct validator *v, const struct ast_uid *uid)
{
	uint32_t number = schema_find_entity(v->schema, uid->type);

	validate_type_name(v, uid->type, uid->span);
	check_text(v, uid->id, uid->span);
	if (is_action_type(uid->type))
		check_action_name(v, uid);
	else if (number != SCHEMA_NONE && !schema_has_id(&v->schema->entities[number], uid->id))
		validate_report(v, VALIDATE_BAD_ENUM_ID, uid->span,
				"\"%s\" is not one of the ids of the entity type `%s`",
				diag_quote(uid->id).text, diag_quote(uid->type).text);
}

/* The height of trees is bounded. */
static void check_expr_names(struct validator *v, const struct ast_expr *expr)
{
	if (ast_kind(expr) == AST_UID)
		check_uid_names(v, expr->uid);
	if (ast_kind(expr) == AST_STRING)
		check_text(v, expr->text, expr->span);
	if (ast_kind(expr) == AST_LIKE || ast_kind(expr) == AST_ATTR || ast_kind(expr) == AST_HAS) {
		for (uint32_t i = 0; i < expr->count; i++)
			check_text(v, expr->names[i], expr->span);
	}
	if (ast_kind(expr) == AST_IS)
		validate_type_name(v, expr->is->type, expr->is->type_span);
	for (uint32_t i = 0; i < ast_child_count(expr); i++)
		check_expr_names(v, ast_child(expr, i));
}

void validate_names(struct validator *v)
{
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		const struct ast_scope *scope = &v->policy->scope[var];

		if (scope->kind == AST_SCOPE_IS || scope->kind == AST_SCOPE_IS_IN)
			validate_type_name(v, scope->type, scope->type_span);
		for (uint32_t i = 0; i < scope->uid_count; i++)
			check_uid_names(v, &scope->uids[i]);
	}
	for (uint32_t i = 0; i < v->policy->condition_count; i++)
		check_expr_names(v, v->policy->conditions[i].body);
}
