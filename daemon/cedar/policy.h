/*
 * A policy as the authorizer sees it: what its scope demands, and where the code of its condition
 * starts. docs.cedarpolicy.com, "Policy syntax", "Scope".
 *
 * Tests of a scope cannot fail, so the order in which they are made is nobody's concern. Hence
 * leading conjuncts of the condition that are such tests, too, are kept here instead of in the code
 * when the scope leaves their variable free: they then help to find the policy.
 */
#ifndef CEDAR_POLICY_H
#define CEDAR_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "cedar/ast.h"
#include "cedar/cedar.h"

#define POLICY_NO_CODE UINT32_MAX

/* What one variable must be. */
struct constraint {
	enum ast_scope_kind kind;
	uint32_t uid;  /* EQ, IN, IS_IN; IN_LIST: position of the first in the engine's uid lists */
	uint32_t type; /* IS, IS_IN: symbol; IN_LIST: how many, ascending and each once */
};

/* Small, as decisions read many: 40 bytes. */
struct policy {
	uint32_t uids[3], types[3]; /* members of the constraints, by enum ast_var */
	uint8_t kinds[3];
	bool is_forbid : 1;
	bool is_repeated : 1; /* the same policy stands before this one, too */
	uint32_t number;      /* as people count: cedar_policy_at() */
	uint32_t code;        /* or POLICY_NO_CODE when the condition is true */
	uint32_t code_offset; /* where in the policy's text the places of the code begin */
};

static inline struct constraint policy_constraint(const struct policy *policy, int var)
{
	return (struct constraint){(enum ast_scope_kind)policy->kinds[var], policy->uids[var],
				   policy->types[var]};
}

static inline void policy_set_constraint(struct policy *policy, int var,
					 struct constraint constraint)
{
	policy->kinds[var] = (uint8_t)constraint.kind;
	policy->uids[var] = constraint.uid;
	policy->types[var] = constraint.type;
}

#endif
