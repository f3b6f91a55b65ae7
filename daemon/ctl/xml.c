#include "ctl/xml.h"

#include "base/utf8.h"

static enum xml_event fail(struct xml_reader *reader, const char *problem)
{
	reader->problem = problem;
	reader->event = XML_FAILED;
	return XML_FAILED;
}

static void skip(struct xml_reader *reader, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (reader->rest.ptr[i] == '\n')
			reader->line++;
	}
	reader->rest = str_make(reader->rest.ptr + bytes, reader->rest.length - bytes);
}

/* Skips what begins here and ends with `end`; false when it does not end. */
static bool skip_past(struct xml_reader *reader, struct str end)
{
	while (reader->rest.length >= end.length) {
		if (str_starts_with(reader->rest, end)) {
			skip(reader, end.length);
			return true;
		}
		skip(reader, 1);
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct xml_reader *reader)
{
	while (reader->rest.length != 0 && is_blank(reader->rest.ptr[0]))
		skip(reader, 1);
}

static bool next_is(const struct xml_reader *reader, char c)
{
	return reader->rest.length != 0 && reader->rest.ptr[0] == c;
}

/* ASCII's name characters, and all beyond ASCII. */
static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == ':' || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* Empty when there is none. */
static struct str take_name(struct xml_reader *reader)
{
	struct str name = {reader->rest.ptr, 0};

	while (name.length < reader->rest.length && is_name_byte(name.ptr[name.length]))
		name.length++;
	skip(reader, name.length);
	return name;
}

/* The code point of the entity at the start of `text`, which begins with '&'; its length, or 0 when
 * it is none that every XML file has. */
static size_t read_entity(struct str text, uint32_t *code_point)
{
	static const struct {
		const char *text;
		char c;
	} known[] = {
		{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
	bool is_hex = str_starts_with(text, STR("&#x"));
	size_t at = is_hex ? 3 : 2, first = at;
	uint32_t value = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_starts_with(text, str_from(known[i].text))) {
			*code_point = (unsigned char)known[i].c;
			return strlen(known[i].text);
		}
	}
	if (!str_starts_with(text, STR("&#")))
		return 0;
	for (; at < text.length && text.ptr[at] != ';'; at++) {
		int digit = str_hex_digit(text.ptr[at]);

		if (digit < 0 || (!is_hex && digit > 9) || value > 0x10ffff)
			return 0;
		value = value * (is_hex ? 16 : 10) + (uint32_t)digit;
	}
	if (at == text.length || at == first || value == 0 || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		return 0;
	*code_point = value;
	return at + 1;
}

static bool entities_are_known(struct str raw)
{
	for (size_t i = 0; i < raw.length; i++) {
		uint32_t code_point;

		if (raw.ptr[i] == '&' &&
		    read_entity(str_make(raw.ptr + i, raw.length - i), &code_point) == 0)
			return false;
	}
	return true;
}

/* name = "value", at most to the end of the tag. */
static enum xml_event read_attribute(struct xml_reader *reader)
{
	struct xml_attribute *attribute;
	const char *end;
	char quote;

	if (reader->attribute_count == XML_ATTRIBUTES_MAX)
		return fail(reader, "an element has more than 64 attributes");
	attribute = &reader->attributes[reader->attribute_count];
	attribute->name = take_name(reader);
	skip_blanks(reader);
	if (attribute->name.length == 0 || !next_is(reader, '='))
		return fail(reader, "there is no attribute where one should be");
	skip(reader, 1);
	skip_blanks(reader);
	if (!next_is(reader, '"') && !next_is(reader, '\''))
		return fail(reader, "the value of an attribute has no quotation marks");
	quote = reader->rest.ptr[0];
	skip(reader, 1);
	end = str_find_byte(reader->rest, quote);
	if (end == NULL)
		return fail(reader, "the value of an attribute does not end");
	attribute->raw = str_make(reader->rest.ptr, (size_t)(end - reader->rest.ptr));
	if (str_find_byte(attribute->raw, '<') != NULL || !entities_are_known(attribute->raw))
		return fail(reader, "the value of an attribute has a '<' or an unknown entity");
	for (uint32_t i = 0; i < reader->attribute_count; i++) {
		if (str_equal(reader->attributes[i].name, attribute->name))
			return fail(reader, "an attribute stands twice");
	}
	skip(reader, attribute->raw.length + 1);
	reader->attribute_count++;
	return XML_ELEMENT;
}

/* Behind '<'. */
static enum xml_event read_start(struct xml_reader *reader)
{
	reader->name = take_name(reader);
	if (reader->name.length == 0)
		return fail(reader, "there is a '<' that begins no tag");
	if (reader->depth == 0 && reader->had_root)
		return fail(reader, "there is more than one element at the top");
	if (reader->depth == XML_DEPTH_MAX)
		return fail(reader, "elements are nested deeper than 64");
	for (;;) {
		bool has_blank = reader->rest.length != 0 && is_blank(reader->rest.ptr[0]);

		skip_blanks(reader);
		if (next_is(reader, '>') || str_starts_with(reader->rest, STR("/>")))
			break;
		if (!has_blank)
			return fail(reader, "a tag does not end");
		if (read_attribute(reader) == XML_FAILED)
			return XML_FAILED;
	}
	reader->is_closed = next_is(reader, '/');
	skip(reader, reader->is_closed ? 2 : 1);
	reader->open[reader->depth++] = reader->name;
	reader->had_root = true;
	reader->event = XML_ELEMENT;
	return XML_ELEMENT;
}

static enum xml_event close_element(struct xml_reader *reader)
{
	reader->is_closed = false;
	reader->name = reader->open[--reader->depth];
	reader->event = XML_ELEMENT_END;
	return XML_ELEMENT_END;
}

/* Behind "</". */
static enum xml_event read_end(struct xml_reader *reader)
{
	struct str name = take_name(reader);

	skip_blanks(reader);
	if (!next_is(reader, '>'))
		return fail(reader, "a tag does not end");
	if (reader->depth == 0 || !str_equal(reader->open[reader->depth - 1], name))
		return fail(reader, "an element ends that did not begin there");
	skip(reader, 1);
	return close_element(reader);
}

/* Skips to the next tag, over what is none. False when that failed. */
static bool find_tag(struct xml_reader *reader)
{
	static const struct {
		struct str start, end;
	} skipped[] = {
		{{"<!--", 4}, {"-->", 3}}, {{"<![CDATA[", 9}, {"]]>", 3}}, {{"<?", 2}, {"?>", 2}}};

	while (reader->rest.length != 0) {
		size_t i = 0;

		if (reader->rest.ptr[0] != '<') {
			skip(reader, 1);
			continue;
		}
		while (i < sizeof(skipped) / sizeof(skipped[0]) &&
		       !str_starts_with(reader->rest, skipped[i].start))
			i++;
		if (i == sizeof(skipped) / sizeof(skipped[0]))
			return true;
		skip(reader, skipped[i].start.length);
		if (!skip_past(reader, skipped[i].end)) {
			fail(reader, "a comment, or the like, does not end");
			return false;
		}
	}
	return true;
}

void xml_init(struct xml_reader *reader, struct str text)
{
	*reader = (struct xml_reader){.rest = text, .line = 1, .event = XML_ELEMENT_END};
	if (str_starts_with(text, STR("\xff\xfe")) || str_starts_with(text, STR("\xfe\xff")))
		fail(reader, "the file is in UTF-16, which is not read");
	else if (!utf8_valid(text))
		fail(reader, "the file is not in UTF-8");
	else if (str_starts_with(text, STR("\xef\xbb\xbf")))
		skip(reader, 3);
}

enum xml_event xml_next(struct xml_reader *reader)
{
	reader->attribute_count = 0;
	if (reader->event == XML_FAILED || reader->event == XML_END)
		return reader->event;
	if (reader->is_closed)
		return close_element(reader);
	if (!find_tag(reader))
		return XML_FAILED;
	if (reader->rest.length == 0) {
		if (reader->depth != 0 || !reader->had_root)
			return fail(reader, "the file ends within an element, or has none");
		reader->event = XML_END;
		return XML_END;
	}
	if (str_starts_with(reader->rest, STR("<!")))
		return fail(reader, "there is a document type, which is not read");
	if (str_starts_with(reader->rest, STR("</"))) {
		skip(reader, 2);
		return read_end(reader);
	}
	skip(reader, 1);
	return read_start(reader);
}

static void append_value(struct str raw, struct buf *out)
{
	for (size_t i = 0; i < raw.length;) {
		uint32_t code_point = 0;
		char utf8[UTF8_MAX_BYTES];
		size_t length = 0;

		if (raw.ptr[i] == '&')
			length = read_entity(str_make(raw.ptr + i, raw.length - i), &code_point);
		if (length != 0) {
			buf_append(out, utf8, utf8_encode(code_point, utf8));
			i += length;
		} else {
			buf_append_byte(out, raw.ptr[i++]);
		}
	}
}

bool xml_get(const struct xml_reader *reader, struct str name, struct buf *out)
{
	for (uint32_t i = 0; i < reader->attribute_count; i++) {
		if (str_equal(reader->attributes[i].name, name)) {
			append_value(reader->attributes[i].raw, out);
			return true;
		}
	}
	return false;
}
