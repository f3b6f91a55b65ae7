/* Names, annotations and types of schemas in JSON syntax. */
#include "cedar/diag.h"
#include "cedar/json_fields.h"
#include "cedar/schema_json.h"

void *schema_json_alloc(struct schema_reader *r, size_t size)
{
	void *memory = arena_calloc(r->arena, 1, size);

	if (memory == NULL)
		json_read_abort(&r->json, ERR_NO_MEMORY);
	return memory;
}

/* Moves what was pushed on the scratch since `start` to the arena. Not NULL when empty. */
void *schema_json_take(struct schema_reader *r, size_t start, size_t element_size, uint32_t *count)
{
	size_t length = r->scratch.length - start;
	void *list = r->scratch.failed == ERR_NONE ? schema_json_alloc(r, length) : NULL;

	if (list == NULL) {
		json_read_abort(&r->json, ERR_NO_MEMORY);
		return NULL;
	}
	if (length != 0)
		memcpy(list, r->scratch.data + start, length);
	r->scratch.length = start;
	*count = (uint32_t)(length / element_size);
	return list;
}

/* Names. */

/* A path whose components may be `__cedar`, as in "__cedar::Long". */
static bool is_type_name(struct str name)
{
	struct str builtins = STR("__cedar::");

	if (str_starts_with(name, builtins))
		name = str_make(name.ptr + builtins.length, name.length - builtins.length);
	return ast_is_path(name);
}

bool schema_json_string(struct schema_reader *r, const char *what, struct str *value)
{
	if (!json_read_expect(&r->json, JSON_STRING, what))
		return false;
	*value = r->json.text;
	return true;
}

bool schema_json_type_name(struct schema_reader *r, struct str *name)
{
	if (!schema_json_string(r, "the name of a type", name))
		return false;
	if (is_type_name(*name))
		return true;
	json_read_fail(&r->json, r->json.span, "\"%s\" is not the name of a type",
		       diag_quote(*name).text);
	return false;
}

/* The key of a declaration: the name it declares. */
bool schema_json_check_declared(struct schema_reader *r)
{
	if (ast_is_identifier(r->json.text) && !ast_is_reserved(r->json.text))
		return true;
	json_read_fail(&r->json, r->json.span, "\"%s\" cannot be the name of a type",
		       diag_quote(r->json.text).text);
	return false;
}

/* Annotations. */

static bool read_annotation(struct schema_reader *r)
{
	struct ast_annotation annotation = {
		.key = r->json.text, .key_span = r->json.span, .value = STR("")};

	if (!ast_is_identifier(annotation.key)) {
		json_read_fail(&r->json, r->json.span, "\"%s\" cannot be the name of an annotation",
			       diag_quote(annotation.key).text);
		return false;
	}
	if (json_read_next(&r->json) != JSON_NULL) {
		if (!schema_json_string(r, "an annotation", &annotation.value))
			return false;
		annotation.has_value = true;
		annotation.value_span = r->json.span;
	}
	buf_append(&r->scratch, &annotation, sizeof(annotation));
	return true;
}

/* { name: string | null } */
bool schema_json_annotations(struct schema_reader *r, struct schema_ast_annotations *annotations)
{
	size_t list = r->scratch.length, keys = json_keys_start(&r->keys);

	if (!json_read_expect(&r->json, JSON_OBJECT, "\"annotations\""))
		return false;
	while (json_read_key(&r->json)) {
		json_keys_add(&r->keys, &r->json);
		if (!read_annotation(r))
			return false;
	}
	if (!json_keys_end(&r->keys, &r->json, keys))
		return false;
	annotations->items =
		schema_json_take(r, list, sizeof(*annotations->items), &annotations->count);
	return annotations->items != NULL;
}

/* Types. */

/* The keys of a type's object. */
enum {
	TYPE_TYPE,
	TYPE_NAME,
	TYPE_ELEMENT,
	TYPE_ATTRIBUTES,
	TYPE_ADDITIONAL,
	TYPE_ANNOTATIONS,
	TYPE_REQUIRED
};

const struct schema_ast_type *schema_json_inner_type(struct schema_reader *r)
{
	struct schema_json_type object;

	return schema_json_read_type(r, SCHEMA_JSON_INSIDE, &object) ? object.type : NULL;
}

static struct schema_ast_attr *read_attr(struct schema_reader *r)
{
	struct schema_ast_attr *attr = schema_json_alloc(r, sizeof(*attr));
	struct schema_json_type object;

	if (attr == NULL)
		return NULL;
	attr->name = r->json.text;
	attr->span = r->json.span;
	json_read_next(&r->json);
	if (!schema_json_read_type(r, SCHEMA_JSON_ATTR, &object))
		return NULL;
	attr->type = object.type;
	attr->optional = object.optional;
	attr->annotations = object.annotations;
	return attr;
}

/* { name: type with "required" and "annotations" } */
static bool read_attrs(struct schema_reader *r, const struct schema_ast_attr **attrs)
{
	struct schema_ast_attr *first = NULL, **tail = &first;
	size_t keys = json_keys_start(&r->keys);

	if (!json_read_expect(&r->json, JSON_OBJECT, "\"attributes\""))
		return false;
	while (json_read_key(&r->json)) {
		json_keys_add(&r->keys, &r->json);
		*tail = read_attr(r);
		if (*tail == NULL)
			return false;
		tail = &(*tail)->next;
	}
	*attrs = first;
	return json_keys_end(&r->keys, &r->json, keys);
}

static bool read_bool(struct schema_reader *r, const char *what, bool *value)
{
	if (!json_read_expect(&r->json, JSON_BOOL, what))
		return false;
	*value = r->json.boolean;
	return true;
}

static bool read_additional(struct schema_reader *r)
{
	bool additional;

	if (!read_bool(r, "\"additionalAttributes\"", &additional))
		return false;
	if (additional)
		json_read_fail(&r->json, r->json.span,
			       "records that are open for more attributes are experimental and "
			       "not supported");
	return !additional;
}

static bool read_type_field(struct schema_reader *r, int field, struct schema_json_type *object)
{
	bool required;

	switch (field) {
	case TYPE_TYPE:
		object->word_span = r->json.span;
		return schema_json_type_name(r, &object->word);
	case TYPE_NAME: return schema_json_type_name(r, &object->type->name);
	case TYPE_ELEMENT:
		object->type->element = schema_json_inner_type(r);
		return object->type->element != NULL;
	case TYPE_ATTRIBUTES: return read_attrs(r, &object->type->attrs);
	case TYPE_ADDITIONAL: return read_additional(r);
	case TYPE_ANNOTATIONS: return schema_json_annotations(r, &object->annotations);
	default:
		if (!read_bool(r, "\"required\"", &required))
			return false;
		object->optional = !required;
		return true;
	}
}

/* The words of "type" with a form of their own, and which key each of them needs. */
static const struct {
	struct str word;
	enum schema_form form;
	int needs; /* or JSON_NO_FIELD */
} type_words[] = {
	{{"Boolean", 7}, SCHEMA_BOOL, JSON_NO_FIELD},
	{{"Long", 4}, SCHEMA_LONG, JSON_NO_FIELD},
	{{"String", 6}, SCHEMA_STRING, JSON_NO_FIELD},
	{{"Set", 3}, SCHEMA_SET, TYPE_ELEMENT},
	{{"Record", 6}, SCHEMA_RECORD, TYPE_ATTRIBUTES},
	{{"Entity", 6}, SCHEMA_ENTITY_NAME, TYPE_NAME},
	{{"Extension", 9}, SCHEMA_EXTENSION, TYPE_NAME},
	{{"EntityOrCommon", 14}, SCHEMA_NAME, TYPE_NAME},
};

/* Sets the form by the word; returns the key that must go with it. */
static int set_form(struct schema_json_type *object)
{
	for (size_t i = 0; i < ARRAY_COUNT(type_words); i++) {
		if (str_equal(object->word, type_words[i].word)) {
			object->type->form = type_words[i].form;
			return type_words[i].needs;
		}
	}
	object->type->form = SCHEMA_COMMON_NAME;
	object->type->name = object->word;
	return JSON_NO_FIELD;
}

/* Keys and word must fit together. */
static bool finish_type_object(struct schema_reader *r, struct schema_json_type *object)
{
	int needs;

	if (!json_fields_require(&r->json, &object->fields, TYPE_TYPE, object->span))
		return false;
	needs = set_form(object);
	if (needs != JSON_NO_FIELD &&
	    !json_fields_require(&r->json, &object->fields, needs, object->word_span))
		return false;
	for (int field = TYPE_NAME; field <= TYPE_ADDITIONAL; field++) {
		bool fits =
			field == needs || (field == TYPE_ADDITIONAL && needs == TYPE_ATTRIBUTES);

		if (json_fields_seen(&object->fields, field) && !fits) {
			json_read_fail(&r->json, object->word_span, "a type \"%s\" has no \"%.*s\"",
				       diag_quote(object->word).text,
				       STR_ARGS(object->fields.names[field]));
			return false;
		}
	}
	object->type->span = object->word_span;
	return true;
}

bool schema_json_read_type(struct schema_reader *r, enum schema_json_place place,
			   struct schema_json_type *object)
{
	static const struct str names[] = {
		{"type", 4},
		{"name", 4},
		{"element", 7},
		{"attributes", 10},
		{"additionalAttributes", 20},
		{"annotations", 11},
		{"required", 8},
	};
	int field;

	*object = (struct schema_json_type){.fields = {names, (uint32_t)place, false, 0, "a type"},
					    .span = r->json.span,
					    .type = schema_json_alloc(r, sizeof(*object->type))};
	if (object->type == NULL || !json_read_expect(&r->json, JSON_OBJECT, "a type"))
		return false;
	while ((field = json_fields_next(&r->json, &object->fields)) != JSON_NO_FIELD) {
		if (!read_type_field(r, field, object))
			return false;
	}
	return finish_type_object(r, object);
}

/* [ name of an entity type ] */
bool schema_json_refs(struct schema_reader *r, const char *what, const struct schema_ast_ref **refs)
{
	struct schema_ast_ref *first = NULL, **tail = &first;

	if (!json_read_expect(&r->json, JSON_ARRAY, what))
		return false;
	while (json_read_element(&r->json)) {
		struct schema_ast_ref *ref = schema_json_alloc(r, sizeof(*ref));

		if (ref == NULL || !schema_json_type_name(r, &ref->name))
			return false;
		ref->span = r->json.span;
		*tail = ref;
		tail = &ref->next;
	}
	*refs = first;
	return r->json.failed == ERR_NONE;
}
