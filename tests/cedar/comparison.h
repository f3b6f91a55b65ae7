/* An answer of the engine held against the naive evaluator: the decision, the reasons, and each error
 * with its kind must be the same. */
#ifndef TESTS_CEDAR_COMPARISON_H
#define TESTS_CEDAR_COMPARISON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "naive.h"

struct outcome {
	enum cedar_eval_error error;
	bool satisfied;
};

struct comparison {
	const struct cedar_engine *engine;
	const struct naive_policy *policies; /* in the order of the engine's numbers */
	struct outcome *expected;            /* of each policy */
	size_t policy_count;
	struct buf *report; /* gets what differs */
};

/* What the answers came to, so that a run can be seen to have tested something. */
struct comparison_tally {
	uint64_t requests, allowed, denied, reasons, errors;
};

/* Evaluates every policy plainly, into `expected`. */
void comparison_expect(struct comparison *comparison, const struct naive_world *world);

/* Puts a mistake into what is expected, which a check must find. There must be a policy. */
void comparison_plant(struct comparison *comparison);

/* Asks the engine by its index and linearly, compares both answers, of some questions also what is
 * told of a few policies (cedar/trace.h), and adds to `tally`. The request must be ready to be asked.
 */
bool comparison_ask(const struct comparison *comparison, struct cedar_request *request,
		    struct comparison_tally *tally);

#endif
