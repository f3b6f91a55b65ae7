/* Literals, names, sets, records, and the attributes and calls behind them. */
#include "cedar/parser_state.h"

bool parse_items(struct parser *parser, enum token_kind end, const char *expected)
{
	while (parser->token.kind != end) {
		const struct ast_expr *item = parse_expr(parser);

		if (item == NULL)
			return false;
		parser_list_push(parser, &item, sizeof(item));
		if (!parser_accept(parser, TOKEN_COMMA))
			break;
	}
	if (parser_accept(parser, end))
		return true;
	parser_fail_expected(parser, expected);
	return false;
}

/* STRING */
static const struct ast_expr *parse_string(struct parser *parser)
{
	struct ast_expr *expr = ast_new(parser->arena, AST_STRING, parser->token.span);

	if (parser_check(parser, expr) == NULL || !parser_take_string(parser, &expr->text))
		return NULL;
	return expr;
}

/* The value of the current token, a NUMBER, up to `max`. */
static bool take_number(struct parser *parser, uint64_t max, uint64_t *value)
{
	struct str digits = parser_token_text(parser);

	*value = 0;
	for (size_t i = 0; i < digits.length; i++) {
		uint64_t digit = (uint64_t)(digits.ptr[i] - '0');

		if (*value > (max - digit) / 10) {
			parser_fail(parser, parser->token.span,
				    "the number is too large; integers end at 9223372036854775807");
			return false;
		}
		*value = *value * 10 + digit;
	}
	parser_advance(parser);
	return true;
}

static const struct ast_expr *new_long(struct parser *parser, uint32_t start, int64_t value)
{
	struct ast_expr *expr = ast_new(parser->arena, AST_LONG, parser_span_from(parser, start));

	if (expr != NULL)
		expr->integer = value;
	return parser_check(parser, expr);
}

/* NUMBER */
static const struct ast_expr *parse_number(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	uint64_t value;

	if (!take_number(parser, INT64_MAX, &value))
		return NULL;
	return new_long(parser, start, (int64_t)value);
}

const struct ast_expr *parse_negative(struct parser *parser, uint32_t start)
{
	uint64_t value;

	if (!take_number(parser, (uint64_t)INT64_MAX + 1, &value))
		return NULL;
	return new_long(parser, start, value > INT64_MAX ? INT64_MIN : -(int64_t)value);
}

/* set = "[" [ expr { "," expr } ] "]" . */
static const struct ast_expr *parse_set(struct parser *parser)
{
	uint32_t start = parser->token.span.start, count;
	size_t list = parser_list_start(parser);
	const struct ast_expr *const *items;

	parser_advance(parser);
	if (!parse_items(parser, TOKEN_RIGHT_BRACKET, "`,` or `]`"))
		return NULL;
	items = parser_list_end(parser, list, sizeof(*items), &count);
	if (items == NULL)
		return NULL;
	return parser_check(parser, ast_new_list(parser->arena, AST_SET,
						 parser_span_from(parser, start), items, count));
}

/* field = ( ident | STRING ) ":" expr . */
static bool parse_field(struct parser *parser, struct ast_field *field)
{
	field->key_span = parser->token.span;
	if (parser->token.kind == TOKEN_STRING) {
		if (!parser_take_string(parser, &field->key))
			return false;
	} else if (token_is_reserved(&parser->token)) {
		parser_fail_token(parser, "", " is a reserved word; as a key it stands in quotes");
		return false;
	} else if (parser->token.kind == TOKEN_IDENT) {
		field->key = parser_token_text(parser);
		parser_advance(parser);
	} else {
		parser_fail_expected(parser, "a key or `}`");
		return false;
	}
	if (!parser_expect(parser, TOKEN_COLON, " behind the key"))
		return false;
	field->value = parse_expr(parser);
	return field->value != NULL;
}

static bool check_keys(struct parser *parser, const struct ast_field *fields, uint32_t count)
{
	uint32_t repeated;

	if (count < 2)
		return true;
	if (!parser_find_repeated(parser, fields, sizeof(*fields), count, &repeated))
		return false;
	if (repeated == count)
		return true;
	parser_fail(parser, fields[repeated].key_span,
		    "this key stands in the record a second time");
	return false;
}

/* record = "{" [ field { "," field } ] "}" . */
static const struct ast_expr *parse_record(struct parser *parser)
{
	uint32_t start = parser->token.span.start, count;
	size_t list = parser_list_start(parser);
	const struct ast_field *fields;

	parser_advance(parser);
	while (parser->token.kind != TOKEN_RIGHT_BRACE) {
		struct ast_field field;

		if (!parse_field(parser, &field))
			return NULL;
		parser_list_push(parser, &field, sizeof(field));
		if (parser_accept(parser, TOKEN_COMMA))
			continue;
		if (parser->token.kind == TOKEN_RIGHT_BRACE)
			break;
		parser_fail_expected(parser, "`,` or `}`");
		return NULL;
	}
	parser_advance(parser);
	fields = parser_list_end(parser, list, sizeof(*fields), &count);
	if (fields == NULL || !check_keys(parser, fields, count))
		return NULL;
	return parser_check(parser, ast_new_record(parser->arena, parser_span_from(parser, start),
						   fields, count));
}

/* uid */
static const struct ast_expr *parse_entity(struct parser *parser)
{
	struct ast_expr *expr = ast_new(parser->arena, AST_UID, parser->token.span);
	struct ast_uid *uid = arena_alloc(parser->arena, sizeof(*uid));

	if (uid == NULL) {
		parser_fail_memory(parser);
		return NULL;
	}
	if (parser_check(parser, expr) == NULL || !parse_uid(parser, uid))
		return NULL;
	expr->uid = uid;
	expr->span = uid->span;
	return expr;
}

/* "true" | "false" */
static const struct ast_expr *parse_bool(struct parser *parser)
{
	struct ast_expr *expr = ast_new(parser->arena, AST_BOOL, parser->token.span);

	if (expr != NULL)
		expr->boolean = parser->token.word == WORD_TRUE;
	parser_advance(parser);
	return parser_check(parser, expr);
}

/* var = "principal" | "action" | "resource" | "context" . */
static const struct ast_expr *parse_var(struct parser *parser)
{
	struct ast_expr *expr = ast_new(parser->arena, AST_VAR, parser->token.span);

	if (expr != NULL)
		expr->var = (enum ast_var)((int)parser->token.word - (int)WORD_PRINCIPAL);
	parser_advance(parser);
	return parser_check(parser, expr);
}

/* All primaries that begin with a word. */
static const struct ast_expr *parse_word(struct parser *parser)
{
	enum token_kind next = parser_peek(parser);

	if (next == TOKEN_PATH)
		return parse_entity(parser);
	switch (parser->token.word) {
	case WORD_TRUE:
	case WORD_FALSE: return parse_bool(parser);
	case WORD_IF:
		parser_fail(parser, parser->token.span,
			    "an `if` that is part of a larger expression stands in parentheses");
		return NULL;
	default: break;
	}
	if (token_is_reserved(&parser->token)) {
		parser_fail_expected(parser, "an expression");
		return NULL;
	}
	if (next == TOKEN_LEFT_PAREN)
		return parse_function_call(parser);
	if (parser->token.word >= WORD_PRINCIPAL)
		return parse_var(parser);
	if (next == TOKEN_INVALID) {
		/* As in "größe": what cuts the name short is the mistake to report. */
		parser_advance(parser);
		parser->error = ERR_SYNTAX;
	} else if (next == TOKEN_STRING) {
		parser_fail_token(parser, "an entity is written with `::`, as in ", "::\"id\"");
	} else {
		parser_fail_token(parser, "unknown variable ",
				  "; there are principal, action, resource and context");
	}
	return NULL;
}

/* primary = "true" | "false" | NUMBER | STRING | uid | var | call | "(" expr ")" | set | record .
 */
static const struct ast_expr *parse_primary(struct parser *parser)
{
	const struct ast_expr *expr;

	switch (parser->token.kind) {
	case TOKEN_IDENT: return parse_word(parser);
	case TOKEN_NUMBER: return parse_number(parser);
	case TOKEN_STRING: return parse_string(parser);
	case TOKEN_LEFT_BRACKET: return parse_set(parser);
	case TOKEN_LEFT_BRACE: return parse_record(parser);
	case TOKEN_LEFT_PAREN:
		parser_advance(parser);
		expr = parse_expr(parser);
		if (expr == NULL || !parser_expect(parser, TOKEN_RIGHT_PAREN, ""))
			return NULL;
		return expr;
	case TOKEN_SLOT:
		parser_fail_token(parser, "", " is a slot; slots stand in the scope only");
		return NULL;
	default: parser_fail_expected(parser, "an expression"); return NULL;
	}
}

const struct ast_expr *parser_new_named(struct parser *parser, enum ast_kind kind, uint32_t start,
					const struct ast_expr *left, struct str name)
{
	struct str *names = arena_alloc(parser->arena, sizeof(*names));

	if (names == NULL) {
		parser_fail_memory(parser);
		return NULL;
	}
	*names = name;
	return parser_check(parser, ast_new_named(parser->arena, kind,
						  parser_span_from(parser, start), left, names, 1));
}

static void fail_attribute(struct parser *parser, const struct ast_expr *left)
{
	if (token_is_reserved(&parser->token))
		parser_fail_token(parser, "",
				  " is a reserved word; as an attribute it is written "
				  "in brackets and quotes, as in [\"if\"]");
	else if (parser->token.kind == TOKEN_NUMBER && ast_kind(left) == AST_LONG)
		parser_fail(parser, parser->token.span,
			    "numbers are integers; a fraction is written decimal(\"1.5\")");
	else if (parser->token.kind == TOKEN_STRING)
		parser_fail(parser, parser->token.span,
			    "an attribute in quotes is written in brackets, without the dot");
	else
		parser_fail_expected(parser, "the name of an attribute or method");
}

/* "." ident [ "(" [ expr { "," expr } ] ")" ] */
static const struct ast_expr *parse_dot(struct parser *parser, uint32_t start,
					const struct ast_expr *left)
{
	struct str name;

	parser_advance(parser);
	if (parser->token.kind != TOKEN_IDENT || token_is_reserved(&parser->token)) {
		fail_attribute(parser, left);
		return NULL;
	}
	if (parser_peek(parser) == TOKEN_LEFT_PAREN)
		return parse_method_call(parser, start, left);
	name = parser_token_text(parser);
	parser_advance(parser);
	return parser_new_named(parser, AST_ATTR, start, left, name);
}

/* "[" STRING "]" */
static const struct ast_expr *parse_index(struct parser *parser, uint32_t start,
					  const struct ast_expr *left)
{
	struct str name;

	parser_advance(parser);
	if (parser->token.kind == TOKEN_NUMBER) {
		parser_fail(parser, parser->token.span,
			    "sets have no order and no index; use contains() and its kin");
		return NULL;
	}
	if (parser->token.kind != TOKEN_STRING) {
		parser_fail_expected(parser, "the name of an attribute in quotes");
		return NULL;
	}
	if (!parser_take_string(parser, &name) || !parser_expect(parser, TOKEN_RIGHT_BRACKET, ""))
		return NULL;
	return parser_new_named(parser, AST_ATTR, start, left, name);
}

const struct ast_expr *parse_member(struct parser *parser)
{
	uint32_t start = parser->token.span.start;
	const struct ast_expr *expr = parse_primary(parser);

	while (expr != NULL) {
		switch (parser->token.kind) {
		case TOKEN_DOT: expr = parse_dot(parser, start, expr); break;
		case TOKEN_LEFT_BRACKET: expr = parse_index(parser, start, expr); break;
		case TOKEN_LEFT_PAREN:
			parser_fail(parser, parser->token.span,
				    "only functions and methods can be called");
			return NULL;
		default: return expr;
		}
	}
	return NULL;
}
