/* What scopes demand, and conjuncts that demand the same. */
#include "base/sort.h"
#include "cedar/compile.h"

static void add_uid(struct compiler *compiler, uint32_t uid)
{
	uint32_t *slot = compile_add(compiler, &compiler->uid_lists, sizeof(*slot));

	if (slot != NULL)
		*slot = uid;
}

/* Adds a list in ascending order without duplicates; a list of one is as good as no list. */
static struct constraint list_constraint(struct compiler *compiler, const struct ast_scope *scope)
{
	uint32_t first = compiler->uid_lists.count, *list, kept;

	for (uint32_t i = 0; i < scope->uid_count; i++)
		add_uid(compiler, compile_uid(compiler, &scope->uids[i]));
	if (compiler->failed != ERR_NONE || scope->uid_count == 0)
		return (struct constraint){AST_SCOPE_IN_LIST, first, 0};
	list = (uint32_t *)compiler->uid_lists.elements + first;
	kept = (uint32_t)sort_u32_unique(list, scope->uid_count);
	compiler->uid_lists.count = kept == 1 ? first : first + kept;
	if (kept == 1)
		return (struct constraint){AST_SCOPE_IN, list[0], 0};
	return (struct constraint){AST_SCOPE_IN_LIST, first, kept};
}

struct constraint compile_scope(struct compiler *compiler, const struct ast_scope *scope)
{
	struct constraint constraint = {scope->kind, 0, 0};

	switch (scope->kind) {
	case AST_SCOPE_ANY: break;
	case AST_SCOPE_IN_LIST: return list_constraint(compiler, scope);
	case AST_SCOPE_IS:
	case AST_SCOPE_IS_IN: constraint.type = compile_name(compiler, scope->type); break;
	case AST_SCOPE_EQ:
	case AST_SCOPE_IN: break;
	}
	if (scope->has_slot)
		constraint.uid = CEDAR_NO_UID;
	else if (scope->kind == AST_SCOPE_EQ || scope->kind == AST_SCOPE_IN ||
		 scope->kind == AST_SCOPE_IS_IN)
		constraint.uid = compile_uid(compiler, &scope->uids[0]);
	return constraint;
}

/* Conjuncts that test a variable as a scope does. */

static bool is_variable(const struct ast_expr *expr)
{
	return ast_kind(expr) == AST_VAR && expr->var != AST_CONTEXT;
}

bool compile_read_test(const struct ast_expr *expr, enum ast_var *var, struct ast_scope *scope)
{
	const struct ast_expr *variable = NULL, *uid = NULL;

	*scope = (struct ast_scope){.span = expr->span};
	switch (ast_kind(expr)) {
	case AST_EQ:
		scope->kind = AST_SCOPE_EQ;
		variable = ast_kind(expr->left) == AST_UID ? expr->right : expr->left;
		uid = ast_kind(expr->left) == AST_UID ? expr->left : expr->right;
		break;
	case AST_IN:
		scope->kind = AST_SCOPE_IN;
		variable = expr->left;
		uid = expr->right;
		break;
	case AST_IS:
		scope->kind = expr->is->in != NULL ? AST_SCOPE_IS_IN : AST_SCOPE_IS;
		scope->type = expr->is->type;
		variable = expr->left;
		uid = expr->is->in;
		break;
	default: return false;
	}
	if (!is_variable(variable) || (uid != NULL && ast_kind(uid) != AST_UID))
		return false;
	*var = variable->var;
	if (uid != NULL) {
		scope->uids = uid->uid;
		scope->uid_count = 1;
	}
	return true;
}
