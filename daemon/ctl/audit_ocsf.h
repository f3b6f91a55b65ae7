/*
 * A decision as an event of the Open Cybersecurity Schema Framework 1.1.0, class Authorize Session
 * (3003), for SIEMs; events of the audit as its base event (0). What the class has no attribute for
 * is in `unmapped`. docs/audit.md says which attribute is what.
 */
#ifndef CTL_AUDIT_OCSF_H
#define CTL_AUDIT_OCSF_H

#include "base/buf.h"
#include "store/audit.h"

/* Appends one JSON object, without line end. */
void audit_ocsf_append(struct buf *out, const struct audit_row *row);

#endif
