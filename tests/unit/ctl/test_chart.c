#include "ctl/chart.h"

#include <string.h>

#include "base/mem.h"
#include "support/cmocka.h"

static void an_axis_ends_at_a_round_number(void **state)
{
	(void)state;
	assert_int_equal(chart_round_up(0), 1);
	assert_int_equal(chart_round_up(1), 1);
	assert_int_equal(chart_round_up(3), 5);
	assert_int_equal(chart_round_up(5), 5);
	assert_int_equal(chart_round_up(6), 10);
	assert_int_equal(chart_round_up(10), 10);
	assert_int_equal(chart_round_up(11), 20);
	assert_int_equal(chart_round_up(2000001), 5000000);
	assert_true(chart_round_up(UINT64_MAX) == UINT64_MAX);
}

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		found++;
	return found;
}

/* Three steps, the middle one empty. */
static void charts_draw_what_there_is(void **state)
{
	const struct time_steps steps = {
		.start_us = INT64_C(1795383480000000), .step_us = 60000000, .count = 3};
	struct audit_summary summary = {.step_count = 3,
					.steps = mem_calloc(3, sizeof(struct audit_step))};
	struct buf out;

	(void)state;
	assert_non_null(summary.steps);
	summary.steps[0].counts = (struct audit_counts){{1, 2, 3}};
	summary.steps[0].latency.cells[100] = 6;
	summary.steps[2].counts.of[AUDIT_DENY] = 4;
	summary.steps[2].latency.cells[120] = 4;
	buf_init(&out, 1 << 20);
	chart_decisions(&out, &summary, &steps);
	const char *text = buf_text(&out);
	assert_int_equal(count(text, "<rect class=\"deny\""), 2);
	assert_int_equal(count(text, "<rect class=\"allow\""), 1);
	assert_int_equal(count(text, "<rect class=\"redirect\""), 1);
	assert_int_equal(count(text, "<title>"), 3);
	assert_non_null(strstr(text, "22 Nov 2026 21:38: 2 allowed, 1 denied, 3 redirected"));
	assert_int_equal(count(text, "<svg"), count(text, "</svg>"));
	buf_clear(&out);
	chart_latency(&out, &summary, &steps);
	text = buf_text(&out);
	assert_int_equal(count(text, "<polyline"), 2);
	/* Two points each: nothing is known of the empty step. */
	assert_int_equal(count(strstr(text, "<polyline"), ","), 2 * 2 + 3);
	buf_deinit(&out);
	mem_free(summary.steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_axis_ends_at_a_round_number),
		cmocka_unit_test(charts_draw_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
