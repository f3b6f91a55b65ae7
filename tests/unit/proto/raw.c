#include "unit/proto/raw.h"

#include <string.h>

void raw_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_append_byte(out, (char)(0x80 | (value & 0x7f)));
	buf_append_byte(out, (char)value);
}

void raw_tag(struct buf *out, uint32_t field, unsigned wire_type)
{
	raw_varint(out, (uint64_t)field << 3 | wire_type);
}

void raw_uint(struct buf *out, uint32_t field, uint64_t value)
{
	raw_tag(out, field, RAW_VARINT);
	raw_varint(out, value);
}

void raw_fixed32(struct buf *out, uint32_t field, uint32_t value)
{
	raw_tag(out, field, RAW_FIXED32);
	for (unsigned i = 0; i < 4; i++)
		buf_append_byte(out, (char)(value >> (8 * i) & 0xff));
}

void raw_bytes(struct buf *out, uint32_t field, const void *bytes, size_t length)
{
	raw_tag(out, field, RAW_BYTES);
	raw_varint(out, length);
	buf_append(out, bytes, length);
}

void raw_text(struct buf *out, uint32_t field, const char *text)
{
	raw_bytes(out, field, text, strlen(text));
}

void raw_fill(struct buf *out, uint32_t field, size_t count)
{
	raw_tag(out, field, RAW_BYTES);
	raw_varint(out, count);
	for (size_t i = 0; i < count; i++)
		buf_append_byte(out, 'a');
}

void raw_message(struct buf *out, uint32_t field, struct buf *content)
{
	raw_bytes(out, field, content->data, content->length);
	buf_clear(content);
}
