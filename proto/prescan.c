#include "proto/prescan.h"

#include <stdio.h>
#include <string.h>

#include "proto/cursor.h"

/* A message being scanned, linked to the message it lies in. */
struct level {
	const struct level *parent;
	const ProtobufCMessageDescriptor *descriptor;
	const struct prescan_message *rule;    /* NULL when the type has no entry */
	const ProtobufCFieldDescriptor *field; /* being scanned */
	uint64_t seen;                         /* bit N: descriptor->fields[N] was there */
	uint32_t element_count;                /* of all repeated fields */
	uint16_t counts[PRESCAN_MAX_FIELDS];   /* elements by field, the current one included */
	unsigned depth;                        /* 1 for the outermost */
};

struct scan {
	const struct prescan_rules *rules;
	struct wire_diag *diag; /* may be NULL */
};

static enum wire_error scan_message(const struct scan *scan, const struct level *parent,
				    const ProtobufCMessageDescriptor *descriptor,
				    struct cursor cursor);

/* Paths. */

static void path_append(char *path, const char *text)
{
	size_t length = strlen(path);

	snprintf(path + length, WIRE_PATH_MAX + 1 - length, "%s%s", length != 0 ? "." : "", text);
}

/* Appends the path of the field that `level` is scanning. Recursion ends at PRESCAN_MAX_DEPTH. */
static void path_append_level(char *path, const struct level *level)
{
	char part[WIRE_PATH_MAX];
	size_t index;

	if (level == NULL)
		return;
	path_append_level(path, level->parent);
	index = (size_t)(level->field - level->descriptor->fields);
	if (level->field->label == PROTOBUF_C_LABEL_REPEATED)
		snprintf(part, sizeof(part), "%s[%u]", level->field->name,
			 level->counts[index] - 1u);
	else
		snprintf(part, sizeof(part), "%s", level->field->name);
	path_append(path, part);
}

/* Reports `error` at `name` inside the message of `level`; NULL for the message itself. */
static enum wire_error fail_at(const struct scan *scan, const struct level *level,
			       enum wire_error error, const char *name)
{
	if (scan->diag == NULL)
		return error;
	scan->diag->error = error;
	scan->diag->path[0] = '\0';
	path_append_level(scan->diag->path, level->parent);
	if (name != NULL)
		path_append(scan->diag->path, name);
	return error;
}

/* Reports `error` at the field being scanned. */
static enum wire_error fail(const struct scan *scan, const struct level *level,
			    enum wire_error error)
{
	if (scan->diag != NULL) {
		scan->diag->error = error;
		scan->diag->path[0] = '\0';
		path_append_level(scan->diag->path, level);
	}
	return error;
}

/* Values. */

static const struct prescan_field *find_bounds(const struct prescan_message *rule,
					       const ProtobufCFieldDescriptor *field)
{
	for (size_t i = 0; rule != NULL && i < rule->field_count; i++) {
		const char *name = rule->fields[i].name;

		/* Most names differ in their first letter, and this is asked for every field. */
		if (name[0] == field->name[0] && strcmp(name, field->name) == 0)
			return &rule->fields[i];
	}
	return NULL;
}

static enum wire_error check_bytes(const struct level *level, struct cursor content)
{
	const struct prescan_field *bounds = find_bounds(level->rule, level->field);
	size_t length = (size_t)(content.end - content.at);

	if (bounds == NULL)
		return WIRE_BAD_TYPE;
	if (length < bounds->min)
		return WIRE_TOO_SHORT;
	if (length > bounds->max)
		return WIRE_TOO_LONG;
	return (bounds->flags & PRESCAN_BINARY) != 0 ? WIRE_OK : cursor_check_text(content);
}

static bool enum_has(const ProtobufCEnumDescriptor *descriptor, uint64_t value)
{
	for (unsigned i = 0; i < descriptor->n_values; i++) {
		/* A negative value travels as the 64-bit integer of the same bits. */
		if ((uint64_t)(int64_t)descriptor->values[i].value == value)
			return true;
	}
	return false;
}

static enum wire_error check_integer(const struct level *level, uint64_t value)
{
	const struct prescan_field *bounds = find_bounds(level->rule, level->field);
	const ProtobufCFieldDescriptor *field = level->field;

	if ((field->type == PROTOBUF_C_TYPE_BOOL && value > 1) ||
	    (field->type == PROTOBUF_C_TYPE_UINT32 && value > UINT32_MAX) ||
	    (field->type == PROTOBUF_C_TYPE_ENUM && !enum_has(field->descriptor, value)))
		return WIRE_OUT_OF_RANGE;
	if (bounds != NULL && (value < bounds->min || value > bounds->max))
		return WIRE_OUT_OF_RANGE;
	return WIRE_OK;
}

/* Fields. */

static enum wire_error scan_varint_field(const struct level *level, struct cursor *cursor)
{
	uint64_t value;
	enum wire_error error = cursor_varint(cursor, &value);

	return error == WIRE_OK ? check_integer(level, value) : error;
}

static enum wire_error scan_fixed32_field(const struct level *level, struct cursor *cursor)
{
	uint32_t value;
	enum wire_error error = cursor_fixed32(cursor, &value);

	return error == WIRE_OK ? check_integer(level, value) : error;
}

/* The wire type of a field that the scan supports; -1 for one that it does not. Repeated scalars
 * have a second, packed form and are not supported. */
static int wire_type_of(const ProtobufCFieldDescriptor *field)
{
	if (field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_MESSAGE)
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return -1;
	if (field->type == PROTOBUF_C_TYPE_FIXED32)
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	if (field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_UINT64 ||
	    field->type == PROTOBUF_C_TYPE_BOOL || field->type == PROTOBUF_C_TYPE_ENUM)
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	return -1;
}

static enum wire_error scan_content(const struct scan *scan, struct level *level,
				    struct cursor *cursor, int wire_type)
{
	struct cursor content;
	enum wire_error error;

	if (wire_type == PROTOBUF_C_WIRE_TYPE_VARINT)
		error = scan_varint_field(level, cursor);
	else if (wire_type == PROTOBUF_C_WIRE_TYPE_32BIT)
		error = scan_fixed32_field(level, cursor);
	else
		error = cursor_content(cursor, &content);
	if (error != WIRE_OK)
		return fail(scan, level, error);
	if (wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
		return WIRE_OK;
	if (level->field->type == PROTOBUF_C_TYPE_MESSAGE)
		return scan_message(scan, level, level->field->descriptor, content);
	error = check_bytes(level, content);
	return error == WIRE_OK ? WIRE_OK : fail(scan, level, error);
}

/* Notes that the current field is there; refuses what must not be there again. */
static enum wire_error count_field(struct level *level)
{
	const ProtobufCFieldDescriptor *fields = level->descriptor->fields;
	size_t index = (size_t)(level->field - fields);

	if (level->field->label == PROTOBUF_C_LABEL_REPEATED) {
		uint32_t max_elements = level->rule != NULL ? level->rule->max_elements : 0;

		level->counts[index]++;
		level->seen |= UINT64_C(1) << index;
		return ++level->element_count <= max_elements ? WIRE_OK : WIRE_TOO_MANY_ELEMENTS;
	}
	if ((level->seen & UINT64_C(1) << index) != 0)
		return WIRE_DUPLICATE_FIELD;
	if ((level->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		for (unsigned i = 0; i < level->descriptor->n_fields; i++) {
			if ((level->seen & UINT64_C(1) << i) != 0 &&
			    (fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
			    fields[i].quantifier_offset == level->field->quantifier_offset)
				return WIRE_DUPLICATE_BODY;
		}
	}
	level->seen |= UINT64_C(1) << index;
	return WIRE_OK;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
						  uint64_t number)
{
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (descriptor->fields[i].id == number)
			return &descriptor->fields[i];
	}
	return NULL;
}

static enum wire_error fail_unknown(const struct scan *scan, const struct level *level,
				    uint64_t number)
{
	const struct prescan_message *rule = level->rule;
	bool foreign = rule != NULL && rule->foreign_first != 0 && number >= rule->foreign_first &&
		       number <= rule->foreign_last;
	char name[24];

	snprintf(name, sizeof(name), "%llu", (unsigned long long)number);
	return fail_at(scan, level, foreign ? WIRE_WRONG_CHANNEL : WIRE_UNKNOWN_FIELD, name);
}

static enum wire_error scan_field(const struct scan *scan, struct level *level,
				  struct cursor *cursor)
{
	uint64_t tag;
	enum wire_error error = cursor_varint(cursor, &tag);

	if (error != WIRE_OK)
		return fail_at(scan, level, error, NULL);
	level->field = find_field(level->descriptor, tag >> 3);
	if (level->field == NULL)
		return fail_unknown(scan, level, tag >> 3);
	error = count_field(level);
	if (error == WIRE_OK && wire_type_of(level->field) != (int)(tag & 7))
		error = WIRE_BAD_TYPE;
	if (error != WIRE_OK)
		return fail(scan, level, error);
	return scan_content(scan, level, cursor, (int)(tag & 7));
}

/* Messages. */

/* What must be there when the whole message was read. */
static enum wire_error check_complete(const struct scan *scan, const struct level *level)
{
	const ProtobufCMessageDescriptor *descriptor = level->descriptor;
	bool has_body = false;

	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		const struct prescan_field *bounds;

		if ((level->seen & UINT64_C(1) << i) != 0) {
			has_body |= (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
			continue;
		}
		bounds = find_bounds(level->rule, field);
		if (bounds != NULL && (bounds->flags & PRESCAN_REQUIRED) != 0)
			return fail_at(scan, level, WIRE_MISSING_FIELD, field->name);
	}
	if (!has_body && level->rule != NULL && level->rule->body_required)
		return fail_at(scan, level, WIRE_MISSING_BODY, NULL);
	return WIRE_OK;
}

static enum wire_error scan_message(const struct scan *scan, const struct level *parent,
				    const ProtobufCMessageDescriptor *descriptor,
				    struct cursor cursor)
{
	struct level level = {
		.parent = parent,
		.descriptor = descriptor,
		.rule = prescan_find(scan->rules, descriptor),
		.depth = parent != NULL ? parent->depth + 1 : 1,
	};

	if (level.depth > PRESCAN_MAX_DEPTH)
		return fail_at(scan, &level, WIRE_TOO_DEEP, NULL);
	if (descriptor->n_fields > PRESCAN_MAX_FIELDS)
		return fail_at(scan, &level, WIRE_TOO_MANY_FIELDS, NULL);
	while (cursor.at != cursor.end) {
		enum wire_error error = scan_field(scan, &level, &cursor);

		if (error != WIRE_OK)
			return error;
	}
	return check_complete(scan, &level);
}

enum wire_error prescan(const ProtobufCMessageDescriptor *descriptor,
			const struct prescan_rules *rules, const uint8_t *payload,
			size_t payload_bytes, struct wire_diag *diag)
{
	const struct scan scan = {.rules = rules, .diag = diag};

	return scan_message(&scan, NULL, descriptor,
			    (struct cursor){payload, payload + payload_bytes});
}

uint64_t prescan_id(const uint8_t *payload, size_t payload_bytes)
{
	struct cursor cursor = {payload, payload + payload_bytes};
	uint64_t tag, id;

	if (cursor_varint(&cursor, &tag) != WIRE_OK ||
	    tag != (1 << 3 | PROTOBUF_C_WIRE_TYPE_VARINT) || cursor_varint(&cursor, &id) != WIRE_OK)
		return 0;
	return id;
}

const struct prescan_message *prescan_find(const struct prescan_rules *rules,
					   const ProtobufCMessageDescriptor *descriptor)
{
	for (; rules != NULL; rules = rules->next) {
		for (size_t i = 0; i < rules->message_count; i++) {
			if (rules->messages[i].descriptor == descriptor)
				return &rules->messages[i];
		}
	}
	return NULL;
}
