#include "authz/static_entities.h"

#include <stdbool.h>

#include "cedar/json_read.h"
#include "cedar/source.h"

/* The value of "type". Whatever is no string is add_entities' to refuse. */
static void check_type(struct json_reader *reader)
{
	if (reader->event != JSON_STRING)
		json_read_skip(reader);
	else if (str_equal(reader->text, STR("WinRM::User")) ||
		 str_equal(reader->text, STR("WinRM::Resource")))
		json_read_fail(reader, reader->span,
			       "entities of this type come with each request; only groups, roles "
			       "and applications can stand here");
}

/* {"type": .., "id": ..} */
static void check_names(struct json_reader *reader)
{
	if (reader->event != JSON_OBJECT) {
		json_read_skip(reader);
		return;
	}
	while (json_read_key(reader)) {
		bool is_type = str_equal(reader->text, STR("type"));
		json_read_next(reader);
		if (is_type)
			check_type(reader);
		else
			json_read_skip(reader);
	}
}

/* {"type": .., "id": ..}, or {"__entity": {..}} */
static void check_uid(struct json_reader *reader)
{
	if (reader->event != JSON_OBJECT) {
		json_read_skip(reader);
		return;
	}
	while (json_read_key(reader)) {
		bool is_type = str_equal(reader->text, STR("type"));
		bool is_entity = str_equal(reader->text, STR("__entity"));
		json_read_next(reader);
		if (is_entity)
			check_names(reader);
		else if (is_type)
			check_type(reader);
		else
			json_read_skip(reader);
	}
}

static void check_entity(struct json_reader *reader)
{
	if (reader->event != JSON_OBJECT) {
		json_read_skip(reader);
		return;
	}
	while (json_read_key(reader)) {
		bool is_uid = str_equal(reader->text, STR("uid"));
		json_read_next(reader);
		if (is_uid)
			check_uid(reader);
		else
			json_read_skip(reader);
	}
}

/* Whether the types may stand here. What is wrong otherwise is for the engine to say, unless it
 * keeps the text from being read at all. */
static enum error check_types(struct arena *arena, struct str file, struct str text,
			      struct cedar_diags *diags)
{
	struct json_reader reader;
	struct source source;
	enum error error = source_init(&source, arena, file, text);

	if (error != ERR_NONE)
		return error;
	json_read_init(&reader, arena, &source, diags);
	if (json_read_next(&reader) == JSON_ARRAY) {
		while (json_read_element(&reader))
			check_entity(&reader);
	}
	return json_read_finish(&reader);
}

enum error static_entities_add(struct cedar_engine *engine, const struct cedar_schema *schema,
			       struct arena *arena, struct str file, struct str text,
			       struct cedar_diags *diags)
{
	enum error error = check_types(arena, file, text, diags);

	if (error != ERR_NONE)
		return error;
	return cedar_engine_add_entities(engine, schema, file, text, diags);
}
