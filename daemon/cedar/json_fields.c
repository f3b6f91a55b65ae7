#include "cedar/json_fields.h"

#include "cedar/diag.h"

static int find_field(const struct json_fields *fields, struct str name)
{
	for (uint32_t i = 0; i < fields->count; i++) {
		if (str_equal(fields->names[i], name))
			return (int)i;
	}
	return JSON_NO_FIELD;
}

static void fail_unknown(struct json_reader *reader, const struct json_fields *fields)
{
	struct str near = diag_nearest(reader->text, fields->names, fields->count);

	if (near.length != 0)
		json_read_fail(reader, reader->span, "%s has no \"%s\"; did you mean \"%.*s\"?",
			       fields->what, diag_quote(reader->text).text, STR_ARGS(near));
	else
		json_read_fail(reader, reader->span, "%s has no \"%s\"", fields->what,
			       diag_quote(reader->text).text);
}

int json_fields_next(struct json_reader *reader, struct json_fields *fields)
{
	while (json_read_key(reader)) {
		int index = find_field(fields, reader->text);

		if (index == JSON_NO_FIELD && fields->ignore_unknown) {
			json_read_skip(reader);
			continue;
		}
		if (index == JSON_NO_FIELD) {
			fail_unknown(reader, fields);
			return JSON_NO_FIELD;
		}
		if (json_fields_seen(fields, index)) {
			json_read_fail(reader, reader->span, "the key \"%.*s\" stands here twice",
				       STR_ARGS(fields->names[index]));
			return JSON_NO_FIELD;
		}
		fields->seen |= UINT32_C(1) << index;
		return json_read_next(reader) != JSON_FAILED ? index : JSON_NO_FIELD;
	}
	return JSON_NO_FIELD;
}

bool json_fields_require(struct json_reader *reader, const struct json_fields *fields, int index,
			 struct span object)
{
	if (reader->failed != ERR_NONE)
		return false;
	if (json_fields_seen(fields, index))
		return true;
	json_read_fail(reader, object, "%s must have \"%.*s\"", fields->what,
		       STR_ARGS(fields->names[index]));
	return false;
}
