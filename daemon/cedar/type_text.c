/* Types as a schema writes them, for messages. */
#include <string.h>

#include "cedar/diag.h"
#include "cedar/validate.h"

struct writer {
	const struct cedar_schema *schema;
	char *text;
	size_t used; /* at most VALIDATE_TYPE_BYTES - 1; then the rest is left out */
};

static bool is_full(const struct writer *w)
{
	return w->used >= VALIDATE_TYPE_BYTES - 1;
}

static void append(struct writer *w, const char *text)
{
	size_t room = VALIDATE_TYPE_BYTES - 1 - w->used, length = strlen(text);

	if (length > room)
		length = room;
	memcpy(w->text + w->used, text, length);
	w->used += length;
}

static const char *simple_text(enum type_kind kind)
{
	switch (kind) {
	case TYPE_NEVER: return "nothing";
	case TYPE_TRUE: return "true";
	case TYPE_FALSE: return "false";
	case TYPE_BOOL: return "Bool";
	case TYPE_LONG: return "Long";
	case TYPE_STRING: return "String";
	case TYPE_ANY_ENTITY: return "an entity";
	case TYPE_DECIMAL: return "decimal";
	case TYPE_IPADDR: return "ipaddr";
	case TYPE_DATETIME: return "datetime";
	case TYPE_DURATION: return "duration";
	case TYPE_SET:
	case TYPE_RECORD:
	case TYPE_ENTITY: break;
	}
	return "?";
}

static void write_type(struct writer *w, const struct type *type);

static void write_record(struct writer *w, const struct type *type)
{
	append(w, "{");
	for (uint32_t i = 0; i < type->count && !is_full(w); i++) {
		const struct type_attr *attr = &type->attrs[i];

		append(w, i != 0 ? ", " : "");
		append(w, diag_quote(attr->name).text);
		append(w, attr->required ? ": " : "?: ");
		write_type(w, attr->type);
	}
	append(w, type->is_open ? ", ..}" : "}");
}

static void write_entities(struct writer *w, const struct type *type)
{
	for (uint32_t i = 0; i < type->count && !is_full(w); i++) {
		append(w, i != 0 ? " or " : "");
		append(w, diag_quote(w->schema->entities[type->entities[i]].name).text);
	}
}

/* Every level writes something, so that the room bounds the recursion, too. */
static void write_type(struct writer *w, const struct type *type)
{
	if (is_full(w))
		return;
	switch (type->kind) {
	case TYPE_SET:
		append(w, "Set<");
		write_type(w, type->element);
		append(w, ">");
		break;
	case TYPE_RECORD: write_record(w, type); break;
	case TYPE_ENTITY: write_entities(w, type); break;
	default: append(w, simple_text(type->kind)); break;
	}
}

struct validate_type_text validate_type_text(const struct cedar_schema *schema,
					     const struct type *type)
{
	struct validate_type_text result = {{0}};
	struct writer writer = {schema, result.text, 0};

	write_type(&writer, type);
	if (is_full(&writer))
		memcpy(result.text + VALIDATE_TYPE_BYTES - 3, "..", 2);
	return result;
}
