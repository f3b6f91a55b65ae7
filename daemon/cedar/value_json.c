#include "cedar/value_json.h"

#include "cedar/diag.h"
#include "cedar/engine.h"
#include "cedar/ext.h"
#include "cedar/ext_types.h"

void value_json_init(struct value_json *v, struct arena *arena, const struct source *source,
		     struct cedar_diags *diags, struct value_builder *builder,
		     const struct cedar_resolver *resolver, const struct cedar_schema *schema)
{
	*v = (struct value_json){.builder = builder,
				 .resolver = resolver,
				 .check = {.schema = schema, .symbols = builder->symbols}};
	json_read_init(&v->json, arena, source, diags);
	json_keys_init(&v->keys);
	buf_init(&v->stack, SIZE_MAX);
}

void value_json_deinit(struct value_json *v)
{
	buf_deinit(&v->stack);
	json_keys_deinit(&v->keys);
}

/* Any value; called with its first event. `type` may be NULL. */
static bool read_value(struct value_json *v, const struct type *type, struct cedar_value *out);

/* True when neither reading nor building has failed; a failure of the latter ends reading. */
static bool is_well(struct value_json *v)
{
	if (v->stack.failed != ERR_NONE)
		json_read_abort(&v->json, v->stack.failed);
	if (v->builder->failed != ERR_NONE)
		json_read_abort(&v->json, v->builder->failed);
	return v->json.failed == ERR_NONE;
}

/* Uids. */

bool value_json_make_uid(struct value_json *v, const struct json_uid *names, struct span span,
			 cedar_uid *out)
{
	struct str id = names->id;

	if (!engine_resolve(v->resolver, names->type, &id)) {
		json_read_fail(&v->json, span, "the name %s::\"%s\" is not known",
			       diag_quote(names->type).text, diag_quote(names->id).text);
		return false;
	}
	*out = value_build_uid(v->builder, names->type, id);
	return is_well(v);
}

static bool read_entity(struct value_json *v, struct cedar_value *out)
{
	struct span span = v->json.span;
	struct json_uid names;
	cedar_uid uid;

	if (!json_read_uid(&v->json, &names) || !value_json_make_uid(v, &names, span, &uid))
		return false;
	*out = value_build_entity(v->builder, uid);
	return is_well(v);
}

/* Extension values. */

static bool push(struct value_json *v, const void *element, size_t size)
{
	buf_append(&v->stack, element, size);
	return is_well(v);
}

/* Reads the arguments onto the stack; `signature` is NULL when plain spellings mean nothing. */
static bool read_arguments(struct value_json *v, bool is_list,
			   const struct ext_signature *signature, size_t *count)
{
	*count = 0;
	while (!is_list || json_read_element(&v->json)) {
		const struct type *type = NULL;
		struct cedar_value value;

		if (signature != NULL && *count < EXT_ARGUMENTS_MAX)
			type = type_simple((enum type_kind)signature->arguments[*count]);
		if (type != NULL && type->kind == TYPE_NEVER)
			type = NULL;
		if (!read_value(v, type, &value) || !push(v, &value, sizeof(value)))
			return false;
		++*count;
		if (!is_list)
			break;
	}
	return v->json.failed == ERR_NONE;
}

static bool fail_call(struct value_json *v, enum cedar_eval_error error,
		      const struct ast_function_info *info, struct span span)
{
	switch (error) {
	case CEDAR_EVAL_NONE: return true;
	case CEDAR_EVAL_MEMORY: json_read_abort(&v->json, v->builder->arena->refusal); break;
	case CEDAR_EVAL_ARITY:
		json_read_fail(&v->json, span, "`%.*s` takes %u %s", STR_ARGS(info->name),
			       (unsigned)info->argument_count,
			       info->argument_count == 1 ? "argument" : "arguments");
		break;
	case CEDAR_EVAL_TYPE:
		json_read_fail(&v->json, span, "`%.*s` does not take a value of this type",
			       STR_ARGS(info->name));
		break;
	default:
		json_read_fail(&v->json, span, "`%.*s` does not accept this value",
			       STR_ARGS(info->name));
	}
	return false;
}

/* Calls the function with the `count` values on top of the stack, which it removes. */
static bool call_function(struct value_json *v, enum ast_function function, size_t count,
			  struct span span, struct cedar_value *out)
{
	size_t start = v->stack.length - count * sizeof(struct cedar_value);
	const struct cedar_value *arguments = (const void *)(v->stack.data + start);
	enum cedar_eval_error error = ext_call(function, arguments, count, v->builder->arena, out);

	v->stack.length = start;
	return fail_call(v, error, ast_function_info(function), span);
}

/* The call that was found in the object the reader is at; goes to the end of the object. */
static bool read_call(struct value_json *v, const struct json_call *call, bool typed,
		      struct cedar_value *out)
{
	struct json_reader object = v->json;
	enum ast_function function;
	size_t count;

	if (!ast_function_find(call->function, &function) ||
	    !ast_function_info(function)->is_extension) {
		json_read_fail(&v->json, object.span, "there is no extension function `%s`",
			       diag_quote(call->function).text);
		return false;
	}
	v->json = call->arguments;
	v->json.diags = object.diags;
	if (!read_arguments(v, call->has_list, typed ? ext_signature(function) : NULL, &count))
		return false;
	v->json = object;
	json_read_skip(&v->json);
	return v->json.failed == ERR_NONE && call_function(v, function, count, object.span, out);
}

/* A value of an extension type: a call, with or without its escape, or the argument of the
 * constructor alone. */
static bool read_extension(struct value_json *v, const struct type *type, struct cedar_value *out)
{
	struct span span = v->json.span;
	struct json_reader inner;
	struct json_call call;

	if (json_peek_member(&v->json, STR("__extn"), &inner) && json_peek_call(&inner, &call))
		return read_call(v, &call, true, out);
	if (json_peek_member(&v->json, STR("fn"), &inner) && json_peek_call(&v->json, &call))
		return read_call(v, &call, true, out);
	if (!read_value(v, NULL, out) || !push(v, out, sizeof(*out)))
		return false;
	return call_function(v, ext_constructor(type->kind), 1, span, out);
}

/* Sets and records. */

static bool read_set(struct value_json *v, const struct type *element, struct cedar_value *out)
{
	size_t start = v->stack.length;

	while (json_read_element(&v->json)) {
		struct cedar_value value;

		if (!read_value(v, element, &value) || !push(v, &value, sizeof(value)))
			return false;
	}
	if (!is_well(v))
		return false;
	*out = value_build_set(v->builder, (const void *)(v->stack.data + start),
			       (v->stack.length - start) / sizeof(struct cedar_value));
	v->stack.length = start;
	return is_well(v);
}

/* Makes a record of the attributes on the stack since `start`, and removes them. */
static bool take_record(struct value_json *v, size_t start, struct cedar_value *out)
{
	if (!is_well(v))
		return false;
	*out = value_build_record(v->builder, (const void *)(v->stack.data + start),
				  (v->stack.length - start) / sizeof(struct cedar_attr));
	v->stack.length = start;
	return is_well(v);
}

bool value_json_read_map(struct value_json *v, const struct type *type, struct cedar_value *out)
{
	size_t start = v->stack.length, keys = json_keys_start(&v->keys);

	while (json_read_key(&v->json)) {
		struct cedar_attr attr = {.key = v->json.text};

		json_keys_add(&v->keys, &v->json);
		json_read_next(&v->json);
		if (!read_value(v, type, &attr.value) || !push(v, &attr, sizeof(attr)))
			return false;
	}
	return json_keys_end(&v->keys, &v->json, keys) && take_record(v, start, out);
}

static bool read_typed_record(struct value_json *v, const struct type *type,
			      struct cedar_value *out)
{
	size_t start = v->stack.length, keys = json_keys_start(&v->keys);
	struct span span = v->json.span;

	while (json_read_key(&v->json)) {
		struct cedar_attr attr = {.key = v->json.text};
		const struct type_attr *declared = type_find_attr(type, attr.key);

		json_keys_add(&v->keys, &v->json);
		if (declared == NULL) {
			json_read_fail(&v->json, v->json.span, "attribute `%s` is not declared",
				       diag_quote(attr.key).text);
			return false;
		}
		json_read_next(&v->json);
		if (!read_value(v, declared->type, &attr.value) || !push(v, &attr, sizeof(attr)))
			return false;
	}
	if (!json_keys_end(&v->keys, &v->json, keys) || !take_record(v, start, out))
		return false;
	if (conformance_required(&v->check, value_record(*out), type))
		return true;
	json_read_fail(&v->json, span, "%s", v->check.text);
	return false;
}

bool value_json_read_record(struct value_json *v, const struct type *type, struct cedar_value *out)
{
	return type != NULL ? read_typed_record(v, type, out) : value_json_read_map(v, NULL, out);
}

/* Values. */

static bool read_object(struct value_json *v, struct cedar_value *out)
{
	struct json_call call;

	switch (json_peek_escape(&v->json, &call)) {
	case JSON_ESCAPE_NONE: return value_json_read_map(v, NULL, out);
	case JSON_ESCAPE_ENTITY: return read_entity(v, out);
	case JSON_ESCAPE_CALL: return read_call(v, &call, false, out);
	case JSON_ESCAPE_EXPR: break;
	}
	json_read_fail(&v->json, v->json.span, "the escape `__expr` is not supported");
	return false;
}

static bool read_untyped(struct value_json *v, struct cedar_value *out)
{
	switch (v->json.event) {
	case JSON_BOOL: *out = cedar_bool(v->json.boolean); return true;
	case JSON_INTEGER: *out = cedar_long(v->json.integer); return true;
	case JSON_STRING: *out = value_build_string(v->builder, v->json.text); return is_well(v);
	case JSON_ARRAY: return read_set(v, NULL, out);
	case JSON_OBJECT: return read_object(v, out);
	case JSON_NULL:
		json_read_fail(&v->json, v->json.span, "null is not a value of Cedar");
		return false;
	case JSON_NUMBER:
		json_read_fail(&v->json, v->json.span,
			       "numbers must be integers from -9223372036854775808 to "
			       "9223372036854775807");
		return false;
	default: return false;
	}
}

/* Reads by what the type makes of the spelling. */
static bool read_typed(struct value_json *v, const struct type *type, struct cedar_value *out)
{
	switch (type->kind) {
	case TYPE_ENTITY: return read_entity(v, out);
	case TYPE_DECIMAL:
	case TYPE_IPADDR:
	case TYPE_DATETIME:
	case TYPE_DURATION: return read_extension(v, type, out);
	default: return read_untyped(v, out);
	}
}

static bool read_value(struct value_json *v, const struct type *type, struct cedar_value *out)
{
	struct span span = v->json.span;

	if (type == NULL)
		return read_untyped(v, out);
	if (type->kind == TYPE_SET && v->json.event == JSON_ARRAY)
		return read_set(v, type->element, out);
	if (type->kind == TYPE_RECORD && v->json.event == JSON_OBJECT)
		return read_typed_record(v, type, out);
	if (!read_typed(v, type, out))
		return false;
	if (conformance_value(&v->check, *out, type))
		return true;
	json_read_fail(&v->json, span, "%s", v->check.text);
	return false;
}
