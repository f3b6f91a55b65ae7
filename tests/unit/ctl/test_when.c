#include "ctl/when.h"

#include "base/attributes.h"
#include "support/cmocka.h"

/* 2026-11-22T21:38:31Z */
#define NOW   INT64_C(1795383511000000)
#define TODAY (NOW - NOW % INT64_C(86400000000))

static void spans_add_up_their_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} rows[] = {
		{"1ms", 1},
		{"90s", 90000},
		{"15m", 900000},
		{"8h", 28800000},
		{"1d12h", 129600000},
		{"1d2h3m4s5ms", 93784005},
		{"36525d", UINT64_C(3155760000000)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		uint64_t ms;

		assert_true(when_parse_span(str_from(rows[i].text), &ms));
		assert_int_equal(ms, rows[i].ms);
	}
}

static void malformed_spans_are_refused(void **state)
{
	static const char *const texts[] = {
		"",     "15",  "m",    "15 m", "-5m",    "1m1h",      "1m1m",
		"1.5h", "0s",  "007m", "1y",   "36526d", "36525d1ms", "99999999999999999999d",
		"1hh",  "1h30"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		uint64_t ms = 42;

		if (when_parse_span(str_from(texts[i]), &ms))
			fail_msg("accepted '%s'", texts[i]);
		assert_int_equal(ms, 42);
	}
}

static void moments_are_relative_named_or_absolute(void **state)
{
	static const struct {
		const char *text;
		int64_t wall_us;
	} rows[] = {
		{"now", NOW},
		{"15m", NOW - INT64_C(900000000)},
		{"today", NOW - NOW % INT64_C(86400000000)},
		{"yesterday", NOW - NOW % INT64_C(86400000000) - INT64_C(86400000000)},
		{"1970-01-02", INT64_C(86400000000)},
		{"1970-01-01T00:00:01Z", 1000000},
		{"1970-01-01T00:00:01+00:00", 1000000},
		{"1970-01-02T01:00+02:00", INT64_C(82800000000)},
		{"1970-01-02 01:00-00:30", INT64_C(91800000000)},
		{"02:00", TODAY + INT64_C(7200000000)},
		{"23:59:59", TODAY + INT64_C(86399000000)},
		{"today 02:00", TODAY + INT64_C(7200000000)},
		{"yesterdayT02:00", TODAY - INT64_C(79200000000)},
		{"02:00+01:00", TODAY + INT64_C(3600000000)},
		/* It is tomorrow there already, and still today there. */
		{"02:00+03:00", TODAY + INT64_C(82800000000)},
		{"yesterday 02:00+03:00", TODAY - INT64_C(3600000000)},
		{"today+03:00", TODAY + INT64_C(75600000000)},
		{"1970-01-02+01:00", INT64_C(82800000000)},
		{"02:00-12:00", TODAY + INT64_C(50400000000)},
	};
	int64_t wall_us;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		assert_true(when_parse(str_from(rows[i].text), NOW, &wall_us));
		assert_int_equal(wall_us, rows[i].wall_us);
	}
}

static void moments_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"tomorrowish",
		"2:00",
		"24:00",
		"02:60",
		"02:00+24:00",
		"02:00+01:60",
		"02:00+1:00",
		"02:00Z+01:00",
		"1970-01-01T00:00:01Z+01:00",
		"today 02:00 today",
		"yesterday ",
		"yesterday today 02:00:00.000000000000000000000000000000000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		int64_t wall_us = 42;

		if (when_parse(str_from(texts[i]), NOW, &wall_us))
			fail_msg("accepted '%s'", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_add_up_their_units),
		cmocka_unit_test(malformed_spans_are_refused),
		cmocka_unit_test(moments_are_relative_named_or_absolute),
		cmocka_unit_test(moments_that_are_none_are_refused),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
