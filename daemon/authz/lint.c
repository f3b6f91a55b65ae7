#include "authz/lint.h"

#include <stdbool.h>

#include "base/arena.h"
#include "base/casefold.h"
#include "cedar/ast.h"
#include "cedar/diag.h"
#include "cedar/source.h"
#include "cedar/tree.h"

struct lint {
	struct arena arena;
	const struct source *source;
	struct cedar_diags *diags;
	enum error error;
};

/* The folded attributes, each with the variable it is reached from. */
static const struct {
	struct str name;
	enum ast_var var;
} folded_attrs[] = {
	{{"name", 4}, AST_PRINCIPAL},
	{{"account", 7}, AST_PRINCIPAL},
	{{"domain", 6}, AST_PRINCIPAL},
	{{"uri", 3}, AST_RESOURCE},
	{{"mechanism", 9}, AST_CONTEXT},
	{{"scheme", 6}, AST_CONTEXT},
	{{"host", 4}, AST_CONTEXT},
	{{"path", 4}, AST_CONTEXT},
	{{"actionUri", 9}, AST_CONTEXT},
	{{"method", 6}, AST_CONTEXT},
	{{"issuerThumbprint", 16}, AST_CONTEXT},
};

static bool is_folded_attr(const struct ast_expr *expr)
{
	const struct ast_expr *root = expr;

	if (ast_kind(expr) != AST_ATTR)
		return false;
	while (ast_kind(root) == AST_ATTR)
		root = root->left;
	for (size_t i = 0; ast_kind(root) == AST_VAR && i < ARRAY_COUNT(folded_attrs); i++) {
		if (folded_attrs[i].var == root->var &&
		    str_equal(folded_attrs[i].name, expr->names[0]))
			return true;
	}
	return false;
}

static void check_text(struct lint *lint, struct str text, struct span span, struct str attr)
{
	struct str folded = casefold(&lint->arena, text);

	if (folded.ptr == NULL && text.length != 0)
		lint->error = ERR_NO_MEMORY;
	else if (!str_equal(folded, text))
		diag_report(lint->diags, CEDAR_WARNING, lint->source, span,
			    "\"%s\" never matches, because `%s` is always case-folded; write "
			    "\"%s\"",
			    diag_quote(text).text, diag_quote(attr).text, diag_quote(folded).text);
}

/* `attr` compared with `other`, in either order. */
static void check_equality(struct lint *lint, const struct ast_expr *attr,
			   const struct ast_expr *other)
{
	if (is_folded_attr(attr) && ast_kind(other) == AST_STRING)
		check_text(lint, other->text, other->span, attr->names[0]);
}

static void check_like(struct lint *lint, const struct ast_expr *expr)
{
	for (uint32_t i = 0; is_folded_attr(expr->left) && i < expr->count; i++)
		check_text(lint, expr->names[i], expr->span, expr->left->names[0]);
}

/* ["A", "B"].contains(attr) */
static void check_contains(struct lint *lint, const struct ast_expr *set,
			   const struct ast_expr *attr)
{
	for (uint32_t i = 0; ast_kind(set) == AST_SET && i < set->count; i++)
		check_equality(lint, attr, set->items[i]);
}

/* Recursion ends at AST_MAX_HEIGHT. */
static void check(struct lint *lint, const struct ast_expr *expr)
{
	enum ast_kind kind = ast_kind(expr);

	if (kind == AST_EQ || kind == AST_NE) {
		check_equality(lint, expr->left, expr->right);
		check_equality(lint, expr->right, expr->left);
	} else if (kind == AST_LIKE) {
		check_like(lint, expr);
	} else if (kind == AST_CALL && expr->function == AST_CONTAINS) {
		check_contains(lint, expr->items[0], expr->items[1]);
	}
	for (uint32_t i = 0; i < ast_child_count(expr); i++)
		check(lint, ast_child(expr, i));
}

enum error lint_policies(const struct cedar_engine *engine, struct cedar_diags *diags)
{
	struct lint lint = {.diags = diags, .error = ERR_NONE};

	arena_init(&lint.arena, 4096, SIZE_MAX);
	for (uint32_t i = 0; i < engine_tree_count(engine); i++) {
		const struct ast_policy *policy = engine_tree_at(engine, i);

		for (uint32_t k = 0; policy != NULL && k < policy->condition_count; k++) {
			lint.source = policy->source;
			check(&lint, policy->conditions[k].body);
		}
	}
	arena_deinit(&lint.arena);
	return lint.error;
}
