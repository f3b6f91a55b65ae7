#include "cedar/conformance.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/attributes.h"
#include "cedar/diag.h"
#include "cedar/value.h"

bool conformance_refuse(struct conformance *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(check->text, sizeof(check->text), format, args);
	va_end(args);
	return false;
}

/* Types in words. */

static const char *simple_name(enum type_kind kind)
{
	switch (kind) {
	case TYPE_NEVER: return "nothing";
	case TYPE_TRUE: return "true";
	case TYPE_FALSE: return "false";
	case TYPE_BOOL: return "a Bool";
	case TYPE_LONG: return "a Long";
	case TYPE_STRING: return "a String";
	case TYPE_SET: return "a set";
	case TYPE_RECORD: return "a record";
	case TYPE_ENTITY:
	case TYPE_ANY_ENTITY: return "an entity";
	case TYPE_DECIMAL: return "a decimal";
	case TYPE_IPADDR: return "an ipaddr";
	case TYPE_DATETIME: return "a datetime";
	case TYPE_DURATION: return "a duration";
	}
	return "nothing";
}

/* "a Long", "a set", "an entity of type U or V": what a value of the type is. */
static void describe(const struct cedar_schema *schema, const struct type *type, char *text,
		     size_t size)
{
	const struct schema_entity *first;

	if (type->kind != TYPE_ENTITY || type->count == 0) {
		snprintf(text, size, "%s", simple_name(type->kind));
		return;
	}
	first = &schema->entities[type->entities[0]];
	snprintf(text, size, "an entity of type `%s`%s", diag_quote(first->name).text,
		 type->count > 1 ? " or another of its kind" : "");
}

/* Uids. */

bool conformance_uid(struct conformance *check, struct str type, struct str id)
{
	uint32_t number = schema_find_entity(check->schema, type);
	const struct schema_entity *entity;

	if (number == SCHEMA_NONE)
		return conformance_refuse(check, "the entity type `%s` is not declared",
					  diag_quote(type).text);
	entity = &check->schema->entities[number];
	if (schema_is_action_type(entity) &&
	    schema_find_action(check->schema, type, id) == SCHEMA_NONE)
		return conformance_refuse(check, "the action %s::\"%s\" is not declared",
					  diag_quote(type).text, diag_quote(id).text);
	if (!schema_has_id(entity, id))
		return conformance_refuse(check,
					  "\"%s\" is not one of the ids of the entity type `%s`",
					  diag_quote(id).text, diag_quote(type).text);
	return true;
}

static bool check_entity(struct conformance *check, cedar_uid uid, const struct type *type)
{
	const struct uid_entry *entry = symbols_uid(check->symbols, uid);
	struct str name = symbols_name(check->symbols, entry->type);
	const struct schema_types allowed = {type->entities, type->count};
	char wanted[DIAG_QUOTE_MAX * 2];

	if (!schema_types_have(allowed, schema_find_entity(check->schema, name))) {
		describe(check->schema, type, wanted, sizeof(wanted));
		return conformance_refuse(check, "the value must be %s, not of type `%s`", wanted,
					  diag_quote(name).text);
	}
	return conformance_uid(check, name, entry->id);
}

/* Values. */

static bool has_kind(struct cedar_value value, enum type_kind kind)
{
	switch (value_tag(value)) {
	case VALUE_BOOL: return kind == TYPE_BOOL;
	case VALUE_LONG: return kind == TYPE_LONG;
	case VALUE_STRING: return kind == TYPE_STRING;
	case VALUE_ENTITY: return kind == TYPE_ENTITY;
	case VALUE_SET: return kind == TYPE_SET;
	case VALUE_RECORD: return kind == TYPE_RECORD;
	case VALUE_DECIMAL: return kind == TYPE_DECIMAL;
	case VALUE_DATETIME: return kind == TYPE_DATETIME;
	case VALUE_DURATION: return kind == TYPE_DURATION;
	case VALUE_IPV4:
	case VALUE_IPV6: return kind == TYPE_IPADDR;
	case VALUE_INVALID: break;
	}
	return false;
}

/* Puts the name of an attribute before what is wrong in it. */
static bool refuse_attr(struct conformance *check, struct str name)
{
	char inner[CONFORMANCE_TEXT_BYTES];

	memcpy(inner, check->text, sizeof(inner));
	return conformance_refuse(check, "attribute `%s`: %s", diag_quote(name).text, inner);
}

static bool check_set(struct conformance *check, const struct value_set *set,
		      const struct type *element)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (!conformance_value(check, set->elements[i], element))
			return false;
	}
	return true;
}

bool conformance_required(struct conformance *check, const struct value_record *record,
			  const struct type *type)
{
	for (uint32_t i = 0; i < type->count; i++) {
		const struct type_attr *attr = &type->attrs[i];
		uint32_t key;

		if (!attr->required)
			continue;
		key = symbols_find_name(check->symbols, attr->name);
		if (key == SYMBOL_NONE || value_record_find(record, key) == NULL)
			return conformance_refuse(check, "attribute `%s` is missing",
						  diag_quote(attr->name).text);
	}
	return true;
}

static bool check_record(struct conformance *check, const struct value_record *record,
			 const struct type *type)
{
	for (uint32_t i = 0; i < record->count; i++) {
		struct str name = symbols_name(check->symbols, record->fields[i].key);
		const struct type_attr *attr = type_find_attr(type, name);

		if (attr == NULL)
			return conformance_refuse(check, "attribute `%s` is not declared",
						  diag_quote(name).text);
		if (!conformance_value(check, record->fields[i].value, attr->type))
			return refuse_attr(check, name);
	}
	return conformance_required(check, record, type);
}

/* Recursion follows the type, whose nesting is bounded. */
bool conformance_value(struct conformance *check, struct cedar_value value, const struct type *type)
{
	if (!has_kind(value, type->kind)) {
		char wanted[DIAG_QUOTE_MAX * 2];

		describe(check->schema, type, wanted, sizeof(wanted));
		return conformance_refuse(check, "the value must be %s", wanted);
	}
	switch (type->kind) {
	case TYPE_SET: return check_set(check, value_set(value), type->element);
	case TYPE_RECORD: return check_record(check, value_record(value), type);
	case TYPE_ENTITY: return check_entity(check, value_entity(value), type);
	default: return true;
	}
}
