/*
 * A schema with every name resolved: entity types, actions and the types of their attributes and
 * contexts, ready for validation (docs.cedarpolicy.com, "Schema format"; RFC 24, 70).
 *
 * Built once, then immutable; any number of threads may read it.
 */
#ifndef CEDAR_SCHEMA_H
#define CEDAR_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/relation.h"
#include "cedar/schema_ast.h"
#include "cedar/types.h"

#define SCHEMA_NONE UINT32_MAX

enum {
	SCHEMA_DEPTH = 400, /* nesting of a type after its names are resolved */
	SCHEMA_ENTITY_TYPES = RELATION_MAX,
	SCHEMA_ACTIONS = RELATION_MAX,
	SCHEMA_SUGGESTIONS = 256, /* declared names that a misspelt one is compared with */
};

/* Entity types are numbered in the order of their names. */
struct schema_entity {
	struct str name; /* with its namespace */
	const struct schema_ast_namespace *space;
	const struct schema_ast_entity *ast; /* NULL for the type of a namespace's actions */
	const struct type *self;             /* the type of exactly these entities */
	const struct type *shape;            /* a record; empty for enumerated types and actions */
	const struct type *tags;             /* of the values; NULL when there are no tags */
	const struct str *enum_ids;          /* ascending, each once; NULL when not enumerated */
	uint32_t enum_id_count;
};

static inline bool schema_is_action_type(const struct schema_entity *entity)
{
	return entity->ast == NULL;
}

/* A set of entity types, ascending. */
struct schema_types {
	const uint32_t *list;
	uint32_t count;
};

/* Actions are numbered in the order of type and id. */
struct schema_action {
	uint32_t type; /* number of the entity type */
	struct str id;
	const struct schema_ast_namespace *space;
	const struct schema_ast_action *ast;
	struct schema_types principals, resources; /* both empty: applies to nothing */
	const struct type *context;                /* a record */
};

struct cedar_schema {
	struct arena arena; /* of all below */
	struct source source;
	struct schema_ast ast;
	struct schema_entity *entities;
	uint32_t entity_count;
	struct schema_action *actions;
	uint32_t action_count;
	struct relation entity_ancestors; /* closed: which types are above which; may be cyclic */
	struct relation action_ancestors; /* closed, without cycles */
};

/* Resolves `schema->ast` into the rest of `schema`, whose arena is initialised. Every name that
 * cannot be resolved and every broken rule gets a diagnostic. ERR_INVALID or ERR_LIMIT after one,
 * ERR_NO_MEMORY; then the schema can only be freed. */
enum error schema_resolve(struct cedar_schema *schema, struct cedar_diags *diags) ATTR_MUST_CHECK;

/* The entity type with this name, or SCHEMA_NONE. */
uint32_t schema_find_entity(const struct cedar_schema *schema, struct str name);

/* The action type::"id", or SCHEMA_NONE. */
uint32_t schema_find_action(const struct cedar_schema *schema, struct str type, struct str id);

/* True when an entity of type `below` may be in one of type `above`, the same included. */
bool schema_can_be_in(const struct cedar_schema *schema, uint32_t below, uint32_t above);

/* True for an id of this enumerated entity type, and for every id of other types. */
bool schema_has_id(const struct schema_entity *entity, struct str id);

bool schema_types_have(struct schema_types types, uint32_t entity);

#endif
