#include "ctl/doctor.h"

#include <string.h>

#include "base/attributes.h"
#include "support/cmocka.h"
#include "support/fault.h"

static struct buf lines;

static void take_line(struct buf *line)
{
	buf_append_str(&lines, buf_str(line));
	buf_append_byte(&lines, '\n');
}

static enum doctor_result look_well(struct doctor *doctor, struct doctor_finding *finding)
{
	(void)doctor;
	buf_append_str(&finding->detail, STR("/state: owner root"));
	return DOCTOR_OK;
}

static enum doctor_result look_hostile(struct doctor *doctor, struct doctor_finding *finding)
{
	(void)doctor;
	buf_append_str(&finding->detail, STR("/a\n\x1b[2J\"b\": bad"));
	buf_append_str(&finding->advice, STR("chmod /a\n"));
	return DOCTOR_PROBLEM;
}

static enum doctor_result look_warily(struct doctor *doctor, struct doctor_finding *finding)
{
	(void)doctor;
	buf_append_str(&finding->detail, STR("little; very little; "));
	buf_append_str(&finding->advice, STR("make room"));
	return DOCTOR_WARNING;
}

static enum doctor_result look_away(struct doctor *doctor, struct doctor_finding *finding)
{
	(void)doctor;
	buf_append_str(&finding->detail, STR("never printed"));
	return DOCTOR_LEFT_OUT;
}

static const struct doctor_check checks[] = {
	{"a.well", look_well},
	{"b.hostile", look_hostile},
	{"c.warily", look_warily},
	{"d.away", look_away},
};

static void expect_lines(bool json, const char *expected)
{
	struct doctor doctor = {.ctl = NULL};
	struct doctor_counts counts;

	buf_init(&lines, 1 << 20);
	counts = doctor_run(&doctor, checks, ARRAY_COUNT(checks), json, take_line);
	assert_string_equal(buf_text(&lines), expected);
	assert_int_equal(counts.of[DOCTOR_OK], 1);
	assert_int_equal(counts.of[DOCTOR_WARNING], 1);
	assert_int_equal(counts.of[DOCTOR_PROBLEM], 1);
	buf_clear(&lines);
	doctor_append_counts(&lines, &counts);
	assert_string_equal(buf_text(&lines), "3 checks: 1 ok, 1 warning, 1 problem");
	buf_deinit(&lines);
}

static void people_read_one_line_a_check_that_disturbs_no_terminal(void **state)
{
	(void)state;
	expect_lines(false, "ok       a.well               /state: owner root\n"
			    "problem  b.hostile            /a\\u{a}\\u{1b}[2J\"b\": bad; do: chmod "
			    "/a\\u{a}\n"
			    "warning  c.warily             little; very little; do: make room\n");
}

static void programs_read_one_object_a_check(void **state)
{
	(void)state;
	expect_lines(
		true,
		"{\"check\":\"a.well\",\"result\":\"ok\",\"detail\":\"/state: owner root\","
		"\"advice\":\"\"}\n"
		"{\"check\":\"b.hostile\",\"result\":\"problem\",\"detail\":\"/a\\n\\u001b[2J"
		"\\\"b\\\": bad\",\"advice\":\"chmod /a\\n\"}\n"
		"{\"check\":\"c.warily\",\"result\":\"warning\",\"detail\":\"little; very little\","
		"\"advice\":\"make room\"}\n");
}

static void space_is_judged_at_its_thresholds(void **state)
{
	const uint64_t mib = 1 << 20;

	(void)state;
	assert_int_equal(doctor_judge_space(0), DOCTOR_PROBLEM);
	assert_int_equal(doctor_judge_space(DOCTOR_SPACE_PROBLEM_MIB * mib - 1), DOCTOR_PROBLEM);
	assert_int_equal(doctor_judge_space(DOCTOR_SPACE_PROBLEM_MIB * mib), DOCTOR_WARNING);
	assert_int_equal(doctor_judge_space(DOCTOR_SPACE_WARNING_MIB * mib - 1), DOCTOR_WARNING);
	assert_int_equal(doctor_judge_space(DOCTOR_SPACE_WARNING_MIB * mib), DOCTOR_OK);
	assert_int_equal(doctor_judge_space(UINT64_MAX), DOCTOR_OK);
}

static void expect_clock(int64_t wall_us, int64_t newest_us, enum doctor_result expected)
{
	struct doctor_finding finding;

	buf_init(&finding.detail, DOCTOR_TEXT_MAX);
	buf_init(&finding.advice, DOCTOR_TEXT_MAX);
	assert_int_equal(doctor_judge_clock(wall_us, newest_us, &finding), expected);
	assert_int_equal(finding.advice.length == 0, expected == DOCTOR_OK);
	buf_deinit(&finding.detail);
	buf_deinit(&finding.advice);
}

static void a_clock_is_judged_by_this_program_and_by_the_audit(void **state)
{
	const int64_t earliest = INT64_C(1767225600000000), minutes = INT64_C(300000000);

	(void)state;
	expect_clock(earliest - 1, 0, DOCTOR_PROBLEM);
	expect_clock(earliest, 0, DOCTOR_OK);
	expect_clock(earliest, earliest + minutes, DOCTOR_OK);
	expect_clock(earliest, earliest + minutes + 1, DOCTOR_WARNING);
	expect_clock(earliest + 2 * minutes, earliest, DOCTOR_OK);
}

static void what_was_not_checked_is_said_with_its_reason(void **state)
{
	bool was_reached = true;

	(void)state;
	for (uint64_t index = 0; was_reached; index++) {
		struct doctor_finding finding;

		buf_init(&finding.detail, DOCTOR_TEXT_MAX);
		buf_init(&finding.advice, DOCTOR_TEXT_MAX);
		buf_append_str(&finding.detail, STR("/a: permission denied"));
		fault_arm(index, FAULT_ONCE);
		doctor_not_checked(&finding, "be root");
		was_reached = fault_disarm();
		if (!was_reached) {
			assert_string_equal(buf_text(&finding.detail),
					    "not checked: /a: permission denied");
			assert_string_equal(buf_text(&finding.advice), "be root");
		} else {
			assert_true(finding.detail.failed != ERR_NONE ||
				    finding.advice.failed != ERR_NONE);
		}
		buf_deinit(&finding.detail);
		buf_deinit(&finding.advice);
	}
}

static void a_finding_without_memory_is_no_good_news(void **state)
{
	bool was_reached = true;

	(void)state;
	for (uint64_t index = 0; was_reached; index++) {
		struct doctor doctor = {.ctl = NULL};
		struct doctor_counts counts;
		const char *text;

		buf_init(&lines, 1 << 20);
		assert_non_null(buf_reserve(&lines, 4096));
		fault_arm(index, FAULT_STICKY);
		counts = doctor_run(&doctor, checks, 1, true, take_line);
		was_reached = fault_disarm();
		text = buf_text(&lines);
		assert_int_equal(counts.of[DOCTOR_OK] + counts.of[DOCTOR_PROBLEM], 1);
		if (counts.of[DOCTOR_PROBLEM] == 1 || lines.length == 0)
			assert_true(was_reached);
		if (lines.length != 0)
			assert_int_equal(counts.of[DOCTOR_OK] == 1,
					 strstr(text, "\"result\":\"ok\"") != NULL);
		buf_deinit(&lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_read_one_line_a_check_that_disturbs_no_terminal),
		cmocka_unit_test(programs_read_one_object_a_check),
		cmocka_unit_test(space_is_judged_at_its_thresholds),
		cmocka_unit_test(a_clock_is_judged_by_this_program_and_by_the_audit),
		cmocka_unit_test(what_was_not_checked_is_said_with_its_reason),
		cmocka_unit_test(a_finding_without_memory_is_no_good_news),
	};

	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
