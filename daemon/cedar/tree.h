/* The syntax trees of an engine that is still being built, for whoever has more to say about its
 * policies than the engine. */
#ifndef CEDAR_TREE_H
#define CEDAR_TREE_H

#include <stdint.h>

#include "cedar/ast.h"
#include "cedar/cedar.h"

/* How many policies, templates and links were added so far. */
uint32_t engine_tree_count(const struct cedar_engine *engine);

/* The tree of one of them, until the engine is sealed; NULL for a link. `index` < count. */
const struct ast_policy *engine_tree_at(const struct cedar_engine *engine, uint32_t index);

#endif
