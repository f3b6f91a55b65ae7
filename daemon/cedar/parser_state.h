/* What the files of the parser share: the state of one run, and the small steps rules are made of.
 *
 * A rule returns NULL or false when it failed. It has then recorded why in parser->error, with a
 * diagnostic unless memory is spent, and its caller gives up too, up to the policy. */
#ifndef CEDAR_PARSER_STATE_H
#define CEDAR_PARSER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "cedar/ast.h"
#include "cedar/ast_list.h"
#include "cedar/cedar.h"
#include "cedar/token.h"

struct parser {
	struct arena *arena;
	const struct source *source;
	struct cedar_diags *diags;
	struct lexer lexer;
	struct token token;    /* the current one, not yet consumed */
	uint32_t previous_end; /* where the token before it ended */
	int32_t open_brackets; /* of all kinds, consumed and not yet closed */
	uint32_t depth, max_depth;
	struct ast_lists lists;
	enum error error;     /* of the current policy */
	bool at_next_policy;  /* it failed where the next one begins */
	bool allows_builtins; /* `__cedar` may be part of a path, as it may in schemas */
};

/* Makes the next token the current one. */
void parser_advance(struct parser *parser);

/* Consumes the current token if it is of this kind. */
static inline bool parser_accept(struct parser *parser, enum token_kind kind)
{
	if (parser->token.kind != kind)
		return false;
	parser_advance(parser);
	return true;
}

/* Fails the current rule with a message about `span`. After an invalid token, which has its own
 * message, it adds none. */
void parser_fail(struct parser *parser, struct span span, const char *format, ...)
	ATTR_PRINTF(3, 4);
/* The same for a limit. */
void parser_fail_limit(struct parser *parser, struct span span, const char *format, ...)
	ATTR_PRINTF(3, 4);
void parser_fail_memory(struct parser *parser);

/* Fails with "expected <what>, found <the current token>". */
void parser_fail_expected(struct parser *parser, const char *what);

/* Fails with "<before>`<the current token>`<after>". */
void parser_fail_token(struct parser *parser, const char *before, const char *after);

/* Consumes a token of this kind or fails: "expected `)` <where>, found ..". `where` may be "". */
bool parser_expect(struct parser *parser, enum token_kind kind, const char *where);

/* The text of the current token. */
struct str parser_token_text(const struct parser *parser);

/* The kind of the token behind the current one. */
enum token_kind parser_peek(const struct parser *parser);

/* From `start` to the end of the last consumed token. */
static inline struct span parser_span_from(const struct parser *parser, uint32_t start)
{
	return span_make(start, parser->previous_end);
}

/* Lists as in cedar/ast_list.h; the last two fail when memory is spent. */
static inline size_t parser_list_start(const struct parser *parser)
{
	return ast_list_start(&parser->lists);
}

static inline void parser_list_push(struct parser *parser, const void *element, size_t size)
{
	ast_list_push(&parser->lists, element, size);
}

void *parser_list_end(struct parser *parser, size_t start, size_t element_size, uint32_t *count);
bool parser_find_repeated(struct parser *parser, const void *elements, size_t element_size,
			  uint32_t count, uint32_t *index);

/* The value of the current token, a string, which is consumed. */
bool parser_take_string(struct parser *parser, struct str *value);

/* path = ident { "::" ident } . Fails at a reserved word. With `uid_follows` a "::" before a string
 * ends the path and is consumed, and `*uid_follows` says whether it was there. */
bool parse_path(struct parser *parser, struct str *path, bool *uid_follows);

/* annotations = { "@" ANYID [ "(" STRING ")" ] } ; a name stands once. */
bool parse_annotations(struct parser *parser, const struct ast_annotation **out, uint32_t *count);

/* uid = path "::" STRING . */
bool parse_uid(struct parser *parser, struct ast_uid *uid);

/* scope = "(" scopeP "," scopeA "," scopeR [","] ")" . */
bool parse_scope(struct parser *parser, struct ast_policy *policy);

/* expr = or | if . */
const struct ast_expr *parse_expr(struct parser *parser);

/* member = primary { "." ident [ "(" [ expr { "," expr } ] ")" ] | "[" STRING "]" } . */
const struct ast_expr *parse_member(struct parser *parser);

/* NUMBER with the minus at `start` in front of it: the only way to write the smallest integer. */
const struct ast_expr *parse_negative(struct parser *parser, uint32_t start);

/* call = extfn "(" [ expr { "," expr } ] ")" . The current token is the name. */
const struct ast_expr *parse_function_call(struct parser *parser);

/* "." ident "(" [ expr { "," expr } ] ")" behind a receiver that began at `start`. The current
 * token is the name. */
const struct ast_expr *parse_method_call(struct parser *parser, uint32_t start,
					 const struct ast_expr *receiver);

/* [ expr { "," expr } [","] ] end: pushes the expressions on the list that the caller has started.
 * `expected` names what may stand behind an expression. */
bool parse_items(struct parser *parser, enum token_kind end, const char *expected);

/* Every new node goes through here: fails when it is NULL, for want of memory, or too high. */
const struct ast_expr *parser_check(struct parser *parser, const struct ast_expr *expr);

/* An attribute, or a `has` with one name. */
const struct ast_expr *parser_new_named(struct parser *parser, enum ast_kind kind, uint32_t start,
					const struct ast_expr *left, struct str name);

#endif
