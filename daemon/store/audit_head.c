#include "store/audit_head.h"

#include <inttypes.h>
#include <stdio.h>

void audit_head_format(const struct audit_head *head, char out[AUDIT_HEAD_TEXT_BYTES])
{
	int length = snprintf(out, AUDIT_HEAD_TEXT_BYTES, "%" PRIu64 ":", head->decision_id);

	for (size_t i = 0; i < AUDIT_CHAIN_BYTES; i++)
		snprintf(out + length + 2 * i, 3, "%02x", head->chain[i]);
}

enum error audit_head_parse(struct str text, struct audit_head *out)
{
	struct audit_head head = {0};
	const char *colon = str_find_byte(text, ':');

	if (colon == NULL)
		return ERR_SYNTAX;
	size_t id_bytes = (size_t)(colon - text.ptr);
	if (text.length - id_bytes - 1 != 2 * AUDIT_CHAIN_BYTES ||
	    !str_to_u64(str_make(text.ptr, id_bytes), &head.decision_id))
		return ERR_SYNTAX;
	for (size_t i = 0; i < AUDIT_CHAIN_BYTES; i++) {
		int high = str_hex_digit(colon[1 + 2 * i]), low = str_hex_digit(colon[2 + 2 * i]);

		if (high < 0 || low < 0)
			return ERR_SYNTAX;
		head.chain[i] = (uint8_t)(high << 4 | low);
	}
	*out = head;
	return ERR_NONE;
}
