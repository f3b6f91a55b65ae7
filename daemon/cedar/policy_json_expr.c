/* Expressions from JSON: objects with one member, whose key says what they are. */
#include "base/attributes.h"
#include "cedar/diag.h"
#include "cedar/json_escape.h"
#include "cedar/json_fields.h"
#include "cedar/policy_json.h"

/* Reads the fields of an object that are expressions, each of them required, into `operands`. */
static bool read_operands(struct policy_json *reader, const struct str *names, uint32_t count,
			  const struct ast_expr **operands)
{
	struct json_reader *json = reader->json;
	struct json_fields fields = {.names = names, .count = count, .what = "the operation"};
	struct span object = json->span;
	int field;

	if (!json_read_expect(json, JSON_OBJECT, "the operation"))
		return false;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		operands[field] = policy_json_read_expr(reader);
		if (operands[field] == NULL)
			return false;
	}
	for (int i = 0; i < (int)count; i++) {
		if (!json_fields_require(json, &fields, i, object))
			return false;
	}
	return true;
}

/* [ expression, .. ] */
static const struct ast_expr *const *read_exprs(struct policy_json *reader, uint32_t *count)
{
	size_t list = ast_list_start(&reader->lists);

	if (!json_read_expect(reader->json, JSON_ARRAY, "the list"))
		return NULL;
	while (json_read_element(reader->json)) {
		const struct ast_expr *item = policy_json_read_expr(reader);

		if (item == NULL)
			return NULL;
		ast_list_push(&reader->lists, &item, sizeof(item));
	}
	return policy_json_end_list(reader, list, sizeof(const struct ast_expr *), count);
}

/* The forms with members of their own. */

static const struct ast_expr *read_var(struct policy_json *reader, uint32_t start)
{
	static const struct str names[] = {
		[AST_PRINCIPAL] = {"principal", 9},
		[AST_ACTION] = {"action", 6},
		[AST_RESOURCE] = {"resource", 8},
		[AST_CONTEXT] = {"context", 7},
	};
	struct json_reader *json = reader->json;
	struct ast_expr *expr;

	if (!json_read_expect(json, JSON_STRING, "\"Var\""))
		return NULL;
	for (int var = AST_PRINCIPAL; var <= AST_CONTEXT; var++) {
		if (!str_equal(json->text, names[var]))
			continue;
		expr = policy_json_new(reader, AST_VAR, start);
		if (expr != NULL)
			expr->var = (enum ast_var)var;
		return expr;
	}
	json_read_fail(json, json->span,
		       "unknown variable \"%s\"; there are principal, action, resource and context",
		       diag_quote(json->text).text);
	return NULL;
}

static const struct ast_expr *read_if(struct policy_json *reader, uint32_t start)
{
	static const struct str names[] = {{"if", 2}, {"then", 4}, {"else", 4}};
	struct arena *arena = reader->json->arena;
	const struct ast_expr **items = arena_alloc(arena, ARRAY_COUNT(names) * sizeof(*items));

	if (items == NULL)
		return policy_json_check(reader, NULL);
	if (!read_operands(reader, names, ARRAY_COUNT(names), items))
		return NULL;
	return policy_json_check(reader,
				 ast_new_list(arena, AST_IF, policy_json_span(reader, start), items,
					      ARRAY_COUNT(names)));
}

/* The strings under "attr": one, or several of a path. */
static const struct str *read_path(struct policy_json *reader, uint32_t *count)
{
	struct json_reader *json = reader->json;
	size_t list = ast_list_start(&reader->lists);
	struct span span = json->span;
	const struct str *names;

	if (json->event == JSON_STRING) {
		ast_list_push(&reader->lists, &json->text, sizeof(json->text));
		return policy_json_end_list(reader, list, sizeof(*names), count);
	}
	if (!json_read_expect(json, JSON_ARRAY, "\"attr\""))
		return NULL;
	while (json_read_element(json)) {
		if (!json_read_expect(json, JSON_STRING, "the name of an attribute"))
			return NULL;
		ast_list_push(&reader->lists, &json->text, sizeof(json->text));
	}
	names = policy_json_end_list(reader, list, sizeof(*names), count);
	if (names == NULL)
		return NULL;
	for (uint32_t i = 0; i<*count && * count> 1; i++) {
		if (ast_is_identifier(names[i]) && !ast_is_reserved(names[i]))
			continue;
		json_read_fail(json, span,
			       "\"%s\" cannot be part of a path, which is made of plain names",
			       diag_quote(names[i]).text);
		return NULL;
	}
	if (*count == 0)
		json_read_fail(json, span, "\"attr\" names no attribute");
	return json->failed == ERR_NONE ? names : NULL;
}

/* Moves the literal that has been collected to the list. */
static void end_literal(struct policy_json *reader)
{
	struct str text = arena_copy(reader->json->arena, buf_str(&reader->literal));

	if (text.ptr == NULL || reader->literal.failed != ERR_NONE)
		json_read_abort(reader->json, ERR_NO_MEMORY);
	ast_list_push(&reader->lists, &text, sizeof(text));
	buf_clear(&reader->literal);
}

/* "Wildcard" | {"Literal": text} */
static bool read_pattern_element(struct policy_json *reader)
{
	static const struct str names[] = {{"Literal", 7}};
	struct json_fields fields = {.names = names, .count = 1, .what = "an element of a pattern"};
	struct json_reader *json = reader->json;
	struct span span = json->span;

	if (json->event == JSON_STRING && str_equal(json->text, STR("Wildcard"))) {
		end_literal(reader);
		return json->failed == ERR_NONE;
	}
	if (json->event != JSON_OBJECT) {
		json_read_fail(json, span,
			       "an element of a pattern is \"Wildcard\" or {\"Literal\": \"..\"}");
		return false;
	}
	while (json_fields_next(json, &fields) != JSON_NO_FIELD) {
		if (!json_read_expect(json, JSON_STRING, "\"Literal\""))
			return false;
		buf_append_str(&reader->literal, json->text);
	}
	return json_fields_require(json, &fields, 0, span);
}

/* The elements under "pattern". */
static const struct str *read_pattern(struct policy_json *reader, uint32_t *count)
{
	size_t list = ast_list_start(&reader->lists);

	buf_clear(&reader->literal);
	if (!json_read_expect(reader->json, JSON_ARRAY, "\"pattern\""))
		return NULL;
	while (json_read_element(reader->json)) {
		if (!read_pattern_element(reader))
			return NULL;
	}
	end_literal(reader);
	return policy_json_end_list(reader, list, sizeof(struct str), count);
}

/* {"left": expression, KEY: names}, where KEY and how the names are written go by the kind. */
static const struct ast_expr *read_named(struct policy_json *reader, enum ast_kind kind,
					 uint32_t start)
{
	enum { LEFT, NAMES };
	const struct str keys[] = {{"left", 4}, kind == AST_LIKE ? STR("pattern") : STR("attr")};
	struct json_fields fields = {.names = keys, .count = 2, .what = "the operation"};
	struct json_reader *json = reader->json;
	struct span object = json->span;
	const struct ast_expr *left = NULL;
	const struct str *names = NULL;
	uint32_t count = 0;
	int field;

	if (!json_read_expect(json, JSON_OBJECT, "the operation"))
		return NULL;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (field == LEFT)
			left = policy_json_read_expr(reader);
		else if (kind == AST_LIKE)
			names = read_pattern(reader, &count);
		else if (kind == AST_HAS || json_read_expect(json, JSON_STRING, "\"attr\""))
			names = read_path(reader, &count);
	}
	if (!json_fields_require(json, &fields, LEFT, object) ||
	    !json_fields_require(json, &fields, NAMES, object))
		return NULL;
	return policy_json_check(reader,
				 ast_new_named(json->arena, kind, policy_json_span(reader, start),
					       left, names, count));
}

/* {"left": expression, "entity_type": type, "in": expression}, the last one optional */
static const struct ast_expr *read_is(struct policy_json *reader, uint32_t start)
{
	enum { LEFT, TYPE, IN };
	static const struct str names[] = {{"left", 4}, {"entity_type", 11}, {"in", 2}};
	struct json_fields fields = {.names = names, .count = 3, .what = "\"is\""};
	struct json_reader *json = reader->json;
	struct ast_is *is = arena_calloc(json->arena, 1, sizeof(*is));
	struct span object = json->span;
	const struct ast_expr *left = NULL;
	int field;

	if (is == NULL)
		return policy_json_check(reader, NULL);
	if (!json_read_expect(json, JSON_OBJECT, "\"is\""))
		return NULL;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (field == LEFT) {
			left = policy_json_read_expr(reader);
		} else if (field == IN) {
			is->in = policy_json_read_expr(reader);
		} else {
			is->type_span = json->span;
			json_read_type(json, &is->type);
		}
	}
	if (!json_fields_require(json, &fields, LEFT, object) ||
	    !json_fields_require(json, &fields, TYPE, object))
		return NULL;
	return policy_json_check(
		reader, ast_new_is(json->arena, policy_json_span(reader, start), left, is));
}

static const struct ast_expr *read_record(struct policy_json *reader, uint32_t start)
{
	if (!json_read_expect(reader->json, JSON_OBJECT, "\"Record\""))
		return NULL;
	return policy_json_read_fields(reader, start, policy_json_read_expr);
}

static const struct ast_expr *read_set(struct policy_json *reader, uint32_t start)
{
	const struct ast_expr *const *items;
	uint32_t count = 0;

	items = read_exprs(reader, &count);
	return policy_json_new_set(reader, start, items, count);
}

/* Operators. */

static const struct str operand_names[] = {{"left", 4}, {"right", 5}};
static const struct str argument_names[] = {{"arg", 3}};

static const struct ast_expr *read_unary(struct policy_json *reader, enum ast_kind kind,
					 uint32_t start)
{
	const struct ast_expr *operand;

	if (!read_operands(reader, argument_names, 1, &operand))
		return NULL;
	return policy_json_check(reader, ast_new_unary(reader->json->arena, kind,
						       policy_json_span(reader, start), operand));
}

static const struct ast_expr *read_binary(struct policy_json *reader, enum ast_kind kind,
					  uint32_t start)
{
	const struct ast_expr *operands[2];

	if (!read_operands(reader, operand_names, 2, operands))
		return NULL;
	return policy_json_check(reader, ast_new_binary(reader->json->arena, kind,
							policy_json_span(reader, start),
							operands[0], operands[1]));
}

static const struct ast_expr *read_chain(struct policy_json *reader, enum ast_kind kind,
					 const char *signs, uint32_t start)
{
	struct arena *arena = reader->json->arena;
	const struct ast_expr **operands = arena_alloc(arena, 2 * sizeof(*operands));

	if (operands == NULL)
		return policy_json_check(reader, NULL);
	if (!read_operands(reader, operand_names, 2, operands))
		return NULL;
	return policy_json_check(reader, ast_new_chain(arena, kind, policy_json_span(reader, start),
						       operands, signs, 2));
}

/* Methods of the language are written like operators, functions with a list of arguments. */
static const struct ast_expr *read_call(struct policy_json *reader, enum ast_function function,
					uint32_t start)
{
	const struct ast_function_info *info = ast_function_info(function);
	const struct ast_expr **operands;
	const struct ast_expr *const *items;
	uint32_t count = info->argument_count;

	if (info->is_extension) {
		items = read_exprs(reader, &count);
		return policy_json_new_call(reader, start, function, items, count);
	}
	operands = arena_alloc(reader->json->arena, count * sizeof(*operands));
	if (operands == NULL)
		return policy_json_check(reader, NULL);
	if (!read_operands(reader, count == 1 ? argument_names : operand_names, count, operands))
		return NULL;
	return policy_json_new_call(reader, start, function, operands, count);
}

/* The keys of expressions, functions and methods aside. */
static const struct form {
	struct str key;
	enum ast_kind kind;
	const char *signs; /* of AST_SUM */
} forms[] = {
	{{"Var", 3}, AST_VAR, NULL},       {{"Set", 3}, AST_SET, NULL},
	{{"Record", 6}, AST_RECORD, NULL}, {{"!", 1}, AST_NOT, NULL},
	{{"neg", 3}, AST_NEG, NULL},       {{"&&", 2}, AST_AND, NULL},
	{{"||", 2}, AST_OR, NULL},         {{"*", 1}, AST_MUL, NULL},
	{{"+", 1}, AST_SUM, "++"},         {{"-", 1}, AST_SUM, "+-"},
	{{"==", 2}, AST_EQ, NULL},         {{"!=", 2}, AST_NE, NULL},
	{{"<", 1}, AST_LT, NULL},          {{"<=", 2}, AST_LE, NULL},
	{{">", 1}, AST_GT, NULL},          {{">=", 2}, AST_GE, NULL},
	{{"in", 2}, AST_IN, NULL},         {{".", 1}, AST_ATTR, NULL},
	{{"has", 3}, AST_HAS, NULL},       {{"like", 4}, AST_LIKE, NULL},
	{{"is", 2}, AST_IS, NULL},         {{"if-then-else", 12}, AST_IF, NULL},
};

static const struct ast_expr *read_form(struct policy_json *reader, const struct form *form,
					uint32_t start)
{
	switch (form->kind) {
	case AST_VAR: return read_var(reader, start);
	case AST_SET: return read_set(reader, start);
	case AST_RECORD: return read_record(reader, start);
	case AST_NOT:
	case AST_NEG: return read_unary(reader, form->kind, start);
	case AST_AND:
	case AST_OR:
	case AST_MUL:
	case AST_SUM: return read_chain(reader, form->kind, form->signs, start);
	case AST_EQ:
	case AST_NE:
	case AST_LT:
	case AST_LE:
	case AST_GT:
	case AST_GE:
	case AST_IN: return read_binary(reader, form->kind, start);
	case AST_ATTR:
	case AST_HAS:
	case AST_LIKE: return read_named(reader, form->kind, start);
	case AST_IS: return read_is(reader, start);
	case AST_IF: return read_if(reader, start);
	case AST_BOOL:
	case AST_LONG:
	case AST_STRING:
	case AST_UID:
	case AST_CALL: break;
	}
	return NULL;
}

/* The value under `key`, of which the first event has been read. */
static const struct ast_expr *read_member(struct policy_json *reader, struct str key,
					  struct span key_span, uint32_t start)
{
	enum ast_function function;

	if (str_equal(key, STR("Value")))
		return policy_json_read_value(reader);
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		if (str_equal(forms[i].key, key))
			return read_form(reader, &forms[i], start);
	}
	if (ast_function_find(key, &function))
		return read_call(reader, function, start);
	if (str_equal(key, STR("Slot")))
		json_read_fail(reader->json, key_span, "slots stand in the scope only");
	else
		json_read_fail(reader->json, key_span, "there is no expression \"%s\"",
			       diag_quote(key).text);
	return NULL;
}

const struct ast_expr *policy_json_read_expr(struct policy_json *reader)
{
	struct json_reader *json = reader->json;
	struct span object = json->span, key_span;
	const struct ast_expr *expr;
	struct str key;

	if (!json_read_expect(json, JSON_OBJECT, "an expression"))
		return NULL;
	if (!json_read_key(json)) {
		json_read_fail(json, object,
			       "an expression has one key, as in {\"Var\": \"principal\"}");
		return NULL;
	}
	key = json->text;
	key_span = json->span;
	json_read_next(json);
	expr = read_member(reader, key, key_span, object.start);
	if (expr != NULL && json_read_key(json))
		json_read_fail(json, json->span, "an expression has only one key");
	return json->failed == ERR_NONE ? expr : NULL;
}
