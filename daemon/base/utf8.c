#include "base/utf8.h"

#include <string.h>

size_t utf8_decode(struct str s, uint32_t *code_point)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s.ptr;
	uint32_t value;
	size_t length;

	if (s.length == 0)
		return 0;
	if (p[0] < 0x80) {
		*code_point = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] < 0xe0) {
		length = 2;
		value = p[0] & 0x1fu;
	} else if (p[0] >= 0xe0 && p[0] < 0xf0) {
		length = 3;
		value = p[0] & 0x0fu;
	} else if (p[0] >= 0xf0 && p[0] < 0xf5) {
		length = 4;
		value = p[0] & 0x07u;
	} else {
		return 0;
	}
	if (s.length < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3fu);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code_point = value;
	return length;
}

size_t utf8_encode(uint32_t code_point, char out[UTF8_MAX_BYTES])
{
	if (code_point < 0x80) {
		out[0] = (char)code_point;
		return 1;
	}
	if (code_point < 0x800) {
		out[0] = (char)(0xc0 | code_point >> 6);
		out[1] = (char)(0x80 | (code_point & 0x3f));
		return 2;
	}
	if (code_point < 0x10000) {
		out[0] = (char)(0xe0 | code_point >> 12);
		out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code_point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code_point >> 18);
	out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code_point & 0x3f));
	return 4;
}

/* Texts are ASCII for the most part: a word of it is known at a glance. */
static bool starts_with_ascii_word(struct str s)
{
	uint64_t word;

	if (s.length < sizeof(word))
		return false;
	memcpy(&word, s.ptr, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

size_t utf8_valid_length(struct str s)
{
	size_t at = 0;

	while (at < s.length) {
		uint32_t code_point;
		size_t length;

		if (starts_with_ascii_word(str_make(s.ptr + at, s.length - at))) {
			at += sizeof(uint64_t);
			continue;
		}
		if ((unsigned char)s.ptr[at] < 0x80) {
			at++;
			continue;
		}
		length = utf8_decode(str_make(s.ptr + at, s.length - at), &code_point);
		if (length == 0)
			break;
		at += length;
	}
	return at;
}

bool utf8_is_deceptive(uint32_t code_point)
{
	uint32_t c = code_point;

	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

bool utf8_valid(struct str s)
{
	return utf8_valid_length(s) == s.length;
}
