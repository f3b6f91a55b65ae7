#include "authz/sid.h"

#include <stddef.h>
#include <stdint.h>

enum { AUTHORITY_HEX_DIGITS = 12 };

/* Takes a decimal number without surplus zeros, at most UINT32_MAX, off the front of `rest`. */
static bool take_u32(struct str *rest)
{
	uint64_t value;
	size_t length = 0;

	while (length < rest->length && rest->ptr[length] >= '0' && rest->ptr[length] <= '9')
		length++;
	if (!str_to_u64(str_make(rest->ptr, length), &value) || value > UINT32_MAX)
		return false;
	*rest = str_make(rest->ptr + length, rest->length - length);
	return true;
}

static bool take_prefix(struct str *rest, struct str prefix)
{
	if (!str_starts_with(*rest, prefix))
		return false;
	*rest = str_make(rest->ptr + prefix.length, rest->length - prefix.length);
	return true;
}

static bool is_lower_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* 0x has gone before. Below 2^32, that is with four leading zero digits, it would be decimal. */
static bool take_hex_authority(struct str *rest)
{
	if (rest->length < AUTHORITY_HEX_DIGITS || str_starts_with(*rest, STR("0000")))
		return false;
	for (size_t i = 0; i < AUTHORITY_HEX_DIGITS; i++) {
		if (!is_lower_hex(rest->ptr[i]))
			return false;
	}
	*rest = str_make(rest->ptr + AUTHORITY_HEX_DIGITS, rest->length - AUTHORITY_HEX_DIGITS);
	return true;
}

bool sid_valid(struct str text)
{
	struct str rest = text;
	size_t sub_authority_count = 0;

	if (!take_prefix(&rest, STR("S-1-")))
		return false;
	if (take_prefix(&rest, STR("0x")) ? !take_hex_authority(&rest) : !take_u32(&rest))
		return false;
	while (rest.length != 0) {
		if (!take_prefix(&rest, STR("-")) || !take_u32(&rest))
			return false;
		sub_authority_count++;
	}
	return sub_authority_count >= 1 && sub_authority_count <= SID_MAX_SUB_AUTHORITIES;
}
