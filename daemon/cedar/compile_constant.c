/* Values that are known before any request. */
#include <assert.h>

#include "cedar/compile.h"
#include "cedar/ext.h"
#include "cedar/value.h"

static bool is_constructor(enum ast_function function)
{
	return function >= AST_DATETIME && function <= AST_IP;
}

static bool is_constructor_of_literal(const struct ast_expr *expr)
{
	return ast_kind(expr) == AST_CALL && is_constructor(expr->function) && expr->count == 1 &&
	       ast_kind(expr->items[0]) == AST_STRING;
}

/* The value of a constructor called on a literal. */
static bool constant_call(struct compiler *compiler, struct arena *arena,
			  const struct ast_expr *expr, struct cedar_value *out)
{
	struct cedar_value argument;
	enum cedar_eval_error error;

	if (!is_constructor_of_literal(expr))
		return false;
	argument = value_of_string(expr->items[0]->text);
	error = ext_call(expr->function, &argument, 1, arena, out);
	if (error == CEDAR_EVAL_MEMORY)
		compile_fail(compiler, arena->refusal);
	return error == CEDAR_EVAL_NONE;
}

static bool is_constant(struct compiler *compiler, const struct ast_expr *expr)
{
	struct cedar_value ignored;

	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING:
	case AST_UID: return true;
	case AST_SET:
		for (uint32_t i = 0; i < expr->count; i++) {
			if (!is_constant(compiler, expr->items[i]))
				return false;
		}
		return true;
	case AST_RECORD:
		for (uint32_t i = 0; i < expr->count; i++) {
			if (!is_constant(compiler, expr->fields[i].value))
				return false;
		}
		return true;
	case AST_CALL: return constant_call(compiler, compiler->build, expr, &ignored);
	default: return false;
	}
}

static struct cedar_value constant_value(struct compiler *compiler, const struct ast_expr *expr);

static struct cedar_value constant_set(struct compiler *compiler, const struct ast_expr *expr)
{
	struct cedar_value set = {0};
	struct cedar_value *elements =
		arena_calloc(compiler->build, expr->count, sizeof(*elements));
	enum error error;

	if (elements == NULL) {
		compile_fail(compiler, compiler->build->refusal);
		return set;
	}
	for (uint32_t i = 0; i < expr->count; i++)
		elements[i] = constant_value(compiler, expr->items[i]);
	error = value_set_make(compiler->keep, elements, expr->count, &set);
	if (error != ERR_NONE)
		compile_fail(compiler, error);
	return set;
}

static struct cedar_value constant_record(struct compiler *compiler, const struct ast_expr *expr)
{
	struct value_record *record = value_record_alloc(compiler->keep, expr->count);
	enum error error;

	if (record == NULL) {
		compile_fail(compiler, ERR_NO_MEMORY);
		return (struct cedar_value){0};
	}
	for (uint32_t i = 0; i < expr->count; i++)
		record->fields[i] =
			(struct value_field){constant_value(compiler, expr->fields[i].value),
					     compile_name(compiler, expr->fields[i].key)};
	error = value_record_finish(record);
	if (error != ERR_NONE)
		compile_fail(compiler, error);
	return value_of_address(VALUE_RECORD, 0, record);
}

static struct cedar_value constant_value(struct compiler *compiler, const struct ast_expr *expr)
{
	struct cedar_value value = {0};

	switch (ast_kind(expr)) {
	case AST_BOOL: return cedar_bool(expr->boolean);
	case AST_LONG: return cedar_long(expr->integer);
	case AST_STRING: return value_of_string(compile_text(compiler, expr->text));
	case AST_UID: return cedar_entity(compile_uid(compiler, expr->uid));
	case AST_SET: return constant_set(compiler, expr);
	case AST_RECORD: return constant_record(compiler, expr);
	default:
		assert(ast_kind(expr) == AST_CALL);
		(void)constant_call(compiler, compiler->keep, expr, &value);
		return value;
	}
}

bool compile_constant(struct compiler *compiler, const struct ast_expr *expr,
		      struct cedar_value *out)
{
	if (compiler->failed != ERR_NONE || !is_constant(compiler, expr))
		return false;
	*out = constant_value(compiler, expr);
	return compiler->failed == ERR_NONE;
}

bool compile_fails_always(const struct ast_expr *expr)
{
	return is_constructor_of_literal(expr);
}
