#include "base/hex.h"

void hex_append(struct buf *out, const uint8_t *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};

		buf_append(out, pair, sizeof(pair));
	}
}

bool hex_parse(struct str text, uint8_t *out, size_t length)
{
	if (text.length / 2 != length || text.length % 2 != 0)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		if (str_hex_digit(text.ptr[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < length; i++)
		out[i] = (uint8_t)(str_hex_digit(text.ptr[2 * i]) << 4 |
				   str_hex_digit(text.ptr[2 * i + 1]));
	return true;
}
