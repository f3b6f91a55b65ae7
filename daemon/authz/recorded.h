/*
 * A question as the audit recorded it, so that it can be asked again. What the audit keeps is what
 * identity_read() and operation_read() made of the request, so both are given the same texts again,
 * and whether they still make the same of them is checked: an answer to another question would be
 * worse than none.
 */
#ifndef AUTHZ_RECORDED_H
#define AUTHZ_RECORDED_H

#include "authz/decide.h"
#include "authz/sender.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "store/audit.h"

struct recorded {
	struct question question; /* points to `sender` and `reading` */
	struct question_reading reading;
	struct sender sender;
	struct sender_certificate certificate;
};

/* Makes the question of `row` again; `recorded` must not be moved afterwards, and points into the
 * row and `arena`. ERR_INVALID when the row has no complete request, because it was malformed
 * or masked (audit.mask), or one that this program reads otherwise; ERR_NO_MEMORY. */
enum error recorded_read(struct recorded *recorded, struct arena *arena,
			 const struct audit_row *row) ATTR_MUST_CHECK;

#endif
