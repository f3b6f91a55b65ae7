/*
 * Values: what expressions compute and entities hold. 16 bytes each, immutable, equality never
 * fails (docs.cedarpolicy.com, "Operators", ==).
 *
 * Sets and records are canonical: sorted by one total order, without duplicates. So equality walks
 * two of them in step.
 */
#ifndef CEDAR_VALUE_H
#define CEDAR_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/cedar.h"
#include "cedar/symbols.h"

/* What the members of struct cedar_value hold. The zero value is no value. */
enum value_tag {
	VALUE_INVALID,
	VALUE_BOOL,     /* payload: 0 or 1 */
	VALUE_LONG,     /* payload: the bits of an int64_t */
	VALUE_STRING,   /* payload: address of the bytes, aux: their number */
	VALUE_ENTITY,   /* aux: uid */
	VALUE_SET,      /* payload: address of a struct value_set */
	VALUE_RECORD,   /* payload: address of a struct value_record */
	VALUE_DECIMAL,  /* payload: int64_t, ten-thousandths */
	VALUE_DATETIME, /* payload: int64_t, ms since 1970 */
	VALUE_DURATION, /* payload: int64_t, ms */
	VALUE_IPV4,     /* payload: the address, aux: length of the prefix */
	VALUE_IPV6,     /* payload: address of a struct value_ipv6, aux: length of the prefix */
};

/* How deep sets and records nest; a value of scalars has depth 1. Bounds recursion over values. */
enum { VALUE_MAX_DEPTH = 2000 };

struct value_set {
	uint32_t count;
	uint32_t depth;
	struct cedar_value elements[]; /* ascending by value_compare() */
};

struct value_field {
	struct cedar_value value;
	uint32_t key; /* symbol */
};

struct value_record {
	uint32_t count;
	uint32_t depth;
	struct value_field fields[]; /* ascending by key */
};

struct value_ipv6 {
	uint64_t high, low;
};

static inline struct cedar_value value_of_bits(enum value_tag tag, uint32_t aux, uint64_t payload)
{
	return (struct cedar_value){(uint32_t)tag, aux, payload};
}

static inline struct cedar_value value_of_address(enum value_tag tag, uint32_t aux,
						  const void *address)
{
	return value_of_bits(tag, aux, (uint64_t)(uintptr_t)address);
}

/* `text` is borrowed and at most UINT32_MAX bytes long. The empty string has an address, too, so
 * that memcmp() may be given any string. */
static inline struct cedar_value value_of_string(struct str text)
{
	return value_of_address(VALUE_STRING, (uint32_t)text.length,
				text.length != 0 ? text.ptr : "");
}

static inline enum value_tag value_tag(struct cedar_value value)
{
	return (enum value_tag)value.tag;
}

/* The content; the tag must be right. */

static inline bool value_bool(struct cedar_value value)
{
	return value.payload != 0;
}

static inline int64_t value_integer(struct cedar_value value)
{
	return (int64_t)value.payload;
}

static inline struct str value_string(struct cedar_value value)
{
	return str_make((const char *)(uintptr_t)value.payload, value.aux);
}

static inline cedar_uid value_entity(struct cedar_value value)
{
	return value.aux;
}

static inline const struct value_set *value_set(struct cedar_value value)
{
	return (const struct value_set *)(uintptr_t)value.payload;
}

static inline const struct value_record *value_record(struct cedar_value value)
{
	return (const struct value_record *)(uintptr_t)value.payload;
}

static inline struct value_ipv6 value_ipv6(struct cedar_value value)
{
	return *(const struct value_ipv6 *)(uintptr_t)value.payload;
}

static inline bool value_is_ip(struct cedar_value value)
{
	return value.tag == VALUE_IPV4 || value.tag == VALUE_IPV6;
}

bool value_equal(struct cedar_value a, struct cedar_value b);

/* A total order over all values of one symbol space, <0, 0 or >0. Zero means equal. */
int value_compare(struct cedar_value a, struct cedar_value b);

bool value_set_contains(const struct value_set *set, struct cedar_value element);

/* The value under `key`, or NULL. `record` may be NULL, for an empty one. */
const struct cedar_value *value_record_find(const struct value_record *record, uint32_t key);

/* Makes a set of the elements, which are copied. ERR_LIMIT (depth), ERR_NO_MEMORY. */
enum error value_set_make(struct arena *arena, const struct cedar_value *elements, size_t count,
			  struct cedar_value *out) ATTR_MUST_CHECK;

/* A record with room for `count` fields, which the caller fills; NULL when memory is spent. */
struct value_record *value_record_alloc(struct arena *arena, size_t count) ATTR_MUST_CHECK;

/* Finishes a filled record: sorts it and sets its depth. ERR_EXISTS (a key twice), ERR_LIMIT. */
enum error value_record_finish(struct value_record *record) ATTR_MUST_CHECK;

/*
 * Building from outside data, for entities and requests. Sticky: after a failure the constructors
 * return the invalid value, and `failed` tells the first reason: ERR_INVALID (not UTF-8, a key
 * twice, an invalid part), ERR_LIMIT or ERR_NO_MEMORY.
 */
struct value_builder {
	struct symbols *symbols;
	struct arena *arena;
	bool copies_text; /* else strings are borrowed */
	enum error failed;
	uint32_t last_type; /* symbol of the latest uid's type, as the next one often is the same */
};

void value_builder_init(struct value_builder *builder, struct symbols *symbols, struct arena *arena,
			bool copies_text);

/* Notes a failure unless there was one before. */
void value_builder_fail(struct value_builder *builder, enum error failed);

/* The uid type::"id"; CEDAR_NO_UID, and failed, when it cannot be had. */
cedar_uid value_build_uid(struct value_builder *builder, struct str type, struct str id);
struct cedar_value value_build_entity(struct value_builder *builder, cedar_uid uid);
struct cedar_value value_build_string(struct value_builder *builder, struct str text);
struct cedar_value value_build_set(struct value_builder *builder,
				   const struct cedar_value *elements, size_t count);
struct cedar_value value_build_record(struct value_builder *builder, const struct cedar_attr *attrs,
				      size_t count);

#endif
