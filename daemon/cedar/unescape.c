#include "cedar/unescape.h"

#include "base/utf8.h"
#include "cedar/diag.h"

enum { MAX_ASCII = 0x7f, MAX_HEX_DIGITS = 6 };

/* One escape being read: from its backslash at `start` to `at`. */
struct escape {
	struct str text; /* of the whole source */
	uint32_t start, at, end;
	const char *problem;
	uint32_t value;
};

static int digit_at(const struct escape *escape)
{
	return escape->at < escape->end ? str_hex_digit(escape->text.ptr[escape->at]) : -1;
}

/* \xHH */
static void read_byte(struct escape *escape)
{
	for (int i = 0; i < 2; i++) {
		int digit = digit_at(escape);

		if (digit < 0) {
			escape->problem = "`\\x` takes two hexadecimal digits";
			return;
		}
		escape->value = escape->value * 16 + (uint32_t)digit;
		escape->at++;
	}
	if (escape->value > MAX_ASCII)
		escape->problem = "`\\x` reaches up to \\x7F; write \\u{..} for other characters";
}

/* The digits of \u{H..}; underscores may stand between and behind them. */
static int read_digits(struct escape *escape)
{
	int count = 0;

	for (; escape->at < escape->end; escape->at++) {
		char c = escape->text.ptr[escape->at];
		int digit = str_hex_digit(c);

		if (digit < 0 && (c != '_' || count == 0))
			break;
		if (digit >= 0 && ++count <= MAX_HEX_DIGITS)
			escape->value = escape->value * 16 + (uint32_t)digit;
	}
	return count;
}

/* \u{H..} */
static void read_code_point(struct escape *escape)
{
	int count;

	if (escape->at == escape->end || escape->text.ptr[escape->at] != '{') {
		escape->problem =
			"`\\u` is followed by hexadecimal digits in braces, as in \\u{e4}";
		return;
	}
	escape->at++;
	count = read_digits(escape);
	if (escape->at == escape->end || escape->text.ptr[escape->at] != '}') {
		escape->problem = "only hexadecimal digits may stand in the braces of `\\u{..}`";
		return;
	}
	escape->at++;
	if (count == 0)
		escape->problem = "`\\u{..}` needs at least one digit";
	else if (count > MAX_HEX_DIGITS)
		escape->problem = "`\\u{..}` takes at most six digits";
	else if (escape->value > 0x10ffff)
		escape->problem = "characters end at \\u{10FFFF}";
	else if (escape->value >= 0xd800 && escape->value <= 0xdfff)
		escape->problem = "\\u{D800} to \\u{DFFF} are surrogates, not characters";
}

/* escape = "\" ( n | r | t | "\" | 0 | ' | '"' | xHH | u{H..} ), and "*" in patterns. The lexer has
 * seen to it that something follows the backslash. */
static void read_escape(struct escape *escape, bool is_pattern)
{
	char c = escape->text.ptr[escape->start + 1];

	escape->at = escape->start + 2;
	escape->value = 0;
	escape->problem = NULL;
	switch (c) {
	case 'n': escape->value = '\n'; break;
	case 'r': escape->value = '\r'; break;
	case 't': escape->value = '\t'; break;
	case '0': escape->value = 0; break;
	case '\\':
	case '\'':
	case '"': escape->value = (uint32_t)c; break;
	case 'x': read_byte(escape); break;
	case 'u': read_code_point(escape); break;
	case '*':
		escape->value = '*';
		if (!is_pattern)
			escape->problem = "`\\*` means a star in the pattern of `like` only";
		break;
	default:
		escape->problem =
			"unknown escape; there are \\n \\r \\t \\0 \\\\ \\\" \\' \\xHH and "
			"\\u{H..}";
	}
}

/* Writes the text of `span`, which holds no wildcard, to `out`; escapes only make it shorter. All
 * bad escapes are reported. */
static enum error resolve(const struct unescape *context, struct span span, bool is_pattern,
			  char *out, size_t *length)
{
	struct escape escape = {.text = context->source->text, .end = span.end};
	enum error error = ERR_NONE;
	size_t used = 0;

	for (uint32_t at = span.start; at < span.end; at = escape.at) {
		escape.start = at;
		if (escape.text.ptr[at] != '\\') {
			out[used++] = escape.text.ptr[at];
			escape.at = at + 1;
			continue;
		}
		read_escape(&escape, is_pattern);
		if (escape.problem != NULL) {
			diag_report(context->diags, CEDAR_ERROR, context->source,
				    span_make(at, escape.at), "%s", escape.problem);
			error = ERR_SYNTAX;
		} else {
			used += utf8_encode(escape.value, out + used);
		}
	}
	*length = used;
	return error;
}

static enum error get_text(const struct unescape *context, struct span span, bool is_pattern,
			   struct str *value)
{
	struct str raw = source_slice(context->source, span);
	enum error error;
	size_t length;
	char *out;

	if (str_find_byte(raw, '\\') == NULL) {
		*value = raw;
		return ERR_NONE;
	}
	out = arena_alloc(context->arena, raw.length);
	if (out == NULL)
		return ERR_NO_MEMORY;
	error = resolve(context, span, is_pattern, out, &length);
	if (error == ERR_NONE)
		*value = str_make(out, length);
	return error;
}

enum error unescape_string(const struct unescape *context, const struct token *token,
			   struct str *value)
{
	return get_text(context, token_inside(token), false, value);
}

/* How long the wildcard at `at` is; 0 when there is none. A star that is written by its number is
 * one, too: only \* is not. */
static uint32_t wildcard_length(struct str text, uint32_t at, uint32_t end)
{
	struct escape escape = {.text = text, .start = at, .end = end};
	char kind;

	if (text.ptr[at] == '*')
		return 1;
	kind = text.ptr[at] == '\\' ? text.ptr[at + 1] : '\0';
	if (kind != 'x' && kind != 'u')
		return 0;
	read_escape(&escape, true);
	return escape.problem == NULL && escape.value == '*' ? escape.at - at : 0;
}

/* The place of the first wildcard at or behind `at`; an empty one at `end` when there is none. */
static struct span find_wildcard(struct str text, uint32_t at, uint32_t end)
{
	uint32_t length = 0;

	while (at < end && (length = wildcard_length(text, at, end)) == 0)
		at += text.ptr[at] == '\\' ? 2 : 1;
	return span_make(at, at + length);
}

enum error unescape_pattern(const struct unescape *context, const struct token *token,
			    const struct str **literals, uint32_t *count)
{
	struct str text = context->source->text;
	struct span span = token_inside(token);
	enum error error = ERR_NONE;
	struct span wildcard = find_wildcard(text, span.start, span.end);
	uint32_t literal_count = 1;
	struct str *result;

	for (; wildcard.start < span.end; literal_count++)
		wildcard = find_wildcard(text, wildcard.end, span.end);
	result = arena_alloc(context->arena, literal_count * sizeof(*result));
	if (result == NULL)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < literal_count && error != ERR_NO_MEMORY; i++) {
		enum error here;

		wildcard = find_wildcard(text, span.start, span.end);
		here = get_text(context, span_make(span.start, wildcard.start), true, &result[i]);
		if (here != ERR_NONE)
			error = here;
		span.start = wildcard.end;
	}
	if (error == ERR_NONE) {
		*literals = result;
		*count = literal_count;
	}
	return error;
}
