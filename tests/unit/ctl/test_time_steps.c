#include "ctl/time_steps.h"

#include "support/cmocka.h"

/* 2026-11-22T21:38:31Z */
#define NOW    INT64_C(1795383511000000)
#define MINUTE INT64_C(60000000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Steps cover the span, begin at a round time and are not more than asked for. */
static void check(int64_t since_us, int64_t until_us, size_t max_count, int64_t step_us)
{
	struct time_steps steps = time_steps_choose(since_us, until_us, max_count);
	int64_t end_us = steps.start_us + steps.step_us * (int64_t)steps.count;

	assert_int_equal(steps.step_us, step_us);
	assert_true(steps.count >= 1 && steps.count <= max_count);
	assert_int_equal(steps.start_us % steps.step_us, 0);
	assert_true(steps.start_us <= since_us && since_us < steps.start_us + steps.step_us);
	assert_true(end_us >= until_us && end_us - steps.step_us < until_us);
}

static void steps_are_the_smallest_round_ones_that_fit(void **state)
{
	(void)state;
	check(NOW - 1, NOW, 48, MINUTE);
	check(NOW - 10 * MINUTE, NOW, 48, MINUTE);
	check(NOW - HOUR, NOW, 48, 5 * MINUTE);
	check(NOW - DAY, NOW, 48, HOUR);
	check(NOW - 7 * DAY, NOW, 48, 6 * HOUR);
	check(NOW - 30 * DAY, NOW, 48, DAY);
	check(NOW - 90 * DAY, NOW, 48, 7 * DAY);
	check(NOW - 36525 * DAY, NOW, 48, 14 * 64 * DAY);
	/* At the limit and one past it. */
	check(0, 48 * MINUTE, 48, MINUTE);
	check(0, 48 * MINUTE + 1, 48, 5 * MINUTE);
	check(-3 * DAY - 1, -2 * DAY, 48, HOUR);
}

static void steps_of_a_given_length_are_bounded(void **state)
{
	struct time_steps steps = time_steps_make(NOW - DAY, NOW, HOUR, 25);

	(void)state;
	assert_int_equal(steps.count, 25);
	assert_int_equal(time_steps_make(NOW - DAY, NOW, HOUR, 24).count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_the_smallest_round_ones_that_fit),
		cmocka_unit_test(steps_of_a_given_length_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
