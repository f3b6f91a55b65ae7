#include "proto/verdict.h"

#include <stdbool.h>

#include "support/cmocka.h"

static const uint32_t verdicts[] = {VERDICT_ALLOW, VERDICT_DENY, VERDICT_REDIRECT};

static unsigned distance(uint32_t a, uint32_t b)
{
	unsigned bits = 0;

	for (uint32_t different = a ^ b; different != 0; different &= different - 1)
		bits++;
	return bits;
}

static void verdicts_are_far_from_each_other_and_from_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(distance(verdicts[i], 0) >= 16);
		assert_true(distance(verdicts[i], UINT32_MAX) >= 16);
		for (size_t j = 0; j < i; j++) {
			assert_true(distance(verdicts[i], verdicts[j]) >= 16);
			assert_true(distance(verdicts[i], ~verdicts[j]) >= 16);
		}
	}
}

static void an_intact_verdict_is_believed(void **state)
{
	(void)state;
	assert_int_equal(verdict_check(VERDICT_ALLOW, ~VERDICT_ALLOW, 0), VERDICT_ALLOW);
	assert_int_equal(verdict_check(VERDICT_DENY, ~VERDICT_DENY, 5), VERDICT_DENY);
	assert_int_equal(verdict_check(VERDICT_REDIRECT, ~VERDICT_REDIRECT, 0x80338199),
			 VERDICT_REDIRECT);
}

static void a_damaged_verdict_is_none(void **state)
{
	(void)state;
	assert_int_equal(verdict_check(0, UINT32_MAX, 0), 0);
	assert_int_equal(verdict_check(0, 0, 0), 0);
	assert_int_equal(verdict_check(1, ~UINT32_C(1), 0), 0);
	for (size_t i = 0; i < 3; i++) {
		uint32_t verdict = verdicts[i], code = verdict_code(verdict);

		assert_int_equal(verdict_check(verdict, verdict, code), 0);
		assert_int_equal(verdict_check(verdict, ~verdict, code ^ 1), 0);
		for (unsigned bit = 0; bit < 32; bit++) {
			uint32_t flip = UINT32_C(1) << bit;

			assert_int_equal(verdict_check(verdict ^ flip, ~verdict, code), 0);
			assert_int_equal(verdict_check(verdict, ~verdict ^ flip, code), 0);
			assert_int_equal(verdict_check(verdict ^ flip, ~verdict ^ flip, code), 0);
			assert_int_equal(verdict_check(verdict, ~verdict, code ^ flip), 0);
		}
	}
}

static void codes_do_not_cross_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			uint32_t expected = i == j ? verdicts[i] : 0;

			assert_int_equal(
				verdict_check(verdicts[i], ~verdicts[i], verdict_code(verdicts[j])),
				expected);
		}
	}
}

static void an_unknown_verdict_is_completed_with_access_denied(void **state)
{
	(void)state;
	assert_int_equal(verdict_code(0), 5);
	assert_int_equal(verdict_code(VERDICT_ALLOW + 1), 5);
	assert_int_equal(verdict_code(~VERDICT_ALLOW), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_far_from_each_other_and_from_nothing),
		cmocka_unit_test(an_intact_verdict_is_believed),
		cmocka_unit_test(a_damaged_verdict_is_none),
		cmocka_unit_test(codes_do_not_cross_verdicts),
		cmocka_unit_test(an_unknown_verdict_is_completed_with_access_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
