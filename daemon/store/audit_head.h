/* A head of the audit as text, "ID:CHAIN" with the chain in hexadecimal: what goes into the log and
 * to other machines, and comes back to be compared. */
#ifndef STORE_AUDIT_HEAD_H
#define STORE_AUDIT_HEAD_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "store/audit.h"

/* Twenty digits, the colon, the chain and the zero at the end. */
enum { AUDIT_HEAD_TEXT_BYTES = 20 + 1 + 2 * AUDIT_CHAIN_BYTES + 1 };

void audit_head_format(const struct audit_head *head, char out[AUDIT_HEAD_TEXT_BYTES]);

/* ERR_SYNTAX for anything that audit_head_format() does not write. */
enum error audit_head_parse(struct str text, struct audit_head *out) ATTR_MUST_CHECK;

#endif
