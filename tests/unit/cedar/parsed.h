/* A policy text, parsed, for tests. */
#ifndef TESTS_CEDAR_PARSED_H
#define TESTS_CEDAR_PARSED_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/source.h"

struct parsed {
	struct arena arena;
	struct buf text; /* of parsed_init_expr() */
	struct source source;
	struct cedar_diags diags;
	struct ast_policies policies;
	enum error error;
};

/* Parses `text`, which is borrowed, with `limits` (may be NULL). The source is called "p.cedar". */
void parsed_init(struct parsed *parsed, struct str text, const struct cedar_limits *limits);
void parsed_deinit(struct parsed *parsed);

/* The only policy of a text that must be correct. */
const struct ast_policy *parsed_policy(const struct parsed *parsed);

enum { PARSED_EXPR_COLUMN = 42 };

/* Puts `expr` into the condition of a policy, at PARSED_EXPR_COLUMN, and parses that. */
void parsed_init_expr(struct parsed *parsed, struct str expr, const struct cedar_limits *limits);
const struct ast_expr *parsed_expr(const struct parsed *parsed);

/* Fails the test unless there is exactly one diagnostic, at this place and with this message. */
void parsed_assert_diag(const struct parsed *parsed, uint32_t line, uint32_t column,
			const char *message);

#endif
