/*
 * Types of expressions and values, as schemas and the validator know them
 * (docs.cedarpolicy.com, "Cedar policy validation against schema").
 *
 * Immutable, in an arena or static, shared by pointer. Entity types are numbers: positions in the
 * schema. Types nest no deeper than SCHEMA_DEPTH where they come from a schema, and by the height
 * of a syntax tree more where the validator makes them, so functions may recurse over them.
 */
#ifndef CEDAR_TYPES_H
#define CEDAR_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"

enum type_kind {
	TYPE_NEVER, /* no value at all */
	TYPE_TRUE,  /* a Bool that is known to be true */
	TYPE_FALSE,
	TYPE_BOOL,
	TYPE_LONG,
	TYPE_STRING,
	TYPE_SET,        /* element */
	TYPE_RECORD,     /* attrs[count] */
	TYPE_ENTITY,     /* entities[count]: one of these types */
	TYPE_ANY_ENTITY, /* no matter of which type */
	TYPE_DECIMAL,
	TYPE_IPADDR,
	TYPE_DATETIME,
	TYPE_DURATION,
};

struct type_attr {
	struct str name;
	const struct type *type;
	bool required;
};

struct type {
	enum type_kind kind;
	bool is_open; /* of a record: it may have more attributes than those listed */
	uint32_t count;
	union {
		const struct type *element;
		const struct type_attr *attrs; /* ascending by name, each once */
		const uint32_t *entities;      /* ascending, each once */
	};
};

/* The type of a kind that has no parts. */
const struct type *type_simple(enum type_kind kind);

/* Types with parts; NULL when memory is spent. `attrs` and `entities` are borrowed. */
const struct type *type_new_set(struct arena *arena, const struct type *element) ATTR_MUST_CHECK;
const struct type *type_new_record(struct arena *arena, const struct type_attr *attrs,
				   uint32_t count, bool is_open) ATTR_MUST_CHECK;
const struct type *type_new_entity(struct arena *arena, const uint32_t *entities,
				   uint32_t count) ATTR_MUST_CHECK;

/* The attribute of a record type, or NULL. */
const struct type_attr *type_find_attr(const struct type *record, struct str name);

#endif
