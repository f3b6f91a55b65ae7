#include "ctl/html.h"

#include "base/attributes.h"
#include "support/cmocka.h"
#include "support/fault.h"

static void text_is_only_text(void **state)
{
	static const struct {
		struct str text;
		const char *html;
	} rows[] = {
		{{"", 0}, ""},
		{{NULL, 0}, ""},
		{{"CONTOSO\\alice", 13}, "CONTOSO\\alice"},
		{{"<b>&\"'", 6}, "&lt;b&gt;&amp;&quot;&#39;"},
		{{"&lt;", 4}, "&amp;lt;"},
		{{"a\nb\x1b", 4}, "a\\u{a}b\\u{1b}"},
		{{"\xe2\x80\xae", 3}, "\\u{202e}"},
		{{"\xff", 1}, "\\x{ff}"},
		{{"\xc3\xa9", 2}, "\xc3\xa9"},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		buf_clear(&out);
		html_append(&out, rows[i].text);
		assert_string_equal(buf_text(&out), rows[i].html);
	}
	buf_deinit(&out);
}

static void numbers_are_easy_to_read(void **state)
{
	static const struct {
		uint64_t number;
		const char *count, *latency;
	} rows[] = {
		{0, "0", "0 \xc2\xb5s"},
		{999, "999", "999 \xc2\xb5s"},
		{1000, "1,000", "1.0 ms"},
		{123456, "123,456", "123.5 ms"},
		{1234567, "1,234,567", "1.2 s"},
		{UINT64_MAX, "18,446,744,073,709,551,615", "18446744073709.6 s"},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		buf_clear(&out);
		html_count(&out, rows[i].number);
		assert_string_equal(buf_text(&out), rows[i].count);
		buf_clear(&out);
		html_latency(&out, rows[i].number);
		assert_string_equal(buf_text(&out), rows[i].latency);
	}
	buf_deinit(&out);
}

static void lack_of_memory_is_not_an_empty_text(void **state)
{
	char memory[64];
	struct buf out;

	(void)state;
	buf_init_fixed(&out, memory, sizeof(memory));
	fault_arm(0, FAULT_ONCE);
	html_append(&out, STR("<"));
	assert_true(fault_disarm());
	assert_int_equal(out.failed, ERR_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_only_text),
		cmocka_unit_test(numbers_are_easy_to_read),
		cmocka_unit_test(lack_of_memory_is_not_an_empty_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
