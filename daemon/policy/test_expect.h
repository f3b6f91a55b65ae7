/*
 * What a policy test expects of the answer, and how the answer differs. For this layer; the format
 * is in docs/policy.md.
 */
#ifndef POLICY_TEST_EXPECT_H
#define POLICY_TEST_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/decide.h"
#include "authz/obligations.h"
#include "base/str.h"
#include "cedar/cedar.h"
#include "cedar/json_read.h"
#include "cedar/source.h"

enum { TEST_OBLIGATION_COUNT = 8 };

struct test_ids {
	const struct str *items;
	size_t count;
	struct span span;
};

struct test_expect {
	struct span span; /* of the object's start */
	enum decision_verdict verdict;
	struct span verdict_span;
	bool has_reasons;
	struct test_ids reasons;
	struct test_ids errors; /* none unless they are named */
	bool has_obligations;
	struct span obligations_span;
	struct obligations obligations;                      /* what is not named is not set */
	struct span obligation_spans[TEST_OBLIGATION_COUNT]; /* length 0 when not named */
	bool has_administrator, administrator;
	struct span administrator_span;
};

/* Reads the object whose start the reader stands at. False after a failure of the reader. */
bool test_expect_read(struct json_reader *reader, struct test_expect *expect);

/* Reports each difference between the expectation of the test `name`, which stands in `source`, and
 * `decision`. True when there is none. */
bool test_expect_compare(const struct test_expect *expect, struct str name,
			 const struct source *source, const struct decision *decision,
			 struct cedar_diags *diags);

#endif
