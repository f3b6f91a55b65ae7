/* The finding that tests of doctor's rules have filled, and compare. */
#ifndef TESTS_UNIT_CTL_FINDING_H
#define TESTS_UNIT_CTL_FINDING_H

#include "ctl/doctor.h"

extern struct doctor_finding finding;

/* Set-up and tear-down of a test or a group. */
int finding_start(void **state);
int finding_end(void **state);

/* `result` must be the expected one, and the detail have the text; there must be advice unless all is
 * well. Empties the finding. */
void finding_expect(enum doctor_result result, enum doctor_result expected, const char *detail);

/* The same, where the detail is the text and nothing else. */
void finding_expect_exactly(enum doctor_result result, enum doctor_result expected,
			    const char *detail);

#endif
