#include "proto/cursor.h"

#include <stdbool.h>
#include <string.h>

enum wire_error cursor_varint(struct cursor *cursor, uint64_t *value)
{
	uint64_t result = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (cursor->at == cursor->end)
			return WIRE_TRUNCATED;
		byte = *cursor->at++;
		if (shift == 63 && byte > 1)
			return WIRE_BAD_VARINT;
		result |= (uint64_t)(byte & 0x7fu) << shift;
		if ((byte & 0x80) == 0) {
			if (byte == 0 && shift != 0)
				return WIRE_BAD_VARINT;
			*value = result;
			return WIRE_OK;
		}
	}
	return WIRE_BAD_VARINT;
}

enum wire_error cursor_fixed32(struct cursor *cursor, uint32_t *value)
{
	uint32_t result = 0;

	if (cursor->end - cursor->at < 4)
		return WIRE_TRUNCATED;
	for (unsigned i = 0; i < 4; i++)
		result |= (uint32_t)*cursor->at++ << (8 * i);
	*value = result;
	return WIRE_OK;
}

enum wire_error cursor_content(struct cursor *cursor, struct cursor *content)
{
	uint64_t length;
	enum wire_error error = cursor_varint(cursor, &length);

	if (error != WIRE_OK)
		return error;
	if (length > (uint64_t)(cursor->end - cursor->at))
		return WIRE_TRUNCATED;
	*content = (struct cursor){cursor->at, cursor->at + length};
	cursor->at += length;
	return WIRE_OK;
}

/* The length of the UTF-8 sequence at `p` (RFC 3629, section 4), 0 when there is none. */
static size_t utf8_sequence_bytes(const uint8_t *p, size_t left)
{
	uint8_t lead = p[0], low = 0x80, high = 0xbf;
	size_t length;

	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		length = 2;
	else if (lead >= 0xe0 && lead <= 0xef)
		length = 3;
	else if (lead >= 0xf0 && lead <= 0xf4)
		length = 4;
	else
		return 0;
	/* The second byte keeps out overlong forms, surrogates and what lies above U+10FFFF. */
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	if (left < length || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return length;
}

/* Texts are ASCII for the most part: a word of it without a NUL is known at a glance. */
static bool starts_with_ascii_word(struct cursor text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t word;

	if ((size_t)(text.end - text.at) < sizeof(word))
		return false;
	memcpy(&word, text.at, sizeof(word));
	/* A byte of zero borrows from the one above it and leaves its top bit set. */
	return ((word | (word - ones)) & tops) == 0;
}

enum wire_error cursor_check_text(struct cursor text)
{
	while (text.at != text.end) {
		if (starts_with_ascii_word(text)) {
			text.at += sizeof(uint64_t);
			continue;
		}
		size_t length = utf8_sequence_bytes(text.at, (size_t)(text.end - text.at));

		if (length == 0)
			return WIRE_NOT_UTF8;
		if (*text.at == '\0')
			return WIRE_NUL;
		text.at += length;
	}
	return WIRE_OK;
}
