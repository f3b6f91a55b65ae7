/* Syntax tree to Cedar text: on one line, with parentheses only where they are needed, so that
 * parsing the text gives an equal tree again. What could disturb a log or a terminal is escaped.
 * Output is sticky on failure, see base/buf.h. */
#ifndef CEDAR_PRINT_H
#define CEDAR_PRINT_H

#include "base/buf.h"
#include "cedar/ast.h"

/* The policy from its annotations to its semicolon, without a line break. */
void print_policy(struct buf *out, const struct ast_policy *policy);

/* One element of the scope, such as: principal is User in Group::"staff". */
void print_scope(struct buf *out, enum ast_var var, const struct ast_scope *scope);

void print_expr(struct buf *out, const struct ast_expr *expr);

/* Type::"id" */
void print_uid(struct buf *out, const struct ast_uid *uid);

/* A string literal with its quotes. */
void print_string(struct buf *out, struct str text);

/* A name where the language takes an identifier or a string: quoted only if it must be. */
void print_name(struct buf *out, struct str name);

#endif
