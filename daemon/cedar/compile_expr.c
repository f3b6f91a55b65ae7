/* Expressions to code: one function per group of forms. Recursion is bounded by AST_MAX_HEIGHT. */
#include "base/sort.h"
#include "cedar/compile.h"
#include "cedar/value.h"

static uint32_t emit(struct compiler *compiler, enum op op, uint32_t operand, int effect,
		     struct span span)
{
	return compile_emit(compiler, (struct insn){(uint8_t)op, 0, operand}, effect, span);
}

bool compile_yields_bool(const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_NOT:
	case AST_AND:
	case AST_OR:
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN:
	case AST_HAS:
	case AST_LIKE:
	case AST_IS: return true;
	case AST_CALL:
		return expr->function <= AST_HAS_TAG ||
		       (expr->function >= AST_LESS_THAN && expr->function <= AST_IS_IN_RANGE);
	case AST_LONG:
	case AST_STRING:
	case AST_UID:
	case AST_VAR:
	case AST_SET:
	case AST_RECORD:
	case AST_NEG:
	case AST_MUL:
	case AST_SUM:
	case AST_ATTR:
	case AST_IF: break;
	}
	return false;
}

/* The tables behind the code. Each function returns the position of what it adds. */

static uint32_t add_constant(struct compiler *compiler, struct cedar_value value)
{
	uint32_t at = compiler->constants.count;
	struct cedar_value *slot = compile_add(compiler, &compiler->constants, sizeof(*slot));

	if (slot != NULL)
		*slot = value;
	return at;
}

static uint32_t add_key(struct compiler *compiler, uint32_t key)
{
	uint32_t at = compiler->keys.count;
	uint32_t *slot = compile_add(compiler, &compiler->keys, sizeof(*slot));

	if (slot != NULL)
		*slot = key;
	return at;
}

static uint32_t add_pattern(struct compiler *compiler, const struct ast_expr *expr)
{
	uint32_t at = compiler->patterns.count;
	struct pattern *slot = compile_add(compiler, &compiler->patterns, sizeof(*slot));
	struct str *literals = arena_calloc(compiler->keep, expr->count, sizeof(*literals));

	if (literals == NULL) {
		compile_fail(compiler, compiler->keep->refusal);
		return 0;
	}
	for (uint32_t i = 0; i < expr->count; i++)
		literals[i] = compile_text(compiler, expr->names[i]);
	if (slot != NULL)
		*slot = (struct pattern){literals, expr->count};
	return at;
}

static uint32_t add_shape(struct compiler *compiler, const struct shape_field *fields,
			  uint32_t count)
{
	uint32_t at = compiler->shapes.count;
	struct shape *slot = compile_add(compiler, &compiler->shapes, sizeof(*slot));

	if (slot != NULL)
		*slot = (struct shape){fields, count};
	return at;
}

/* Forms. */

static void compile_call(struct compiler *compiler, const struct ast_expr *expr)
{
	static const enum op ops[] = {
		[AST_CONTAINS] = OP_CONTAINS,         [AST_CONTAINS_ALL] = OP_CONTAINS_ALL,
		[AST_CONTAINS_ANY] = OP_CONTAINS_ANY, [AST_IS_EMPTY] = OP_IS_EMPTY,
		[AST_HAS_TAG] = OP_HAS_TAG,           [AST_GET_TAG] = OP_GET_TAG,
	};
	struct insn call = {OP_CALL, (uint8_t)expr->function, expr->count};

	if (compile_fails_always(expr)) {
		emit(compiler, OP_RAISE, CEDAR_EVAL_EXTENSION, 1, expr->span);
		return;
	}
	for (uint32_t i = 0; i < expr->count; i++)
		compile_expr(compiler, expr->items[i]);
	if (!ast_function_info(expr->function)->is_extension)
		emit(compiler, ops[expr->function], 0, 1 - (int)expr->count, expr->span);
	else
		compile_emit(compiler, call, 1 - (int)expr->count, expr->span);
}

static void compile_set(struct compiler *compiler, const struct ast_expr *expr)
{
	for (uint32_t i = 0; i < expr->count; i++)
		compile_expr(compiler, expr->items[i]);
	emit(compiler, OP_SET, expr->count, 1 - (int)expr->count, expr->span);
}

static int compare_field_keys(const void *a, const void *b)
{
	const struct ast_field *const *left = a, *const *right = b;

	return str_compare((*left)->key, (*right)->key);
}

static int compare_shape_fields(const void *a, const void *b)
{
	const struct shape_field *left = a, *right = b;

	return (left->key > right->key) - (left->key < right->key);
}

/* Fields are evaluated in the order of their names and stored in the order of their symbols. */
static void compile_record(struct compiler *compiler, const struct ast_expr *expr)
{
	const struct ast_field **order =
		arena_calloc(compiler->build, expr->count, sizeof(const struct ast_field *));
	struct shape_field *fields = arena_calloc(compiler->keep, expr->count, sizeof(*fields));

	if (order == NULL || fields == NULL) {
		compile_fail(compiler, ERR_NO_MEMORY);
		return;
	}
	for (uint32_t i = 0; i < expr->count; i++)
		order[i] = &expr->fields[i];
	sort(order, expr->count, sizeof(const struct ast_field *), compare_field_keys);
	for (uint32_t i = 0; i < expr->count; i++) {
		compile_expr(compiler, order[i]->value);
		fields[i] = (struct shape_field){compile_name(compiler, order[i]->key), i};
	}
	sort(fields, expr->count, sizeof(*fields), compare_shape_fields);
	emit(compiler, OP_RECORD, add_shape(compiler, fields, expr->count), 1 - (int)expr->count,
	     expr->span);
}

/* a && b && c: each operand but the last is tested and may end the chain. */
static void compile_logic(struct compiler *compiler, const struct ast_expr *expr)
{
	enum op op = ast_kind(expr) == AST_AND ? OP_AND : OP_OR;
	const struct ast_expr *last = expr->items[expr->count - 1];
	uint32_t jump = 0;

	for (uint32_t i = 0; i + 1 < expr->count; i++) {
		compile_expr(compiler, expr->items[i]);
		jump = emit(compiler, op, jump, -1, expr->items[i]->span);
	}
	compile_expr(compiler, last);
	if (!compile_yields_bool(last))
		emit(compiler, OP_BOOL, 0, 0, last->span);
	compile_land_all(compiler, jump, expr->count - 1);
}

static void compile_arithmetic(struct compiler *compiler, const struct ast_expr *expr)
{
	compile_expr(compiler, expr->items[0]);
	for (uint32_t i = 1; i < expr->count; i++) {
		enum op op = OP_MUL;

		if (ast_kind(expr) == AST_SUM)
			op = expr->signs[i] == '-' ? OP_SUB : OP_ADD;
		compile_expr(compiler, expr->items[i]);
		emit(compiler, op, 0, -1, span_join(expr->span, expr->items[i]->span));
	}
}

/* A constant on either side is not pushed: equality is symmetric and cannot fail. */
static void compile_equality(struct compiler *compiler, const struct ast_expr *expr)
{
	struct cedar_value constant;

	if (compile_constant(compiler, expr->right, &constant)) {
		compile_expr(compiler, expr->left);
		emit(compiler, OP_EQ_CONST, add_constant(compiler, constant), 0, expr->span);
	} else if (compile_constant(compiler, expr->left, &constant)) {
		compile_expr(compiler, expr->right);
		emit(compiler, OP_EQ_CONST, add_constant(compiler, constant), 0, expr->span);
	} else {
		compile_expr(compiler, expr->left);
		compile_expr(compiler, expr->right);
		emit(compiler, OP_EQ, 0, -1, expr->span);
	}
	if (ast_kind(expr) == AST_NE)
		emit(compiler, OP_NOT, 0, 0, expr->span);
}

/* a > b is !(a <= b). */
static void compile_order(struct compiler *compiler, const struct ast_expr *expr)
{
	bool less = ast_kind(expr) == AST_LT || ast_kind(expr) == AST_GE;

	compile_expr(compiler, expr->left);
	compile_expr(compiler, expr->right);
	emit(compiler, less ? OP_LESS : OP_LESS_EQ, 0, -1, expr->span);
	if (ast_kind(expr) == AST_GT || ast_kind(expr) == AST_GE)
		emit(compiler, OP_NOT, 0, 0, expr->span);
}

/* Behind the left operand, which is on the stack. */
static void compile_in(struct compiler *compiler, const struct ast_expr *right, struct span span)
{
	if (ast_kind(right) == AST_UID) {
		emit(compiler, OP_IN_UID, compile_uid(compiler, right->uid), 0, span);
		return;
	}
	compile_expr(compiler, right);
	emit(compiler, OP_IN, 0, -1, span);
}

static void compile_attribute(struct compiler *compiler, const struct ast_expr *expr)
{
	uint32_t key = compile_name(compiler, expr->names[0]);

	if (ast_kind(expr->left) == AST_VAR) {
		struct insn insn = {OP_VAR_ATTR, (uint8_t)expr->left->var, key};

		compile_emit(compiler, insn, 1, expr->span);
		return;
	}
	compile_expr(compiler, expr->left);
	emit(compiler, OP_ATTR, key, 0, expr->span);
}

static void compile_has(struct compiler *compiler, const struct ast_expr *expr)
{
	uint32_t path;

	compile_expr(compiler, expr->left);
	if (expr->count == 1) {
		emit(compiler, OP_HAS, compile_name(compiler, expr->names[0]), 0, expr->span);
		return;
	}
	path = add_key(compiler, expr->count);
	for (uint32_t i = 0; i < expr->count; i++)
		(void)add_key(compiler, compile_name(compiler, expr->names[i]));
	emit(compiler, OP_HAS_PATH, path, 0, expr->span);
}

/* x is T in E is x is T && x in E, with x evaluated once. */
static void compile_is(struct compiler *compiler, const struct ast_expr *expr)
{
	uint32_t type = compile_name(compiler, expr->is->type);
	uint32_t branch, jump;

	compile_expr(compiler, expr->left);
	if (expr->is->in == NULL) {
		emit(compiler, OP_IS, type, 0, expr->span);
		return;
	}
	emit(compiler, OP_DUP, 0, 1, expr->span);
	emit(compiler, OP_IS, type, 0, expr->span);
	branch = emit(compiler, OP_BRANCH, 0, -1, expr->span);
	compile_in(compiler, expr->is->in, expr->span);
	jump = emit(compiler, OP_JUMP, 0, 0, expr->span);
	compile_land(compiler, branch);
	emit(compiler, OP_POP, 0, -1, expr->span);
	emit(compiler, OP_CONST, add_constant(compiler, cedar_bool(false)), 1, expr->span);
	compile_land(compiler, jump);
}

static void compile_if(struct compiler *compiler, const struct ast_expr *expr)
{
	uint32_t branch, jump;

	compile_expr(compiler, expr->items[0]);
	branch = emit(compiler, OP_BRANCH, 0, -1, expr->items[0]->span);
	compile_expr(compiler, expr->items[1]);
	jump = emit(compiler, OP_JUMP, 0, -1, expr->span);
	compile_land(compiler, branch);
	compile_expr(compiler, expr->items[2]);
	compile_land(compiler, jump);
}

void compile_expr(struct compiler *compiler, const struct ast_expr *expr)
{
	struct cedar_value constant;

	if (compile_constant(compiler, expr, &constant)) {
		emit(compiler, OP_CONST, add_constant(compiler, constant), 1, expr->span);
		return;
	}
	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING:
	case AST_UID: break; /* a constant, unless memory is spent */
	case AST_VAR:
		compile_emit(compiler, (struct insn){OP_VAR, (uint8_t)expr->var, 0}, 1, expr->span);
		break;
	case AST_SET: compile_set(compiler, expr); break;
	case AST_RECORD: compile_record(compiler, expr); break;
	case AST_NOT:
	case AST_NEG:
		compile_expr(compiler, expr->left);
		emit(compiler, ast_kind(expr) == AST_NOT ? OP_NOT : OP_NEG, 0, 0, expr->span);
		break;
	case AST_AND:
	case AST_OR: compile_logic(compiler, expr); break;
	case AST_MUL:
	case AST_SUM: compile_arithmetic(compiler, expr); break;
	case AST_EQ:
	case AST_NE: compile_equality(compiler, expr); break;
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE: compile_order(compiler, expr); break;
	case AST_IN:
		compile_expr(compiler, expr->left);
		compile_in(compiler, expr->right, expr->span);
		break;
	case AST_ATTR: compile_attribute(compiler, expr); break;
	case AST_HAS: compile_has(compiler, expr); break;
	case AST_LIKE:
		compile_expr(compiler, expr->left);
		emit(compiler, OP_LIKE, add_pattern(compiler, expr), 0, expr->span);
		break;
	case AST_IS: compile_is(compiler, expr); break;
	case AST_IF: compile_if(compiler, expr); break;
	case AST_CALL: compile_call(compiler, expr); break;
	}
}
