/* Puts the same questions to the engine, by its index and linearly, and to the naive evaluator. They
 * must agree on the decision, on the reasons, and on each error with its kind. */
#ifndef TESTS_CEDAR_ORACLE_H
#define TESTS_CEDAR_ORACLE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "comparison.h"
#include "random_world.h"

enum oracle_result { ORACLE_AGREES, ORACLE_DIFFERS, ORACLE_REFUSED };

/* Makes a world, links the templates among the policies, and asks a few questions. Adds to `tally`;
 * appends to `report` what differs. With `plant` a mistake is put into what is expected.
 * ORACLE_REFUSED when the text is no policies. */
enum oracle_result oracle_compare(struct random *random, struct str policies, bool plant,
				  struct comparison_tally *tally, struct buf *report);

#endif
