/* A policy that is validated against a schema of users, robots and documents: what was found in it. */
#ifndef TESTS_CEDAR_VALIDATING_H
#define TESTS_CEDAR_VALIDATING_H

#include <stdbool.h>
#include <stdint.h>

#include "cedar/cedar.h"
#include "cedar/validate.h"
#include "parsed.h"

enum { VALIDATING_FINDINGS_MAX = 16 };

struct validating {
	struct cedar_schema *schema;
	struct parsed parsed;
	enum validate_kind kinds[VALIDATING_FINDINGS_MAX];
	uint32_t count;
};

/* For a group of tests: the state is a struct validating with the schema. */
int validating_setup(void **state);
int validating_teardown(void **state);

/* Validates the policy; its diagnostics are those of f->parsed, which is the caller's to end. */
enum error validating_run(struct validating *f, const char *text, bool strict);

/* Fails the test, with what was found. */
void validating_fail(struct validating *f, const char *text, const char *what);

/* The policy has no finding. */
void assert_policy_valid(struct validating *f, const char *text, bool strict);

/* The policy has exactly one finding, of this kind, which underlines `at`. */
void assert_finding(struct validating *f, const char *text, bool strict, enum validate_kind kind,
		    const char *at);

#endif
