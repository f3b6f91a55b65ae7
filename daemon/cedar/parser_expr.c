/* The rules of expressions, lowest precedence first. */
#include "cedar/parser_state.h"
#include "cedar/unescape.h"

enum { MAX_UNARY = 4 }; /* "!" or "-" in a row */

/* What follows `count` signs: a literal takes the last minus. */
static const struct ast_expr *parse_operand(struct parser *parser, bool minus,
					    const uint32_t *sign_starts, uint32_t *count)
{
	enum token_kind next;

	if (minus && parser->token.kind == TOKEN_NUMBER) {
		next = parser_peek(parser);
		if (next != TOKEN_DOT && next != TOKEN_LEFT_BRACKET && next != TOKEN_LEFT_PAREN)
			return parse_negative(parser, sign_starts[--*count]);
	}
	return parse_member(parser);
}

/* unary = [ "!"{1..4} | "-"{1..4} ] member . */
static const struct ast_expr *parse_unary(struct parser *parser)
{
	enum token_kind sign = parser->token.kind;
	bool minus = sign == TOKEN_MINUS;
	uint32_t starts[MAX_UNARY], count = 0;
	const struct ast_expr *expr;

	while (parser->token.kind == sign && (minus || sign == TOKEN_NOT)) {
		if (count == MAX_UNARY) {
			parser_fail(parser, parser->token.span, "at most four %s stand in a row",
				    token_kind_text(sign));
			return NULL;
		}
		starts[count++] = parser->token.span.start;
		parser_advance(parser);
	}
	if (count > 0 && (parser->token.kind == TOKEN_NOT || parser->token.kind == TOKEN_MINUS)) {
		parser_fail(parser, parser->token.span,
			    "`!` and `-` do not stand in a row; add parentheses");
		return NULL;
	}
	expr = parse_operand(parser, minus, starts, &count);
	while (expr != NULL && count > 0) {
		uint32_t start = starts[--count];

		expr = parser_check(parser, ast_new_unary(parser->arena, minus ? AST_NEG : AST_NOT,
							  parser_span_from(parser, start), expr));
	}
	return expr;
}

/* Makes the operands of a list into one node; `start` is where the first began. */
static const struct ast_expr *end_chain(struct parser *parser, enum ast_kind kind, uint32_t start,
					size_t list)
{
	const struct ast_expr *const *items;
	uint32_t count;

	items = parser_list_end(parser, list, sizeof(*items), &count);
	if (items == NULL)
		return NULL;
	return parser_check(parser,
			    ast_new_chain(parser->arena, kind, parser_span_from(parser, start),
					  items, NULL, count));
}

/* mul = unary { "*" unary } . */
static const struct ast_expr *parse_mul(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	size_t list = parser_list_start(parser);

	for (;;) {
		const struct ast_expr *operand = parse_unary(parser);

		if (operand == NULL)
			return NULL;
		if (parser->token.kind == TOKEN_SLASH || parser->token.kind == TOKEN_PERCENT) {
			parser_fail(parser, parser->token.span, "%s is not supported",
				    parser->token.kind == TOKEN_SLASH ? "division (`/`)"
								      : "the remainder (`%`)");
			return NULL;
		}
		if (parser->token.kind != TOKEN_STAR && parser_list_start(parser) == list)
			return operand;
		parser_list_push(parser, &operand, sizeof(operand));
		if (!parser_accept(parser, TOKEN_STAR))
			return end_chain(parser, AST_MUL, start, list);
	}
}

/* An operand of a sum with the sign before it. */
struct term {
	const struct ast_expr *operand;
	char sign;
};

static const struct ast_expr *end_sum(struct parser *parser, uint32_t start, size_t list)
{
	const struct ast_expr **items;
	const struct term *terms;
	uint32_t count;
	char *signs;

	terms = parser_list_end(parser, list, sizeof(*terms), &count);
	if (terms == NULL)
		return NULL;
	items = arena_alloc(parser->arena, count * sizeof(*items));
	signs = arena_alloc(parser->arena, count);
	if (items == NULL || signs == NULL) {
		parser_fail_memory(parser);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		items[i] = terms[i].operand;
		signs[i] = terms[i].sign;
	}
	return parser_check(parser,
			    ast_new_chain(parser->arena, AST_SUM, parser_span_from(parser, start),
					  items, signs, count));
}

/* add = mul { ( "+" | "-" ) mul } . */
static const struct ast_expr *parse_add(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	size_t list = parser_list_start(parser);
	struct term term = {.sign = '+'};

	for (;;) {
		bool more;

		term.operand = parse_mul(parser);
		if (term.operand == NULL)
			return NULL;
		more = parser->token.kind == TOKEN_PLUS || parser->token.kind == TOKEN_MINUS;
		if (!more && parser_list_start(parser) == list)
			return term.operand;
		parser_list_push(parser, &term, sizeof(term));
		if (!more)
			return end_sum(parser, start, list);
		term.sign = parser->token.kind == TOKEN_PLUS ? '+' : '-';
		parser_advance(parser);
	}
}

/* The relation the current token stands for; false when it stands for none. */
static bool find_relation(const struct parser *parser, enum ast_kind *kind)
{
	switch (parser->token.kind) {
	case TOKEN_EQ: *kind = AST_EQ; return true;
	case TOKEN_NE: *kind = AST_NE; return true;
	case TOKEN_LT: *kind = AST_LT; return true;
	case TOKEN_LE: *kind = AST_LE; return true;
	case TOKEN_GT: *kind = AST_GT; return true;
	case TOKEN_GE: *kind = AST_GE; return true;
	case TOKEN_IDENT: break;
	default: return false;
	}
	switch (parser->token.word) {
	case WORD_IN: *kind = AST_IN; return true;
	case WORD_HAS: *kind = AST_HAS; return true;
	case WORD_LIKE: *kind = AST_LIKE; return true;
	case WORD_IS: *kind = AST_IS; return true;
	default: return false;
	}
}

/* ( "==" | .. | "in" ) add */
static const struct ast_expr *parse_comparison(struct parser *parser, enum ast_kind kind,
					       uint32_t start, const struct ast_expr *left)
{
	const struct ast_expr *right = parse_add(parser);

	if (right == NULL)
		return NULL;
	return parser_check(parser, ast_new_binary(parser->arena, kind,
						   parser_span_from(parser, start), left, right));
}

/* ident { "." ident } */
static const struct ast_expr *parse_has_path(struct parser *parser, uint32_t start,
					     const struct ast_expr *left)
{
	size_t list = parser_list_start(parser);
	const struct str *names;
	uint32_t count;

	do {
		struct str name = parser_token_text(parser);

		if (token_is_reserved(&parser->token)) {
			parser_fail_token(parser, "",
					  " is a reserved word; as an attribute it stands in "
					  "quotes, alone behind its own `has`");
			return NULL;
		}
		if (parser->token.kind != TOKEN_IDENT) {
			parser_fail_expected(parser, "the name of an attribute");
			return NULL;
		}
		parser_list_push(parser, &name, sizeof(name));
		parser_advance(parser);
	} while (parser_accept(parser, TOKEN_DOT));
	names = parser_list_end(parser, list, sizeof(*names), &count);
	if (names == NULL)
		return NULL;
	return parser_check(parser,
			    ast_new_named(parser->arena, AST_HAS, parser_span_from(parser, start),
					  left, names, count));
}

/* "has" ( ident { "." ident } | STRING ) */
static const struct ast_expr *parse_has(struct parser *parser, uint32_t start,
					const struct ast_expr *left)
{
	struct str name;

	if (parser->token.kind != TOKEN_STRING)
		return parse_has_path(parser, start, left);
	if (!parser_take_string(parser, &name))
		return NULL;
	if (parser->token.kind == TOKEN_DOT) {
		parser_fail(parser, parser->token.span,
			    "a path behind `has` is made of plain names, without quotes");
		return NULL;
	}
	return parser_new_named(parser, AST_HAS, start, left, name);
}

/* "like" STRING */
static const struct ast_expr *parse_like(struct parser *parser, uint32_t start,
					 const struct ast_expr *left)
{
	const struct unescape context = {parser->arena, parser->source, parser->diags};
	const struct str *literals;
	uint32_t count;
	enum error error;

	if (parser->token.kind != TOKEN_STRING) {
		parser_fail_expected(parser, "a pattern in quotes");
		return NULL;
	}
	error = unescape_pattern(&context, &parser->token, &literals, &count);
	if (error != ERR_NONE) {
		parser->error = error;
		return NULL;
	}
	parser_advance(parser);
	return parser_check(parser,
			    ast_new_named(parser->arena, AST_LIKE, parser_span_from(parser, start),
					  left, literals, count));
}

/* "is" path [ "in" add ] */
static const struct ast_expr *parse_is(struct parser *parser, uint32_t start,
				       const struct ast_expr *left)
{
	struct ast_is *is = arena_calloc(parser->arena, 1, sizeof(*is));
	uint32_t type_start = parser->token.span.start;
	bool uid_follows;

	if (is == NULL) {
		parser_fail_memory(parser);
		return NULL;
	}
	if (parser->token.kind == TOKEN_STRING) {
		parser_fail(parser, parser->token.span,
			    "`is` takes the name of an entity type, without quotes");
		return NULL;
	}
	if (!parse_path(parser, &is->type, &uid_follows))
		return NULL;
	if (uid_follows) {
		parser_fail(parser, span_make(type_start, parser->token.span.end),
			    "`is` takes a type, not an entity; to compare with an entity use `==`");
		return NULL;
	}
	is->type_span = parser_span_from(parser, type_start);
	if (token_is_word(&parser->token, WORD_IN)) {
		parser_advance(parser);
		is->in = parse_add(parser);
		if (is->in == NULL)
			return NULL;
	}
	return parser_check(parser,
			    ast_new_is(parser->arena, parser_span_from(parser, start), left, is));
}

/* rel = add [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" ) add | has | like | is ] . */
static const struct ast_expr *parse_rel(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	const struct ast_expr *left = parse_add(parser), *result;
	enum ast_kind kind;

	if (left == NULL)
		return NULL;
	if (parser->token.kind == TOKEN_ASSIGN) {
		parser_fail(parser, parser->token.span,
			    "use `==` to compare; `=` is not an operator");
		return NULL;
	}
	if (!find_relation(parser, &kind))
		return left;
	parser_advance(parser);
	switch (kind) {
	case AST_HAS: result = parse_has(parser, start, left); break;
	case AST_LIKE: result = parse_like(parser, start, left); break;
	case AST_IS: result = parse_is(parser, start, left); break;
	default: result = parse_comparison(parser, kind, start, left); break;
	}
	if (result != NULL && find_relation(parser, &kind)) {
		parser_fail_token(parser, "",
				  " cannot follow another comparison; add parentheses or `&&`");
		return NULL;
	}
	return result;
}

/* and = rel { "&&" rel } . */
static const struct ast_expr *parse_and(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	size_t list = parser_list_start(parser);

	for (;;) {
		const struct ast_expr *operand = parse_rel(parser);

		if (operand == NULL)
			return NULL;
		if (parser->token.kind != TOKEN_AND && parser_list_start(parser) == list)
			return operand;
		parser_list_push(parser, &operand, sizeof(operand));
		if (!parser_accept(parser, TOKEN_AND))
			return end_chain(parser, AST_AND, start, list);
	}
}

/* or = and { "||" and } . */
static const struct ast_expr *parse_or(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	size_t list = parser_list_start(parser);

	for (;;) {
		const struct ast_expr *operand = parse_and(parser);

		if (operand == NULL)
			return NULL;
		if (parser->token.kind != TOKEN_OR && parser_list_start(parser) == list)
			return operand;
		parser_list_push(parser, &operand, sizeof(operand));
		if (!parser_accept(parser, TOKEN_OR))
			return end_chain(parser, AST_OR, start, list);
	}
}

/* One of the three words of an `if`, and the expression behind it. */
static const struct ast_expr *parse_branch(struct parser *parser, enum word word, const char *text)
{
	if (!token_is_word(&parser->token, word)) {
		parser_fail_expected(parser, text);
		return NULL;
	}
	parser_advance(parser);
	return parse_expr(parser);
}

/* if = "if" expr "then" expr "else" expr . */
static const struct ast_expr *parse_if(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	const struct ast_expr **items = arena_alloc(parser->arena, 3 * sizeof(*items));

	if (items == NULL) {
		parser_fail_memory(parser);
		return NULL;
	}
	items[0] = parse_branch(parser, WORD_IF, "`if`");
	if (items[0] == NULL)
		return NULL;
	items[1] = parse_branch(parser, WORD_THEN, "`then`");
	if (items[1] == NULL)
		return NULL;
	items[2] = parse_branch(parser, WORD_ELSE, "`else`");
	if (items[2] == NULL)
		return NULL;
	return parser_check(parser, ast_new_list(parser->arena, AST_IF,
						 parser_span_from(parser, start), items, 3));
}

const struct ast_expr *parse_expr(struct parser *parser)
{
	const struct ast_expr *expr;

	if (parser->depth == parser->max_depth) {
		parser_fail_limit(parser, parser->token.span,
				  "the expression is nested deeper than %u levels",
				  (unsigned)parser->max_depth);
		return NULL;
	}
	parser->depth++;
	expr = token_is_word(&parser->token, WORD_IF) ? parse_if(parser) : parse_or(parser);
	parser->depth--;
	if (expr != NULL && parser->token.kind == TOKEN_QUESTION) {
		parser_fail(parser, parser->token.span,
			    "there is no `?:`; write if .. then .. else ..");
		return NULL;
	}
	return expr;
}
