#include "cedar/json_member.h"
#include "cedar/policy_json.h"

static const struct str var_names[] = {
	[AST_PRINCIPAL] = {"principal", 9},
	[AST_ACTION] = {"action", 6},
	[AST_RESOURCE] = {"resource", 8},
	[AST_CONTEXT] = {"context", 7},
};

/* {"type": .., "id": ..} */
static void write_uid(struct json_writer *json, const struct ast_uid *uid)
{
	json_write_object(json);
	json_member_string(json, "type", uid->type);
	json_member_string(json, "id", uid->id);
	json_write_object_end(json);
}

static void write_expr(struct json_writer *json, const struct ast_expr *expr);

static void write_expr_member(struct json_writer *json, struct str key, const struct ast_expr *expr)
{
	json_write_key(json, key);
	write_expr(json, expr);
}

static void write_exprs(struct json_writer *json, const struct ast_expr *expr)
{
	json_write_array(json);
	for (uint32_t i = 0; i < expr->count; i++)
		write_expr(json, expr->items[i]);
	json_write_array_end(json);
}

/* The key of a kind whose operands are "left" and "right". */
static struct str operator_key(enum ast_kind kind, char sign)
{
	switch (kind) {
	case AST_AND: return STR("&&");
	case AST_OR: return STR("||");
	case AST_MUL: return STR("*");
	case AST_SUM: return sign == '-' ? STR("-") : STR("+");
	case AST_EQ: return STR("==");
	case AST_NE: return STR("!=");
	case AST_LT: return STR("<");
	case AST_LE: return STR("<=");
	case AST_GT: return STR(">");
	case AST_GE: return STR(">=");
	case AST_IN: return STR("in");
	default: return STR("");
	}
}

static void write_binary(struct json_writer *json, const struct ast_expr *expr)
{
	json_write_key(json, operator_key(ast_kind(expr), '+'));
	json_write_object(json);
	write_expr_member(json, STR("left"), expr->left);
	write_expr_member(json, STR("right"), expr->right);
	json_write_object_end(json);
}

/* The last operator is the outermost object. The object around it has been begun. */
static void write_chain(struct json_writer *json, const struct ast_expr *expr)
{
	for (uint32_t i = expr->count - 1; i > 0; i--) {
		char sign = ast_kind(expr) == AST_SUM ? expr->signs[i] : '+';

		json_write_key(json, operator_key(ast_kind(expr), sign));
		json_write_object(json);
		json_write_key(json, STR("left"));
		if (i > 1)
			json_write_object(json);
	}
	write_expr(json, expr->items[0]);
	for (uint32_t i = 1; i < expr->count; i++) {
		write_expr_member(json, STR("right"), expr->items[i]);
		json_write_object_end(json);
		if (i < expr->count - 1)
			json_write_object_end(json);
	}
}

static void write_unary(struct json_writer *json, struct str key, const struct ast_expr *operand)
{
	json_write_key(json, key);
	json_write_object(json);
	write_expr_member(json, STR("arg"), operand);
	json_write_object_end(json);
}

static void write_record(struct json_writer *json, const struct ast_expr *expr)
{
	json_member_object(json, "Record");
	for (uint32_t i = 0; i < expr->count; i++)
		write_expr_member(json, expr->fields[i].key, expr->fields[i].value);
	json_write_object_end(json);
}

static void write_attr(struct json_writer *json, const struct ast_expr *expr)
{
	json_member_object(json, ".");
	write_expr_member(json, STR("left"), expr->left);
	json_member_string(json, "attr", expr->names[0]);
	json_write_object_end(json);
}

static void write_has(struct json_writer *json, const struct ast_expr *expr)
{
	json_member_object(json, "has");
	write_expr_member(json, STR("left"), expr->left);
	json_write_key(json, STR("attr"));
	if (expr->count == 1) {
		json_write_string(json, expr->names[0]);
	} else {
		json_write_array(json);
		for (uint32_t i = 0; i < expr->count; i++)
			json_write_string(json, expr->names[i]);
		json_write_array_end(json);
	}
	json_write_object_end(json);
}

static void write_like(struct json_writer *json, const struct ast_expr *expr)
{
	json_member_object(json, "like");
	write_expr_member(json, STR("left"), expr->left);
	json_member_array(json, "pattern");
	for (uint32_t i = 0; i < expr->count; i++) {
		if (i > 0)
			json_write_string(json, STR("Wildcard"));
		if (expr->names[i].length != 0) {
			json_write_object(json);
			json_member_string(json, "Literal", expr->names[i]);
			json_write_object_end(json);
		}
	}
	json_write_array_end(json);
	json_write_object_end(json);
}

static void write_is(struct json_writer *json, const struct ast_expr *expr)
{
	json_member_object(json, "is");
	write_expr_member(json, STR("left"), expr->left);
	json_member_string(json, "entity_type", expr->is->type);
	if (expr->is->in != NULL)
		write_expr_member(json, STR("in"), expr->is->in);
	json_write_object_end(json);
}

static void write_if(struct json_writer *json, const struct ast_expr *expr)
{
	json_member_object(json, "if-then-else");
	write_expr_member(json, STR("if"), expr->items[0]);
	write_expr_member(json, STR("then"), expr->items[1]);
	write_expr_member(json, STR("else"), expr->items[2]);
	json_write_object_end(json);
}

/* Methods of the language are written like operators, functions with a list of arguments. */
static void write_call(struct json_writer *json, const struct ast_expr *expr)
{
	const struct ast_function_info *info = ast_function_info(expr->function);

	if (info->is_extension) {
		json_write_key(json, info->name);
		write_exprs(json, expr);
	} else if (info->argument_count == 1) {
		write_unary(json, info->name, expr->items[0]);
	} else {
		json_write_key(json, info->name);
		json_write_object(json);
		write_expr_member(json, STR("left"), expr->items[0]);
		write_expr_member(json, STR("right"), expr->items[1]);
		json_write_object_end(json);
	}
}

static void write_literal(struct json_writer *json, const struct ast_expr *expr)
{
	json_write_key(json, STR("Value"));
	switch (ast_kind(expr)) {
	case AST_BOOL: json_write_bool(json, expr->boolean); break;
	case AST_LONG: json_write_i64(json, expr->integer); break;
	case AST_STRING: json_write_string(json, expr->text); break;
	default:
		json_write_object(json);
		json_write_key(json, STR("__entity"));
		write_uid(json, expr->uid);
		json_write_object_end(json);
	}
}

/* The one member of the object that an expression is. */
static void write_form(struct json_writer *json, const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING:
	case AST_UID: write_literal(json, expr); break;
	case AST_VAR: json_member_string(json, "Var", var_names[expr->var]); break;
	case AST_SET:
		json_write_key(json, STR("Set"));
		write_exprs(json, expr);
		break;
	case AST_RECORD: write_record(json, expr); break;
	case AST_NOT: write_unary(json, STR("!"), expr->left); break;
	case AST_NEG: write_unary(json, STR("neg"), expr->left); break;
	case AST_AND:
	case AST_OR:
	case AST_MUL:
	case AST_SUM: write_chain(json, expr); break;
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN: write_binary(json, expr); break;
	case AST_ATTR: write_attr(json, expr); break;
	case AST_HAS: write_has(json, expr); break;
	case AST_LIKE: write_like(json, expr); break;
	case AST_IS: write_is(json, expr); break;
	case AST_IF: write_if(json, expr); break;
	case AST_CALL: write_call(json, expr); break;
	}
}

static void write_expr(struct json_writer *json, const struct ast_expr *expr)
{
	json_write_object(json);
	write_form(json, expr);
	json_write_object_end(json);
}

/* "entity": {..} or "slot": "?.." */
static void write_scope_entity(struct json_writer *json, enum ast_var var,
			       const struct ast_scope *scope)
{
	if (scope->has_slot) {
		json_member_string(json, "slot",
				   var == AST_PRINCIPAL ? STR("?principal") : STR("?resource"));
	} else {
		json_write_key(json, STR("entity"));
		write_uid(json, scope->uids);
	}
}

static void write_scope(struct json_writer *json, enum ast_var var, const struct ast_scope *scope)
{
	json_write_key(json, var_names[var]);
	json_write_object(json);
	switch (scope->kind) {
	case AST_SCOPE_ANY: json_member_string(json, "op", STR("All")); break;
	case AST_SCOPE_EQ:
		json_member_string(json, "op", STR("=="));
		write_scope_entity(json, var, scope);
		break;
	case AST_SCOPE_IN:
		json_member_string(json, "op", STR("in"));
		write_scope_entity(json, var, scope);
		break;
	case AST_SCOPE_IN_LIST:
		json_member_string(json, "op", STR("in"));
		json_member_array(json, "entities");
		for (uint32_t i = 0; i < scope->uid_count; i++)
			write_uid(json, &scope->uids[i]);
		json_write_array_end(json);
		break;
	case AST_SCOPE_IS:
	case AST_SCOPE_IS_IN:
		json_member_string(json, "op", STR("is"));
		json_member_string(json, "entity_type", scope->type);
		if (scope->kind == AST_SCOPE_IS)
			break;
		json_member_object(json, "in");
		write_scope_entity(json, var, scope);
		json_write_object_end(json);
		break;
	}
	json_write_object_end(json);
}

static void write_conditions(struct json_writer *json, const struct ast_policy *policy)
{
	json_member_array(json, "conditions");
	for (uint32_t i = 0; i < policy->condition_count; i++) {
		const struct ast_condition *condition = &policy->conditions[i];

		json_write_object(json);
		json_member_string(json, "kind", condition->unless ? STR("unless") : STR("when"));
		write_expr_member(json, STR("body"), condition->body);
		json_write_object_end(json);
	}
	json_write_array_end(json);
}

static void write_annotations(struct json_writer *json, const struct ast_policy *policy)
{
	json_member_object(json, "annotations");
	for (uint32_t i = 0; i < policy->annotation_count; i++) {
		const struct ast_annotation *annotation = &policy->annotations[i];

		json_write_key(json, annotation->key);
		if (annotation->has_value)
			json_write_string(json, annotation->value);
		else
			json_write_null(json);
	}
	json_write_object_end(json);
}

void policy_json_write(struct json_writer *json, const struct ast_policy *policy)
{
	json_write_object(json);
	json_member_string(json, "effect",
			   policy->effect == CEDAR_PERMIT ? STR("permit") : STR("forbid"));
	for (enum ast_var var = AST_PRINCIPAL; var <= AST_RESOURCE; var++)
		write_scope(json, var, &policy->scope[var]);
	write_conditions(json, policy);
	if (policy->annotation_count != 0)
		write_annotations(json, policy);
	json_write_object_end(json);
}
