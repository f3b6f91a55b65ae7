/*
 * Finds the policies whose scope may match a question, so that the cost of a decision does not grow
 * with the number of policies.
 *
 * A tree of at most four levels, each below the root for one variable of the scope. Every policy
 * sits at one leaf: at each level it goes the way of its most selective constraint on a variable
 * that was not used above (a policy for a list of actions goes the ways of all of them). A node
 * with few policies is not divided further. A question descends by all keys that hold for it: its
 * uids, their ancestors, their types.
 *
 * Skipping is exact: tests of a scope cannot fail, so a policy whose scope does not match is
 * neither satisfied nor erroneous.
 */
#ifndef CEDAR_INDEX_H
#define CEDAR_INDEX_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/policy.h"

#define INDEX_NONE UINT32_MAX

enum {
	INDEX_UNDIVIDED = 32, /* a node with so many policies is not divided */
	INDEX_ROOT = 0,
};

/* What a key demands of a variable. */
enum index_kind { INDEX_EQ, INDEX_IN, INDEX_IS };

enum { INDEX_KINDS = 3 };

/* A variable and a kind as one number. */
static inline uint32_t index_family(int var, enum index_kind kind)
{
	return (uint32_t)var * INDEX_KINDS + (uint32_t)kind;
}

struct index_node {
	uint32_t parent;
	uint32_t value;    /* of the key that leads here: a uid; for INDEX_IS a symbol */
	uint16_t family;   /* of that key */
	uint16_t families; /* of the keys that lead on from here: bit 1 << index_family() */
	uint32_t first;    /* the policies to be tested here: policies[first .. first + count) */
	uint32_t count;
};

struct index_slot {
	uint32_t hash;
	uint32_t node; /* INDEX_ROOT, which no key leads to, in an empty slot */
};

struct index {
	const struct index_node *nodes;
	const struct index_slot *slots;
	uint32_t slot_mask;
	/* Those of one node side by side. Policies that sit at several leaves are here as often,
	   all but the first marked as repeated. */
	const struct policy *policies;
	uint32_t policy_count;
};

/* Builds the index over copies of `policies`. `build` is for passing use, the index is made in
 * `keep`. ERR_NO_MEMORY, ERR_LIMIT. */
enum error index_build(struct index *index, const struct policy *policies, uint32_t policy_count,
		       const uint32_t *uid_lists, struct arena *build,
		       struct arena *keep) ATTR_MUST_CHECK;

static inline uint32_t index_hash(uint32_t parent, uint32_t family, uint32_t value)
{
	uint64_t mixed = ((uint64_t)value << 32 | parent) * 0x9e3779b97f4a7c15u;

	mixed = (mixed ^ mixed >> 29 ^ family) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(mixed >> 32);
}

/* The node that a key leads to, or NULL. */
static inline const struct index_node *index_find(const struct index *index, uint32_t parent,
						  uint32_t family, uint32_t value)
{
	uint32_t hash = index_hash(parent, family, value);

	for (uint32_t i = hash;; i++) {
		const struct index_slot *slot = &index->slots[i & index->slot_mask];
		const struct index_node *node = &index->nodes[slot->node];

		if (slot->node == INDEX_ROOT)
			return NULL;
		if (slot->hash == hash && node->value == value && node->parent == parent &&
		    node->family == family)
			return node;
	}
}

#endif
