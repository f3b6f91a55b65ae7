/* Loading entities of the conformance data with a schema. */
#ifndef TESTS_CEDAR_CONFORMANCE_ENTITIES_H
#define TESTS_CEDAR_CONFORMANCE_ENTITIES_H

#include "conformance.h"
#include "conformance_tree.h"

/* Loads the entities, and the actions of the schema, which may be NULL, into an engine of their
 * own, up to sealing, which finds cycles. */
enum error conformance_load_entities(const struct cedar_schema *schema, struct str text,
				     struct cedar_diags *diags);

/* Loads each entity alone and compares with the verdict that `golden` has under its name,
 * "Type::id", where it has one. */
void conformance_each_entity(struct run *run, const struct cedar_schema *schema,
			     struct str entities, const struct tree *golden,
			     bool (*expects_success)(const struct tree *golden));

#endif
