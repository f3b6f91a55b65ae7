/*
 * What is valid in a policy and yet hardly meant: a text with capital letters compared with an
 * attribute that the daemon case-folds (schema/wsauthz.cedarschema, "Letter case"). Such a permit
 * would never permit and, worse, such a forbid never forbid.
 */
#ifndef AUTHZ_LINT_H
#define AUTHZ_LINT_H

#include "base/attributes.h"
#include "base/error.h"
#include "cedar/cedar.h"

/* Adds a warning for each such comparison in the policies and templates that `engine`, which is not
 * sealed, has so far. ERR_NO_MEMORY. */
enum error lint_policies(const struct cedar_engine *engine,
			 struct cedar_diags *diags) ATTR_MUST_CHECK;

#endif
