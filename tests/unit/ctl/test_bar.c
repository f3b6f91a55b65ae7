#include "ctl/bar.h"

#include "base/attributes.h"
#include "support/cmocka.h"

#define FULL   "\xe2\x96\x88"
#define SHADED "\xe2\x96\x92"

static void expect_bar(uint64_t first, uint64_t second, uint64_t max, const char *expected)
{
	struct buf out;

	buf_init(&out, 256);
	bar_append(&out, first, second, max, 4);
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
}

static void a_bar_is_as_long_as_its_share(void **state)
{
	(void)state;
	expect_bar(0, 0, 0, "");
	expect_bar(0, 0, 100, "");
	expect_bar(100, 0, 100, FULL FULL FULL FULL);
	expect_bar(50, 0, 100, FULL FULL);
	expect_bar(1, 0, 1000000, FULL);
	expect_bar(UINT64_MAX, 0, UINT64_MAX, FULL FULL FULL FULL);
}

static void neither_of_two_parts_is_swallowed_by_the_other(void **state)
{
	(void)state;
	expect_bar(50, 50, 100, FULL FULL SHADED SHADED);
	expect_bar(100, 0, 100, FULL FULL FULL FULL);
	expect_bar(0, 100, 100, SHADED SHADED SHADED SHADED);
	expect_bar(1, 99, 100, FULL SHADED SHADED SHADED);
	expect_bar(99, 1, 100, FULL FULL FULL SHADED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bar_is_as_long_as_its_share),
		cmocka_unit_test(neither_of_two_parts_is_swallowed_by_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
