/*
 * What a test has taught: that an expression has an attribute or a tag, so that reading it is safe
 * (docs.cedarpolicy.com, "Cedar policy validation against schema", "has").
 *
 * A set of capabilities is a list that is only ever extended at its front, so that sets share their
 * older parts. NULL is the empty set.
 */
#ifndef CEDAR_CAPABILITY_H
#define CEDAR_CAPABILITY_H

#include <stdbool.h>

#include "base/str.h"
#include "cedar/ast.h"
#include "cedar/type_lattice.h"

struct capability {
	const struct capability *next;
	const struct ast_expr *expr; /* what has it */
	const struct ast_expr *tag;  /* the key of a tag; NULL for an attribute */
	struct str attr;
};

/* Memory and steps are taken from `lattice`; when they are spent the functions return anything. */

bool capability_has(struct lattice *lattice, const struct capability *set,
		    const struct capability *wanted);

/* `set` and one more. */
const struct capability *capability_add(struct lattice *lattice, const struct capability *set,
					const struct capability *one);

/* All of both. Takes time by the size of `b` only. */
const struct capability *capability_union(struct lattice *lattice, const struct capability *a,
					  const struct capability *b);

/* Those that both have. */
const struct capability *capability_intersection(struct lattice *lattice,
						 const struct capability *a,
						 const struct capability *b);

#endif
