#include "cedar/ext.h"

enum { MAX_TEXT = 43, V4_BITS = 32, V6_BITS = 128, V6_GROUPS = 8 };

/* Decimal digits without sign and surplus zeros, at most three. */
static bool parse_number(struct str text, uint64_t max, uint64_t *out)
{
	return text.length <= 3 && str_to_u64(text, out) && *out <= max;
}

/* Cuts `*text` at the first `separator`: the head is returned, the rest stays behind. `*found` says
 * whether there was one. */
static struct str cut(struct str *text, char separator, bool *found)
{
	const char *at = str_find_byte(*text, separator);
	struct str head = *text;

	*found = at != NULL;
	if (at == NULL) {
		*text = str_make(NULL, 0);
		return head;
	}
	head.length = (size_t)(at - text->ptr);
	*text = str_make(at + 1, text->length - head.length - 1);
	return head;
}

static bool parse_v4(struct str text, uint64_t *out)
{
	uint64_t address = 0, octet;
	bool more = true;

	for (int i = 0; i < 4; i++) {
		if (!more || !parse_number(cut(&text, '.', &more), 255, &octet))
			return false;
		address = address << 8 | octet;
	}
	if (more)
		return false;
	*out = address;
	return true;
}

/* Reads groups of one to four hex digits joined by ':' and returns how many; -1 when malformed. */
static int parse_groups(struct str text, uint16_t groups[V6_GROUPS])
{
	int count = 0;
	bool more = true;

	while (more) {
		struct str group = cut(&text, ':', &more);
		uint16_t value = 0;

		if (group.length == 0 || group.length > 4 || count == V6_GROUPS)
			return -1;
		for (size_t i = 0; i < group.length; i++) {
			int digit = str_hex_digit(group.ptr[i]);

			if (digit < 0)
				return -1;
			value = (uint16_t)(value << 4 | digit);
		}
		groups[count++] = value;
	}
	return count;
}

/* The place of "::", or text.length. */
static size_t find_gap(struct str text)
{
	for (size_t i = 0; i + 1 < text.length; i++) {
		if (text.ptr[i] == ':' && text.ptr[i + 1] == ':')
			return i;
	}
	return text.length;
}

/* No zones, and no IPv4 address in the last groups. */
static bool parse_v6(struct str text, uint64_t *high, uint64_t *low)
{
	uint16_t head[V6_GROUPS] = {0}, tail[V6_GROUPS] = {0};
	size_t gap = find_gap(text);
	int head_count = 0, tail_count = 0;
	uint64_t halves[2] = {0, 0};

	if (gap != 0)
		head_count = parse_groups(str_make(text.ptr, gap), head);
	if (gap + 2 < text.length)
		tail_count =
			parse_groups(str_make(text.ptr + gap + 2, text.length - gap - 2), tail);
	if (head_count < 0 || tail_count < 0)
		return false;
	/* The gap stands for at least one group. */
	if (gap == text.length ? head_count != V6_GROUPS : head_count + tail_count >= V6_GROUPS)
		return false;
	for (int i = 0; i < tail_count; i++)
		head[V6_GROUPS - tail_count + i] = tail[i];
	for (int i = 0; i < V6_GROUPS; i++)
		halves[i / 4] = halves[i / 4] << 16 | head[i];
	*high = halves[0];
	*low = halves[1];
	return true;
}

bool ext_parse_ipaddr(struct str text, struct ext_ipaddr *out)
{
	struct ext_ipaddr ip = {0};
	uint64_t prefix;
	bool has_prefix;
	struct str address;

	if (text.length == 0 || text.length > MAX_TEXT)
		return false;
	address = cut(&text, '/', &has_prefix);
	if (address.length == 0)
		return false;
	ip.is_v6 = str_find_byte(address, ':') != NULL;
	if (ip.is_v6 ? !parse_v6(address, &ip.high, &ip.low) : !parse_v4(address, &ip.low))
		return false;
	prefix = ip.is_v6 ? V6_BITS : V4_BITS;
	if (has_prefix && !parse_number(text, prefix, &prefix))
		return false;
	ip.prefix = (uint8_t)prefix;
	*out = ip;
	return true;
}

bool ext_ipaddr_is_loopback(const struct ext_ipaddr *ip)
{
	if (ip->is_v6)
		return ip->high == 0 && ip->low == 1 && ip->prefix == V6_BITS;
	return ip->low >> 24 == 127 && ip->prefix >= 8;
}

bool ext_ipaddr_is_multicast(const struct ext_ipaddr *ip)
{
	if (ip->is_v6)
		return ip->high >> 56 == 0xff && ip->prefix >= 8;
	return ip->low >> 28 == 0xe && ip->prefix >= 4;
}

/* The first `bits` of `a` and `b` are the same; words count from the left. */
static bool same_start(uint64_t a, uint64_t b, unsigned int bits)
{
	if (bits == 0)
		return true;
	return (a ^ b) >> (64 - (bits < 64 ? bits : 64)) == 0;
}

bool ext_ipaddr_is_in_range(const struct ext_ipaddr *range, const struct ext_ipaddr *outer)
{
	if (range->is_v6 != outer->is_v6 || range->prefix < outer->prefix)
		return false;
	if (!range->is_v6)
		return same_start(range->low << 32, outer->low << 32, outer->prefix);
	return same_start(range->high, outer->high, outer->prefix) &&
	       (outer->prefix <= 64 || same_start(range->low, outer->low, outer->prefix - 64u));
}
