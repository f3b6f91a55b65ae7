#include "store/text_list.h"

static void write_text(struct buf *out, struct str text)
{
	buf_append_byte(out, '"');
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if (byte == '"' || byte == '\\')
			buf_append_byte(out, '\\');
		if (byte < 0x20)
			buf_printf(out, "\\u%04x", byte);
		else
			buf_append_byte(out, text.ptr[i]);
	}
	buf_append_byte(out, '"');
}

void text_list_write(struct buf *out, const struct audit_list *list)
{
	buf_append_byte(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			buf_append_byte(out, ',');
		write_text(out, list->items[i]);
	}
	buf_append_byte(out, ']');
}

/* What is left to read. */
struct reader {
	const char *at, *end;
};

static bool take(struct reader *reader, char byte)
{
	if (reader->at == reader->end || *reader->at != byte)
		return false;
	reader->at++;
	return true;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The byte behind a backslash: itself, or uHHHH below 0x20. */
static bool take_escape(struct reader *reader, char *byte)
{
	if (take(reader, '"')) {
		*byte = '"';
		return true;
	}
	if (take(reader, '\\')) {
		*byte = '\\';
		return true;
	}
	if (!take(reader, 'u') || !take(reader, '0') || !take(reader, '0') ||
	    reader->end - reader->at < 2)
		return false;
	int high = hex_value(reader->at[0]), low = hex_value(reader->at[1]);
	if (high < 0 || high > 1 || low < 0)
		return false;
	reader->at += 2;
	*byte = (char)(high * 16 + low);
	return true;
}

/* A string without its opening quote, written to `out`, which has room for all that is left. */
static bool take_text(struct reader *reader, char *out, struct str *text)
{
	size_t length = 0;

	while (!take(reader, '"')) {
		if (take(reader, '\\')) {
			if (!take_escape(reader, &out[length]))
				return false;
		} else if (reader->at != reader->end && (unsigned char)*reader->at >= 0x20) {
			out[length] = *reader->at++;
		} else {
			return false;
		}
		length++;
	}
	*text = str_make(out, length);
	return true;
}

static bool take_list(struct reader *reader, struct str *items, char *bytes, size_t *count)
{
	*count = 0;
	if (!take(reader, '['))
		return false;
	if (take(reader, ']'))
		return reader->at == reader->end;
	do {
		struct str *item = &items[*count];

		if (!take(reader, '"') || !take_text(reader, bytes, item))
			return false;
		bytes += item->length;
		(*count)++;
	} while (take(reader, ','));
	return take(reader, ']') && reader->at == reader->end;
}

enum error text_list_read(struct arena *arena, struct str json, struct audit_list *out)
{
	struct reader reader = {json.ptr, json.ptr + json.length};
	size_t quote_count = 0, count;

	if (json.length == 0)
		return ERR_CORRUPT;
	for (size_t i = 0; i < json.length; i++)
		quote_count += json.ptr[i] == '"';
	/* Each text has two quotes, and becomes no longer than it is written. */
	struct str *items = arena_calloc(arena, quote_count / 2 + 1, sizeof(*items));
	char *bytes = arena_alloc(arena, json.length);
	if (items == NULL || bytes == NULL)
		return ERR_NO_MEMORY;
	if (!take_list(&reader, items, bytes, &count))
		return ERR_CORRUPT;
	*out = (struct audit_list){items, count};
	return ERR_NONE;
}
