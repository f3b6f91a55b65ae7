/* What the files of the JSON schema reader share. Functions are called with the first event of
 * their value and return false or NULL after the reader failed. */
#ifndef CEDAR_SCHEMA_JSON_H
#define CEDAR_SCHEMA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "cedar/json_fields.h"
#include "cedar/json_keys.h"
#include "cedar/json_read.h"
#include "cedar/schema_ast.h"

struct schema_reader {
	struct arena *arena; /* of the tree */
	struct json_reader json;
	struct json_keys keys;
	struct buf scratch; /* elements of lists whose number is not known yet */
};

/* Zeroed memory for the tree; NULL, and failed, when it is spent. */
void *schema_json_alloc(struct schema_reader *r, size_t size);

/* Moves what was pushed on the scratch since `start` to the arena. An empty list is not NULL. */
void *schema_json_take(struct schema_reader *r, size_t start, size_t element_size, uint32_t *count);

/* A string; `what` names it in messages. */
bool schema_json_string(struct schema_reader *r, const char *what, struct str *value);

/* The name of a type, which may be that of a builtin. */
bool schema_json_type_name(struct schema_reader *r, struct str *name);

/* [ name of a type ] */
bool schema_json_refs(struct schema_reader *r, const char *what,
		      const struct schema_ast_ref **refs);

/* True when the key just read can be the name of a type that is declared here. */
bool schema_json_check_declared(struct schema_reader *r);

/* { name: string | null } */
bool schema_json_annotations(struct schema_reader *r, struct schema_ast_annotations *annotations);

/* Where a type stands decides how many of the keys of schema_json_type.c its object may have. */
enum schema_json_place {
	SCHEMA_JSON_INSIDE = 5,
	SCHEMA_JSON_COMMON = 6, /* has "annotations", too */
	SCHEMA_JSON_ATTR = 7,   /* and "required" */
};

/* The object of a type, which may also be that of an attribute or a common type. */
struct schema_json_type {
	struct json_fields fields;
	struct span span; /* of its opening brace */
	struct str word;  /* of "type" */
	struct span word_span;
	struct schema_ast_type *type;
	bool optional;
	struct schema_ast_annotations annotations;
};

bool schema_json_read_type(struct schema_reader *r, enum schema_json_place place,
			   struct schema_json_type *object);

/* A type inside others. */
const struct schema_ast_type *schema_json_inner_type(struct schema_reader *r);

#endif
