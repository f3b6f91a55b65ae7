#include "ctl/cedar_links.h"

#include "authz/links.h"
#include "cedar/json_escape.h"
#include "cedar/json_fields.h"
#include "cedar/json_read.h"
#include "ctl/cedar_uid.h"

enum { LINK_TEMPLATE_ID, LINK_ID, LINK_ARGS, LINK_FIELD_COUNT };

/* True for a list that begins as links.json of the daemon does. */
static bool is_ours(const struct json_reader *array)
{
	struct json_reader ahead = json_read_ahead(array), ignored;

	return json_read_element(&ahead) && json_peek_member(&ahead, STR("templateId"), &ignored);
}

/* {"?principal": uid, "?resource": uid}, either of them or both. */
static void read_args(struct json_reader *reader, struct cedar_link *link)
{
	static const struct str slots[CEDAR_SLOTS] = {{"?principal", 10}, {"?resource", 9}};
	struct json_fields fields = {.names = slots, .count = CEDAR_SLOTS, .what = "args"};
	struct ast_uid uid;
	int slot;

	if (!json_read_expect(reader, JSON_OBJECT, "args"))
		return;
	while ((slot = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (cedar_uid_read_json(reader, "the value of a slot", &uid))
			link->values[link->value_count++] =
				(struct cedar_slot_value){slots[slot], uid.type, uid.id};
	}
}

static void read_link(struct json_reader *reader, struct cedar_link *link)
{
	static const struct str names[] = {{"template_id", 11}, {"link_id", 7}, {"args", 4}};
	struct json_fields fields = {.names = names, .count = LINK_FIELD_COUNT, .what = "a link"};
	struct span object = reader->span;
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "a link"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field == LINK_ARGS)
			read_args(reader, link);
		else if (json_read_expect(reader, JSON_STRING, "an id"))
			*(field == LINK_ID ? &link->new_id : &link->template_id) = reader->text;
	}
	for (int i = 0; i < LINK_FIELD_COUNT; i++)
		json_fields_require(reader, &fields, i, object);
}

enum error cedar_links_add(struct cedar_engine *engine, struct arena *arena,
			   const struct source *source, struct cedar_diags *diags)
{
	struct json_reader reader;
	enum error error = ERR_NONE;

	json_read_init(&reader, arena, source, diags);
	json_read_next(&reader);
	if (!json_read_expect(&reader, JSON_ARRAY, "the list of links"))
		return json_read_finish(&reader);
	if (is_ours(&reader))
		return links_add(engine, arena, source->name, source->text, diags);
	while (json_read_element(&reader)) {
		struct cedar_link link = {.value_count = 0};

		read_link(&reader, &link);
		if (reader.failed == ERR_NONE)
			error = cedar_engine_link(engine, &link, diags);
		if (error != ERR_NONE)
			json_read_abort(&reader, error);
	}
	return json_read_finish(&reader);
}
