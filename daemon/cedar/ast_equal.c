/* Equality of syntax trees, without regard to places and ids. */
#include "cedar/ast.h"

static bool uid_equal(const struct ast_uid *a, const struct ast_uid *b)
{
	return str_equal(a->type, b->type) && str_equal(a->id, b->id);
}

static bool names_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (!str_equal(a->names[i], b->names[i]))
			return false;
	}
	return true;
}

static bool keys_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (!str_equal(a->fields[i].key, b->fields[i].key))
			return false;
	}
	return true;
}

/* Everything of two nodes of the same kind but their children. */
static bool node_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	switch (ast_kind(a)) {
	case AST_BOOL: return a->boolean == b->boolean;
	case AST_LONG: return a->integer == b->integer;
	case AST_STRING: return str_equal(a->text, b->text);
	case AST_UID: return uid_equal(a->uid, b->uid);
	case AST_VAR: return a->var == b->var;
	case AST_RECORD: return keys_equal(a, b);
	case AST_SUM: return a->count == b->count && memcmp(a->signs, b->signs, a->count) == 0;
	case AST_ATTR:
	case AST_HAS:
	case AST_LIKE: return names_equal(a, b);
	case AST_IS: return str_equal(a->is->type, b->is->type);
	case AST_CALL: return a->function == b->function;
	case AST_SET:
	case AST_NOT:
	case AST_NEG:
	case AST_AND:
	case AST_OR:
	case AST_MUL:
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN:
	case AST_IF: return true;
	}
	return false;
}

bool ast_expr_equal(const struct ast_expr *a, const struct ast_expr *b)
{
	uint32_t count = ast_child_count(a);

	if (a->kind != b->kind || count != ast_child_count(b) || !node_equal(a, b))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!ast_expr_equal(ast_child(a, i), ast_child(b, i)))
			return false;
	}
	return true;
}

static bool scope_equal(const struct ast_scope *a, const struct ast_scope *b)
{
	if (a->kind != b->kind || a->has_slot != b->has_slot || a->uid_count != b->uid_count ||
	    !str_equal(a->type, b->type))
		return false;
	for (uint32_t i = 0; i < a->uid_count; i++) {
		if (!uid_equal(&a->uids[i], &b->uids[i]))
			return false;
	}
	return true;
}

static bool annotation_equal(const struct ast_annotation *a, const struct ast_annotation *b)
{
	return str_equal(a->key, b->key) && str_equal(a->value, b->value) &&
	       a->has_value == b->has_value;
}

bool ast_policy_equal(const struct ast_policy *a, const struct ast_policy *b)
{
	if (a->effect != b->effect || a->annotation_count != b->annotation_count ||
	    a->condition_count != b->condition_count)
		return false;
	for (uint32_t i = 0; i < a->annotation_count; i++) {
		if (!annotation_equal(&a->annotations[i], &b->annotations[i]))
			return false;
	}
	for (int var = AST_PRINCIPAL; var <= AST_RESOURCE; var++) {
		if (!scope_equal(&a->scope[var], &b->scope[var]))
			return false;
	}
	for (uint32_t i = 0; i < a->condition_count; i++) {
		if (a->conditions[i].unless != b->conditions[i].unless ||
		    !ast_expr_equal(a->conditions[i].body, b->conditions[i].body))
			return false;
	}
	return true;
}
