/* Attributes and tags: reading one is safe when it is required, or when a test has shown it. */
#include <stdio.h>

#include "cedar/diag.h"
#include "cedar/validate.h"

/* Attributes. */

/* The attribute that every entity of the types has, or may have, with the type that all share. */
static bool find_in_entities(struct validator *v, const struct type *type, struct str name,
			     struct type_attr *found)
{
	for (uint32_t i = 0; i < type->count; i++) {
		const struct type *shape = v->schema->entities[type->entities[i]].shape;
		const struct type_attr *attr = type_find_attr(shape, name);

		if (attr == NULL || !lattice_step(&v->lattice))
			return false;
		if (i == 0) {
			*found = *attr;
			continue;
		}
		found->type = lattice_join_permissive(&v->lattice, found->type, attr->type);
		found->required = found->required && attr->required;
		if (found->type == NULL)
			return false;
	}
	return type->count != 0;
}

static bool find_attr(struct validator *v, const struct type *type, struct str name,
		      struct type_attr *found)
{
	const struct type_attr *attr;

	if (type->kind == TYPE_ENTITY)
		return find_in_entities(v, type, name, found);
	if (type->kind != TYPE_RECORD)
		return false;
	attr = type_find_attr(type, name);
	if (attr == NULL)
		return false;
	*found = *attr;
	return true;
}

/* True when a value of the type might have an attribute that find_attr() does not find. */
static bool may_have_attr(const struct validator *v, const struct type *type, struct str name)
{
	if (type->kind == TYPE_RECORD)
		return type->is_open;
	if (type->kind != TYPE_ENTITY)
		return true;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct type *shape = v->schema->entities[type->entities[i]].shape;

		if (type_find_attr(shape, name) != NULL)
			return true;
	}
	return false;
}

/* The declared name that was perhaps meant. */
static struct str find_nearest(const struct validator *v, const struct type *type, struct str name)
{
	struct str names[SCHEMA_SUGGESTIONS];
	const struct type *shape = type;
	uint32_t count = 0;

	if (type->kind == TYPE_ENTITY)
		shape = v->schema->entities[type->entities[0]].shape;
	if (shape->kind != TYPE_RECORD)
		return str_make(NULL, 0);
	for (; count < shape->count && count < SCHEMA_SUGGESTIONS; count++)
		names[count] = shape->attrs[count].name;
	return diag_nearest(name, names, count);
}

/* Whose attribute is at fault, as a person would name it: an entity type or the context, and the
 * path of attributes from there. */
struct culprit {
	char owner[VALIDATE_TYPE_BYTES + 64];
	char path[DIAG_QUOTE_MAX * 2];
};

/* The front of a very long path is left out. */
static void prepend(struct culprit *culprit, struct str name)
{
	struct diag_quote quote = diag_quote(name);
	size_t length = strlen(quote.text), rest = strlen(culprit->path);
	size_t dot = rest != 0 ? 1 : 0;

	if (length + dot + rest >= sizeof(culprit->path))
		return;
	memmove(culprit->path + length + dot, culprit->path, rest + 1);
	memcpy(culprit->path, quote.text, length);
	if (dot != 0)
		culprit->path[length] = '.';
}

static struct culprit find_culprit(const struct validator *v, const struct ast_expr *expr,
				   struct answer owner, struct str name)
{
	struct culprit culprit = {{0}, {0}};
	const struct type *type = owner.type;

	prepend(&culprit, name);
	if (type->kind == TYPE_RECORD && owner.origin != NULL)
		type = owner.origin;
	if (owner.type->kind == TYPE_ENTITY)
		owner.path = 0;
	for (; owner.path != 0 && ast_kind(expr) == AST_ATTR; expr = expr->left, owner.path--)
		prepend(&culprit, expr->names[0]);
	snprintf(culprit.owner, sizeof(culprit.owner), "%s",
		 validate_type_text(v->schema, type).text);
	if (ast_kind(expr) == AST_VAR && expr->var == AST_CONTEXT)
		snprintf(culprit.owner, sizeof(culprit.owner), "the context of the action \"%s\"",
			 diag_quote(v->schema->actions[v->action].id).text);
	return culprit;
}

static void report_unknown(struct validator *v, struct span span, const struct ast_expr *expr,
			   struct answer owner, struct str name)
{
	struct culprit culprit = find_culprit(v, expr, owner, name);
	struct str nearest = find_nearest(v, owner.type, name);

	if (nearest.length != 0)
		validate_report(v, VALIDATE_NO_ATTRIBUTE, span,
				"%s has no attribute `%s`; did you mean `%s`?", culprit.owner,
				culprit.path, diag_quote(nearest).text);
	else
		validate_report(v, VALIDATE_NO_ATTRIBUTE, span, "%s has no attribute `%s`",
				culprit.owner, culprit.path);
}

static void report_optional(struct validator *v, struct span span, const struct ast_expr *expr,
			    struct answer owner, struct str name)
{
	struct culprit culprit = find_culprit(v, expr, owner, name);

	validate_report(v, VALIDATE_UNSAFE_ATTRIBUTE, span,
			"the attribute `%s` of %s is optional; test for it first with `has`",
			culprit.path, culprit.owner);
}

/* The type of reading the attribute of `expr`, of which `owner` is known. */
static struct answer read_attr(struct validator *v, struct span span, const struct ast_expr *expr,
			       struct answer owner, struct str name, const struct capability *known)
{
	const struct capability wanted = {.expr = expr, .attr = name};
	struct answer answer = answer_of(NULL);
	struct type_attr attr;

	if (!find_attr(v, owner.type, name, &attr)) {
		report_unknown(v, span, expr, owner, name);
		return answer_failed(NULL);
	}
	answer.type = attr.type;
	answer.origin = owner.type->kind == TYPE_ENTITY ? owner.type : owner.origin;
	answer.path = owner.type->kind == TYPE_ENTITY ? 1 : owner.path + 1;
	if (attr.required || capability_has(&v->lattice, known, &wanted))
		return answer;
	report_optional(v, span, expr, owner, name);
	answer.failed = true;
	return answer;
}

static struct answer check_owner(struct validator *v, const struct ast_expr *expr,
				 const struct capability *known)
{
	return validate_operand(v, expr, known, WANT_ENTITY | WANT(TYPE_RECORD),
				"an entity or a record");
}

struct answer validate_attr(struct validator *v, const struct ast_expr *expr,
			    const struct capability *known)
{
	struct answer owner = check_owner(v, expr->left, known);

	if (owner.type == NULL)
		return answer_failed(NULL);
	return answer_after(read_attr(v, expr->span, expr->left, owner, expr->names[0], known),
			    owner);
}

/* Tests for attributes. */

/* An entity need not exist, so that only a record is known to have what it must have. */
static struct answer test_attr(struct validator *v, const struct ast_expr *owner,
			       const struct type *type, struct str name,
			       const struct capability *known)
{
	const struct capability taught = {.expr = owner, .attr = name};
	struct answer answer = answer_of(type_simple(TYPE_BOOL));
	struct type_attr attr;

	if (!find_attr(v, type, name, &attr)) {
		if (!may_have_attr(v, type, name))
			answer.type = type_simple(TYPE_FALSE);
		return answer;
	}
	if ((attr.required && type->kind == TYPE_RECORD) ||
	    capability_has(&v->lattice, known, &taught))
		answer.type = type_simple(TYPE_TRUE);
	answer.learned = capability_add(&v->lattice, NULL, &taught);
	return answer;
}

/* The expression owner.name, which a path of `has` implies. */
static const struct ast_expr *implied_attr(struct validator *v, const struct ast_expr *owner,
					   const struct str *name)
{
	const struct ast_expr *expr =
		ast_new_named(v->lattice.arena, AST_ATTR, owner->span, owner, name, 1);

	if (expr == NULL)
		lattice_refused(&v->lattice, v->lattice.arena);
	return expr;
}

/* owner has a.b.c means owner has a && owner.a has b && owner.a.b has c (RFC 62). */
static struct answer test_path(struct validator *v, const struct ast_expr *expr,
			       struct answer owner, const struct capability *known)
{
	const struct ast_expr *at = expr->left;
	struct answer step = test_attr(v, at, owner.type, expr->names[0], known), all = step;

	for (uint32_t i = 1; i < expr->count && v->lattice.spent == ERR_NONE; i++) {
		if (all.type != NULL && all.type->kind == TYPE_FALSE)
			return answer_of(all.type);
		known = capability_union(&v->lattice, known, step.learned);
		owner = read_attr(v, expr->span, at, owner, expr->names[i - 1], known);
		if (owner.type == NULL)
			return answer_failed(type_simple(TYPE_BOOL));
		if ((WANT(owner.type->kind) & (WANT_ENTITY | WANT(TYPE_RECORD))) == 0) {
			validate_report(v, VALIDATE_UNEXPECTED_TYPE, expr->span,
					"expected an entity or a record before `%s`, found %s",
					diag_quote(expr->names[i]).text,
					validate_type_text(v->schema, owner.type).text);
			return answer_failed(type_simple(TYPE_BOOL));
		}
		at = implied_attr(v, at, &expr->names[i - 1]);
		if (at == NULL)
			break;
		step = test_attr(v, at, owner.type, expr->names[i], known);
		all = validate_and(v, all, step);
	}
	return all;
}

struct answer validate_has(struct validator *v, const struct ast_expr *expr,
			   const struct capability *known)
{
	struct answer owner = check_owner(v, expr->left, known);

	if (owner.type == NULL)
		return answer_failed(type_simple(TYPE_BOOL));
	if (expr->count > VALIDATE_PATH) {
		v->lattice.spent = ERR_LIMIT;
		return answer_failed(type_simple(TYPE_BOOL));
	}
	return answer_after(test_path(v, expr, owner, known), owner);
}

/* Tags. */

/* The type that the tags of all these entities have in common; NULL when none of them has any. */
static bool join_tags(struct validator *v, const struct ast_expr *expr, const struct type *type,
		      const struct type **tags)
{
	*tags = NULL;
	for (uint32_t i = 0; type->kind == TYPE_ENTITY && i < type->count; i++) {
		const struct type *own = v->schema->entities[type->entities[i]].tags, *before;

		if (own == NULL)
			continue;
		before = *tags;
		*tags = before == NULL ? own : lattice_join(&v->lattice, before, own);
		if (*tags == NULL) {
			validate_comparable(v, expr, before, own);
			return false;
		}
	}
	return true;
}

static bool has_tags(const struct validator *v, const struct type *type)
{
	for (uint32_t i = 0; type->kind == TYPE_ENTITY && i < type->count; i++) {
		if (v->schema->entities[type->entities[i]].tags != NULL)
			return true;
	}
	return false;
}

/* The operands of hasTag() and getTag(): an entity and a key. */
static struct answer check_tag_operands(struct validator *v, const struct ast_expr *expr,
					const struct capability *known)
{
	struct answer owner = validate_operand(v, expr->items[0], known, WANT_ENTITY, "an entity");
	struct answer tag = validate_operand(v, expr->items[1], known,
					     WANT(TYPE_STRING) | WANT(TYPE_NEVER), "String");

	return answer_after(owner, tag);
}

struct answer validate_has_tag(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known)
{
	const struct capability taught = {.expr = expr->items[0], .tag = expr->items[1]};
	struct answer owner = check_tag_operands(v, expr, known);
	struct answer answer = answer_of(type_simple(TYPE_BOOL));

	if (owner.type == NULL)
		return answer_failed(NULL);
	if (!has_tags(v, owner.type))
		answer.type = type_simple(TYPE_FALSE);
	else if (capability_has(&v->lattice, known, &taught))
		answer.type = type_simple(TYPE_TRUE);
	answer.learned = capability_add(&v->lattice, NULL, &taught);
	return answer_after(answer, owner);
}

struct answer validate_get_tag(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known)
{
	const struct capability wanted = {.expr = expr->items[0], .tag = expr->items[1]};
	struct answer owner = check_tag_operands(v, expr, known);
	const struct type *tags;

	if (owner.type == NULL)
		return answer_failed(NULL);
	if (!capability_has(&v->lattice, known, &wanted)) {
		validate_report(v, VALIDATE_UNSAFE_TAG, expr->span,
				"the tag of %s may be missing; test for it first with `hasTag`",
				validate_type_text(v->schema, owner.type).text);
		return answer_failed(NULL);
	}
	if (!join_tags(v, expr, owner.type, &tags))
		return answer_failed(NULL);
	if (tags == NULL) {
		validate_report(v, VALIDATE_NO_TAGS, expr->span, "%s has no tags",
				validate_type_text(v->schema, owner.type).text);
		return answer_failed(NULL);
	}
	return answer_after(answer_of(tags), owner);
}
