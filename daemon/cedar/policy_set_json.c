#include "cedar/policy_set_json.h"

#include <string.h>

#include "cedar/diag.h"
#include "cedar/json_escape.h"
#include "cedar/json_fields.h"
#include "cedar/json_keys.h"
#include "cedar/parser.h"
#include "cedar/policy_json.h"

struct reader {
	struct json_reader json;
	struct policy_json policies;
	struct json_keys keys;
	struct arena *texts;
	struct cedar_limits limits;
	struct policy_set set;
	struct ast_policy **tail;
	enum error worst; /* of policies in strings */
};

/* The name of a policy in a string, for messages: "FILE: policy ID". */
static struct str name_embedded(struct reader *reader, struct str id)
{
	struct str file = reader->json.source->name, middle = STR(": policy ");
	size_t length = file.length + middle.length + id.length;
	char *name = arena_alloc(reader->texts, length);

	if (name == NULL)
		return str_make(NULL, 0);
	if (file.length != 0)
		memcpy(name, file.ptr, file.length);
	memcpy(name + file.length, middle.ptr, middle.length);
	if (id.length != 0)
		memcpy(name + file.length + middle.length, id.ptr, id.length);
	return str_make(name, length);
}

static enum error parse_embedded(struct reader *reader, struct str id,
				 struct ast_policies *policies)
{
	struct json_reader *json = &reader->json;
	struct source *source = arena_alloc(json->arena, sizeof(*source));
	struct str name = name_embedded(reader, id);
	struct str text = arena_copy(reader->texts, json->text);
	enum error error;

	if (source == NULL || name.ptr == NULL || text.ptr == NULL)
		return ERR_NO_MEMORY;
	error = source_init(source, json->arena, name, text);
	if (error != ERR_NONE)
		return error;
	return parse_policies(json->arena, source, &reader->limits, json->diags, policies);
}

/* A policy in a string. NULL also when it was diagnosed without ending the reading of JSON. */
static struct ast_policy *read_embedded(struct reader *reader, struct str id)
{
	struct ast_policies policies;
	enum error error = parse_embedded(reader, id, &policies);

	if (error == ERR_NO_MEMORY) {
		json_read_abort(&reader->json, error);
		return NULL;
	}
	if (error != ERR_NONE) {
		if (reader->worst != ERR_SYNTAX)
			reader->worst = error;
		return NULL;
	}
	if (policies.count != 1) {
		json_read_fail(&reader->json, reader->json.span,
			       "the text must be one policy, but there are %u",
			       (unsigned)policies.count);
		return NULL;
	}
	return policies.first;
}

static struct ast_policy *read_object(struct reader *reader)
{
	struct ast_policy *policy = arena_alloc(reader->json.arena, sizeof(*policy));

	if (policy == NULL) {
		json_read_abort(&reader->json, ERR_NO_MEMORY);
		return NULL;
	}
	return policy_json_read(&reader->policies, policy) ? policy : NULL;
}

static void add_policy(struct reader *reader, struct ast_policy *policy, struct str id,
		       struct span id_span, bool is_template)
{
	struct json_reader *json = &reader->json;

	if (ast_is_template(policy) != is_template) {
		json_read_fail(json, id_span,
			       is_template ? "this has no slot; it belongs to \"staticPolicies\""
					   : "this has a slot; it belongs to \"templates\"");
		return;
	}
	if (reader->set.policies.count == reader->limits.policies) {
		json_read_fail_limit(json, id_span, "there are more than %u policies",
				     (unsigned)reader->limits.policies);
		return;
	}
	policy->id = id;
	*reader->tail = policy;
	reader->tail = &policy->next;
	reader->set.policies.count++;
}

/* {ID: policy, ..} */
static void read_policies(struct reader *reader, bool is_template)
{
	struct json_reader *json = &reader->json;
	size_t keys = json_keys_start(&reader->keys);

	if (!json_read_expect(json, JSON_OBJECT,
			      is_template ? "\"templates\"" : "\"staticPolicies\""))
		return;
	while (json_read_key(json)) {
		struct span span = json->span;
		struct str id = json->text;
		struct ast_policy *policy;

		json_keys_add(&reader->keys, json);
		json_read_next(json);
		policy = json->event == JSON_STRING ? read_embedded(reader, id)
						    : read_object(reader);
		if (policy != NULL)
			add_policy(reader, policy, id, span, is_template);
	}
	json_keys_end(&reader->keys, json, keys);
}

/* {"?principal": uid, "?resource": uid} */
static void read_values(struct json_reader *json, struct cedar_link *link)
{
	static const struct str slots[CEDAR_SLOTS] = {{"?principal", 10}, {"?resource", 9}};
	struct json_fields fields = {
		.names = slots, .count = CEDAR_SLOTS, .what = "the values of a link"};
	int slot;

	if (!json_read_expect(json, JSON_OBJECT, "the values of a link"))
		return;
	while ((slot = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		struct json_uid uid;

		if (json_read_uid(json, &uid))
			link->values[link->value_count++] =
				(struct cedar_slot_value){slots[slot], uid.type, uid.id};
	}
}

enum { LINK_TEMPLATE, LINK_ID, LINK_VALUES };
static const struct str link_fields[] = {{"templateId", 10}, {"newId", 5}, {"values", 6}};

static bool read_link(struct json_reader *json, struct policy_set_link *out)
{
	struct cedar_link *link = &out->link;
	struct json_fields fields = {
		.names = link_fields, .count = ARRAY_COUNT(link_fields), .what = "a link"};
	struct span object = json->span;
	int field;

	*out = (struct policy_set_link){.link = {.value_count = 0}};
	if (!json_read_expect(json, JSON_OBJECT, "a link"))
		return false;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (field == LINK_VALUES)
			read_values(json, link);
		else if (json_read_expect(json, JSON_STRING, "an id"))
			*(field == LINK_ID ? &link->new_id : &link->template_id) = json->text;
	}
	for (int i = 0; i < (int)ARRAY_COUNT(link_fields); i++) {
		if (!json_fields_require(json, &fields, i, object))
			return false;
	}
	out->span = span_make(object.start, json->span.end);
	return true;
}

static void read_links(struct reader *reader)
{
	struct json_reader *json = &reader->json;
	struct ast_lists *lists = &reader->policies.lists;
	size_t list = ast_list_start(lists);

	if (!json_read_expect(json, JSON_ARRAY, "\"templateLinks\""))
		return;
	while (json_read_element(json)) {
		struct policy_set_link link;

		if (read_link(json, &link))
			ast_list_push(lists, &link, sizeof(link));
	}
	reader->set.links = policy_json_end_list(
		&reader->policies, list, sizeof(*reader->set.links), &reader->set.link_count);
}

enum { SET_STATIC, SET_TEMPLATES, SET_LINKS };
static const struct str set_fields[] = {
	{"staticPolicies", 14}, {"templates", 9}, {"templateLinks", 13}};

static void read_set(struct reader *reader)
{
	struct json_reader *json = &reader->json;
	struct json_fields fields = {
		.names = set_fields, .count = ARRAY_COUNT(set_fields), .what = "a policy set"};
	int field;

	json_read_next(json);
	if (!json_read_expect(json, JSON_OBJECT, "a policy set"))
		return;
	while ((field = json_fields_next(json, &fields)) != JSON_NO_FIELD) {
		if (field == SET_LINKS)
			read_links(reader);
		else
			read_policies(reader, field == SET_TEMPLATES);
	}
}

enum error policy_set_json_read(struct arena *arena, struct arena *texts,
				const struct source *source, const struct cedar_limits *limits,
				struct cedar_diags *diags, struct policy_set *set)
{
	struct reader reader = {.texts = texts, .limits = parser_limits(limits)};
	enum error error;

	reader.tail = &reader.set.policies.first;
	json_read_init(&reader.json, arena, source, diags);
	policy_json_init(&reader.policies, &reader.json, reader.limits.expression_depth);
	json_keys_init(&reader.keys);
	read_set(&reader);
	error = json_read_finish(&reader.json);
	json_keys_deinit(&reader.keys);
	policy_json_deinit(&reader.policies);
	if (error == ERR_NONE)
		error = reader.worst;
	if (error == ERR_NONE)
		*set = reader.set;
	return error;
}

/* Writing. */

static void write_policies(struct json_writer *json, const struct policy_set *set, struct str key,
			   bool templates)
{
	json_write_key(json, key);
	json_write_object(json);
	for (const struct ast_policy *policy = set->policies.first; policy != NULL;
	     policy = policy->next) {
		if (ast_is_template(policy) != templates)
			continue;
		json_write_key(json, policy->id);
		policy_json_write(json, policy);
	}
	json_write_object_end(json);
}

static void write_member(struct json_writer *json, struct str key, struct str value)
{
	json_write_key(json, key);
	json_write_string(json, value);
}

static void write_link(struct json_writer *json, const struct cedar_link *link)
{
	json_write_object(json);
	write_member(json, link_fields[LINK_TEMPLATE], link->template_id);
	write_member(json, link_fields[LINK_ID], link->new_id);
	json_write_key(json, link_fields[LINK_VALUES]);
	json_write_object(json);
	for (size_t i = 0; i < link->value_count; i++) {
		json_write_key(json, link->values[i].slot);
		json_write_object(json);
		write_member(json, STR("type"), link->values[i].type);
		write_member(json, STR("id"), link->values[i].id);
		json_write_object_end(json);
	}
	json_write_object_end(json);
	json_write_object_end(json);
}

void policy_set_json_write(struct json_writer *json, const struct policy_set *set)
{
	json_write_object(json);
	write_policies(json, set, set_fields[SET_STATIC], false);
	write_policies(json, set, set_fields[SET_TEMPLATES], true);
	json_write_key(json, set_fields[SET_LINKS]);
	json_write_array(json);
	for (uint32_t i = 0; i < set->link_count; i++)
		write_link(json, &set->links[i].link);
	json_write_array_end(json);
	json_write_object_end(json);
}
