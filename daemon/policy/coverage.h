/*
 * What the tests of a policy exercise: which policies applied and held, and which conditions were
 * seen true and false. A condition is an operand of &&, ||, ! and if in a when or unless, that is
 * none of these itself; it is seen only where evaluation would reach it.
 *
 * Each such outcome becomes a policy of an engine of its own, which is asked the questions that the
 * decisions asked. So what is measured is what Cedar does, and decisions pay nothing for it.
 */
#ifndef POLICY_COVERAGE_H
#define POLICY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "authz/decide.h"
#include "authz/snapshot.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "cedar/cedar.h"

struct policy_coverage;

/* A place in the files of the policy. */
struct coverage_place {
	struct str file;
	uint32_t line, column;
};

struct covered_condition {
	struct str text; /* on one line */
	struct coverage_place place;
	bool was_true, was_false;
};

struct covered_policy {
	struct str id;
	struct coverage_place place;
	bool applied; /* its scope matched a request */
	bool held;    /* and so did its conditions */
	const struct covered_condition *conditions;
	size_t condition_count;
};

/* Readies the policies and links of `files`, which must make a valid snapshot and live as long as
 * the coverage. ERR_LIMIT when the conditions are too large to be taken apart, ERR_NO_MEMORY; other
 * errors with diagnostics, if the files are not valid. */
enum error policy_coverage_new(const struct snapshot_file *files, size_t file_count,
			       struct hash_key key, struct cedar_diags *diags,
			       struct policy_coverage **out) ATTR_MUST_CHECK;
void policy_coverage_free(struct policy_coverage *coverage); /* accepts NULL */

/* Notes what `decision` exercised; nothing, unless the policy made it. ERR_NO_MEMORY and ERR_LIMIT leave it out. */
enum error policy_coverage_note(struct policy_coverage *coverage,
				const struct decision *decision) ATTR_MUST_CHECK;

/* Policies and links in the order of files and texts. `policy` is valid as long as the coverage. */
size_t policy_coverage_count(const struct policy_coverage *coverage);
void policy_coverage_at(struct policy_coverage *coverage, size_t index,
			struct covered_policy *policy);

/* Of all policies: outcomes that there are (two for each condition, one for each policy) and that
 * were seen. */
struct coverage_total {
	size_t policies, policies_held;
	size_t outcomes, outcomes_seen; /* of conditions */
};
struct coverage_total policy_coverage_total(struct policy_coverage *coverage);

#endif
