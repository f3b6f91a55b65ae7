/* server/histogram.h */
#include "server/histogram.h"
#include "support/cmocka.h"

static void a_bound_belongs_to_its_bucket_and_one_more_to_the_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < HISTOGRAM_BUCKET_COUNT; i++) {
		struct histogram histogram = {.sum_ns = 0};

		histogram_add(&histogram, histogram_bounds_ns[i]);
		histogram_add(&histogram, histogram_bounds_ns[i] + 1);
		assert_int_equal(histogram.counts[i], 1);
		assert_int_equal(histogram.counts[i + 1], 1);
		assert_int_equal(histogram.sum_ns, 2 * histogram_bounds_ns[i] + 1);
	}
}

static void bounds_ascend_from_ten_microseconds_to_five_seconds(void **state)
{
	(void)state;
	assert_int_equal(histogram_bounds_ns[0], 10000);
	for (size_t i = 1; i < HISTOGRAM_BUCKET_COUNT; i++)
		assert_true(histogram_bounds_ns[i] > histogram_bounds_ns[i - 1]);
	assert_int_equal(histogram_bounds_ns[HISTOGRAM_BUCKET_COUNT - 1], 5000000000);
}

static void a_clock_that_ran_back_is_no_time_at_all(void **state)
{
	struct histogram histogram = {.sum_ns = 0};

	(void)state;
	histogram_add_span(&histogram, 1000, 999);
	histogram_add_span(&histogram, 1000, 1001);
	assert_int_equal(histogram.counts[0], 2);
	assert_int_equal(histogram.sum_ns, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_belongs_to_its_bucket_and_one_more_to_the_next),
		cmocka_unit_test(bounds_ascend_from_ten_microseconds_to_five_seconds),
		cmocka_unit_test(a_clock_that_ran_back_is_no_time_at_all),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
