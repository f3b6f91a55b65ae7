#include "cedar/ast.h"

_Static_assert(sizeof(struct ast_expr) == 32 || sizeof(void *) != 8, "nodes are meant to be small");

static uint32_t taller(uint32_t height, const struct ast_expr *child)
{
	return child->height > height ? child->height : height;
}

/* The height is kept in 16 bits and saturates far above AST_MAX_HEIGHT. */
static void set_height(struct ast_expr *expr, uint32_t tallest_child)
{
	expr->height = (uint16_t)(tallest_child < UINT16_MAX ? tallest_child + 1 : UINT16_MAX);
}

struct ast_expr *ast_new(struct arena *arena, enum ast_kind kind, struct span span)
{
	struct ast_expr *expr = arena_alloc(arena, sizeof(*expr));

	if (expr != NULL)
		*expr = (struct ast_expr){.kind = (uint16_t)kind, .height = 1, .span = span};
	return expr;
}

const struct ast_expr *ast_new_unary(struct arena *arena, enum ast_kind kind, struct span span,
				     const struct ast_expr *operand)
{
	struct ast_expr *expr = ast_new(arena, kind, span);

	if (expr == NULL)
		return NULL;
	expr->left = operand;
	set_height(expr, operand->height);
	return expr;
}

const struct ast_expr *ast_new_binary(struct arena *arena, enum ast_kind kind, struct span span,
				      const struct ast_expr *left, const struct ast_expr *right)
{
	struct ast_expr *expr = ast_new(arena, kind, span);

	if (expr == NULL)
		return NULL;
	expr->left = left;
	expr->right = right;
	set_height(expr, taller(left->height, right));
	return expr;
}

struct ast_expr *ast_new_list(struct arena *arena, enum ast_kind kind, struct span span,
			      const struct ast_expr *const *items, uint32_t count)
{
	struct ast_expr *expr = ast_new(arena, kind, span);
	uint32_t height = 0;

	if (expr == NULL)
		return NULL;
	expr->items = items;
	expr->count = count;
	for (uint32_t i = 0; i < count; i++)
		height = taller(height, items[i]);
	set_height(expr, height);
	return expr;
}

/* The operands of `head` followed by those of the list without its first, which is `head`. */
static const struct ast_expr *merge_chain(struct arena *arena, const struct ast_expr *head,
					  struct span span, const struct ast_expr *const *items,
					  const char *signs, uint32_t count)
{
	uint32_t total = head->count + count - 1;
	const struct ast_expr **all = arena_alloc(arena, total * sizeof(*all));
	struct ast_expr *expr;
	char *all_signs;

	if (all == NULL)
		return NULL;
	memcpy(all, head->items, head->count * sizeof(*all));
	memcpy(all + head->count, items + 1, (count - 1) * sizeof(*all));
	expr = ast_new_list(arena, ast_kind(head), span, all, total);
	if (expr == NULL || signs == NULL)
		return expr;
	all_signs = arena_alloc(arena, total);
	if (all_signs == NULL)
		return NULL;
	memcpy(all_signs, head->signs, head->count);
	memcpy(all_signs + head->count, signs + 1, count - 1);
	expr->signs = all_signs;
	return expr;
}

const struct ast_expr *ast_new_chain(struct arena *arena, enum ast_kind kind, struct span span,
				     const struct ast_expr *const *items, const char *signs,
				     uint32_t count)
{
	struct ast_expr *expr;

	if (ast_kind(items[0]) == kind)
		return merge_chain(arena, items[0], span, items, signs, count);
	expr = ast_new_list(arena, kind, span, items, count);
	if (expr != NULL && signs != NULL)
		expr->signs = signs;
	return expr;
}

const struct ast_expr *ast_new_named(struct arena *arena, enum ast_kind kind, struct span span,
				     const struct ast_expr *left, const struct str *names,
				     uint32_t count)
{
	struct ast_expr *expr = ast_new(arena, kind, span);

	if (expr == NULL)
		return NULL;
	expr->left = left;
	expr->names = names;
	expr->count = count;
	set_height(expr, left->height);
	return expr;
}

const struct ast_expr *ast_new_is(struct arena *arena, struct span span,
				  const struct ast_expr *left, const struct ast_is *is)
{
	struct ast_expr *expr = ast_new(arena, AST_IS, span);

	if (expr == NULL)
		return NULL;
	expr->left = left;
	expr->is = is;
	set_height(expr, is->in != NULL ? taller(left->height, is->in) : left->height);
	return expr;
}

const struct ast_expr *ast_new_record(struct arena *arena, struct span span,
				      const struct ast_field *fields, uint32_t count)
{
	struct ast_expr *expr = ast_new(arena, AST_RECORD, span);
	uint32_t height = 0;

	if (expr == NULL)
		return NULL;
	expr->fields = fields;
	expr->count = count;
	for (uint32_t i = 0; i < count; i++)
		height = taller(height, fields[i].value);
	set_height(expr, height);
	return expr;
}

uint32_t ast_child_count(const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING:
	case AST_UID:
	case AST_VAR: return 0;
	case AST_NOT:
	case AST_NEG:
	case AST_ATTR:
	case AST_HAS:
	case AST_LIKE: return 1;
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN: return 2;
	case AST_IS: return expr->is->in != NULL ? 2 : 1;
	case AST_SET:
	case AST_RECORD:
	case AST_AND:
	case AST_OR:
	case AST_MUL:
	case AST_SUM:
	case AST_IF:
	case AST_CALL: return expr->count;
	}
	return 0;
}

const struct ast_expr *ast_child(const struct ast_expr *expr, uint32_t index)
{
	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING:
	case AST_UID:
	case AST_VAR: return NULL;
	case AST_NOT:
	case AST_NEG:
	case AST_ATTR:
	case AST_HAS:
	case AST_LIKE: return expr->left;
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN: return index == 0 ? expr->left : expr->right;
	case AST_IS: return index == 0 ? expr->left : expr->is->in;
	case AST_RECORD: return expr->fields[index].value;
	case AST_SET:
	case AST_AND:
	case AST_OR:
	case AST_MUL:
	case AST_SUM:
	case AST_IF:
	case AST_CALL: return expr->items[index];
	}
	return NULL;
}

bool ast_is_template(const struct ast_policy *policy)
{
	return policy->scope[AST_PRINCIPAL].has_slot || policy->scope[AST_RESOURCE].has_slot;
}

const struct ast_annotation *ast_find_annotation(const struct ast_policy *policy, struct str key)
{
	for (uint32_t i = 0; i < policy->annotation_count; i++) {
		if (str_equal(policy->annotations[i].key, key))
			return &policy->annotations[i];
	}
	return NULL;
}
