/* Cedar's JSON as the naive evaluator's values, read plainly and without the engine: entities,
 * contexts and uids of the conformance data, without a schema (docs.cedarpolicy.com, "Entities and
 * context syntax"). */
#ifndef TESTS_CEDAR_NAIVE_JSON_H
#define TESTS_CEDAR_NAIVE_JSON_H

#include "conformance_tree.h"
#include "naive.h"

/* False when it is no value; memory comes from `arena`. */
bool naive_json_value(struct arena *arena, const struct tree *tree, struct naive_value *out);

/* An object as a record; NULL stands for an empty one. */
bool naive_json_record(struct arena *arena, const struct tree *tree, struct naive_value *out);

/* {"type", "id"} or {"__entity": {"type", "id"}}. */
bool naive_json_uid(const struct tree *tree, struct naive_uid *out);

/* An array of entities, into world->entities. */
bool naive_json_entities(struct arena *arena, const struct tree *tree, struct naive_world *world);

#endif
