/*
 * A list of texts as a JSON array of strings, the form in which SQL can look into it. Any byte is
 * kept: what JSON must escape is escaped, everything else, also what is not UTF-8, stands as it is.
 *
 * For this layer only.
 */
#ifndef STORE_TEXT_LIST_H
#define STORE_TEXT_LIST_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/audit.h"

/* Appends the array to `out`. */
void text_list_write(struct buf *out, const struct audit_list *list);

/* Reads what text_list_write() wrote; the list and its texts live in `arena`. ERR_CORRUPT for
 * anything else, ERR_NO_MEMORY. */
enum error text_list_read(struct arena *arena, struct str json,
			  struct audit_list *out) ATTR_MUST_CHECK;

#endif
