#include "cedar/json_write.h"

#include "base/hex.h"
#include "base/utf8.h"

struct json_writer json_write_to(struct buf *out)
{
	return (struct json_writer){.out = out};
}

static void begin_value(struct json_writer *json)
{
	if (json->needs_comma)
		buf_append_byte(json->out, ',');
	json->needs_comma = true;
}

static void open(struct json_writer *json, char bracket)
{
	begin_value(json);
	buf_append_byte(json->out, bracket);
	json->needs_comma = false;
}

static void close(struct json_writer *json, char bracket)
{
	buf_append_byte(json->out, bracket);
	json->needs_comma = true;
}

void json_write_object(struct json_writer *json)
{
	open(json, '{');
}

void json_write_object_end(struct json_writer *json)
{
	close(json, '}');
}

void json_write_array(struct json_writer *json)
{
	open(json, '[');
}

void json_write_array_end(struct json_writer *json)
{
	close(json, ']');
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\' && byte != 0x7f;
}

/* An ASCII character that cannot stand for itself. */
static void append_escape(struct buf *out, unsigned char byte)
{
	switch (byte) {
	case '"': buf_append_str(out, STR("\\\"")); break;
	case '\\': buf_append_str(out, STR("\\\\")); break;
	case '\b': buf_append_str(out, STR("\\b")); break;
	case '\f': buf_append_str(out, STR("\\f")); break;
	case '\n': buf_append_str(out, STR("\\n")); break;
	case '\r': buf_append_str(out, STR("\\r")); break;
	case '\t': buf_append_str(out, STR("\\t")); break;
	default: buf_printf(out, "\\u%04x", byte); break;
	}
}

/* A character above ASCII that a reader of the text should not meet raw. */
static void append_code_point(struct buf *out, uint32_t code_point)
{
	if (code_point < 0x10000) {
		buf_printf(out, "\\u%04x", (unsigned)code_point);
		return;
	}
	code_point -= 0x10000;
	buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + (code_point >> 10)),
		   (unsigned)(0xdc00 + (code_point & 0x3ff)));
}

static void append_string(struct buf *out, struct str s)
{
	size_t at = 0;

	buf_append_byte(out, '"');
	while (at < s.length) {
		struct str rest = str_make(s.ptr + at, s.length - at);
		uint32_t code_point;
		size_t length = 0;

		while (length < rest.length && is_plain((unsigned char)rest.ptr[length]))
			length++;
		if (length == 0 && (unsigned char)rest.ptr[0] >= 0x80) {
			length = utf8_decode(rest, &code_point);
			if (length == 0) {
				buf_append_str(out, STR("\xef\xbf\xbd"));
				at++;
				continue;
			}
			if (utf8_is_deceptive(code_point)) {
				append_code_point(out, code_point);
				at += length;
				continue;
			}
		}
		buf_append(out, rest.ptr, length);
		if (length == 0) {
			append_escape(out, (unsigned char)rest.ptr[0]);
			length = 1;
		}
		at += length;
	}
	buf_append_byte(out, '"');
}

void json_write_key(struct json_writer *json, struct str key)
{
	begin_value(json);
	append_string(json->out, key);
	buf_append_byte(json->out, ':');
	json->needs_comma = false;
}

void json_write_string(struct json_writer *json, struct str value)
{
	begin_value(json);
	append_string(json->out, value);
}

void json_write_hex(struct json_writer *json, const uint8_t *bytes, size_t length)
{
	begin_value(json);
	buf_append_byte(json->out, '"');
	hex_append(json->out, bytes, length);
	buf_append_byte(json->out, '"');
}

void json_write_i64(struct json_writer *json, int64_t value)
{
	begin_value(json);
	if (value < 0)
		buf_append_byte(json->out, '-');
	/* The magnitude of the least number exists only without a sign. */
	buf_append_u64(json->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void json_write_u64(struct json_writer *json, uint64_t value)
{
	begin_value(json);
	buf_append_u64(json->out, value);
}

void json_write_number(struct json_writer *json, struct str number)
{
	begin_value(json);
	buf_append_str(json->out, number);
}

void json_write_bool(struct json_writer *json, bool value)
{
	begin_value(json);
	buf_append_str(json->out, value ? STR("true") : STR("false"));
}

void json_write_null(struct json_writer *json)
{
	begin_value(json);
	buf_append_str(json->out, STR("null"));
}
