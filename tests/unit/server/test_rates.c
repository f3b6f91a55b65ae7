/* server/rates.h */
#include "server/rates.h"

#include <stdio.h>

#include "support/cmocka.h"
#include "support/fault.h"

static const struct hash_key key = {1, 2};

static struct rates *make(uint32_t per_second, uint32_t burst)
{
	struct rates *rates = NULL;

	assert_int_equal(rates_new(per_second, burst, key, &rates), ERR_NONE);
	return rates;
}

/* How many of `tries` requests pass. */
static int take(struct rates *rates, const char *principal, int64_t now_ms, int tries)
{
	int taken = 0;

	for (int i = 0; i < tries; i++)
		taken += rates_take(rates, str_from(principal), now_ms);
	return taken;
}

static void a_burst_passes_and_one_more_does_not(void **state)
{
	struct rates *rates = make(10, 5);

	(void)state;
	assert_int_equal(take(rates, "S-1-5-21-1", 1000, 5), 5);
	assert_int_equal(take(rates, "S-1-5-21-1", 1000, 1), 0);
	rates_free(rates);
}

static void time_gives_back_what_it_is_worth_and_no_more_than_a_burst(void **state)
{
	struct rates *rates = make(10, 5);

	(void)state;
	assert_int_equal(take(rates, "a", 1000, 9), 5);
	assert_int_equal(take(rates, "a", 1099, 1), 0);
	assert_int_equal(take(rates, "a", 1100, 9), 1);
	assert_int_equal(take(rates, "a", 1400, 9), 3);
	assert_int_equal(take(rates, "a", INT64_C(1) << 40, 9), 5);
	rates_free(rates);
}

static void principals_do_not_pay_for_each_other(void **state)
{
	struct rates *rates = make(1, 1);

	(void)state;
	assert_int_equal(take(rates, "a", 0, 2), 1);
	assert_int_equal(take(rates, "b", 0, 2), 1);
	assert_int_equal(take(rates, "", 0, 2), 1);
	rates_free(rates);
}

static void the_greatest_rate_and_burst_are_kept(void **state)
{
	struct rates *rates = make(RATES_MAX_PER_SECOND, RATES_MAX_BURST);

	(void)state;
	assert_int_equal(take(rates, "a", 5, RATES_MAX_BURST + 10), RATES_MAX_BURST);
	assert_int_equal(take(rates, "a", 6, 2000), 1000);
	rates_free(rates);
}

/* More principals than buckets: whoever is in debt is forgiven last. */
static void a_crowd_takes_the_buckets_that_are_nearest_to_full(void **state)
{
	struct rates *rates = make(1, 100);
	char name[32];

	(void)state;
	assert_int_equal(take(rates, "greedy", 0, 200), 100);
	for (int i = 0; i < RATES_SETS * RATES_WAYS; i++) {
		snprintf(name, sizeof(name), "polite %d", i);
		assert_int_equal(take(rates, name, 0, 1), 1);
	}
	assert_int_equal(take(rates, "greedy", 0, 1), 0);
	rates_free(rates);
}

static void without_memory_there_are_no_rates(void **state)
{
	struct rates *rates = NULL;

	(void)state;
	fault_arm(0, FAULT_ONCE);
	assert_int_equal(rates_new(1, 1, key, &rates), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	assert_null(rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_passes_and_one_more_does_not),
		cmocka_unit_test(time_gives_back_what_it_is_worth_and_no_more_than_a_burst),
		cmocka_unit_test(principals_do_not_pay_for_each_other),
		cmocka_unit_test(the_greatest_rate_and_burst_are_kept),
		cmocka_unit_test(a_crowd_takes_the_buckets_that_are_nearest_to_full),
		cmocka_unit_test(without_memory_there_are_no_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
