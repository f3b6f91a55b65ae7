#include "ctl/csv.h"

#include "base/attributes.h"
#include "support/cmocka.h"

static void texts_stay_in_their_cells_and_compute_nothing(void **state)
{
	static const struct {
		struct str text;
		const char *cell;
	} rows[] = {
		{{"", 0}, ",\"\""},
		{{NULL, 0}, ",\"\""},
		{{"CONTOSO\\alice", 13}, ",\"CONTOSO\\alice\""},
		{{"say \"no\"", 8}, ",\"say \"\"no\"\"\""},
		{{"\"", 1}, ",\"\"\"\""},
		{{"a\r\nb,c", 6}, ",\"a\\u{d}\\u{a}b,c\""},
		{{"=1+1", 4}, ",\"'=1+1\""},
		{{"+1", 2}, ",\"'+1\""},
		{{"-1", 2}, ",\"'-1\""},
		{{"@SUM(A1)", 8}, ",\"'@SUM(A1)\""},
		{{"|calc", 5}, ",\"'|calc\""},
		{{"%0A=1", 5}, ",\"'%0A=1\""},
		{{"\t=1", 3}, ",\"'\\u{9}=1\""},
		{{"  =1", 4}, ",\"'  =1\""},
		{{"\"=1", 3}, ",\"'\"\"=1\""},
		{{"\r=1", 3}, ",\"'\\u{d}=1\""},
		{{"\n=1", 3}, ",\"'\\u{a}=1\""},
		{{"\xef\xbc\x9d"
		  "1+1",
		  6},
		 ",\"'\xef\xbc\x9d"
		 "1+1\""},
		{{"\xef\xbc\x8b"
		  "1",
		  4},
		 ",\"'\xef\xbc\x8b"
		 "1\""},
		{{"\xef\xbc\x8d"
		  "1",
		  4},
		 ",\"'\xef\xbc\x8d"
		 "1\""},
		{{"\xef\xbc\xa0"
		  "1",
		  4},
		 ",\"'\xef\xbc\xa0"
		 "1\""},
		{{" \xef\xbc\x9d"
		  "1",
		  5},
		 ",\"' \xef\xbc\x9d"
		 "1\""},
		{{"\xef\xbc\x9d", 3}, ",\"'\xef\xbc\x9d\""},
		{{"\xef\xbc\xa1"
		  "1",
		  4},
		 ",\"\xef\xbc\xa1"
		 "1\""},
		{{"a\xef\xbc\x9d", 4}, ",\"a\xef\xbc\x9d\""},
		{{"a=1", 3}, ",\"a=1\""},
		{{"\x1b[2J", 4}, ",\"\\u{1b}[2J\""},
		{{"\xff", 1}, ",\"\\x{ff}\""},
		{{"\xe2\x80\xae", 3}, ",\"\\u{202e}\""},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 256);
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		buf_clear(&out);
		csv_append(&out, rows[i].text);
		assert_string_equal(buf_text(&out), rows[i].cell);
	}
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_stay_in_their_cells_and_compute_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
