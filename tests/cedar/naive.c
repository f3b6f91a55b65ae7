#include "naive_ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "base/sort.h"

static enum cedar_eval_error evaluate(const struct naive_world *world, const struct ast_expr *expr,
				      struct naive_value *out);

/* Memory is not what is tested here. */
static void *take(const struct naive_world *world, size_t count, size_t size)
{
	void *memory = arena_calloc(world->arena, count, size);

	if (memory == NULL)
		abort();
	return memory;
}

/* a has b.c is a has b && a.b has c. */
static enum cedar_eval_error evaluate_has(const struct naive_world *world,
					  const struct ast_expr *expr, struct naive_value *out)
{
	struct naive_value value;
	enum cedar_eval_error error = evaluate(world, expr->left, &value);

	if (error != CEDAR_EVAL_NONE)
		return error;
	for (uint32_t i = 0; i < expr->count; i++) {
		error = naive_attribute(world, &value, expr->names[i], &value);
		if (error == CEDAR_EVAL_TYPE)
			return error;
		if (error != CEDAR_EVAL_NONE) {
			*out = naive_bool(false);
			return CEDAR_EVAL_NONE;
		}
	}
	*out = naive_bool(true);
	return CEDAR_EVAL_NONE;
}

static enum cedar_eval_error evaluate_arithmetic(const struct naive_world *world,
						 const struct ast_expr *expr,
						 struct naive_value *out)
{
	struct naive_value sum, next;
	enum cedar_eval_error error = evaluate(world, expr->items[0], &sum);

	for (uint32_t i = 1; i < expr->count && error == CEDAR_EVAL_NONE; i++) {
		error = evaluate(world, expr->items[i], &next);
		if (error == CEDAR_EVAL_NONE)
			error = naive_arithmetic(ast_kind(expr) == AST_SUM ? expr->signs[i] : '*',
						 &sum, &next, &sum);
	}
	if (error == CEDAR_EVAL_NONE)
		*out = sum;
	return error;
}

/* Logic. */

static enum cedar_eval_error evaluate_bool(const struct naive_world *world,
					   const struct ast_expr *expr, bool *out)
{
	struct naive_value value;
	enum cedar_eval_error error = evaluate(world, expr, &value);

	if (error == CEDAR_EVAL_NONE && value.kind != NAIVE_BOOL)
		error = CEDAR_EVAL_TYPE;
	if (error == CEDAR_EVAL_NONE)
		*out = value.number != 0;
	return error;
}

static enum cedar_eval_error evaluate_logic(const struct naive_world *world,
					    const struct ast_expr *expr, struct naive_value *out)
{
	bool stop = ast_kind(expr) == AST_OR, value = !stop;
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	for (uint32_t i = 0; i < expr->count && error == CEDAR_EVAL_NONE && value != stop; i++)
		error = evaluate_bool(world, expr->items[i], &value);
	if (error == CEDAR_EVAL_NONE)
		*out = naive_bool(value);
	return error;
}

static enum cedar_eval_error evaluate_if(const struct naive_world *world,
					 const struct ast_expr *expr, struct naive_value *out)
{
	bool test = false;
	enum cedar_eval_error error = evaluate_bool(world, expr->items[0], &test);

	return error != CEDAR_EVAL_NONE ? error : evaluate(world, expr->items[test ? 1 : 2], out);
}

static enum cedar_eval_error evaluate_is(const struct naive_world *world,
					 const struct ast_expr *expr, struct naive_value *out)
{
	struct naive_value left, right;
	enum cedar_eval_error error = evaluate(world, expr->left, &left);

	if (error != CEDAR_EVAL_NONE)
		return error;
	if (left.kind != NAIVE_ENTITY)
		return CEDAR_EVAL_TYPE;
	*out = naive_bool(str_equal(left.type, expr->is->type));
	if (out->number == 0 || expr->is->in == NULL)
		return CEDAR_EVAL_NONE;
	error = evaluate(world, expr->is->in, &right);
	return error != CEDAR_EVAL_NONE ? error : naive_in(world, &left, &right, out);
}

/* Literals of sets and records. */

static enum cedar_eval_error evaluate_set(const struct naive_world *world,
					  const struct ast_expr *expr, struct naive_value *out)
{
	struct naive_value *items = take(world, expr->count, sizeof(*items));
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	for (uint32_t i = 0; i < expr->count && error == CEDAR_EVAL_NONE; i++)
		error = evaluate(world, expr->items[i], &items[i]);
	*out = (struct naive_value){.kind = NAIVE_SET, .items = items, .count = expr->count};
	return error;
}

static int compare_keys(const void *a, const void *b)
{
	const struct ast_field *left = a, *right = b;

	return str_compare(left->key, right->key);
}

static enum cedar_eval_error evaluate_record(const struct naive_world *world,
					     const struct ast_expr *expr, struct naive_value *out)
{
	struct ast_field *fields = take(world, expr->count, sizeof(*fields));
	struct naive_value *items = take(world, expr->count, sizeof(*items));
	struct str *keys = take(world, expr->count, sizeof(*keys));
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	if (expr->count != 0)
		memcpy(fields, expr->fields, expr->count * sizeof(*fields));
	sort(fields, expr->count, sizeof(*fields), compare_keys);
	for (uint32_t i = 0; i < expr->count && error == CEDAR_EVAL_NONE; i++) {
		keys[i] = fields[i].key;
		error = evaluate(world, fields[i].value, &items[i]);
	}
	*out = (struct naive_value){
		.kind = NAIVE_RECORD, .items = items, .keys = keys, .count = expr->count};
	return error;
}

/* Calls. */

static enum cedar_eval_error evaluate_call(const struct naive_world *world,
					   const struct ast_expr *expr, struct naive_value *out)
{
	struct naive_value *items = take(world, expr->count, sizeof(*items));
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	for (uint32_t i = 0; i < expr->count && error == CEDAR_EVAL_NONE; i++)
		error = evaluate(world, expr->items[i], &items[i]);
	if (error != CEDAR_EVAL_NONE)
		return error;
	if (ast_function_info(expr->function)->is_extension)
		return naive_call_extension(expr->function, items, expr->count, out);
	return naive_call_method(world, expr->function, items, out);
}

static enum cedar_eval_error evaluate_unary(const struct naive_world *world,
					    const struct ast_expr *expr, struct naive_value *out)
{
	struct naive_value zero = naive_number(NAIVE_LONG, 0), value;
	enum cedar_eval_error error = evaluate(world, expr->left, &value);

	if (error != CEDAR_EVAL_NONE)
		return error;
	switch (ast_kind(expr)) {
	case AST_NOT:
		if (value.kind != NAIVE_BOOL)
			return CEDAR_EVAL_TYPE;
		*out = naive_bool(value.number == 0);
		return CEDAR_EVAL_NONE;
	case AST_NEG: return naive_arithmetic('-', &zero, &value, out);
	case AST_ATTR: return naive_attribute(world, &value, expr->names[0], out);
	default:
		if (value.kind != NAIVE_STRING)
			return CEDAR_EVAL_TYPE;
		*out = naive_bool(naive_like(expr->names, expr->count, value.text));
		return CEDAR_EVAL_NONE;
	}
}

static enum cedar_eval_error evaluate_binary(const struct naive_world *world,
					     const struct ast_expr *expr, struct naive_value *out)
{
	struct naive_value left, right;
	enum cedar_eval_error error = evaluate(world, expr->left, &left);

	if (error == CEDAR_EVAL_NONE)
		error = evaluate(world, expr->right, &right);
	if (error != CEDAR_EVAL_NONE)
		return error;
	switch (ast_kind(expr)) {
	case AST_EQ: *out = naive_bool(naive_equal(&left, &right)); return CEDAR_EVAL_NONE;
	case AST_NE: *out = naive_bool(!naive_equal(&left, &right)); return CEDAR_EVAL_NONE;
	case AST_IN: return naive_in(world, &left, &right, out);
	default: return naive_compare(ast_kind(expr), &left, &right, out);
	}
}

static enum cedar_eval_error evaluate(const struct naive_world *world, const struct ast_expr *expr,
				      struct naive_value *out)
{
	switch (ast_kind(expr)) {
	case AST_BOOL: *out = naive_bool(expr->boolean); return CEDAR_EVAL_NONE;
	case AST_LONG: *out = naive_number(NAIVE_LONG, expr->integer); return CEDAR_EVAL_NONE;
	case AST_STRING:
		*out = (struct naive_value){.kind = NAIVE_STRING, .text = expr->text};
		return CEDAR_EVAL_NONE;
	case AST_UID:
		*out = (struct naive_value){
			.kind = NAIVE_ENTITY, .type = expr->uid->type, .text = expr->uid->id};
		return CEDAR_EVAL_NONE;
	case AST_VAR: *out = world->vars[expr->var]; return CEDAR_EVAL_NONE;
	case AST_SET: return evaluate_set(world, expr, out);
	case AST_RECORD: return evaluate_record(world, expr, out);
	case AST_NOT:
	case AST_NEG:
	case AST_ATTR:
	case AST_LIKE: return evaluate_unary(world, expr, out);
	case AST_AND:
	case AST_OR: return evaluate_logic(world, expr, out);
	case AST_MUL:
	case AST_SUM: return evaluate_arithmetic(world, expr, out);
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN: return evaluate_binary(world, expr, out);
	case AST_HAS: return evaluate_has(world, expr, out);
	case AST_IS: return evaluate_is(world, expr, out);
	case AST_IF: return evaluate_if(world, expr, out);
	case AST_CALL: return evaluate_call(world, expr, out);
	}
	abort();
}

/* Policies. */

static bool scope_matches(const struct naive_world *world, const struct naive_policy *policy,
			  enum ast_var var)
{
	const struct ast_scope *scope = &policy->ast->scope[var];
	struct naive_uid self = naive_uid_of(&world->vars[var]), other = {{NULL, 0}, {NULL, 0}};
	bool found = false;

	if (scope->has_slot)
		other = policy->slots[var];
	else if (scope->uid_count == 1)
		other = (struct naive_uid){scope->uids[0].type, scope->uids[0].id};
	switch (scope->kind) {
	case AST_SCOPE_ANY: return true;
	case AST_SCOPE_EQ: return naive_uids_equal(&self, &other);
	case AST_SCOPE_IN: return naive_is_in(world, &self, &other);
	case AST_SCOPE_IS: return str_equal(self.type, scope->type);
	case AST_SCOPE_IS_IN:
		return str_equal(self.type, scope->type) && naive_is_in(world, &self, &other);
	case AST_SCOPE_IN_LIST:
		for (uint32_t i = 0; i < scope->uid_count; i++) {
			other = (struct naive_uid){scope->uids[i].type, scope->uids[i].id};
			found = found || naive_is_in(world, &self, &other);
		}
		return found;
	}
	abort();
}

enum cedar_eval_error naive_evaluate(const struct naive_world *world,
				     const struct naive_policy *policy, bool *satisfied)
{
	bool holds = scope_matches(world, policy, AST_PRINCIPAL) &&
		     scope_matches(world, policy, AST_ACTION) &&
		     scope_matches(world, policy, AST_RESOURCE);
	enum cedar_eval_error error = CEDAR_EVAL_NONE;

	for (uint32_t i = 0; i < policy->ast->condition_count && holds; i++) {
		const struct ast_condition *condition = &policy->ast->conditions[i];
		bool value = false;

		error = evaluate_bool(world, condition->body, &value);
		if (error != CEDAR_EVAL_NONE)
			return error;
		holds = value != condition->unless;
	}
	*satisfied = holds;
	return CEDAR_EVAL_NONE;
}
