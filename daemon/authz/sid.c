#include "authz/sid.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { AUTHORITY_HEX_DIGITS = 12 };

/*
 * Every request brings as many SIDs as its token has groups, so this is a scanner over two pointers
 * and not a sequence of slices. Each take_* returns where it stopped, or NULL.
 */

/* A decimal number without surplus zeros, at most UINT32_MAX. */
static const char *take_u32(const char *at, const char *end)
{
	const char *start = at;
	uint64_t value = 0;

	for (; at < end && *at >= '0' && *at <= '9' && value <= UINT32_MAX; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	if (at == start || value > UINT32_MAX || (*start == '0' && at - start > 1))
		return NULL;
	return at;
}

static bool is_lower_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* 0x has gone before. Below 2^32, that is with four leading zero digits, it would be decimal. */
static const char *take_hex_authority(const char *at, const char *end)
{
	if (end - at < AUTHORITY_HEX_DIGITS || memcmp(at, "0000", 4) == 0)
		return NULL;
	for (size_t i = 0; i < AUTHORITY_HEX_DIGITS; i++) {
		if (!is_lower_hex(at[i]))
			return NULL;
	}
	return at + AUTHORITY_HEX_DIGITS;
}

static const char *take_authority(const char *at, const char *end)
{
	if (end - at >= 2 && at[0] == '0' && at[1] == 'x')
		return take_hex_authority(at + 2, end);
	return take_u32(at, end);
}

bool sid_is_logon(struct str text)
{
	struct str prefix = STR("S-1-5-5-");
	size_t dash_count = 0;

	if (!str_starts_with(text, prefix))
		return false;
	for (size_t i = prefix.length; i < text.length; i++)
		dash_count += text.ptr[i] == '-';
	return dash_count == 1;
}

bool sid_valid(struct str text)
{
	size_t sub_authority_count = 0;
	const char *at;
	const char *end;

	if (!str_starts_with(text, STR("S-1-")))
		return false;
	end = text.ptr + text.length;
	at = take_authority(text.ptr + 4, end);
	while (at != NULL && at < end && *at == '-') {
		at = take_u32(at + 1, end);
		sub_authority_count++;
	}
	return at == end && sub_authority_count >= 1 &&
	       sub_authority_count <= SID_SUB_AUTHORITIES_MAX;
}
