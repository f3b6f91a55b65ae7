/*
 * A schema as written, whichever of its two syntaxes it came in (docs.cedarpolicy.com, "Schema
 * format"): names are not resolved yet. Trees live in an arena, refer to their source, and are
 * never changed after they are built.
 */
#ifndef CEDAR_SCHEMA_AST_H
#define CEDAR_SCHEMA_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

enum {
	SCHEMA_TEXT_BYTES = 16 << 20,
	SCHEMA_NAMESPACES = 1000,
	/* How deep sets and records nest in a type in Cedar syntax: little enough for JSON_DEPTH to
	   suffice for its JSON form. */
	SCHEMA_NESTING = 100,
};

/* What a type was written as. Text in Cedar syntax knows only names, sets and records. */
enum schema_form {
	SCHEMA_NAME,        /* name: of a common type, an entity type or a builtin */
	SCHEMA_COMMON_NAME, /* name: of a common type or a builtin */
	SCHEMA_ENTITY_NAME, /* name */
	SCHEMA_EXTENSION,   /* name: of an extension type */
	SCHEMA_BOOL,
	SCHEMA_LONG,
	SCHEMA_STRING,
	SCHEMA_SET,    /* element */
	SCHEMA_RECORD, /* attrs */
};

struct schema_ast_attr;

struct schema_ast_type {
	enum schema_form form;
	struct span span;
	struct str name; /* a path as written, without blanks */
	const struct schema_ast_type *element;
	const struct schema_ast_attr *attrs; /* in source order */
};

struct schema_ast_annotations {
	const struct ast_annotation *items; /* keys unique */
	uint32_t count;
};

struct schema_ast_attr {
	struct schema_ast_attr *next;
	struct str name;  /* unique within its record */
	struct span span; /* of the name */
	bool optional;
	const struct schema_ast_type *type;
	struct schema_ast_annotations annotations;
};

/* The name of an entity type in a place where nothing else may stand. */
struct schema_ast_ref {
	struct schema_ast_ref *next;
	struct str name;
	struct span span;
};

/* An entity type, or one of several declared together: then all share what the pointers reach. */
struct schema_ast_entity {
	struct schema_ast_entity *next;
	struct str name; /* without namespace */
	struct span span;
	const struct schema_ast_ref *parents;
	const struct schema_ast_type *shape; /* NULL for none */
	const struct schema_ast_type *tags;  /* NULL for none */
	const struct str *enum_ids;          /* of an enumerated type: not NULL */
	uint32_t enum_id_count;
	struct schema_ast_annotations annotations;
};

struct schema_ast_common {
	struct schema_ast_common *next;
	struct str name; /* without namespace */
	struct span span;
	const struct schema_ast_type *type;
	struct schema_ast_annotations annotations;
};

/* A parent of an action. */
struct schema_ast_action_ref {
	struct schema_ast_action_ref *next;
	struct str type; /* a path as written; "Action" where none was written */
	struct str id;
	struct span span;
};

/* An action, or one of several declared together. */
struct schema_ast_action {
	struct schema_ast_action *next;
	struct str id;
	struct span span;
	const struct schema_ast_action_ref *parents;
	const struct schema_ast_ref *principals, *resources;
	const struct schema_ast_type *context; /* NULL for an empty one */
	struct schema_ast_annotations annotations;
};

struct schema_ast_namespace {
	struct schema_ast_namespace *next;
	struct str name; /* "" for the empty namespace */
	struct span span;
	struct schema_ast_entity *entities;
	struct schema_ast_action *actions;
	struct schema_ast_common *commons;
	struct schema_ast_annotations annotations;
};

struct schema_ast {
	const struct source *source;
	struct schema_ast_namespace *namespaces; /* names unique */
};

/* Parses Cedar syntax. Every declaration with a mistake gets a diagnostic of its own. The tree goes
 * into `arena` and refers to `source`. ERR_SYNTAX or ERR_LIMIT after a diagnostic, ERR_NO_MEMORY;
 * `*ast` is written on success only. */
enum error schema_parse(struct arena *arena, const struct source *source, struct cedar_diags *diags,
			struct schema_ast *ast) ATTR_MUST_CHECK;

/* Reads JSON syntax. As above, but reading ends at the first mistake. */
enum error schema_read_json(struct arena *arena, const struct source *source,
			    struct cedar_diags *diags, struct schema_ast *ast) ATTR_MUST_CHECK;

/* Writes JSON syntax, in source order. Every name in the output stands as it was written. */
void schema_write_json(const struct schema_ast *ast, struct buf *out);

/* What both syntaxes demand before the first token. ERR_LIMIT, ERR_SYNTAX, with a diagnostic. */
enum error schema_check_text(const struct source *source,
			     struct cedar_diags *diags) ATTR_MUST_CHECK;

/* True for words that cannot name a common type, being types or kinds of types themselves. */
bool schema_is_reserved_common(struct str name);

#endif
