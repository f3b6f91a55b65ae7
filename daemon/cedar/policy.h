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

#include <stdint.h>

#include "cedar/ast.h"
#include "cedar/cedar.h"

#define POLICY_NO_CODE UINT32_MAX

/* What one variable must be. */
struct constraint {
	uint32_t kind; /* enum ast_scope_kind */
	uint32_t uid;  /* EQ, IN, IS_IN; IN_LIST: position of the first in the engine's uid lists */
	uint32_t type; /* IS, IS_IN: symbol; IN_LIST: how many, ascending and each once */
};

struct policy {
	struct constraint scope[3]; /* by AST_PRINCIPAL, AST_ACTION, AST_RESOURCE */
	uint32_t number;            /* as people count: cedar_policy_at() */
	uint32_t effect;            /* enum cedar_effect */
	uint32_t code;              /* or POLICY_NO_CODE when the condition is true */
};

#endif
