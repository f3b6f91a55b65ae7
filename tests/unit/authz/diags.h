/* Diagnostics in tests: what was said, as one text. */
#ifndef TESTS_UNIT_AUTHZ_DIAGS_H
#define TESTS_UNIT_AUTHZ_DIAGS_H

#include "base/buf.h"
#include "cedar/cedar.h"

/* Appends all of them as people see them. */
static inline void diags_print(struct buf *out, const struct cedar_diags *diags)
{
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next)
		cedar_diag_print(out, diag);
}

#endif
