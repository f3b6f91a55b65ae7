#include "cedar/parser_state.h"

#include <stdio.h>

#include "cedar/diag.h"
#include "cedar/unescape.h"

void parser_advance(struct parser *parser)
{
	switch (parser->token.kind) {
	case TOKEN_LEFT_PAREN:
	case TOKEN_LEFT_BRACE:
	case TOKEN_LEFT_BRACKET: parser->open_brackets++; break;
	case TOKEN_RIGHT_PAREN:
	case TOKEN_RIGHT_BRACE:
	case TOKEN_RIGHT_BRACKET:
		if (parser->open_brackets > 0)
			parser->open_brackets--;
		break;
	default: break;
	}
	parser->previous_end = parser->token.span.end;
	parser->token = lexer_next(&parser->lexer);
}

void parser_fail(struct parser *parser, struct span span, const char *format, ...)
{
	va_list args;

	if (parser->token.kind != TOKEN_INVALID) {
		va_start(args, format);
		diag_vreport(parser->diags, CEDAR_ERROR, parser->source, span, format, args);
		va_end(args);
	}
	parser->error = ERR_SYNTAX;
}

void parser_fail_limit(struct parser *parser, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diag_vreport(parser->diags, CEDAR_ERROR, parser->source, span, format, args);
	va_end(args);
	parser->error = ERR_LIMIT;
}

void parser_fail_memory(struct parser *parser)
{
	parser->error = ERR_NO_MEMORY;
}

struct str parser_token_text(const struct parser *parser)
{
	return source_slice(parser->source, parser->token.span);
}

enum token_kind parser_peek(const struct parser *parser)
{
	struct lexer ahead = parser->lexer;

	ahead.quiet = true;
	return lexer_next(&ahead).kind;
}

void parser_fail_expected(struct parser *parser, const char *what)
{
	const struct token *token = &parser->token;

	switch (token->kind) {
	case TOKEN_END:
		/* Point behind the last token, not at the end of trailing blank lines. */
		parser_fail(parser, span_make(parser->previous_end, parser->previous_end),
			    "expected %s, but the text ends here", what);
		break;
	case TOKEN_IDENT:
	case TOKEN_NUMBER:
	case TOKEN_SLOT:
		parser_fail(parser, token->span, "expected %s, found `%s`", what,
			    diag_quote(parser_token_text(parser)).text);
		break;
	default:
		parser_fail(parser, token->span, "expected %s, found %s", what,
			    token_kind_text(token->kind));
	}
}

void parser_fail_token(struct parser *parser, const char *before, const char *after)
{
	parser_fail(parser, parser->token.span, "%s`%s`%s", before,
		    diag_quote(parser_token_text(parser)).text, after);
}

bool parser_expect(struct parser *parser, enum token_kind kind, const char *where)
{
	char what[64];

	if (parser_accept(parser, kind))
		return true;
	snprintf(what, sizeof(what), "%s%s", token_kind_text(kind), where);
	parser_fail_expected(parser, what);
	return false;
}

const struct ast_expr *parser_check(struct parser *parser, const struct ast_expr *expr)
{
	if (expr == NULL) {
		parser_fail_memory(parser);
		return NULL;
	}
	if (expr->height > parser->max_depth) {
		parser_fail_limit(parser, expr->span,
				  "the expression is nested deeper than %u levels",
				  (unsigned)parser->max_depth);
		return NULL;
	}
	return expr;
}

void *parser_list_end(struct parser *parser, size_t start, size_t element_size, uint32_t *count)
{
	void *elements = ast_list_end(&parser->lists, start, element_size, count);

	if (elements == NULL)
		parser_fail_memory(parser);
	return elements;
}

bool parser_find_repeated(struct parser *parser, const void *elements, size_t element_size,
			  uint32_t count, uint32_t *index)
{
	enum error error =
		ast_list_find_repeated(&parser->lists, elements, element_size, count, index);

	if (error != ERR_NONE)
		parser_fail_memory(parser);
	return error == ERR_NONE;
}

bool parser_take_string(struct parser *parser, struct str *value)
{
	const struct unescape context = {parser->arena, parser->source, parser->diags};
	enum error error = unescape_string(&context, &parser->token, value);

	if (error != ERR_NONE) {
		parser->error = error;
		return false;
	}
	parser_advance(parser);
	return true;
}

/* A component of a path. */
static bool expect_name(struct parser *parser)
{
	if (token_is_reserved(&parser->token) &&
	    !(parser->allows_builtins && parser->token.word == WORD_CEDAR)) {
		parser_fail_token(parser, "", " is a reserved word and cannot be part of a name");
		return false;
	}
	if (parser->token.kind == TOKEN_IDENT) {
		parser_advance(parser);
		return true;
	}
	parser_fail_expected(parser, "a type name");
	return false;
}

/* The path of a span without the blanks and comments that may stand around "::". */
static bool squeeze_path(struct parser *parser, struct span span, size_t length, struct str *path)
{
	struct lexer lexer;
	size_t used = 0;
	char *out;

	if (length == span.end - span.start) {
		*path = source_slice(parser->source, span);
		return true;
	}
	out = arena_alloc(parser->arena, length);
	if (out == NULL) {
		parser_fail_memory(parser);
		return false;
	}
	lexer_init(&lexer, parser->source, parser->diags);
	lexer.at = span.start;
	while (used < length) {
		struct token token = lexer_next(&lexer);
		struct str text = source_slice(parser->source, token.span);

		memcpy(out + used, text.ptr, text.length);
		used += text.length;
	}
	*path = str_make(out, length);
	return true;
}

bool parse_path(struct parser *parser, struct str *path, bool *uid_follows)
{
	struct span span = parser->token.span;
	size_t length = 0;

	if (uid_follows != NULL)
		*uid_follows = false;
	for (;;) {
		length += parser->token.span.end - parser->token.span.start;
		if (!expect_name(parser))
			return false;
		span.end = parser->previous_end;
		if (!parser_accept(parser, TOKEN_PATH))
			break;
		if (uid_follows != NULL && parser->token.kind == TOKEN_STRING) {
			*uid_follows = true;
			break;
		}
		length += 2;
	}
	return squeeze_path(parser, span, length, path);
}

bool parse_uid(struct parser *parser, struct ast_uid *uid)
{
	uint32_t start = parser->token.span.start;
	bool uid_follows;

	if (parser->token.kind == TOKEN_STRING) {
		parser_fail(parser, parser->token.span,
			    "an entity is written with its type, as in Type::\"id\"");
		return false;
	}
	if (parser->token.kind != TOKEN_IDENT) {
		parser_fail_expected(parser, "an entity such as Type::\"id\"");
		return false;
	}
	if (!parse_path(parser, &uid->type, &uid_follows))
		return false;
	if (!uid_follows && parser->token.kind == TOKEN_LEFT_PAREN) {
		parser_fail(parser, parser_span_from(parser, start),
			    "there is no function `%s`; functions have no namespace",
			    diag_quote(uid->type).text);
		return false;
	}
	if (!uid_follows) {
		parser_fail(
			parser, parser_span_from(parser, start),
			"this is only a type; an entity is written with its id, as in %s::\"id\"",
			diag_quote(uid->type).text);
		return false;
	}
	if (!parser_take_string(parser, &uid->id))
		return false;
	uid->span = parser_span_from(parser, start);
	return true;
}

/* annotation = "@" ANYID [ "(" STRING ")" ] . */
static bool parse_annotation(struct parser *parser, struct ast_annotation *annotation)
{
	*annotation = (struct ast_annotation){.value = STR("")};
	parser_advance(parser);
	if (parser->token.kind != TOKEN_IDENT) {
		parser_fail_expected(parser, "the name of an annotation");
		return false;
	}
	annotation->key = parser_token_text(parser);
	annotation->key_span = parser->token.span;
	parser_advance(parser);
	if (parser->token.kind == TOKEN_MINUS || parser->token.kind == TOKEN_DOT) {
		parser_fail(parser, parser->token.span,
			    "the name of an annotation is an identifier, without `-` and `.`");
		return false;
	}
	if (!parser_accept(parser, TOKEN_LEFT_PAREN))
		return true;
	if (parser->token.kind != TOKEN_STRING) {
		parser_fail_expected(parser, "a string as the value of the annotation");
		return false;
	}
	annotation->has_value = true;
	annotation->value_span = parser->token.span;
	return parser_take_string(parser, &annotation->value) &&
	       parser_expect(parser, TOKEN_RIGHT_PAREN, " behind the value of the annotation");
}

bool parse_annotations(struct parser *parser, const struct ast_annotation **out, uint32_t *count)
{
	size_t list = parser_list_start(parser);
	struct ast_annotation *annotations;
	uint32_t duplicate;

	while (parser->token.kind == TOKEN_AT) {
		struct ast_annotation annotation;

		if (!parse_annotation(parser, &annotation))
			return false;
		parser_list_push(parser, &annotation, sizeof(annotation));
	}
	annotations = parser_list_end(parser, list, sizeof(*annotations), count);
	if (annotations == NULL ||
	    !parser_find_repeated(parser, annotations, sizeof(*annotations), *count, &duplicate))
		return false;
	if (duplicate < *count) {
		parser_fail(parser, annotations[duplicate].key_span,
			    "the annotation `@%s` stands here a second time",
			    diag_quote(annotations[duplicate].key).text);
		return false;
	}
	*out = annotations;
	return true;
}
