/*
 * The order of types: which are part of which, and the least type two have in common
 * (docs.cedarpolicy.com, "Cedar policy validation against schema"; RFC 19).
 *
 * Strict types have few subtypes, so that every expression has one type that a person could name.
 * Permissive ones join where they can: entity types to sets of entity types, records to what they
 * share.
 *
 * Types share their parts, so that the tree they stand for can be exponentially larger than its
 * description. Every step is therefore counted against a budget; when it is spent the answers mean
 * nothing, and `spent` says so.
 */
#ifndef CEDAR_TYPE_LATTICE_H
#define CEDAR_TYPE_LATTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/types.h"

struct lattice {
	struct arena *arena; /* of new types */
	bool strict;
	uint64_t budget;  /* steps left */
	enum error spent; /* ERR_LIMIT: steps or memory allowed; ERR_NO_MEMORY */
};

/* Counts a step; false when the budget is spent. */
bool lattice_step(struct lattice *lattice);

/* Notes that `arena` gave no memory. */
void lattice_refused(struct lattice *lattice, const struct arena *arena);

/* The least type that has all values of both, or NULL when there is none. */
const struct type *lattice_join(struct lattice *lattice, const struct type *a,
				const struct type *b);

/* The same by the permissive rules, whatever the mode. */
const struct type *lattice_join_permissive(struct lattice *lattice, const struct type *a,
					   const struct type *b);

#endif
