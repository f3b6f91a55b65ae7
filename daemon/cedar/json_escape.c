#include "cedar/json_escape.h"

#include "cedar/ast.h"
#include "cedar/diag.h"

bool json_peek_member(const struct json_reader *object, struct str key, struct json_reader *value)
{
	*value = json_read_ahead(object);
	if (object->event != JSON_OBJECT)
		return false;
	while (json_read_key(value)) {
		if (str_equal(value->text, key))
			return json_read_next(value) != JSON_FAILED;
		json_read_skip(value);
	}
	return false;
}

static bool peek_string(const struct json_reader *object, struct str key, struct str *text)
{
	struct json_reader value;

	if (!json_peek_member(object, key, &value) || value.event != JSON_STRING)
		return false;
	*text = value.text;
	return true;
}

static bool peek_type_and_id(const struct json_reader *object, struct json_uid *uid)
{
	return peek_string(object, STR("type"), &uid->type) &&
	       peek_string(object, STR("id"), &uid->id);
}

bool json_peek_uid(const struct json_reader *object, struct json_uid *uid)
{
	struct json_reader inner;

	if (json_peek_member(object, STR("__entity"), &inner) && peek_type_and_id(&inner, uid))
		return true;
	return peek_type_and_id(object, uid);
}

bool json_peek_call(const struct json_reader *object, struct json_call *call)
{
	if (!peek_string(object, STR("fn"), &call->function))
		return false;
	call->has_list = false;
	if (json_peek_member(object, STR("arg"), &call->arguments))
		return true;
	call->has_list = true;
	return json_peek_member(object, STR("args"), &call->arguments) &&
	       call->arguments.event == JSON_ARRAY;
}

enum json_escape json_peek_escape(const struct json_reader *object, struct json_call *call)
{
	struct json_reader ahead = json_read_ahead(object);
	enum json_escape escape = JSON_ESCAPE_NONE;
	struct json_uid uid;
	struct str key;

	if (!json_read_key(&ahead) || !str_starts_with(ahead.text, STR("__")))
		return JSON_ESCAPE_NONE;
	key = ahead.text;
	json_read_next(&ahead);
	if (str_equal(key, STR("__entity")) && peek_type_and_id(&ahead, &uid))
		escape = JSON_ESCAPE_ENTITY;
	else if (str_equal(key, STR("__extn")) && json_peek_call(&ahead, call))
		escape = JSON_ESCAPE_CALL;
	else if (str_equal(key, STR("__expr")) && ahead.event == JSON_STRING)
		escape = JSON_ESCAPE_EXPR;
	if (escape == JSON_ESCAPE_NONE)
		return JSON_ESCAPE_NONE;
	json_read_skip(&ahead);
	return json_read_next(&ahead) == JSON_OBJECT_END ? escape : JSON_ESCAPE_NONE;
}

static bool check_type(struct json_reader *reader, struct str type, struct span span)
{
	if (reader->failed == ERR_NONE && !ast_is_path(type))
		json_read_fail(reader, span, "\"%s\" is not the name of an entity type",
			       diag_quote(type).text);
	return reader->failed == ERR_NONE;
}

bool json_read_uid(struct json_reader *reader, struct json_uid *uid)
{
	struct span span = reader->span;

	if (!json_peek_uid(reader, uid)) {
		/* What is no JSON is told so, where it stands. */
		json_read_skip(reader);
		if (reader->failed == ERR_NONE)
			json_read_fail(
				reader, span,
				"an entity is written as {\"type\": \"..\", \"id\": \"..\"}");
		return false;
	}
	json_read_skip(reader);
	return check_type(reader, uid->type, span);
}

bool json_read_type(struct json_reader *reader, struct str *type)
{
	if (!json_read_expect(reader, JSON_STRING, "the name of a type"))
		return false;
	*type = reader->text;
	return check_type(reader, *type, reader->span);
}
