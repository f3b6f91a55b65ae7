/*
 * Policy text to syntax tree (docs.cedarpolicy.com, "Grammar specification for Cedar policy
 * syntax"). Recursive descent, one function per rule; whatever is wrong gets a message of its own,
 * and after a mistake the parser goes on behind the next semicolon, so that one run finds the
 * mistakes of all policies. No global state; any thread. A level of nesting takes less than 1 KiB of
 * stack.
 */
#ifndef CEDAR_PARSER_H
#define CEDAR_PARSER_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

enum {
	PARSER_TEXT_BYTES = 1 << 20, /* defaults of struct cedar_limits */
	PARSER_DEPTH = 1000,
	PARSER_POLICIES = 1000000,
};

/* The limits with their defaults in place of zeros, and expression_depth at most AST_MAX_HEIGHT.
 * `limits` may be NULL. */
struct cedar_limits parser_limits(const struct cedar_limits *limits);

/* Parses all policies and templates of `source`. Of `limits`, which may be NULL, it heeds
 * text_bytes, expression_depth (at most AST_MAX_HEIGHT) and policies. The trees go into `arena` and
 * refer to `source`. An empty text is a valid, empty set.
 *
 * ERR_SYNTAX or ERR_LIMIT when there was at least one error diagnostic, the latter when only limits
 * were exceeded; ERR_NO_MEMORY. `*policies` is written on success only. */
enum error parse_policies(struct arena *arena, const struct source *source,
			  const struct cedar_limits *limits, struct cedar_diags *diags,
			  struct ast_policies *policies) ATTR_MUST_CHECK;

#endif
