/*
 * Why a policy applied to a question, or did not: for people, after the fact. A decision never pays
 * for it: the condition is run once more, by the same code, and what each step came to is matched
 * with the text of the policy.
 *
 * It is about the question that was last asked of a request (cedar_request_ask()), which must have been
 * answered without an error.
 */
#ifndef CEDAR_TRACE_H
#define CEDAR_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"

enum {
	CEDAR_TRACE_CLAUSES = 16,     /* told of one policy */
	CEDAR_TRACE_OPERANDS = 12,    /* told of one clause */
	CEDAR_TRACE_VALUE_BYTES = 256 /* of a value, which is cut with ".." beyond */
};

/* An expression and its value, both as Cedar text. */
struct cedar_operand {
	struct str text; /* a slice of the policy's text */
	struct str value;
};

/* A part of a policy that made the difference. */
struct cedar_clause {
	struct str text;       /* a slice of the policy's text */
	uint32_t offset;       /* in bytes of it */
	uint32_t line, column; /* in the text that the policy came from, from 1 */
	bool is_scope;         /* an element of the scope; else of a condition */
	bool value;            /* what it came to; of what erred, false */
	const struct cedar_operand *operands;
	size_t operand_count;
};

enum cedar_traced {
	CEDAR_TRACED_SATISFIED, /* the policy applied */
	CEDAR_TRACED_SCOPE,     /* its scope did not match; the condition was not looked at */
	CEDAR_TRACED_CONDITION, /* its scope matched, its condition did not hold */
	CEDAR_TRACED_ERROR,     /* its scope matched, its condition could not be evaluated */
};

struct cedar_trace {
	enum cedar_traced traced;
	enum cedar_eval_error error; /* CEDAR_TRACED_ERROR */
	/*
	 * SCOPE: the elements that did not match. CONDITION: the smallest expressions that made it
	 * false: false ones, and true ones below a `!` or `unless`. SATISFIED: those that made it
	 * true. ERROR: the expression that failed. At most CEDAR_TRACE_CLAUSES, in the order of the
	 * text; none when the policy came as JSON.
	 */
	const struct cedar_clause *clauses;
	size_t clause_count;
};

/* Explains the policy with this index (of cedar_policy_at()). All that `*trace` points to lives in
 * `arena` or in the engine. ERR_NO_MEMORY, ERR_LIMIT. */
enum error cedar_trace(struct cedar_request *request, uint32_t policy, struct arena *arena,
		       struct cedar_trace *trace) ATTR_MUST_CHECK;

#endif
