#include "base/casefold.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/casefold_table.h"
#include "base/utf8.h"

static uint32_t fold_from_table(uint32_t code_point)
{
	size_t low = 0;
	size_t high = casefold_range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct casefold_range *range = &casefold_ranges[middle];
		if (code_point < range->first)
			high = middle;
		else if (code_point > range->last)
			low = middle + 1;
		else if ((code_point - range->first) % range->step == 0)
			return (uint32_t)((int32_t)code_point + range->delta);
		else
			return code_point;
	}
	return code_point;
}

uint32_t casefold_code_point(uint32_t code_point)
{
	if (code_point < 0x80)
		return code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point;
	return fold_from_table(code_point);
}

/* The length of the text once folded; `*changes` when it is not the same text. */
static size_t folded_length(struct str text, bool *changes)
{
	size_t length = 0;
	uint32_t code_point;
	size_t step;

	*changes = false;
	for (size_t at = 0; at < text.length; at += step) {
		char bytes[UTF8_MAX_BYTES];
		step = utf8_decode(str_make(text.ptr + at, text.length - at), &code_point);
		assert(step != 0);
		*changes |= casefold_code_point(code_point) != code_point;
		length += utf8_encode(casefold_code_point(code_point), bytes);
	}
	return length;
}

/* Most texts are ASCII, which needs no decoding: `*is_ascii` and `*has_upper` in one pass. */
static void scan_ascii(struct str text, bool *is_ascii, bool *has_upper)
{
	unsigned char seen = 0;
	bool upper = false;

	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];
		seen |= byte;
		upper |= (unsigned char)(byte - 'A') <= 'Z' - 'A';
	}
	*is_ascii = seen < 0x80;
	*has_upper = upper;
}

static struct str fold_ascii(struct arena *arena, struct str text)
{
	char *folded = arena_alloc(arena, text.length);

	if (folded == NULL)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];
		bool upper = (unsigned char)(byte - 'A') <= 'Z' - 'A';
		folded[i] = (char)(byte + (upper ? 'a' - 'A' : 0));
	}
	return str_make(folded, text.length);
}

static struct str fold_unicode(struct arena *arena, struct str text)
{
	bool changes;
	size_t length = folded_length(text, &changes);
	char *folded;
	char *end;

	if (!changes)
		return text;
	folded = arena_alloc(arena, length + UTF8_MAX_BYTES);
	if (folded == NULL)
		return (struct str){NULL, 0};
	end = folded;
	for (size_t at = 0; at < text.length;) {
		uint32_t code_point;
		size_t step = utf8_decode(str_make(text.ptr + at, text.length - at), &code_point);
		assert(step != 0);
		at += step;
		end += utf8_encode(casefold_code_point(code_point), end);
	}
	return str_make(folded, length);
}

struct str casefold(struct arena *arena, struct str text)
{
	bool is_ascii;
	bool has_upper;

	scan_ascii(text, &is_ascii, &has_upper);
	if (!is_ascii)
		return fold_unicode(arena, text);
	return has_upper ? fold_ascii(arena, text) : text;
}
