/*
 * Finds what every name of a schema means. First all declarations are listed, so that any may refer
 * to any other; then types are built, a common type when it is first needed.
 *
 * Whatever is wrong is reported and noted; everything else is still looked at, unless memory is
 * spent or a limit exceeded.
 */
#ifndef CEDAR_RESOLVER_H
#define CEDAR_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/schema.h"

enum common_state { COMMON_NEW, COMMON_VISITING, COMMON_DONE, COMMON_FAILED };

struct common {
	struct str name; /* with its namespace */
	const struct schema_ast_namespace *space;
	const struct schema_ast_common *ast;
	enum common_state state;
	const struct type *type; /* when done */
	uint32_t height;         /* of the types and names below */
};

struct resolver {
	struct cedar_schema *schema;
	struct arena *arena; /* of the schema */
	struct cedar_diags *diags;
	struct common *commons; /* ascending by name */
	uint32_t common_count;
	struct buf name; /* where a name is put together */
	uint32_t depth, deepest;
	enum error failed;
};

void resolver_note(struct resolver *r, enum error error);
void resolver_report(struct resolver *r, struct span span, const char *format, ...)
	ATTR_PRINTF(3, 4);
void resolver_report_limit(struct resolver *r, struct span span, const char *format, ...)
	ATTR_PRINTF(3, 4);

/* Zeroed memory of the schema; NULL, and noted, when it is spent. */
void *resolver_alloc(struct resolver *r, size_t count, size_t size);

/* Fills `commons`, and the entity types and actions of the schema, with names only. Nothing is
 * declared twice, and nothing in a namespace bears a name of the empty namespace (RFC 70). */
void resolver_list(struct resolver *r);

/* Names. */

bool resolver_is_qualified(struct str name);

/* The name within the namespace, good until the next call. */
struct str resolver_qualify(struct resolver *r, const struct schema_ast_namespace *space,
			    struct str name);
/* The same, kept with the schema. */
struct str resolver_keep_qualified(struct resolver *r, const struct schema_ast_namespace *space,
				   struct str name);

/* The common type with this whole name, or NULL. */
struct common *resolver_find_common(const struct resolver *r, struct str name);

bool resolver_find_builtin(struct str name, const struct type **type);

/* What a name stands for: one of the three. */
struct meaning {
	struct common *common;
	uint32_t entity; /* or SCHEMA_NONE */
	const struct type *builtin;
};

/* Which kinds of meaning a place admits. */
enum { MEANS_COMMON = 1, MEANS_ENTITY = 2, MEANS_BUILTIN = 4 };

/* Looks in the namespace, in the empty namespace and among the builtins, in this order; in each of
 * them for a common type, then for an entity type. A qualified name stands for itself. */
bool resolver_find_meaning(struct resolver *r, const struct schema_ast_namespace *space,
			   struct str name, unsigned kinds, struct meaning *meaning);

/* "there is no <what> `name`", with what was perhaps meant. */
void resolver_report_unknown(struct resolver *r, const char *what, struct str name,
			     struct span span);

/* Types. NULL after a failure, which has been reported or noted. */

const struct type *resolver_type(struct resolver *r, const struct schema_ast_namespace *space,
				 const struct schema_ast_type *ast);

/* The type of a common type, which is named at `span`. */
const struct type *resolver_common(struct resolver *r, struct common *common, struct span span);

/* A type that must be a record; an empty one for NULL. `what` names it in messages. */
const struct type *resolver_shape(struct resolver *r, const struct schema_ast_namespace *space,
				  const struct schema_ast_type *ast, const char *what);

#endif
