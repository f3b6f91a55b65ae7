/* The type of an expression: literals, variables, booleans, conditionals, sets and records. */
#include "base/sort.h"
#include "cedar/diag.h"
#include "cedar/validate.h"

static const struct type *bool_type(bool value)
{
	return type_simple(value ? TYPE_TRUE : TYPE_FALSE);
}

/* Passes a new type on; NULL means that memory was spent. */
static struct answer made(struct validator *v, const struct type *type)
{
	if (type == NULL) {
		lattice_refused(&v->lattice, v->lattice.arena);
		return answer_failed(NULL);
	}
	return answer_of(type);
}

/* Unknown types and actions are reported once for the policy, not here. */
static struct answer check_uid(struct validator *v, const struct ast_uid *uid)
{
	struct validate_number number = validate_uid(v, uid);
	const struct schema_entity *entity;

	if (number.entity == SCHEMA_NONE)
		return answer_failed(NULL);
	entity = &v->schema->entities[number.entity];
	if (schema_is_action_type(entity) && number.action == SCHEMA_NONE)
		return answer_failed(NULL);
	return answer_of(entity->self);
}

static struct answer check_var(const struct validator *v, enum ast_var var)
{
	const struct schema_action *action = &v->schema->actions[v->action];

	switch (var) {
	case AST_PRINCIPAL: return answer_of(v->schema->entities[v->principal].self);
	case AST_ACTION: return answer_of(v->schema->entities[action->type].self);
	case AST_RESOURCE: return answer_of(v->schema->entities[v->resource].self);
	case AST_CONTEXT: break;
	}
	return answer_of(action->context);
}

/* Operands. */

struct answer validate_operand(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known, unsigned wanted, const char *what)
{
	struct answer answer = validate_expr(v, expr, known);

	if (answer.type == NULL)
		return answer_failed(NULL);
	if ((wanted & WANT(answer.type->kind)) != 0)
		return answer;
	validate_report(v, VALIDATE_UNEXPECTED_TYPE, expr->span, "expected %s, found %s", what,
			validate_type_text(v->schema, answer.type).text);
	return answer_failed(NULL);
}

static struct answer check_bool(struct validator *v, const struct ast_expr *expr,
				const struct capability *known)
{
	return validate_operand(v, expr, known, WANT_BOOL, "Bool");
}

/* Booleans. Known values decide what is looked at: what cannot be reached is not checked. */

static bool is_kind(struct answer answer, enum type_kind kind)
{
	return answer.type != NULL && answer.type->kind == kind;
}

static struct answer check_not(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known)
{
	struct answer operand = check_bool(v, expr->left, known);
	const struct type *type = type_simple(TYPE_BOOL);

	if (is_kind(operand, TYPE_TRUE) || is_kind(operand, TYPE_FALSE))
		type = bool_type(operand.type->kind == TYPE_FALSE);
	return answer_after(answer_of(type), operand);
}

struct answer validate_and(struct validator *v, struct answer left, struct answer right)
{
	struct answer both = answer_of(type_simple(TYPE_BOOL));

	if (left.type == NULL || right.type == NULL)
		return answer_failed(both.type);
	if (is_kind(right, TYPE_FALSE)) {
		both.type = right.type;
	} else if (is_kind(right, TYPE_TRUE)) {
		both.type = left.type;
		both.learned = capability_union(&v->lattice, left.learned, right.learned);
	} else if (is_kind(left, TYPE_TRUE)) {
		/* What the left side has taught is lost here, as it is in the reference. */
		both.type = right.type;
		both.learned = right.learned;
	} else {
		both.learned = capability_union(&v->lattice, left.learned, right.learned);
	}
	return answer_after(answer_after(both, left), right);
}

static struct answer check_and(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known)
{
	struct answer left = check_bool(v, expr->items[0], known);
	const struct capability *known_now = capability_union(&v->lattice, known, left.learned);

	for (uint32_t i = 1; i < expr->count && v->lattice.spent == ERR_NONE; i++) {
		struct answer right;

		if (is_kind(left, TYPE_FALSE)) {
			left.learned = NULL;
			return left;
		}
		right = check_bool(v, expr->items[i], known_now);
		/* Sets grow at their front: what is known now can be extended, unless the left side
		   was forgotten. */
		if (is_kind(left, TYPE_TRUE) || left.failed || right.failed)
			known_now = known;
		left = validate_and(v, left, right);
		known_now = capability_union(&v->lattice, known_now,
					     known_now == known ? left.learned : right.learned);
	}
	return left;
}

static struct answer join_or(struct validator *v, struct answer left, struct answer right)
{
	struct answer either = answer_of(type_simple(TYPE_BOOL));

	if (left.type == NULL || right.type == NULL)
		return answer_failed(either.type);
	if (is_kind(right, TYPE_TRUE) || is_kind(left, TYPE_FALSE)) {
		either.type = right.type;
		either.learned = right.learned;
	} else if (is_kind(right, TYPE_FALSE)) {
		either.type = left.type;
		either.learned = left.learned;
	} else {
		either.learned = capability_intersection(&v->lattice, right.learned, left.learned);
	}
	return answer_after(answer_after(either, left), right);
}

static struct answer check_or(struct validator *v, const struct ast_expr *expr,
			      const struct capability *known)
{
	struct answer left = check_bool(v, expr->items[0], known);

	for (uint32_t i = 1; i < expr->count && v->lattice.spent == ERR_NONE; i++) {
		if (is_kind(left, TYPE_TRUE))
			return left;
		left = join_or(v, left, check_bool(v, expr->items[i], known));
	}
	return left;
}

/* Conditionals. */

/* The two branches, of which either may be taken. */
static struct answer join_branches(struct validator *v, const struct ast_expr *expr,
				   struct answer yes, struct answer no)
{
	struct answer joined = answer_failed(NULL);

	if (yes.type == NULL || no.type == NULL)
		return joined;
	joined = answer_of(lattice_join(&v->lattice, yes.type, no.type));
	if (joined.type == NULL) {
		validate_comparable(v, expr, yes.type, no.type);
		return answer_failed(NULL);
	}
	joined.learned = capability_intersection(&v->lattice, no.learned, yes.learned);
	return answer_after(answer_after(joined, yes), no);
}

static struct answer check_if(struct validator *v, const struct ast_expr *expr,
			      const struct capability *known)
{
	struct answer test = check_bool(v, expr->items[0], known), yes, no;

	if (is_kind(test, TYPE_FALSE))
		return answer_after(validate_expr(v, expr->items[2], known), test);
	yes = validate_expr(v, expr->items[1], capability_union(&v->lattice, known, test.learned));
	if (!yes.failed)
		yes.learned = capability_union(&v->lattice, yes.learned, test.learned);
	if (is_kind(test, TYPE_TRUE))
		return answer_after(yes, test);
	no = validate_expr(v, expr->items[2], known);
	return answer_after(join_branches(v, expr, yes, no), test);
}

/* Sets and records. */

/* The type that all elements have, or NULL; reports when there is none. */
static const struct type *join_elements(struct validator *v, const struct ast_expr *expr,
					const struct type *const *types)
{
	const struct type *joined = type_simple(TYPE_NEVER);

	for (uint32_t i = 0; i < expr->count; i++) {
		const struct type *before = joined;

		joined = lattice_join(&v->lattice, before, types[i]);
		if (joined == NULL) {
			validate_comparable(v, expr, before, types[i]);
			return NULL;
		}
	}
	return joined;
}

static struct answer check_set(struct validator *v, const struct ast_expr *expr,
			       const struct capability *known)
{
	const struct type **types = arena_calloc(v->lattice.arena, expr->count, sizeof(*types));
	const struct type *joined;
	struct answer elements = answer_of(NULL);
	bool complete = true;

	if (types == NULL)
		return made(v, NULL);
	for (uint32_t i = 0; i < expr->count && v->lattice.spent == ERR_NONE; i++) {
		struct answer element = validate_expr(v, expr->items[i], known);

		types[i] = element.type;
		complete = complete && element.type != NULL;
		elements = answer_after(elements, element);
	}
	if (expr->count == 0 && v->lattice.strict)
		validate_report(v, VALIDATE_EMPTY_SET, expr->span,
				"an empty set literal has no type and is not allowed in strict "
				"validation");
	if (!complete || v->lattice.spent != ERR_NONE || (expr->count == 0 && v->lattice.strict))
		return answer_failed(NULL);
	joined = join_elements(v, expr, types);
	if (joined == NULL)
		return answer_failed(NULL);
	return answer_after(made(v, type_new_set(v->lattice.arena, joined)), elements);
}

static int compare_attrs(const void *a, const void *b)
{
	const struct type_attr *left = a, *right = b;

	return str_compare(left->name, right->name);
}

static struct answer check_record(struct validator *v, const struct ast_expr *expr,
				  const struct capability *known)
{
	struct type_attr *attrs = arena_calloc(v->lattice.arena, expr->count, sizeof(*attrs));
	struct answer values = answer_of(NULL);
	bool complete = true;

	if (attrs == NULL)
		return made(v, NULL);
	for (uint32_t i = 0; i < expr->count && v->lattice.spent == ERR_NONE; i++) {
		struct answer value = validate_expr(v, expr->fields[i].value, known);

		attrs[i] = (struct type_attr){expr->fields[i].key, value.type, true};
		values = answer_after(values, value);
		complete = complete && value.type != NULL;
	}
	if (!complete || v->lattice.spent != ERR_NONE)
		return answer_failed(NULL);
	sort(attrs, expr->count, sizeof(*attrs), compare_attrs);
	return answer_after(made(v, type_new_record(v->lattice.arena, attrs, expr->count, false)),
			    values);
}

/* Arithmetic. */

static struct answer check_long(struct validator *v, const struct ast_expr *expr,
				const struct capability *known)
{
	return validate_operand(v, expr, known, WANT(TYPE_LONG) | WANT(TYPE_NEVER), "Long");
}

static struct answer check_chain(struct validator *v, const struct ast_expr *expr,
				 const struct capability *known)
{
	struct answer result = answer_of(type_simple(TYPE_LONG));

	for (uint32_t i = 0; i < expr->count && v->lattice.spent == ERR_NONE; i++)
		result = answer_after(result, check_long(v, expr->items[i], known));
	return result;
}

static struct answer check_like(struct validator *v, const struct ast_expr *expr,
				const struct capability *known)
{
	struct answer text = validate_operand(v, expr->left, known,
					      WANT(TYPE_STRING) | WANT(TYPE_NEVER), "String");

	return answer_after(answer_of(type_simple(TYPE_BOOL)), text);
}

/* left is T [ in E ], the latter meaning left is T && left in E */
static struct answer check_is(struct validator *v, const struct ast_expr *expr,
			      const struct capability *known)
{
	struct answer left = validate_operand(v, expr->left, known, WANT_ENTITY, "an entity");
	struct answer is = answer_of(type_simple(TYPE_BOOL));
	uint32_t wanted = validate_type_number(v, expr->is, expr->is->type);

	if (is_kind(left, TYPE_ENTITY)) {
		struct schema_types types = {left.type->entities, left.type->count};

		if (!schema_types_have(types, wanted))
			is.type = bool_type(false);
		else if (types.count == 1)
			is.type = bool_type(true);
	}
	is = answer_after(is, left);
	if (expr->is->in == NULL || is_kind(is, TYPE_FALSE))
		return is;
	return validate_and(v, is, validate_in(v, expr->left, expr->is->in, known));
}

struct answer validate_expr(struct validator *v, const struct ast_expr *expr,
			    const struct capability *known)
{
	if (v->lattice.spent != ERR_NONE || !lattice_step(&v->lattice))
		return answer_failed(NULL);
	switch (ast_kind(expr)) {
	case AST_BOOL: return answer_of(bool_type(expr->boolean));
	case AST_LONG: return answer_of(type_simple(TYPE_LONG));
	case AST_STRING: return answer_of(type_simple(TYPE_STRING));
	case AST_UID: return check_uid(v, expr->uid);
	case AST_VAR: return check_var(v, expr->var);
	case AST_SET: return check_set(v, expr, known);
	case AST_RECORD: return check_record(v, expr, known);
	case AST_NOT: return check_not(v, expr, known);
	case AST_NEG:
		return answer_after(answer_of(type_simple(TYPE_LONG)),
				    check_long(v, expr->left, known));
	case AST_AND: return check_and(v, expr, known);
	case AST_OR: return check_or(v, expr, known);
	case AST_MUL:
	case AST_SUM: return check_chain(v, expr, known);
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE: return validate_binary(v, expr, known);
	case AST_IN: return validate_in(v, expr->left, expr->right, known);
	case AST_ATTR: return validate_attr(v, expr, known);
	case AST_HAS: return validate_has(v, expr, known);
	case AST_LIKE: return check_like(v, expr, known);
	case AST_IS: return check_is(v, expr, known);
	case AST_IF: return check_if(v, expr, known);
	case AST_CALL: return validate_call(v, expr, known);
	}
	return answer_failed(NULL);
}
