#include "unit/ctl/finding.h"

#include <string.h>

#include "support/cmocka.h"

struct doctor_finding finding;

int finding_start(void **state)
{
	(void)state;
	buf_init(&finding.detail, DOCTOR_TEXT_MAX);
	buf_init(&finding.advice, DOCTOR_TEXT_MAX);
	return 0;
}

int finding_end(void **state)
{
	(void)state;
	buf_deinit(&finding.detail);
	buf_deinit(&finding.advice);
	return 0;
}

static void compare(bool is_as_expected, enum doctor_result result, enum doctor_result expected,
		    const char *detail)
{
	if (!is_as_expected)
		fail_msg("result %d, '%s', not %d with '%s'", (int)result,
			 buf_text(&finding.detail), (int)expected, detail);
	assert_int_equal(finding.advice.length == 0, expected == DOCTOR_OK);
	buf_clear(&finding.detail);
	buf_clear(&finding.advice);
}

void finding_expect(enum doctor_result result, enum doctor_result expected, const char *detail)
{
	compare(result == expected && strstr(buf_text(&finding.detail), detail) != NULL, result,
		expected, detail);
}

void finding_expect_exactly(enum doctor_result result, enum doctor_result expected,
			    const char *detail)
{
	compare(result == expected && strcmp(buf_text(&finding.detail), detail) == 0, result,
		expected, detail);
}
