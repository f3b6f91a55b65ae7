#include "store/audit_head.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/hex.h"

void audit_head_format(const struct audit_head *head, char out[AUDIT_HEAD_TEXT_BYTES])
{
	struct buf text;

	buf_init_fixed(&text, out, AUDIT_HEAD_TEXT_BYTES);
	buf_printf(&text, "%" PRIu64 ":", head->decision_id);
	hex_append(&text, head->chain, AUDIT_CHAIN_BYTES);
	(void)buf_text(&text); /* which ends it with a zero */
}

enum error audit_head_parse(struct str text, struct audit_head *out)
{
	struct audit_head head = {0};
	const char *colon = str_find_byte(text, ':');

	if (colon == NULL)
		return ERR_SYNTAX;
	size_t id_bytes = (size_t)(colon - text.ptr);
	if (!str_to_u64(str_make(text.ptr, id_bytes), &head.decision_id) ||
	    !hex_parse(str_make(colon + 1, text.length - id_bytes - 1), head.chain,
		       AUDIT_CHAIN_BYTES))
		return ERR_SYNTAX;
	*out = head;
	return ERR_NONE;
}
