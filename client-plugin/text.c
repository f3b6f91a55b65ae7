#include "client-plugin/text.h"

#include <stdbool.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD, HIGH_SURROGATE = 0xD800, LOW_SURROGATE = 0xDC00 };

static bool is_high(WCHAR unit)
{
	return unit >= HIGH_SURROGATE && unit < LOW_SURROGATE;
}

static bool is_low(WCHAR unit)
{
	return unit >= LOW_SURROGATE && unit <= 0xDFFF;
}

/* Writes the character as UTF-8 and returns its length. */
static size_t put_utf8(uint32_t character, char *out)
{
	static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
	size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	for (size_t i = length - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (character & 0x3F));
		character >>= 6;
	}
	out[0] = (char)(lead[length] | character);
	return length;
}

/* The units up to the zero; TEXT_MAX_UNITS + 1 when there are too many. */
static size_t count_units(PCWSTR text)
{
	size_t count = 0;

	while (count <= TEXT_MAX_UNITS && text[count] != 0)
		count++;
	return count;
}

enum client_reason text_copy(PCWSTR text, struct pool *pool, const char **out)
{
	size_t unit_count = text != NULL ? count_units(text) : 0;
	size_t length = 0;
	char *copy;

	if (unit_count > TEXT_MAX_UNITS)
		return CLIENT_TOO_LARGE;
	/* A unit is at most three bytes; the two of a pair are four together. */
	copy = pool_take(pool, unit_count * 3 + 1);
	if (copy == NULL)
		return CLIENT_NO_MEMORY;
	for (size_t i = 0; i < unit_count; i++) {
		uint32_t character = text[i];

		if (is_low(text[i]) || (is_high(text[i]) && !is_low(text[i + 1])))
			return CLIENT_SENDER;
		if (is_high(text[i])) {
			i++;
			character = 0x10000 + ((character - HIGH_SURROGATE) << 10) +
				    ((uint32_t)text[i] - LOW_SURROGATE);
		}
		length += put_utf8(character, copy + length);
	}
	copy[length] = '\0';
	*out = copy;
	return CLIENT_OK;
}

/* Reads one character of a zero-terminated text and returns its length in bytes. */
static size_t get_utf8(const unsigned char *text, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = text[0];
	size_t length = first < 0x80   ? 1
			: first < 0xC0 ? 0
			: first < 0xE0 ? 2
			: first < 0xF0 ? 3
				       : 4;
	uint32_t value = first;

	*character = REPLACEMENT;
	if (length == 0 || first >= 0xF8)
		return 1;
	if (length > 1)
		value &= 0x7FU >> length;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xC0) != 0x80)
			return 1;
		value = value << 6 | (text[i] & 0x3FU);
	}
	if (value < smallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return 1;
	*character = value;
	return length;
}

size_t text_widen(const char *text, WCHAR *out, size_t unit_count)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t count = 0;

	while (*at != 0) {
		uint32_t character;

		at += get_utf8(at, &character);
		if (count + (character > 0xFFFF ? 2 : 1) >= unit_count)
			break;
		if (character > 0xFFFF) {
			character -= 0x10000;
			out[count++] = (WCHAR)(HIGH_SURROGATE + (character >> 10));
			character = LOW_SURROGATE + (character & 0x3FF);
		}
		out[count++] = (WCHAR)character;
	}
	out[count] = 0;
	return count;
}
