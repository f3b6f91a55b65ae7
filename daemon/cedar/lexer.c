#include "cedar/token.h"

#include "base/attributes.h"
#include "base/utf8.h"
#include "cedar/diag.h"

void lexer_init(struct lexer *lexer, const struct source *source, struct cedar_diags *diags)
{
	*lexer = (struct lexer){.source = source, .diags = diags};
}

ATTR_PRINTF(3, 4)
static void report(const struct lexer *lexer, struct span span, const char *format, ...)
{
	va_list args;

	if (lexer->quiet)
		return;
	va_start(args, format);
	diag_vreport(lexer->diags, CEDAR_ERROR, lexer->source, span, format, args);
	va_end(args);
}

const char *token_kind_text(enum token_kind kind)
{
	switch (kind) {
	case TOKEN_END: return "the end of the text";
	case TOKEN_INVALID: return "an invalid character";
	case TOKEN_IDENT: return "an identifier";
	case TOKEN_NUMBER: return "a number";
	case TOKEN_STRING: return "a string";
	case TOKEN_SLOT: return "a slot";
	case TOKEN_AT: return "`@`";
	case TOKEN_DOT: return "`.`";
	case TOKEN_COMMA: return "`,`";
	case TOKEN_SEMICOLON: return "`;`";
	case TOKEN_COLON: return "`:`";
	case TOKEN_PATH: return "`::`";
	case TOKEN_QUESTION: return "`?`";
	case TOKEN_LEFT_PAREN: return "`(`";
	case TOKEN_RIGHT_PAREN: return "`)`";
	case TOKEN_LEFT_BRACE: return "`{`";
	case TOKEN_RIGHT_BRACE: return "`}`";
	case TOKEN_LEFT_BRACKET: return "`[`";
	case TOKEN_RIGHT_BRACKET: return "`]`";
	case TOKEN_EQ: return "`==`";
	case TOKEN_NE: return "`!=`";
	case TOKEN_LT: return "`<`";
	case TOKEN_LE: return "`<=`";
	case TOKEN_GT: return "`>`";
	case TOKEN_GE: return "`>=`";
	case TOKEN_AND: return "`&&`";
	case TOKEN_OR: return "`||`";
	case TOKEN_NOT: return "`!`";
	case TOKEN_PLUS: return "`+`";
	case TOKEN_MINUS: return "`-`";
	case TOKEN_STAR: return "`*`";
	case TOKEN_SLASH: return "`/`";
	case TOKEN_PERCENT: return "`%`";
	case TOKEN_ASSIGN: return "`=`";
	}
	return "an unknown token";
}

/* The byte at `at`, or 0 at the end: no token needs to tell a NUL from the end. */
static unsigned char byte_at(const struct lexer *lexer, uint32_t at)
{
	return at < lexer->source->text.length ? (unsigned char)lexer->source->text.ptr[at] : 0;
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static uint32_t skip_word(const struct lexer *lexer, uint32_t at)
{
	while (is_letter(byte_at(lexer, at)) || is_digit(byte_at(lexer, at)))
		at++;
	return at;
}

static uint32_t decode_at(const struct lexer *lexer, uint32_t at, uint32_t *length)
{
	uint32_t text_end = (uint32_t)lexer->source->text.length;
	uint32_t code_point = 0;

	*length = (uint32_t)utf8_decode(source_slice(lexer->source, span_make(at, text_end)),
					&code_point);
	return code_point;
}

/* White_Space of Unicode beyond ASCII. */
static bool is_wide_blank(uint32_t c)
{
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static void skip_comment(struct lexer *lexer)
{
	uint32_t end = (uint32_t)lexer->source->text.length;

	while (lexer->at < end && byte_at(lexer, lexer->at) != '\n' &&
	       byte_at(lexer, lexer->at) != '\r')
		lexer->at++;
}

static void skip_blanks(struct lexer *lexer)
{
	for (;;) {
		unsigned char c = byte_at(lexer, lexer->at);
		uint32_t length;

		if (c == ' ' || (c >= '\t' && c <= '\r'))
			lexer->at++;
		else if (c == '/' && byte_at(lexer, lexer->at + 1) == '/')
			skip_comment(lexer);
		else if (c >= 0x80 && is_wide_blank(decode_at(lexer, lexer->at, &length)))
			lexer->at += length;
		else
			return;
	}
}

static enum word find_word(struct str text)
{
	static const struct {
		struct str text;
		enum word word;
	} words[] = {
		{{"principal", 9}, WORD_PRINCIPAL},
		{{"action", 6}, WORD_ACTION},
		{{"resource", 8}, WORD_RESOURCE},
		{{"context", 7}, WORD_CONTEXT},
		{{"in", 2}, WORD_IN},
		{{"is", 2}, WORD_IS},
		{{"has", 3}, WORD_HAS},
		{{"if", 2}, WORD_IF},
		{{"permit", 6}, WORD_PERMIT},
		{{"forbid", 6}, WORD_FORBID},
		{{"when", 4}, WORD_WHEN},
		{{"unless", 6}, WORD_UNLESS},
		{{"like", 4}, WORD_LIKE},
		{{"true", 4}, WORD_TRUE},
		{{"false", 5}, WORD_FALSE},
		{{"then", 4}, WORD_THEN},
		{{"else", 4}, WORD_ELSE},
		{{"__cedar", 7}, WORD_CEDAR},
	};

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		if (str_equal(words[i].text, text))
			return words[i].word;
	}
	return WORD_OTHER;
}

static struct token finish(struct lexer *lexer, enum token_kind kind, uint32_t start, uint32_t end)
{
	lexer->at = end;
	return (struct token){.kind = kind, .span = span_make(start, end)};
}

static struct token lex_word(struct lexer *lexer, uint32_t start)
{
	uint32_t end = skip_word(lexer, start);
	struct token token = finish(lexer, TOKEN_IDENT, start, end);

	token.word = find_word(source_slice(lexer->source, token.span));
	return token;
}

static struct token lex_number(struct lexer *lexer, uint32_t start)
{
	uint32_t end = start;

	while (is_digit(byte_at(lexer, end)))
		end++;
	return finish(lexer, TOKEN_NUMBER, start, end);
}

/* string = '"' { '\\' any but LF | any but '"' and '\\' } '"' . */
static struct token lex_string(struct lexer *lexer, uint32_t start)
{
	uint32_t end = (uint32_t)lexer->source->text.length;
	uint32_t at = start + 1;
	bool valid = true;

	for (; at < end && byte_at(lexer, at) != '"'; at++) {
		unsigned char c = byte_at(lexer, at);

		if (c == '\r' && valid) {
			report(lexer, span_make(at, at + 1),
			       "a carriage return cannot stand in a string; write \\r");
			valid = false;
		}
		if (c != '\\')
			continue;
		at++;
		if (byte_at(lexer, at) == '\n' && valid) {
			report(lexer, span_make(at - 1, at),
			       "a string cannot be continued with a backslash at the end "
			       "of the line");
			valid = false;
		}
	}
	if (at >= end) {
		report(lexer, span_make(start, start + 1),
		       "the string that starts here has no closing `\"`");
		return finish(lexer, TOKEN_INVALID, start, end);
	}
	return finish(lexer, valid ? TOKEN_STRING : TOKEN_INVALID, start, at + 1);
}

static struct token lex_question(struct lexer *lexer, uint32_t start)
{
	if (!is_letter(byte_at(lexer, start + 1)))
		return finish(lexer, TOKEN_QUESTION, start, start + 1);
	return finish(lexer, TOKEN_SLOT, start, skip_word(lexer, start + 1));
}

static const char *explain_character(uint32_t c)
{
	switch (c) {
	case '&': return "`&` is not an operator; use `&&`";
	case '|': return "`|` is not an operator; use `||`";
	case '#': return "comments start with `//`";
	case '\'':
	case '`':
	case 0xab:
	case 0xbb:
	case 0x2018:
	case 0x2019:
	case 0x201c:
	case 0x201d:
	case 0x201e: return "strings stand between double quotation marks, `\"`";
	case 0xfeff: return "a byte order mark is not allowed; save the text without it";
	default: return NULL;
	}
}

static struct token lex_unknown(struct lexer *lexer, uint32_t start)
{
	uint32_t length;
	uint32_t c = decode_at(lexer, start, &length);
	struct span span = span_make(start, start + length);
	const char *explanation = explain_character(c);

	if (explanation != NULL)
		report(lexer, span, "%s", explanation);
	else if (c < 0x20 || c == 0x7f)
		report(lexer, span, "control character U+%04X outside of a string", (unsigned)c);
	else
		report(lexer, span,
		       "character `%s` (U+%04X) may stand in strings and comments only",
		       diag_quote(source_slice(lexer->source, span)).text, (unsigned)c);
	return finish(lexer, TOKEN_INVALID, start, start + length);
}

/* `kind` and one byte, or `pair_kind` when `second` follows. */
static struct token lex_pair(struct lexer *lexer, uint32_t start, enum token_kind kind,
			     unsigned char second, enum token_kind pair_kind)
{
	if (byte_at(lexer, start + 1) == second)
		return finish(lexer, pair_kind, start, start + 2);
	return finish(lexer, kind, start, start + 1);
}

/* A token that exists only doubled. */
static struct token lex_double(struct lexer *lexer, uint32_t start, enum token_kind kind)
{
	if (byte_at(lexer, start + 1) != byte_at(lexer, start))
		return lex_unknown(lexer, start);
	return finish(lexer, kind, start, start + 2);
}

/* A slash is no token of the language, and what looks like a block comment is none. */
static struct token lex_slash(struct lexer *lexer, uint32_t start)
{
	uint32_t end = (uint32_t)lexer->source->text.length;
	uint32_t at = start + 2;

	if (byte_at(lexer, start + 1) != '*')
		return finish(lexer, TOKEN_SLASH, start, start + 1);
	report(lexer, span_make(start, at),
	       "there are no block comments; begin each line with `//`");
	while (at < end && !(byte_at(lexer, at) == '*' && byte_at(lexer, at + 1) == '/'))
		at++;
	return finish(lexer, TOKEN_INVALID, start, at < end ? at + 2 : end);
}

struct token lexer_next(struct lexer *lexer)
{
	uint32_t start;
	unsigned char c;

	skip_blanks(lexer);
	start = lexer->at;
	if (start == lexer->source->text.length)
		return finish(lexer, TOKEN_END, start, start);
	c = byte_at(lexer, start);
	if (is_letter(c))
		return lex_word(lexer, start);
	if (is_digit(c))
		return lex_number(lexer, start);
	switch (c) {
	case '"': return lex_string(lexer, start);
	case '?': return lex_question(lexer, start);
	case '@': return finish(lexer, TOKEN_AT, start, start + 1);
	case '.': return finish(lexer, TOKEN_DOT, start, start + 1);
	case ',': return finish(lexer, TOKEN_COMMA, start, start + 1);
	case ';': return finish(lexer, TOKEN_SEMICOLON, start, start + 1);
	case '(': return finish(lexer, TOKEN_LEFT_PAREN, start, start + 1);
	case ')': return finish(lexer, TOKEN_RIGHT_PAREN, start, start + 1);
	case '{': return finish(lexer, TOKEN_LEFT_BRACE, start, start + 1);
	case '}': return finish(lexer, TOKEN_RIGHT_BRACE, start, start + 1);
	case '[': return finish(lexer, TOKEN_LEFT_BRACKET, start, start + 1);
	case ']': return finish(lexer, TOKEN_RIGHT_BRACKET, start, start + 1);
	case '+': return finish(lexer, TOKEN_PLUS, start, start + 1);
	case '-': return finish(lexer, TOKEN_MINUS, start, start + 1);
	case '*': return finish(lexer, TOKEN_STAR, start, start + 1);
	case '/': return lex_slash(lexer, start);
	case '%': return finish(lexer, TOKEN_PERCENT, start, start + 1);
	case ':': return lex_pair(lexer, start, TOKEN_COLON, ':', TOKEN_PATH);
	case '=': return lex_pair(lexer, start, TOKEN_ASSIGN, '=', TOKEN_EQ);
	case '!': return lex_pair(lexer, start, TOKEN_NOT, '=', TOKEN_NE);
	case '<': return lex_pair(lexer, start, TOKEN_LT, '=', TOKEN_LE);
	case '>': return lex_pair(lexer, start, TOKEN_GT, '=', TOKEN_GE);
	case '&': return lex_double(lexer, start, TOKEN_AND);
	case '|': return lex_double(lexer, start, TOKEN_OR);
	default: return lex_unknown(lexer, start);
	}
}
