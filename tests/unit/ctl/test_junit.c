#include "support/cmocka.h"

#include "ctl/junit.h"

static void results_are_cases_of_one_suite(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	junit_start(&out, STR("dir"), 2, 1);
	junit_add(&out, &(struct junit_case){STR("good"), STR("tests/a.json"), 3, STR("")});
	junit_add(&out, &(struct junit_case){STR("bad"), STR("tests/a.json"), 7, STR("a < b")});
	junit_end(&out);
	assert_string_equal(
		buf_text(&out),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"<testsuite name=\"dir\" tests=\"2\" failures=\"1\" errors=\"0\">\n"
		"<testcase name=\"good\" classname=\"tests/a.json\" file=\"tests/a.json\" "
		"line=\"3\"/>\n"
		"<testcase name=\"bad\" classname=\"tests/a.json\" file=\"tests/a.json\" "
		"line=\"7\"><failure message=\"the answer differs\">a &lt; b</failure></testcase>\n"
		"</testsuite>\n</testsuites>\n");
	buf_deinit(&out);
}

static void a_name_cannot_leave_its_attribute(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	junit_add(&out, &(struct junit_case){STR("\"><&\n\x01\xff\xef\xbf\xbe\xc3\xa9"), STR("f"),
					     1, STR("")});
	assert_string_equal(buf_text(&out),
			    "<testcase name=\"&quot;&gt;&lt;&amp;&#10;\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbd\xc3\xa9\" classname=\"f\" file=\"f\" line=\"1\"/>\n");
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_cases_of_one_suite),
		cmocka_unit_test(a_name_cannot_leave_its_attribute),
	};

	return cmocka_run_group_tests_name("junit", tests, NULL, NULL);
}
