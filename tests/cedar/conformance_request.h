/* Requests of the conformance data against engines built from it. */
#ifndef TESTS_CEDAR_CONFORMANCE_REQUEST_H
#define TESTS_CEDAR_CONFORMANCE_REQUEST_H

#include "conformance.h"
#include "conformance_tree.h"

/* Reads a schema in Cedar syntax; NULL, and the case failed, when it is not accepted. */
struct cedar_schema *conformance_read_schema(struct run *run, struct str text);

/* An engine with these entities; NULL, and the case failed, when they are not accepted. `schema`
 * may be NULL. */
struct cedar_engine *conformance_engine(struct run *run, const struct cedar_schema *schema,
					struct str entities);

/* Adds policies; false, and the case failed, when they are not accepted. */
bool conformance_add_policies(struct run *run, struct cedar_engine *engine, struct str text);

/* Adds the policies, templates and links of a policy set, as above. */
bool conformance_add_policy_set(struct run *run, struct cedar_engine *engine,
				const struct tree *policy_set);

/* Seals the engine; false, and the case failed, when that is refused. */
bool conformance_seal(struct run *run, struct cedar_engine *engine);

/* Puts the question of `test`, {"principal", "action", "resource", "context"}, reading the context
 * with the schema, which may be NULL. Validates it when there is a schema. */
enum error conformance_ask(struct cedar_request *request, const struct cedar_engine *engine,
			   const struct cedar_schema *schema, const struct tree *test,
			   struct cedar_diags *diags);

/* Asks every question of `requests` and compares the answers with "decision", "reason" and
 * "errors". */
void conformance_requests(struct run *run, const struct cedar_engine *engine,
			  const struct cedar_schema *schema, const struct tree *requests);

#endif
