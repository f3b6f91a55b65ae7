#include "authz/links.h"

#include "authz/obligations.h"
#include "cedar/diag.h"
#include "cedar/json_fields.h"
#include "cedar/json_read.h"
#include "cedar/source.h"

enum { LINK_TEMPLATE_ID, LINK_NEW_ID, LINK_VALUES, LINK_FIELD_COUNT };
enum { UID_TYPE, UID_ID, UID_FIELD_COUNT };

static struct str read_text(struct json_reader *reader, const char *what)
{
	return json_read_expect(reader, JSON_STRING, what) ? reader->text : str_make(NULL, 0);
}

/* {"type": .., "id": ..} */
static void read_uid(struct json_reader *reader, struct cedar_slot_value *value)
{
	static const struct str names[] = {{"type", 4}, {"id", 2}};
	struct json_fields fields = {
		.names = names, .count = UID_FIELD_COUNT, .what = "the value of a slot"};
	struct span object = reader->span;
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "the value of a slot"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field == UID_TYPE)
			value->type = read_text(reader, "a type");
		else
			value->id = read_text(reader, "an id");
	}
	for (int i = 0; i < UID_FIELD_COUNT; i++)
		json_fields_require(reader, &fields, i, object);
}

/* {"?principal": .., "?resource": ..}, either of them or both. */
static void read_values(struct json_reader *reader, struct cedar_link *link)
{
	static const struct str slots[CEDAR_SLOTS] = {{"?principal", 10}, {"?resource", 9}};
	struct json_fields fields = {.names = slots, .count = CEDAR_SLOTS, .what = "the values"};
	int slot;

	if (!json_read_expect(reader, JSON_OBJECT, "the values of a link"))
		return;
	while ((slot = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		struct cedar_slot_value *value = &link->values[link->value_count++];
		value->slot = slots[slot];
		read_uid(reader, value);
	}
}

static void read_link(struct json_reader *reader, struct cedar_link *link)
{
	static const struct str names[] = {{"templateId", 10}, {"newId", 5}, {"values", 6}};
	struct json_fields fields = {.names = names, .count = LINK_FIELD_COUNT, .what = "a link"};
	struct span object = reader->span;
	int field;

	if (!json_read_expect(reader, JSON_OBJECT, "a link"))
		return;
	while ((field = json_fields_next(reader, &fields)) != JSON_NO_FIELD) {
		if (field == LINK_TEMPLATE_ID)
			link->template_id = read_text(reader, "templateId");
		else if (field == LINK_NEW_ID)
			link->new_id = read_text(reader, "newId");
		else
			read_values(reader, link);
	}
	for (int i = 0; i < LINK_FIELD_COUNT; i++)
		json_fields_require(reader, &fields, i, object);
	if (reader->failed == ERR_NONE && !obligations_id_valid(link->new_id))
		json_read_fail(reader, object,
			       "newId must be a text of 1 to 256 bytes without line breaks");
}

enum error links_each(struct arena *arena, struct str file, struct str text,
		      struct cedar_diags *diags,
		      enum error (*on_link)(void *arg, const struct cedar_link *link), void *arg)
{
	struct json_reader reader;
	struct source source;
	enum error error = source_init(&source, arena, file, text);

	if (error != ERR_NONE)
		return error;
	json_read_init(&reader, arena, &source, diags);
	json_read_next(&reader);
	if (!json_read_expect(&reader, JSON_ARRAY, "the list of links"))
		return json_read_finish(&reader);
	while (json_read_element(&reader)) {
		struct cedar_link link = {.value_count = 0};
		read_link(&reader, &link);
		if (reader.failed == ERR_NONE)
			error = on_link(arg, &link);
		if (error != ERR_NONE)
			json_read_abort(&reader, error);
	}
	return json_read_finish(&reader);
}

struct adding {
	struct cedar_engine *engine;
	struct cedar_diags *diags;
};

static enum error add_link(void *arg, const struct cedar_link *link)
{
	const struct adding *adding = arg;

	return cedar_engine_link(adding->engine, link, adding->diags);
}

enum error links_add(struct cedar_engine *engine, struct arena *arena, struct str file,
		     struct str text, struct cedar_diags *diags)
{
	struct adding adding = {engine, diags};

	return links_each(arena, file, text, diags, add_link, &adding);
}
