/* Summaries against counts made row by row. */
#include "store/audit_summary.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/seal.h"
#include "support/fault.h"
#include "unit/store/fixture.h"

/* Rows are a millisecond apart (store_row_make()); two segments, the first sealed. */
enum { ROWS = 6000, SEGMENT_ROWS = 4000 };

#define START_US INT64_C(1767225600000000)

static int setup(void **state)
{
	struct audit *audit, *next;
	struct segment segment;
	struct fixture *fixture;

	fixture_setup(state);
	fixture = *state;
	audit = fixture_audit(fixture);
	fixture_append(audit, 0, SEGMENT_ROWS);
	assert_int_equal(
		audit_prepare_next(fixture->dir.path, &fixture->env, 1, &next, &fixture->why),
		ERR_NONE);
	assert_int_equal(audit_rotate(audit, next, 1), ERR_NONE);
	audit_close(audit);
	assert_int_equal(
		seal_segment(fixture->dir.path, 1, &fixture->env, NULL, 1, &segment, &fixture->why),
		ERR_NONE);
	fixture_append(next, SEGMENT_ROWS, ROWS - SEGMENT_ROWS);
	audit_close(next);
	return 0;
}

static struct audit_reader *open_reader(struct fixture *fixture)
{
	struct audit_reader *reader = NULL;

	if (audit_reader_open(fixture->dir.path, &fixture->env, &reader, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	return reader;
}

static struct audit_summary make(struct fixture *fixture, const struct audit_summary_plan *plan)
{
	struct audit_reader *reader = open_reader(fixture);
	struct audit_summary summary = {0};

	if (audit_summary_make(reader, plan, &summary, &fixture->why) != ERR_NONE)
		fail_msg("%s", buf_text(&fixture->why));
	audit_reader_close(reader);
	return summary;
}

static void steps_of_time_count_what_lies_in_them(void **state)
{
	/* Seconds 1 to 4 of six. */
	const struct audit_summary_plan plan = {
		.start_us = START_US + 1000000, .step_us = 1000000, .step_count = 4};
	struct audit_summary summary = make(*state, &plan);

	assert_int_equal(summary.counts.of[AUDIT_DENY], ROWS / 10);
	assert_int_equal(summary.counts.of[AUDIT_ALLOW], ROWS - ROWS / 10);
	assert_int_equal(summary.counts.of[AUDIT_REDIRECT], 0);
	assert_int_equal(summary.first_us, START_US);
	assert_int_equal(summary.last_us, START_US + (ROWS - 1) * INT64_C(1000));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(summary.steps[i].counts.of[AUDIT_DENY], 100);
		assert_int_equal(summary.steps[i].counts.of[AUDIT_ALLOW], 900);
	}
	audit_summary_deinit(&summary);
}

static const struct audit_entry *first(struct audit_summary *summary,
				       enum audit_dimension dimension, unsigned verdicts,
				       size_t limit, size_t *count)
{
	const struct audit_entry **top;

	assert_int_equal(audit_summary_top(summary, dimension, verdicts, limit, &top, count),
			 ERR_NONE);
	return *count != 0 ? top[0] : NULL;
}

static void every_dimension_is_counted_over_all_segments(void **state)
{
	const struct audit_summary_plan plan = {.dimensions = AUDIT_ALL_DIMENSIONS};
	struct audit_summary summary = make(*state, &plan);
	const struct audit_entry *entry;
	size_t count;

	/* A thousand users with six rows each, of which every tenth is denied all six times. */
	entry = first(&summary, AUDIT_BY_USER, AUDIT_VERDICT_BIT(AUDIT_DENY), 5000, &count);
	assert_int_equal(count, 100);
	assert_int_equal(entry->counts.of[AUDIT_DENY], 6);
	/* Equal counts stand in the order of their keys. */
	assert_memory_equal(entry->key.ptr, "S-1-5-21-3623811015-3361044348-30300820-1000",
			    entry->key.length);
	assert_memory_equal(entry->label.ptr, "CONTOSO\\User0", entry->label.length);
	first(&summary, AUDIT_BY_USER, 0, 5000, &count);
	assert_int_equal(count, 1000);
	first(&summary, AUDIT_BY_USER, 0, 7, &count);
	assert_int_equal(count, 7);
	assert_null(first(&summary, AUDIT_BY_USER, AUDIT_VERDICT_BIT(AUDIT_REDIRECT), 7, &count));
	entry = first(&summary, AUDIT_BY_RESOURCE, 0, 100, &count);
	assert_int_equal(count, 50);
	assert_int_equal(audit_counts_sum(&entry->counts), ROWS / 50);
	entry = first(&summary, AUDIT_BY_ACTION, 0, 100, &count);
	assert_int_equal(count, 1);
	assert_int_equal(audit_counts_sum(&entry->counts), ROWS);
	first(&summary, AUDIT_BY_POLICY, 0, 100, &count);
	assert_int_equal(count, 7);
	entry = first(&summary, AUDIT_BY_REASON, 0, 100, &count);
	assert_int_equal(count, 7);
	assert_memory_equal(entry->key.ptr, "policy: policy0", entry->key.length);
	assert_int_equal(audit_counts_sum(&entry->counts), 858);
	first(&summary, AUDIT_BY_APPLICATION, 0, 100, &count);
	assert_int_equal(count, 1);
	audit_summary_deinit(&summary);
}

static void a_filter_narrows_what_is_counted(void **state)
{
	struct audit_summary_plan plan = {
		.filter = {.user = STR("contoso\\user10"), .since_us = START_US + 1500 * 1000},
		.dimensions = AUDIT_DIMENSION_BIT(AUDIT_BY_POLICY),
	};
	struct audit_summary summary = make(*state, &plan);
	size_t count;

	assert_int_equal(audit_counts_sum(&summary.counts), 4);
	first(&summary, AUDIT_BY_POLICY, 0, 100, &count);
	assert_int_equal(count, 4);
	first(&summary, AUDIT_BY_USER, 0, 100, &count);
	assert_int_equal(count, 0);
	audit_summary_deinit(&summary);
	plan.filter.user = STR("nobody");
	summary = make(*state, &plan);
	assert_int_equal(audit_counts_sum(&summary.counts), 0);
	assert_int_equal(summary.first_us, 0);
	assert_int_equal(audit_latency_at(&summary.latency, 990), 0);
	audit_summary_deinit(&summary);
}

static void latencies_are_told_to_an_eighth(void **state)
{
	/* 150 to 249 us. */
	struct audit_summary summary = make(*state, &(struct audit_summary_plan){0});
	uint64_t half = audit_latency_at(&summary.latency, 500);

	assert_in_range(half, 199, 199 + 199 / 8 + 1);
	assert_in_range(audit_latency_at(&summary.latency, 1000), 249, 249 + 249 / 8 + 1);
	assert_in_range(audit_latency_at(&summary.latency, 0), 150, 150 + 150 / 8 + 1);
	audit_summary_deinit(&summary);
}

static void more_steps_than_the_limit_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct audit_reader *reader = open_reader(fixture);
	struct audit_summary_plan plan = {.step_us = 1, .step_count = AUDIT_STEPS_MAX};
	struct audit_summary summary;

	assert_int_equal(audit_summary_make(reader, &plan, &summary, &fixture->why), ERR_NONE);
	audit_summary_deinit(&summary);
	plan.step_count++;
	assert_int_equal(audit_summary_make(reader, &plan, &summary, &fixture->why), ERR_LIMIT);
	audit_reader_close(reader);
}

static void lack_of_memory_leaves_nothing(void **state)
{
	const struct audit_summary_plan plan = {
		.dimensions = AUDIT_ALL_DIMENSIONS, .step_us = 1000000, .step_count = 4};
	struct fixture *fixture = *state;

	for (uint64_t n = 0;; n++) {
		struct audit_reader *reader = open_reader(fixture);
		struct audit_summary summary;
		const struct audit_entry **top;
		size_t count;

		buf_clear(&fixture->why);
		fault_arm(n, FAULT_ONCE);
		enum error error = audit_summary_make(reader, &plan, &summary, &fixture->why);
		if (error == ERR_NONE) {
			error = audit_summary_top(&summary, AUDIT_BY_USER, 0, 10, &top, &count);
			/* A map that cannot grow goes on as it is. */
			if (error == ERR_NONE)
				assert_int_equal(count, 10);
			audit_summary_deinit(&summary);
		}
		bool fired = fault_disarm();
		audit_reader_close(reader);
		if (!fired) {
			assert_int_equal(error, ERR_NONE);
			assert_true(n > 10);
			return;
		}
		assert_true(error == ERR_NONE || error == ERR_NO_MEMORY);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(steps_of_time_count_what_lies_in_them),
		TEST(every_dimension_is_counted_over_all_segments),
		TEST(a_filter_narrows_what_is_counted),
		TEST(latencies_are_told_to_an_eighth),
		TEST(more_steps_than_the_limit_are_refused),
		TEST(lack_of_memory_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
