/* Validating policies of the conformance data. */
#ifndef TESTS_CEDAR_CONFORMANCE_VALIDATION_H
#define TESTS_CEDAR_CONFORMANCE_VALIDATION_H

#include "conformance.h"
#include "conformance_tree.h"

/* True when all policies of the text pass. Fails the case when the text is not accepted, or a
 * policy is refused without a diagnostic. */
bool conformance_validate(struct run *run, const struct cedar_schema *schema, struct str policies,
			  bool strict, struct cedar_diags *diags);

#endif
