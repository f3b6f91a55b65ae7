/*
 * Values from JSON (docs.cedarpolicy.com, "Entities JSON format" and "Context").
 *
 * Without a type, entities and values of extension types are written as escapes: {"__entity":
 * {"type", "id"}} and {"__extn": {"fn", "arg"}}. With a type, it tells what a plain spelling such
 * as
 * {"type", "id"} or "10.0.0.1" means, and the value must have it.
 */
#ifndef CEDAR_VALUE_JSON_H
#define CEDAR_VALUE_JSON_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/conformance.h"
#include "cedar/json_escape.h"
#include "cedar/json_keys.h"
#include "cedar/json_read.h"
#include "cedar/value.h"

struct value_json {
	struct json_reader json;
	struct value_builder *builder;         /* makes the values */
	const struct cedar_resolver *resolver; /* of ids; `resolve` may be NULL */
	struct conformance check;              /* `schema` is NULL when there is none */
	struct json_keys keys;
	struct buf stack; /* elements and attributes of what is being read */
};

/* All pointers are borrowed; strings with escapes go to `arena`. `schema` may be NULL. */
void value_json_init(struct value_json *v, struct arena *arena, const struct source *source,
		     struct cedar_diags *diags, struct value_builder *builder,
		     const struct cedar_resolver *resolver, const struct cedar_schema *schema);
void value_json_deinit(struct value_json *v);

/* The functions below are called with the first event of the value. False after the reader failed. */

/* An object that is a record and no escape. `type` is a record or NULL. */
bool value_json_read_record(struct value_json *v, const struct type *type, struct cedar_value *out);

/* An object whose members are values of one type, which may be NULL; as a record. */
bool value_json_read_map(struct value_json *v, const struct type *type, struct cedar_value *out);

/* The uid of these names, which stand at `span`; its id is resolved. */
bool value_json_make_uid(struct value_json *v, const struct json_uid *names, struct span span,
			 cedar_uid *out);

#endif
