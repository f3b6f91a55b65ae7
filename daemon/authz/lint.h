/*
 * What is valid in a policy and yet hardly meant: a text with capital letters compared with an
 * attribute that the daemon case-folds (schema/wsauthz.cedarschema, "Letter case"). Such a permit
 * would never permit and, worse, such a forbid never forbid.
 */
#ifndef AUTHZ_LINT_H
#define AUTHZ_LINT_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"

/* Adds a warning for each such comparison in the policies of `text`, which must parse under
 * `limits` (may be NULL). ERR_NO_MEMORY. */
enum error lint_policies(struct str file, struct str text, const struct cedar_limits *limits,
			 struct cedar_diags *diags) ATTR_MUST_CHECK;

#endif
