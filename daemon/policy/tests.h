/*
 * The tests that a policy brings along in the *.json of tests/: requests, and what the policy must say to
 * each. They are asked of a snapshot by evaluation alone, with no records, no blocks, no
 * break-glass group and none of the configuration's defaults, so that they depend on nothing but
 * the policy directory. docs/policy.md has the format.
 */
#ifndef POLICY_TESTS_H
#define POLICY_TESTS_H

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

enum { POLICY_TESTS_MAX = 10000 };

struct policy_tests;

/* A test as people know it. */
struct policy_test_info {
	struct str name;
	struct str file;
	uint32_t line, column; /* of the test's name */
};

/* Reads the tests among `files`, with the names of their directory.json. The texts are borrowed;
 * `key` seeds a table. ERR_SYNTAX, ERR_LIMIT with diagnostics; ERR_NO_MEMORY. */
enum error policy_tests_new(const struct snapshot_file *files, size_t file_count,
			    struct hash_key key, struct cedar_diags *diags,
			    struct policy_tests **out) ATTR_MUST_CHECK;
void policy_tests_free(struct policy_tests *tests); /* accepts NULL */

/* Tests are numbered in the order of the files' names and within each file. */
size_t policy_tests_count(const struct policy_tests *tests);
struct policy_test_info policy_tests_at(const struct policy_tests *tests, size_t index);

/* Asks a test of `snapshot`. `*passed` is false when the answer differs, each difference with a
 * diagnostic at its place in the file. `*decision` is valid until the next test runs; it may be
 * NULL. ERR_NO_MEMORY: the test was not run. */
enum error policy_tests_run(struct policy_tests *tests, size_t index,
			    const struct snapshot *snapshot, struct cedar_diags *diags,
			    bool *passed, const struct decision **decision) ATTR_MUST_CHECK;

/* How a policy fared in all of its tests. */
struct policy_tests_summary {
	uint32_t run, failed;
};

/* Reads and runs all of them. ERR_INVALID when at least one failed; other errors as above. */
enum error policy_tests_gate(const struct snapshot_file *files, size_t file_count,
			     struct hash_key key, const struct snapshot *snapshot,
			     struct cedar_diags *diags,
			     struct policy_tests_summary *summary) ATTR_MUST_CHECK;

#endif
