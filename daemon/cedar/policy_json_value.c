/* What stands under "Value": plain JSON, with the escapes of Cedar's data. */
#include "cedar/diag.h"
#include "cedar/json_escape.h"
#include "cedar/policy_json.h"

const struct ast_expr *policy_json_new_set(struct policy_json *reader, uint32_t start,
					   const struct ast_expr *const *items, uint32_t count)
{
	if (items == NULL)
		return NULL;
	return policy_json_check(reader,
				 ast_new_list(reader->json->arena, AST_SET,
					      policy_json_span(reader, start), items, count));
}

static const struct ast_expr *read_value_set(struct policy_json *reader, uint32_t start)
{
	size_t list = ast_list_start(&reader->lists);
	const struct ast_expr *const *items;
	uint32_t count = 0;

	while (json_read_element(reader->json)) {
		const struct ast_expr *item = policy_json_read_value(reader);

		if (item == NULL)
			return NULL;
		ast_list_push(&reader->lists, &item, sizeof(item));
	}
	items = policy_json_end_list(reader, list, sizeof(const struct ast_expr *), &count);
	return policy_json_new_set(reader, start, items, count);
}

const struct ast_expr *policy_json_read_fields(struct policy_json *reader, uint32_t start,
					       const struct ast_expr *(*read)(struct policy_json *))
{
	struct json_reader *json = reader->json;
	size_t list = ast_list_start(&reader->lists);
	const struct ast_field *fields;
	uint32_t count = 0, repeated;

	while (json_read_key(json)) {
		struct ast_field field = {.key = json->text, .key_span = json->span};

		json_read_next(json);
		field.value = read(reader);
		if (field.value == NULL)
			return NULL;
		ast_list_push(&reader->lists, &field, sizeof(field));
	}
	fields = policy_json_end_list(reader, list, sizeof(*fields), &count);
	if (fields == NULL)
		return NULL;
	if (ast_list_find_repeated(&reader->lists, fields, sizeof(*fields), count, &repeated) !=
	    ERR_NONE)
		return policy_json_check(reader, NULL);
	if (repeated < count) {
		json_read_fail(json, fields[repeated].key_span,
			       "this key stands in the record a second time");
		return NULL;
	}
	return policy_json_check(
		reader,
		ast_new_record(json->arena, policy_json_span(reader, start), fields, count));
}

static const struct ast_expr *read_entity(struct policy_json *reader, uint32_t start)
{
	struct json_reader *json = reader->json;
	struct ast_uid *uid = arena_alloc(json->arena, sizeof(*uid));
	struct json_uid names;
	struct ast_expr *expr;

	if (uid == NULL)
		return policy_json_check(reader, NULL);
	if (!json_read_uid(json, &names))
		return NULL;
	*uid = (struct ast_uid){names.type, names.id, policy_json_span(reader, start)};
	expr = policy_json_new(reader, AST_UID, start);
	if (expr != NULL)
		expr->uid = uid;
	return expr;
}

const struct ast_expr *policy_json_new_call(struct policy_json *reader, uint32_t start,
					    enum ast_function function,
					    const struct ast_expr *const *items, uint32_t count)
{
	const struct ast_function_info *info = ast_function_info(function);
	struct ast_expr *expr;

	if (items == NULL)
		return NULL;
	if (info->is_method && count == 0) {
		json_read_fail(reader->json, policy_json_span(reader, start),
			       "the method `%.*s` needs a receiver as its first argument",
			       STR_ARGS(info->name));
		return NULL;
	}
	expr = ast_new_list(reader->json->arena, AST_CALL, policy_json_span(reader, start), items,
			    count);
	if (expr != NULL)
		expr->function = function;
	return policy_json_check(reader, expr);
}

/* The call that was found ahead in the object; goes to the end of the object. */
static const struct ast_expr *read_value_call(struct policy_json *reader, uint32_t start,
					      const struct json_call *call)
{
	struct json_reader *json = reader->json, object = *json;
	size_t list = ast_list_start(&reader->lists);
	const struct ast_expr *const *items;
	enum ast_function function;
	uint32_t count = 0;

	if (!ast_function_find(call->function, &function) ||
	    !ast_function_info(function)->is_extension) {
		json_read_fail(json, json->span, "there is no extension function `%s`",
			       diag_quote(call->function).text);
		return NULL;
	}
	*json = call->arguments;
	json->diags = object.diags;
	while (!call->has_list || json_read_element(json)) {
		const struct ast_expr *argument = policy_json_read_value(reader);

		if (argument == NULL)
			return NULL;
		ast_list_push(&reader->lists, &argument, sizeof(argument));
		if (!call->has_list)
			break;
	}
	items = policy_json_end_list(reader, list, sizeof(const struct ast_expr *), &count);
	if (items == NULL)
		return NULL;
	*json = object;
	json_read_skip(json);
	return policy_json_new_call(reader, start, function, items, count);
}

static const struct ast_expr *read_value_object(struct policy_json *reader, uint32_t start)
{
	struct json_call call;

	switch (json_peek_escape(reader->json, &call)) {
	case JSON_ESCAPE_NONE:
		return policy_json_read_fields(reader, start, policy_json_read_value);
	case JSON_ESCAPE_ENTITY: return read_entity(reader, start);
	case JSON_ESCAPE_CALL: return read_value_call(reader, start, &call);
	case JSON_ESCAPE_EXPR: break;
	}
	json_read_fail(reader->json, reader->json->span, "the escape `__expr` is not supported");
	return NULL;
}

static const struct ast_expr *read_scalar(struct policy_json *reader, enum ast_kind kind,
					  uint32_t start)
{
	const struct json_reader *json = reader->json;
	struct ast_expr *expr = policy_json_new(reader, kind, start);

	if (expr == NULL)
		return NULL;
	if (kind == AST_BOOL)
		expr->boolean = json->boolean;
	else if (kind == AST_LONG)
		expr->integer = json->integer;
	else
		expr->text = json->text;
	return expr;
}

const struct ast_expr *policy_json_read_value(struct policy_json *reader)
{
	struct json_reader *json = reader->json;
	uint32_t start = json->span.start;

	switch (json->event) {
	case JSON_BOOL: return read_scalar(reader, AST_BOOL, start);
	case JSON_INTEGER: return read_scalar(reader, AST_LONG, start);
	case JSON_STRING: return read_scalar(reader, AST_STRING, start);
	case JSON_ARRAY: return read_value_set(reader, start);
	case JSON_OBJECT: return read_value_object(reader, start);
	case JSON_NULL: json_read_fail(json, json->span, "null is not a value of Cedar"); break;
	case JSON_NUMBER:
		json_read_fail(json, json->span,
			       "numbers must be integers from -9223372036854775808 to "
			       "9223372036854775807");
		break;
	case JSON_FAILED:
	case JSON_OBJECT_END:
	case JSON_ARRAY_END:
	case JSON_KEY:
	case JSON_END: break;
	}
	return NULL;
}
