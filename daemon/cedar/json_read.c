#include "cedar/json_read.h"

#include <stdarg.h>

#include "base/utf8.h"
#include "cedar/diag.h"

void json_read_init(struct json_reader *reader, struct arena *arena, const struct source *source,
		    struct cedar_diags *diags)
{
	*reader = (struct json_reader){.source = source,
				       .arena = arena,
				       .diags = diags,
				       .refusal_count = arena->refusal_count};
}

struct json_reader json_read_ahead(const struct json_reader *reader)
{
	struct json_reader ahead = *reader;

	ahead.diags = NULL;
	return ahead;
}

ATTR_PRINTF(4, 0)
static void fail_with(struct json_reader *reader, enum error error, struct span span,
		      const char *format, va_list args)
{
	if (reader->failed == ERR_NONE) {
		if (reader->diags != NULL)
			diag_vreport(reader->diags, CEDAR_ERROR, reader->source, span, format,
				     args);
		reader->failed = error;
	}
	reader->event = JSON_FAILED;
}

void json_read_fail(struct json_reader *reader, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_with(reader, ERR_SYNTAX, span, format, args);
	va_end(args);
}

void json_read_fail_limit(struct json_reader *reader, struct span span, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_with(reader, ERR_LIMIT, span, format, args);
	va_end(args);
}

void json_read_abort(struct json_reader *reader, enum error error)
{
	if (error == ERR_LIMIT)
		json_read_fail_limit(reader, reader->span,
				     "the data take more memory than they may");
	if (reader->failed == ERR_NONE)
		reader->failed = error;
	reader->event = JSON_FAILED;
}

static uint32_t text_end(const struct json_reader *reader)
{
	return (uint32_t)reader->source->text.length;
}

/* The byte at an offset; 0 at the end, which no token begins with. */
static unsigned char byte_at(const struct json_reader *reader, uint32_t offset)
{
	return offset < text_end(reader) ? (unsigned char)reader->source->text.ptr[offset] : 0;
}

static struct span one_byte(uint32_t offset)
{
	return span_make(offset, offset + 1);
}

static bool in_object(const struct json_reader *reader)
{
	uint32_t top = reader->depth - 1;

	return reader->depth != 0 && (reader->is_object[top / 8] >> (top % 8) & 1) != 0;
}

static void skip_blanks(struct json_reader *reader)
{
	const char *text = reader->source->text.ptr;
	uint32_t at = reader->offset, end = text_end(reader);

	while (at < end &&
	       (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
		at++;
	reader->offset = at;
}

/* Strings. */

/* The four digits of a \u escape that starts at `offset`; -1 when it is none. */
static int32_t read_unit(const struct json_reader *reader, uint32_t offset)
{
	int32_t unit = 0;

	if (byte_at(reader, offset) != '\\' || byte_at(reader, offset + 1) != 'u')
		return -1;
	for (uint32_t i = 2; i < 6; i++) {
		int digit = str_hex_digit((char)byte_at(reader, offset + i));

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* A \u escape, or two that form a surrogate pair. Returns its length in bytes of the text; 0 after
 * a failure. */
static uint32_t read_code_point(struct json_reader *reader, uint32_t offset, uint32_t *code_point)
{
	int32_t unit = read_unit(reader, offset), low;

	if (unit < 0) {
		json_read_fail(reader, span_make(offset, offset + 2),
			       "\\u must be followed by four hexadecimal digits");
		return 0;
	}
	if (unit < 0xd800 || unit > 0xdfff) {
		*code_point = (uint32_t)unit;
		return 6;
	}
	low = unit <= 0xdbff ? read_unit(reader, offset + 6) : -1;
	if (low < 0xdc00 || low > 0xdfff) {
		json_read_fail(reader, span_make(offset, offset + 6),
			       "half of a surrogate pair: \\uD800 to \\uDBFF must be followed by "
			       "\\uDC00 to \\uDFFF");
		return 0;
	}
	*code_point = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
	return 12;
}

/* The escape at `offset`. Writes its UTF-8 to `out`, adds to `*length`, and returns its length in
 * bytes of the text; 0 after a failure. */
static uint32_t read_escape(struct json_reader *reader, uint32_t offset, char out[UTF8_MAX_BYTES],
			    size_t *length)
{
	static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	unsigned char letter = byte_at(reader, offset + 1);
	const char *found = letter != 0 ? strchr(letters, letter) : NULL;
	uint32_t code_point, used;

	if (found != NULL) {
		out[0] = bytes[found - letters];
		*length += 1;
		return 2;
	}
	if (letter != 'u') {
		json_read_fail(
			reader, span_make(offset, offset + 2),
			"unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
		return 0;
	}
	used = read_code_point(reader, offset, &code_point);
	if (used != 0)
		*length += utf8_encode(code_point, out);
	return used;
}

/* Finds the closing quote of the string whose content starts at `offset`, checks that the content
 * is UTF-8 without control characters, and tells whether it holds escapes. False after a failure.
 */
static bool scan_string(struct json_reader *reader, uint32_t offset, uint32_t *end,
			bool *has_escapes)
{
	uint32_t length = text_end(reader), start = offset - 1;
	uint32_t code_point;

	*has_escapes = false;
	while (offset < length) {
		unsigned char byte = (unsigned char)reader->source->text.ptr[offset];
		size_t used = 1;

		if (byte == '"') {
			*end = offset;
			return true;
		}
		if (byte < 0x20) {
			json_read_fail(reader, one_byte(offset),
				       "a control character in a string must be written as an "
				       "escape, such as \\n or \\u0000");
			return false;
		}
		if (byte == '\\') {
			unsigned char next = byte_at(reader, offset + 1);

			*has_escapes = true;
			used = next == '"' || next == '\\' ? 2 : 1;
		} else if (byte >= 0x80) {
			used = utf8_decode(source_slice(reader->source, span_make(offset, length)),
					   &code_point);
			if (used == 0) {
				json_read_fail(reader, one_byte(offset), "invalid UTF-8");
				return false;
			}
		}
		offset += (uint32_t)used;
	}
	json_read_fail(reader, one_byte(start), "the string is not closed");
	return false;
}

/* The content [at, end) with its escapes resolved; never longer than it is written. While skipping
 * it is only checked. */
static bool unescape(struct json_reader *reader, uint32_t at, uint32_t end, struct str *out)
{
	const char *text = reader->source->text.ptr;
	char scratch[UTF8_MAX_BYTES];
	char *copy = reader->skipping ? scratch : arena_alloc(reader->arena, end - at);
	size_t length = 0;

	if (copy == NULL) {
		json_read_abort(reader, reader->arena->refusal);
		return false;
	}
	while (at < end) {
		uint32_t used = 1;

		if (text[at] == '\\')
			used = read_escape(reader, at, copy + length, &length);
		else
			copy[length++] = text[at];
		if (used == 0)
			return false;
		at += used;
		if (reader->skipping)
			length = 0;
	}
	*out = reader->skipping ? STR("") : str_make(copy, length);
	return true;
}

static enum json_event read_string(struct json_reader *reader, enum json_event event)
{
	uint32_t start = reader->offset, end;
	bool has_escapes;

	if (!scan_string(reader, start + 1, &end, &has_escapes))
		return JSON_FAILED;
	reader->text = source_slice(reader->source, span_make(start + 1, end));
	if (has_escapes && !unescape(reader, start + 1, end, &reader->text))
		return JSON_FAILED;
	reader->offset = end + 1;
	return event;
}

/* Numbers. */

static uint32_t skip_digits(const struct json_reader *reader, uint32_t at)
{
	while (byte_at(reader, at) >= '0' && byte_at(reader, at) <= '9')
		at++;
	return at;
}

/* The value of a run of digits with its sign; false when it does not fit. */
static bool digits_to_i64(struct str digits, bool negative, int64_t *value)
{
	int64_t result = 0;

	for (size_t i = 0; i < digits.length; i++) {
		int digit = digits.ptr[i] - '0';

		if (result < (INT64_MIN + digit) / 10)
			return false;
		result = result * 10 - digit;
	}
	if (!negative && result == INT64_MIN)
		return false;
	*value = negative ? result : -result;
	return true;
}

/* number = [ "-" ] ( "0" | digit1-9 *digit ) [ "." 1*digit ] [ ("e"|"E") [ "+"|"-" ] 1*digit ] */
static enum json_event read_number(struct json_reader *reader)
{
	uint32_t start = reader->offset;
	bool negative = byte_at(reader, start) == '-', is_integer = true;
	uint32_t first = start + (negative ? 1 : 0);
	uint32_t end = skip_digits(reader, first), at = end;
	bool valid = end > first && (byte_at(reader, first) != '0' || end == first + 1);
	struct str digits = source_slice(reader->source, span_make(first, end));

	if (valid && byte_at(reader, at) == '.') {
		end = skip_digits(reader, at + 1);
		valid = end > at + 1;
		at = end;
		is_integer = false;
	}
	if (valid && (byte_at(reader, at) | 0x20) == 'e') {
		at++;
		if (byte_at(reader, at) == '+' || byte_at(reader, at) == '-')
			at++;
		end = skip_digits(reader, at);
		valid = end > at;
		is_integer = false;
	}
	if (!valid) {
		json_read_fail(reader, span_make(start, end > start ? end : start + 1),
			       "malformed number");
		return JSON_FAILED;
	}
	reader->offset = end;
	/* Minus zero is no integer: it has no other use than to be a float. */
	if (is_integer && !(negative && byte_at(reader, first) == '0') &&
	    digits_to_i64(digits, negative, &reader->integer))
		return JSON_INTEGER;
	return JSON_NUMBER;
}

/* Structure. */

static enum json_event unexpected(struct json_reader *reader, const char *wanted)
{
	uint32_t at = reader->offset;

	if (at >= text_end(reader)) {
		json_read_fail(reader, one_byte(at), "the text ends where %s should be", wanted);
	} else {
		struct str rest = source_slice(reader->source, span_make(at, text_end(reader)));
		uint32_t code_point;
		size_t length = utf8_decode(rest, &code_point);
		struct span span = span_make(at, at + (length != 0 ? (uint32_t)length : 1));

		json_read_fail(reader, span, "expected %s, found '%s'", wanted,
			       diag_quote(source_slice(reader->source, span)).text);
	}
	return JSON_FAILED;
}

static enum json_event open(struct json_reader *reader, bool is_object)
{
	uint32_t depth = reader->depth;
	uint8_t bit = (uint8_t)(1u << (depth % 8));

	if (depth == JSON_DEPTH) {
		json_read_fail_limit(reader, one_byte(reader->offset),
				     "arrays and objects are nested deeper than %d", JSON_DEPTH);
		return JSON_FAILED;
	}
	if (is_object)
		reader->is_object[depth / 8] |= bit;
	else
		reader->is_object[depth / 8] &= (uint8_t)~bit;
	reader->depth++;
	reader->offset++;
	return is_object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_event close(struct json_reader *reader)
{
	enum json_event event = in_object(reader) ? JSON_OBJECT_END : JSON_ARRAY_END;

	reader->depth--;
	reader->offset++;
	return event;
}

static bool read_word(struct json_reader *reader, struct str word)
{
	struct str rest = source_slice(reader->source, span_make(reader->offset, text_end(reader)));

	if (!str_starts_with(rest, word))
		return false;
	reader->offset += (uint32_t)word.length;
	return true;
}

static enum json_event read_value(struct json_reader *reader)
{
	switch (byte_at(reader, reader->offset)) {
	case '{': return open(reader, true);
	case '[': return open(reader, false);
	case '"': return read_string(reader, JSON_STRING);
	case 't':
	case 'f':
		reader->boolean = byte_at(reader, reader->offset) == 't';
		if (read_word(reader, reader->boolean ? STR("true") : STR("false")))
			return JSON_BOOL;
		break;
	case 'n':
		if (read_word(reader, STR("null")))
			return JSON_NULL;
		break;
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9': return read_number(reader);
	default: break;
	}
	return unexpected(reader, "a value");
}

/* A key with its colon. */
static enum json_event read_member_key(struct json_reader *reader)
{
	struct span span;

	if (byte_at(reader, reader->offset) != '"')
		return unexpected(reader, "a key in double quotes");
	if (read_string(reader, JSON_KEY) == JSON_FAILED)
		return JSON_FAILED;
	span = span_make(reader->span.start, reader->offset);
	skip_blanks(reader);
	if (byte_at(reader, reader->offset) != ':')
		return unexpected(reader, "':' after the key");
	reader->offset++;
	reader->span = span;
	return JSON_KEY;
}

/* Behind a value inside an array or object: a comma and what follows it, or the end. */
static enum json_event read_after_value(struct json_reader *reader)
{
	unsigned char byte = byte_at(reader, reader->offset);

	if (byte == (in_object(reader) ? '}' : ']'))
		return close(reader);
	if (byte != ',')
		return unexpected(reader, in_object(reader) ? "',' or '}'" : "',' or ']'");
	reader->offset++;
	skip_blanks(reader);
	reader->span.start = reader->offset;
	return in_object(reader) ? read_member_key(reader) : read_value(reader);
}

static enum json_event read_event(struct json_reader *reader)
{
	if (reader->depth == 0 && reader->after_value) {
		if (reader->offset < text_end(reader))
			return unexpected(reader, "the end of the text");
		return JSON_END;
	}
	if (reader->after_value)
		return read_after_value(reader);
	if (reader->event == JSON_OBJECT)
		return byte_at(reader, reader->offset) == '}' ? close(reader)
							      : read_member_key(reader);
	if (reader->event == JSON_ARRAY && byte_at(reader, reader->offset) == ']')
		return close(reader);
	return read_value(reader);
}

enum json_event json_read_next(struct json_reader *reader)
{
	enum json_event event;

	if (reader->failed != ERR_NONE)
		return JSON_FAILED;
	skip_blanks(reader);
	reader->span.start = reader->offset;
	event = read_event(reader);
	reader->event = event;
	if (event != JSON_KEY)
		reader->span.end = reader->offset;
	reader->after_value = event != JSON_OBJECT && event != JSON_ARRAY && event != JSON_KEY;
	return event;
}

bool json_read_key(struct json_reader *reader)
{
	return json_read_next(reader) == JSON_KEY;
}

bool json_read_element(struct json_reader *reader)
{
	enum json_event event = json_read_next(reader);

	return event != JSON_ARRAY_END && event != JSON_FAILED;
}

void json_read_skip(struct json_reader *reader)
{
	uint32_t depth;

	reader->skipping = true;
	if (reader->event == JSON_KEY)
		json_read_next(reader);
	depth = reader->depth;
	if (reader->event == JSON_OBJECT || reader->event == JSON_ARRAY) {
		while (reader->depth >= depth && reader->failed == ERR_NONE)
			json_read_next(reader);
	}
	reader->skipping = false;
}

enum error json_read_finish(struct json_reader *reader)
{
	while (json_read_next(reader) != JSON_END && reader->failed == ERR_NONE)
		;
	/* A look ahead for want of memory found nothing, and whatever was made of that is wrong. */
	if (reader->arena->refusal_count != reader->refusal_count) {
		if (reader->arena->refusal == ERR_NO_MEMORY)
			reader->failed = ERR_NO_MEMORY;
		else
			json_read_abort(reader, reader->arena->refusal);
	}
	return reader->failed;
}

static const char *event_text(enum json_event event)
{
	switch (event) {
	case JSON_FAILED: return "an error";
	case JSON_OBJECT: return "an object";
	case JSON_OBJECT_END: return "the end of an object";
	case JSON_ARRAY: return "an array";
	case JSON_ARRAY_END: return "the end of an array";
	case JSON_KEY: return "a key";
	case JSON_STRING: return "a string";
	case JSON_INTEGER: return "an integer";
	case JSON_NUMBER: return "a number that is no 64-bit integer";
	case JSON_BOOL: return "true or false";
	case JSON_NULL: return "null";
	case JSON_END: return "the end of the text";
	}
	return "an unknown event";
}

bool json_read_expect(struct json_reader *reader, enum json_event event, const char *what)
{
	if (reader->event == event)
		return true;
	json_read_fail(reader, reader->span, "%s must be %s, found %s", what, event_text(event),
		       event_text(reader->event));
	return false;
}
