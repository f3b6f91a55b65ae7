#include "cedar/print.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/utf8.h"

/* How tightly an expression holds together, from the loosest. */
enum level {
	LEVEL_IF,
	LEVEL_OR,
	LEVEL_AND,
	LEVEL_RELATION,
	LEVEL_SUM,
	LEVEL_PRODUCT,
	LEVEL_UNARY,
	LEVEL_MEMBER,
};

enum { MAX_SIGNS = 4 }; /* in a row, as the grammar allows */

static const char *const var_names[] = {
	[AST_PRINCIPAL] = "principal",
	[AST_ACTION] = "action",
	[AST_RESOURCE] = "resource",
	[AST_CONTEXT] = "context",
};

/* One character of a literal. What is not printable becomes \u{..}, which log_escape() happens to
 * write as the language does. */
static void print_character(struct buf *out, struct str character, bool is_pattern)
{
	switch (character.ptr[0]) {
	case '\n': buf_append_str(out, STR("\\n")); break;
	case '\r': buf_append_str(out, STR("\\r")); break;
	case '\t': buf_append_str(out, STR("\\t")); break;
	case '\0': buf_append_str(out, STR("\\0")); break;
	case '\\': buf_append_str(out, STR("\\\\")); break;
	case '"': buf_append_str(out, STR("\\\"")); break;
	case '*': buf_append_str(out, is_pattern ? STR("\\*") : STR("*")); break;
	default: log_escape(out, character);
	}
}

static void print_text(struct buf *out, struct str text, bool is_pattern)
{
	size_t at = 0;

	while (at < text.length) {
		uint32_t code_point;
		size_t length = utf8_decode(str_make(text.ptr + at, text.length - at), &code_point);

		print_character(out, str_make(text.ptr + at, length), is_pattern);
		at += length;
	}
}

void print_string(struct buf *out, struct str text)
{
	buf_append_byte(out, '"');
	print_text(out, text, false);
	buf_append_byte(out, '"');
}

static bool is_plain_name(struct str name)
{
	return ast_is_identifier(name) && !ast_is_reserved(name);
}

void print_name(struct buf *out, struct str name)
{
	if (is_plain_name(name))
		buf_append_str(out, name);
	else
		print_string(out, name);
}

void print_uid(struct buf *out, const struct ast_uid *uid)
{
	buf_append_str(out, uid->type);
	buf_append_str(out, STR("::"));
	print_string(out, uid->id);
}

static enum level level_of(const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_IF: return LEVEL_IF;
	case AST_OR: return LEVEL_OR;
	case AST_AND: return LEVEL_AND;
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN:
	case AST_HAS:
	case AST_LIKE:
	case AST_IS: return LEVEL_RELATION;
	case AST_SUM: return LEVEL_SUM;
	case AST_MUL: return LEVEL_PRODUCT;
	case AST_NOT:
	case AST_NEG: return LEVEL_UNARY;
	case AST_LONG: return expr->integer < 0 ? LEVEL_UNARY : LEVEL_MEMBER;
	case AST_BOOL:
	case AST_STRING:
	case AST_UID:
	case AST_VAR:
	case AST_SET:
	case AST_RECORD:
	case AST_ATTR:
	case AST_CALL: return LEVEL_MEMBER;
	}
	return LEVEL_IF;
}

/* In parentheses, unless it holds together at least as tightly as `level`. */
static void print_at(struct buf *out, const struct ast_expr *expr, enum level level)
{
	if (level_of(expr) >= level) {
		print_expr(out, expr);
		return;
	}
	buf_append_byte(out, '(');
	print_expr(out, expr);
	buf_append_byte(out, ')');
}

static const char *operator_text(enum ast_kind kind)
{
	switch (kind) {
	case AST_OR: return " || ";
	case AST_AND: return " && ";
	case AST_MUL: return " * ";
	case AST_EQ: return " == ";
	case AST_NE: return " != ";
	case AST_LT: return " < ";
	case AST_LE: return " <= ";
	case AST_GT: return " > ";
	case AST_GE: return " >= ";
	case AST_IN: return " in ";
	default: return "";
	}
}

static void print_binary(struct buf *out, const struct ast_expr *expr)
{
	print_at(out, expr->left, LEVEL_SUM);
	buf_append_str(out, str_from(operator_text(ast_kind(expr))));
	print_at(out, expr->right, LEVEL_SUM);
}

static void print_chain(struct buf *out, const struct ast_expr *expr)
{
	enum level level = (enum level)((int)level_of(expr) + 1);

	for (uint32_t i = 0; i < expr->count; i++) {
		if (i > 0 && ast_kind(expr) == AST_SUM)
			buf_append_str(out, expr->signs[i] == '-' ? STR(" - ") : STR(" + "));
		else if (i > 0)
			buf_append_str(out, str_from(operator_text(ast_kind(expr))));
		print_at(out, expr->items[i], level);
	}
}

/* A minus before a literal would become part of it, so a literal that is negated goes into
 * parentheses; one that is negative already has its own minus, which counts as a sign. */
static void print_signs(struct buf *out, const struct ast_expr *expr)
{
	enum ast_kind kind = ast_kind(expr);
	bool apart;
	int signs = 0;

	for (; ast_kind(expr) == kind && signs < MAX_SIGNS; expr = expr->left) {
		buf_append_byte(out, kind == AST_NEG ? '-' : '!');
		signs++;
	}
	if (kind == AST_NEG && ast_kind(expr) == AST_LONG)
		apart = expr->integer >= 0 || signs == MAX_SIGNS;
	else
		apart = level_of(expr) < LEVEL_MEMBER;
	if (apart)
		buf_append_byte(out, '(');
	print_expr(out, expr);
	if (apart)
		buf_append_byte(out, ')');
}

static void print_items(struct buf *out, const struct ast_expr *expr, uint32_t first)
{
	for (uint32_t i = first; i < expr->count; i++) {
		if (i > first)
			buf_append_str(out, STR(", "));
		print_expr(out, expr->items[i]);
	}
}

static void print_record(struct buf *out, const struct ast_expr *expr)
{
	buf_append_byte(out, '{');
	for (uint32_t i = 0; i < expr->count; i++) {
		if (i > 0)
			buf_append_str(out, STR(", "));
		print_name(out, expr->fields[i].key);
		buf_append_str(out, STR(": "));
		print_expr(out, expr->fields[i].value);
	}
	buf_append_byte(out, '}');
}

static void print_attr(struct buf *out, const struct ast_expr *expr)
{
	print_at(out, expr->left, LEVEL_MEMBER);
	if (is_plain_name(expr->names[0])) {
		buf_append_byte(out, '.');
		buf_append_str(out, expr->names[0]);
	} else {
		buf_append_byte(out, '[');
		print_string(out, expr->names[0]);
		buf_append_byte(out, ']');
	}
}

static void print_has(struct buf *out, const struct ast_expr *expr)
{
	print_at(out, expr->left, LEVEL_SUM);
	buf_append_str(out, STR(" has "));
	for (uint32_t i = 0; i < expr->count; i++) {
		if (i > 0)
			buf_append_byte(out, '.');
		print_name(out, expr->names[i]);
	}
}

static void print_like(struct buf *out, const struct ast_expr *expr)
{
	print_at(out, expr->left, LEVEL_SUM);
	buf_append_str(out, STR(" like \""));
	for (uint32_t i = 0; i < expr->count; i++) {
		if (i > 0)
			buf_append_byte(out, '*');
		print_text(out, expr->names[i], true);
	}
	buf_append_byte(out, '"');
}

static void print_is(struct buf *out, const struct ast_expr *expr)
{
	print_at(out, expr->left, LEVEL_SUM);
	buf_append_str(out, STR(" is "));
	buf_append_str(out, expr->is->type);
	if (expr->is->in != NULL) {
		buf_append_str(out, STR(" in "));
		print_at(out, expr->is->in, LEVEL_SUM);
	}
}

static void print_if(struct buf *out, const struct ast_expr *expr)
{
	buf_append_str(out, STR("if "));
	print_expr(out, expr->items[0]);
	buf_append_str(out, STR(" then "));
	print_expr(out, expr->items[1]);
	buf_append_str(out, STR(" else "));
	print_expr(out, expr->items[2]);
}

static void print_call(struct buf *out, const struct ast_expr *expr)
{
	const struct ast_function_info *info = ast_function_info(expr->function);

	if (info->is_method) {
		print_at(out, expr->items[0], LEVEL_MEMBER);
		buf_append_byte(out, '.');
	}
	buf_append_str(out, info->name);
	buf_append_byte(out, '(');
	print_items(out, expr, info->is_method ? 1 : 0);
	buf_append_byte(out, ')');
}

void print_expr(struct buf *out, const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_BOOL: buf_append_str(out, expr->boolean ? STR("true") : STR("false")); break;
	case AST_LONG: buf_printf(out, "%" PRId64, expr->integer); break;
	case AST_STRING: print_string(out, expr->text); break;
	case AST_UID: print_uid(out, expr->uid); break;
	case AST_VAR: buf_append_str(out, str_from(var_names[expr->var])); break;
	case AST_SET:
		buf_append_byte(out, '[');
		print_items(out, expr, 0);
		buf_append_byte(out, ']');
		break;
	case AST_RECORD: print_record(out, expr); break;
	case AST_NOT:
	case AST_NEG: print_signs(out, expr); break;
	case AST_AND:
	case AST_OR:
	case AST_MUL:
	case AST_SUM: print_chain(out, expr); break;
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN: print_binary(out, expr); break;
	case AST_ATTR: print_attr(out, expr); break;
	case AST_HAS: print_has(out, expr); break;
	case AST_LIKE: print_like(out, expr); break;
	case AST_IS: print_is(out, expr); break;
	case AST_IF: print_if(out, expr); break;
	case AST_CALL: print_call(out, expr); break;
	}
}

static void print_scope_entity(struct buf *out, enum ast_var var, const struct ast_scope *scope)
{
	if (scope->has_slot)
		buf_printf(out, "?%s", var_names[var]);
	else
		print_uid(out, scope->uids);
}

void print_scope(struct buf *out, enum ast_var var, const struct ast_scope *scope)
{
	buf_append_str(out, str_from(var_names[var]));
	if (scope->kind == AST_SCOPE_IS || scope->kind == AST_SCOPE_IS_IN)
		buf_printf(out, " is %.*s", STR_ARGS(scope->type));
	switch (scope->kind) {
	case AST_SCOPE_ANY:
	case AST_SCOPE_IS: break;
	case AST_SCOPE_EQ:
		buf_append_str(out, STR(" == "));
		print_scope_entity(out, var, scope);
		break;
	case AST_SCOPE_IN:
	case AST_SCOPE_IS_IN:
		buf_append_str(out, STR(" in "));
		print_scope_entity(out, var, scope);
		break;
	case AST_SCOPE_IN_LIST:
		buf_append_str(out, STR(" in ["));
		for (uint32_t i = 0; i < scope->uid_count; i++) {
			if (i > 0)
				buf_append_str(out, STR(", "));
			print_uid(out, &scope->uids[i]);
		}
		buf_append_byte(out, ']');
		break;
	}
}

void print_policy(struct buf *out, const struct ast_policy *policy)
{
	for (uint32_t i = 0; i < policy->annotation_count; i++) {
		const struct ast_annotation *annotation = &policy->annotations[i];

		buf_printf(out, "@%.*s", STR_ARGS(annotation->key));
		if (annotation->has_value) {
			buf_append_byte(out, '(');
			print_string(out, annotation->value);
			buf_append_byte(out, ')');
		}
		buf_append_byte(out, ' ');
	}
	buf_append_str(out, policy->effect == CEDAR_PERMIT ? STR("permit(") : STR("forbid("));
	for (enum ast_var var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (var > AST_PRINCIPAL)
			buf_append_str(out, STR(", "));
		print_scope(out, var, &policy->scope[var]);
	}
	buf_append_byte(out, ')');
	for (uint32_t i = 0; i < policy->condition_count; i++) {
		buf_append_str(out,
			       policy->conditions[i].unless ? STR(" unless { ") : STR(" when { "));
		print_expr(out, policy->conditions[i].body);
		buf_append_str(out, STR(" }"));
	}
	buf_append_byte(out, ';');
}
