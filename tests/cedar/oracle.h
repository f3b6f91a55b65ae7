/* Puts the same questions to the engine, by its index and linearly, and to the naive evaluator. They
 * must agree on the decision, on the reasons, and on each error with its kind. */
#ifndef TESTS_CEDAR_ORACLE_H
#define TESTS_CEDAR_ORACLE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "random_world.h"

enum oracle_result { ORACLE_AGREES, ORACLE_DIFFERS, ORACLE_REFUSED };

/* What the answers came to, so that a run can be seen to have tested something. */
struct oracle_tally {
	uint64_t allowed, denied, reasons, errors;
};

/* Makes a world, links the templates among the policies, and asks a few questions. Adds to `tally`;
 * appends to `report` what differs. ORACLE_REFUSED when the text is no policies. */
enum oracle_result oracle_compare(struct random *random, struct str policies,
				  struct oracle_tally *tally, struct buf *report);

#endif
