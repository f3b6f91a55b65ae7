/* The type of comparisons, membership and calls. */
#include "cedar/diag.h"
#include "cedar/ext.h"
#include "cedar/ext_types.h"
#include "cedar/validate.h"

/* Equality. */

bool validate_comparable(struct validator *v, const struct ast_expr *expr, const struct type *left,
			 const struct type *right)
{
	if (lattice_join(&v->lattice, left, right) != NULL || v->lattice.spent != ERR_NONE)
		return true;
	validate_report(v, VALIDATE_INCOMPATIBLE, expr->span,
			"the types %s and %s are not compatible",
			validate_type_text(v->schema, left).text,
			validate_type_text(v->schema, right).text);
	return false;
}

/* Literals and the action, whose value the environment tells. */
struct constant {
	enum ast_kind kind;
	const struct ast_expr *expr;
	struct str type, id;           /* of AST_UID */
	struct validate_number number; /* of AST_UID */
};

static bool get_constant(struct validator *v, const struct ast_expr *expr,
			 struct constant *constant)
{
	const struct schema_action *action = &v->schema->actions[v->action];

	constant->kind = ast_kind(expr);
	constant->expr = expr;
	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING: return true;
	case AST_UID:
		constant->type = expr->uid->type;
		constant->id = expr->uid->id;
		constant->number = validate_uid(v, expr->uid);
		return true;
	case AST_VAR:
		if (expr->var != AST_ACTION)
			return false;
		constant->kind = AST_UID;
		constant->type = v->schema->entities[action->type].name;
		constant->id = action->id;
		constant->number = (struct validate_number){NULL, action->type, v->action};
		return true;
	default: return false;
	}
}

static bool constants_equal(const struct constant *a, const struct constant *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind != AST_UID)
		return ast_expr_equal(a->expr, b->expr);
	if (a->number.action != SCHEMA_NONE && b->number.action != SCHEMA_NONE)
		return a->number.action == b->number.action;
	return str_equal(a->type, b->type) && str_equal(a->id, b->id);
}

static bool are_disjoint(const struct type *a, const struct type *b)
{
	uint32_t i = 0, j = 0;

	if (a == NULL || b == NULL || a->kind != TYPE_ENTITY || b->kind != TYPE_ENTITY)
		return false;
	while (i < a->count && j < b->count && a->entities[i] != b->entities[j]) {
		if (a->entities[i] < b->entities[j])
			i++;
		else
			j++;
	}
	return i == a->count || j == b->count;
}

static enum type_kind kind_of_equality(struct validator *v, const struct ast_expr *expr,
				       const struct type *left, const struct type *right)
{
	struct constant a, b;

	if (are_disjoint(left, right))
		return TYPE_FALSE;
	if (!get_constant(v, expr->left, &a) || !get_constant(v, expr->right, &b))
		return TYPE_BOOL;
	return constants_equal(&a, &b) ? TYPE_TRUE : TYPE_FALSE;
}

static struct answer check_equality(struct validator *v, const struct ast_expr *expr,
				    const struct capability *known)
{
	struct answer left = validate_expr(v, expr->left, known);
	struct answer right = validate_expr(v, expr->right, known);
	enum type_kind kind = kind_of_equality(v, expr, left.type, right.type);
	struct answer result = answer_of(NULL);

	result.failed = v->lattice.strict && kind == TYPE_BOOL && left.type != NULL &&
			right.type != NULL && !validate_comparable(v, expr, left.type, right.type);
	if (ast_kind(expr) == AST_NE && kind != TYPE_BOOL)
		kind = kind == TYPE_TRUE ? TYPE_FALSE : TYPE_TRUE;
	result.type = type_simple(kind);
	return answer_after(answer_after(result, left), right);
}

/* Order. */

static bool has_order(const struct type *type)
{
	return type->kind == TYPE_LONG || type->kind == TYPE_DATETIME ||
	       type->kind == TYPE_DURATION;
}

static void report_operand(struct validator *v, const struct ast_expr *operand, const char *wanted,
			   const struct type *found)
{
	validate_report(v, VALIDATE_UNEXPECTED_TYPE, operand->span, "expected %s, found %s", wanted,
			validate_type_text(v->schema, found).text);
}

/* Both sides must be of one type that has an order. */
static struct answer check_order(struct validator *v, const struct ast_expr *expr,
				 const struct capability *known)
{
	struct answer left = validate_expr(v, expr->left, known);
	struct answer right = validate_expr(v, expr->right, known);
	struct answer result = answer_of(type_simple(TYPE_BOOL));

	if (left.type == NULL || right.type == NULL)
		return answer_failed(result.type);
	if (has_order(left.type) && has_order(right.type) && left.type->kind == right.type->kind)
		return answer_after(answer_after(result, left), right);
	if (has_order(left.type) && (right.type->kind != TYPE_LONG || left.type->kind == TYPE_LONG))
		report_operand(v, expr->right, validate_type_text(v->schema, left.type).text,
			       right.type);
	else if (has_order(right.type))
		report_operand(v, expr->left, validate_type_text(v->schema, right.type).text,
			       left.type);
	else {
		report_operand(v, expr->left, "Long, datetime or duration", left.type);
		report_operand(v, expr->right, "Long, datetime or duration", right.type);
	}
	return answer_failed(result.type);
}

struct answer validate_binary(struct validator *v, const struct ast_expr *expr,
			      const struct capability *known)
{
	if (ast_kind(expr) == AST_EQ || ast_kind(expr) == AST_NE)
		return check_equality(v, expr, known);
	return check_order(v, expr, known);
}

/* Membership. */

/* What may stand on the right side of `in`: an entity or a set of entities. */
static struct answer check_container(struct validator *v, const struct ast_expr *expr,
				     const struct capability *known)
{
	struct answer answer = validate_expr(v, expr, known);
	const struct type *element = answer.type;

	if (element == NULL)
		return answer_failed(NULL);
	if (element->kind == TYPE_SET)
		element = element->element;
	if ((WANT_ENTITY & WANT(element->kind)) != 0)
		return answer;
	report_operand(v, expr, "an entity or a set of entities", answer.type);
	return answer_failed(NULL);
}

/* An action can be in another one of this type, or the two types are the same. */
static bool action_type_can_be_in(const struct cedar_schema *schema, uint32_t below, uint32_t above)
{
	for (uint32_t i = 0; i < schema->action_count; i++) {
		if (schema->actions[i].type != below)
			continue;
		for (uint32_t j = 0; j < schema->action_count; j++) {
			if (schema->actions[j].type == above &&
			    relation_has(&schema->action_ancestors, i, j))
				return true;
		}
	}
	return false;
}

/* True when no entity of the left types can be in one of the right types. */
static bool is_never_in(struct validator *v, const struct type *left, const struct type *right)
{
	const struct cedar_schema *schema = v->schema;

	if (right->kind == TYPE_SET)
		right = right->element;
	if (left->kind != TYPE_ENTITY || right->kind != TYPE_ENTITY)
		return false;
	for (uint32_t i = 0; i < left->count; i++) {
		for (uint32_t j = 0; j < right->count && lattice_step(&v->lattice); j++) {
			uint32_t below = left->entities[i], above = right->entities[j];

			if (schema_can_be_in(schema, below, above) ||
			    (schema_is_action_type(&schema->entities[below]) &&
			     action_type_can_be_in(schema, below, above)))
				return false;
		}
	}
	return true;
}

/* The items of a set literal, or the expression itself. */
static uint32_t item_count(const struct ast_expr *expr)
{
	return ast_kind(expr) == AST_SET ? expr->count : 1;
}

static const struct ast_expr *item_at(const struct ast_expr *expr, uint32_t index)
{
	return ast_kind(expr) == AST_SET ? expr->items[index] : expr;
}

static bool are_constant_uids(struct validator *v, const struct ast_expr *expr)
{
	struct constant constant;

	for (uint32_t i = 0; i < item_count(expr); i++) {
		if (!get_constant(v, item_at(expr, i), &constant) || constant.kind != AST_UID)
			return false;
	}
	return true;
}

/* A known action in known entities: the schema tells. Entities that are no actions are never above
 * one. */
static enum type_kind kind_of_action_in(struct validator *v, uint32_t below,
					const struct ast_expr *right)
{
	for (uint32_t i = 0; i < item_count(right) && lattice_step(&v->lattice); i++) {
		struct constant constant;
		uint32_t above;

		get_constant(v, item_at(right, i), &constant);
		above = constant.number.action;
		if (above != SCHEMA_NONE &&
		    (above == below || relation_has(&v->schema->action_ancestors, below, above)))
			return TYPE_TRUE;
	}
	return TYPE_FALSE;
}

struct answer validate_in(struct validator *v, const struct ast_expr *left_expr,
			  const struct ast_expr *right_expr, const struct capability *known)
{
	struct answer left = validate_operand(v, left_expr, known, WANT_ENTITY, "an entity");
	struct answer right = check_container(v, right_expr, known);
	struct constant constant;

	if (left.failed || right.failed)
		return answer_failed(type_simple(TYPE_BOOL));
	if (get_constant(v, left_expr, &constant) && constant.kind == AST_UID &&
	    constant.number.action != SCHEMA_NONE && are_constant_uids(v, right_expr))
		return answer_of(
			type_simple(kind_of_action_in(v, constant.number.action, right_expr)));
	return answer_of(
		type_simple(is_never_in(v, left.type, right.type) ? TYPE_FALSE : TYPE_BOOL));
}

/* Methods of sets. */

static struct answer check_set_operand(struct validator *v, const struct ast_expr *expr,
				       const struct capability *known)
{
	return validate_operand(v, expr, known, WANT(TYPE_SET) | WANT(TYPE_NEVER), "a set");
}

static struct answer check_contains(struct validator *v, const struct ast_expr *expr,
				    const struct capability *known)
{
	bool takes_set = expr->function != AST_CONTAINS;
	struct answer set = check_set_operand(v, expr->items[0], known);
	struct answer other = takes_set ? check_set_operand(v, expr->items[1], known)
					: validate_expr(v, expr->items[1], known);
	struct answer result = answer_of(type_simple(TYPE_BOOL));
	const struct type *type = set.type;

	if (!takes_set && type != NULL)
		type = type->kind == TYPE_SET ? type->element : NULL;
	result.failed = v->lattice.strict && type != NULL && other.type != NULL &&
			!validate_comparable(v, expr, type, other.type);
	return answer_after(answer_after(result, set), other);
}

/* Functions of extension types. */

/* The text that a constructor cannot take, or NULL. */
static const struct ast_expr *find_bad_literal(const struct ast_expr *expr)
{
	const struct ast_expr *literal = expr->count != 0 ? expr->items[0] : NULL;
	struct ext_ipaddr ip;
	int64_t number;
	bool valid;

	if (literal == NULL || ast_kind(literal) != AST_STRING)
		return NULL;
	switch (expr->function) {
	case AST_DECIMAL: valid = ext_parse_decimal(literal->text, &number); break;
	case AST_DATETIME: valid = ext_parse_datetime(literal->text, &number); break;
	case AST_DURATION: valid = ext_parse_duration(literal->text, &number); break;
	case AST_IP: valid = ext_parse_ipaddr(literal->text, &ip); break;
	default: return NULL;
	}
	return valid ? NULL : literal;
}

static bool is_literal(const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING:
	case AST_UID: return true;
	default: return false;
	}
}

static bool has_literals_only(const struct ast_expr *expr)
{
	for (uint32_t i = 0; i < expr->count; i++) {
		if (!is_literal(expr->items[i]))
			return false;
	}
	return true;
}

/* What is wrong with the call as written, before the types of its arguments are looked at. */
static bool report_call(struct validator *v, const struct ast_expr *expr,
			const struct ast_function_info *info)
{
	/* The receiver of a method is not between the parentheses. */
	uint32_t receiver = info->is_method ? 1 : 0;
	const struct ast_expr *bad = NULL;
	bool wrong = false;

	if (expr->count == info->argument_count) {
		bad = find_bad_literal(expr);
	} else {
		validate_report(v, VALIDATE_ARITY, expr->span, "`%.*s` takes %u %s, not %u",
				STR_ARGS(info->name), (unsigned)(info->argument_count - receiver),
				info->argument_count - receiver == 1 ? "argument" : "arguments",
				(unsigned)(expr->count - receiver));
		wrong = true;
	}
	if (bad != NULL) {
		validate_report(v, VALIDATE_BAD_LITERAL, bad->span, "`%.*s` does not accept \"%s\"",
				STR_ARGS(info->name), diag_quote(bad->text).text);
		wrong = true;
	}
	if (v->lattice.strict && !info->is_method && !has_literals_only(expr)) {
		validate_report(v, VALIDATE_NOT_LITERAL, expr->span,
				"strict validation demands a literal as the argument of `%.*s`",
				STR_ARGS(info->name));
		wrong = true;
	}
	return wrong;
}

static const char *extension_name(enum type_kind kind)
{
	switch (kind) {
	case TYPE_STRING: return "String";
	case TYPE_DECIMAL: return "decimal";
	case TYPE_IPADDR: return "ipaddr";
	case TYPE_DATETIME: return "datetime";
	case TYPE_DURATION: return "duration";
	default: return "another type";
	}
}

static struct answer check_extension(struct validator *v, const struct ast_expr *expr,
				     const struct capability *known)
{
	const struct ast_function_info *info = ast_function_info(expr->function);
	const struct ext_signature *signature = ext_signature(expr->function);
	struct answer result = answer_of(type_simple((enum type_kind)signature->result));
	bool wrong = report_call(v, expr, info);

	for (uint32_t i = 0; i < expr->count && v->lattice.spent == ERR_NONE; i++) {
		enum type_kind wanted;

		if (wrong) {
			validate_expr(v, expr->items[i], known);
			continue;
		}
		wanted = (enum type_kind)signature->arguments[i];
		result = answer_after(result, validate_operand(v, expr->items[i], known,
							       WANT(wanted) | WANT(TYPE_NEVER),
							       extension_name(wanted)));
	}
	return wrong ? answer_failed(result.type) : result;
}

struct answer validate_call(struct validator *v, const struct ast_expr *expr,
			    const struct capability *known)
{
	switch (expr->function) {
	case AST_CONTAINS:
	case AST_CONTAINS_ALL:
	case AST_CONTAINS_ANY: return check_contains(v, expr, known);
	case AST_IS_EMPTY:
		return answer_after(answer_of(type_simple(TYPE_BOOL)),
				    check_set_operand(v, expr->items[0], known));
	case AST_HAS_TAG: return validate_has_tag(v, expr, known);
	case AST_GET_TAG: return validate_get_tag(v, expr, known);
	default: return check_extension(v, expr, known);
	}
}
