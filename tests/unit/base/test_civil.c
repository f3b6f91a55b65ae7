#include "base/civil.h"
#include "support/cmocka.h"

static void known_moments_come_out_right(void **state)
{
	static const struct {
		int64_t wall_us;
		const char *text;
		int weekday;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z", 4},
		{-1, "1969-12-31T23:59:59.999Z", 3},
		{INT64_C(951782400000000), "2000-02-29T00:00:00.000Z", 2},
		{INT64_C(1767225600000000), "2026-01-01T00:00:00.000Z", 4},
		{INT64_C(2147483647999000), "2038-01-19T03:14:07.999Z", 2},
		{INT64_C(-62167219200000000), "0000-01-01T00:00:00.000Z", 6},
		{INT64_C(253402300799999000), "9999-12-31T23:59:59.999Z", 5},
		{INT64_C(253402300800000000), "10000-01-01T00:00:00.000Z", 6},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct civil civil = civil_from_us(rows[i].wall_us);

		buf_clear(&out);
		civil_append(&out, rows[i].wall_us);
		assert_str_equal(buf_str(&out), rows[i].text);
		assert_int_equal(civil.weekday, rows[i].weekday);
		assert_int_equal(civil_to_us(&civil), rows[i].wall_us);
	}
	buf_deinit(&out);
}

static void every_day_of_eight_centuries_survives_the_round_trip(void **state)
{
	const int64_t day_us = INT64_C(86400000000);
	struct civil before = civil_from_us(-day_us * 150000);

	(void)state;
	for (int64_t day = -149999; day < 150000; day++) {
		struct civil civil = civil_from_us(day * day_us);

		assert_int_equal(civil_to_us(&civil), day * day_us);
		assert_int_equal(civil.weekday, (before.weekday + 1) % 7);
		assert_true(civil.day == before.day + 1 || civil.day == 1);
		before = civil;
	}
}

static void texts_are_read_as_they_are_written(void **state)
{
	static const struct {
		const char *text;
		int64_t wall_us;
	} rows[] = {
		{"1970-01-01", 0},
		{"1970-01-02T00:00", INT64_C(86400000000)},
		{"1970-01-01 00:00:01", 1000000},
		{"1970-01-01T00:00:00.5Z", 500000},
		{"1970-01-01T00:00:00.000001Z", 1},
		{"2024-02-29T23:59:59.999Z", INT64_C(1709251199999000)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t wall_us;

		assert_true(civil_parse(str_from(rows[i].text), &wall_us));
		assert_int_equal(wall_us, rows[i].wall_us);
	}
}

static void impossible_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"1970",
		"1970-1-1",
		"1970-13-01",
		"1970-00-01",
		"1970-01-32",
		"1970-01-00",
		"2023-02-29",
		"1900-02-29",
		"1970-01-01T",
		"1970-01-01T24:00",
		"1970-01-01T00:60",
		"1970-04-31",
		"1970-01-01T00:00:60",
		"1970-01-01T00:00:0",
		"1970-01-01T00:00:00.",
		"1970-01-01x",
		"1970-01-01T00:00ZZ",
		"1970-01-01T00:00:00.0000001",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t wall_us = 42;

		assert_false(civil_parse(str_from(texts[i]), &wall_us));
		assert_int_equal(wall_us, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_moments_come_out_right),
		cmocka_unit_test(every_day_of_eight_centuries_survives_the_round_trip),
		cmocka_unit_test(texts_are_read_as_they_are_written),
		cmocka_unit_test(impossible_texts_are_refused),
	};

	return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}
