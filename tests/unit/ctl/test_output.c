/* ctl/output.h: tables for a terminal of any width, and lines of text. */
#include "ctl/output.h"

#include "base/attributes.h"
#include "support/cmocka.h"
#include "support/fault.h"

#define CUT "\xe2\x80\xa6"

static const char *const titles[] = {"ID", "USER", "RESOURCE", "REASON"};

/* 2 + 5 + 30 + 28 columns, with the gaps 71. */
static bool fill(struct table *table)
{
	const struct str rows[][4] = {
		{STR("1"), STR("alice"), STR("http://host/a/long/path/to/it/"), STR("default")},
		{STR("2"), STR("bob"), STR("wsman"), STR("policy: of an uncommon length")},
	};

	table_init(table, titles, 4, 2);
	return table_add(table, rows[0]) && table_add(table, rows[1]);
}

static void expect(size_t terminal, const char *expected)
{
	struct table table;
	struct buf out;

	buf_init(&out, 4096);
	assert_true(fill(&table));
	table_write(&table, &out, terminal);
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
	table_deinit(&table);
}

static const char whole[] =
	"ID  USER   RESOURCE                        REASON\n"
	"1   alice  http://host/a/long/path/to/it/  default\n"
	"2   bob    wsman                           policy: of an uncommon length\n";

static void a_table_is_as_wide_as_it_needs_to_be(void **state)
{
	(void)state;
	expect(0, whole);
	expect(72, whole);
	expect(1000, whole);
}

static void the_stretching_column_and_then_the_last_give_way(void **state)
{
	(void)state;
	expect(71, "ID  USER   RESOURCE                       REASON\n"
		   "1   alice  http://host/a/long/path/to/i" CUT "  default\n"
		   "2   bob    wsman                          policy: of an uncommon length\n");
	/* The narrowest that takes one line: both columns have 24. */
	expect(61, "ID  USER   RESOURCE                  REASON\n"
		   "1   alice  http://host/a/long/path" CUT "  default\n"
		   "2   bob    wsman                     policy: of an uncommon " CUT "\n");
}

static void a_row_goes_on_in_further_lines_where_one_is_too_short(void **state)
{
	(void)state;
	expect(60, "ID  USER   RESOURCE\n"
		   "    REASON\n"
		   "1   alice  http://host/a/long/path/to/it/\n"
		   "    default\n"
		   "2   bob    wsman\n"
		   "    policy: of an uncommon length\n");
}

static void a_cell_wider_than_the_terminal_is_cut(void **state)
{
	(void)state;
	expect(20, "ID  USER\n"
		   "    RESOURCE\n"
		   "    REASON\n"
		   "1   alice\n"
		   "    http://host/a/l" CUT "\n"
		   "    default\n"
		   "2   bob\n"
		   "    wsman\n"
		   "    policy: of an u" CUT "\n");
}

static void a_terminal_of_one_column_is_taken_for_a_narrow_one(void **state)
{
	struct table table;
	struct buf narrow, least;

	(void)state;
	buf_init(&narrow, 4096);
	buf_init(&least, 4096);
	assert_true(fill(&table));
	table_write(&table, &narrow, 1);
	table_write(&table, &least, 20);
	assert_string_equal(buf_text(&narrow), buf_text(&least));
	buf_deinit(&narrow);
	buf_deinit(&least);
	table_deinit(&table);
}

static void what_would_move_the_cursor_is_escaped_in_a_table(void **state)
{
	const struct str cells[] = {STR("1\n2"), STR("\x1b[2J"), STR(""), STR("")};
	struct table table;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	table_init(&table, titles, 4, 2);
	assert_true(table_add(&table, cells));
	table_write(&table, &out, 0);
	assert_null(strchr(buf_text(&out), 0x1b));
	assert_null(strstr(buf_text(&out), "1\n2"));
	buf_deinit(&out);
	table_deinit(&table);
}

static void without_memory_a_table_says_so(void **state)
{
	bool fired = true;

	(void)state;
	for (uint64_t i = 0; fired; i++) {
		struct table table;
		struct buf out;
		bool filled;

		buf_init(&out, 4096);
		fault_arm(i, FAULT_ONCE);
		filled = fill(&table);
		if (filled)
			table_write(&table, &out, 40);
		fired = fault_disarm();
		assert_true(fired == (!filled || out.failed == ERR_NO_MEMORY));
		buf_deinit(&out);
		table_deinit(&table);
	}
}

static void a_time_is_told_to_the_millisecond_or_to_the_second(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	output_time(&out, INT64_C(1795383511999999));
	assert_string_equal(buf_text(&out), "2026-11-22 21:38:31.999");
	buf_clear(&out);
	output_time_of_second(&out, INT64_C(1795383511999999));
	assert_string_equal(buf_text(&out), "2026-11-22 21:38:31");
	buf_deinit(&out);
	buf_init(&out, 64);
	fault_arm(0, FAULT_ONCE);
	output_time_of_second(&out, 0);
	assert_true(fault_disarm());
	assert_int_equal(out.failed, ERR_NO_MEMORY);
	buf_deinit(&out);
}

static void expect_wrapped(const char *before, const char *text, size_t indent, size_t width,
			   const char *expected)
{
	struct buf out;

	buf_init(&out, 4096);
	buf_append_str(&out, str_from(before));
	output_wrap(&out, str_from(text), indent, width);
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
}

static void lines_are_broken_between_words(void **state)
{
	(void)state;
	expect_wrapped("", "", 0, 10, "");
	expect_wrapped("", "one two six", 0, 0, "one two six");
	expect_wrapped("", "one two six", 0, 11, "one two six");
	expect_wrapped("", "one two six", 0, 10, "one two\nsix");
	expect_wrapped("a\n--x  ", "one two six", 5, 12, "a\n--x  one two\n     six");
}

static void a_word_that_fits_nowhere_stands_alone(void **state)
{
	(void)state;
	expect_wrapped("  ", "unbreakable a", 2, 5, "  unbreakable\n  a");
	expect_wrapped("longer than that ", "a b", 2, 5, "longer than that \n  a b");
}

static void a_text_of_many_lines_keeps_its_lines_and_its_backslashes(void **state)
{
	static const char text[] = "a\tb\r\n\\u{41} \\\\ \xc3\xa4\n";
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	output_safe_text(&out, str_from(text));
	assert_string_equal(buf_text(&out), text);
	buf_deinit(&out);
}

static void a_text_of_many_lines_cannot_show_itself_as_another(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	output_safe_text(&out, STR("x\x1b[2K\ry \xe2\x80\xae\xc2\x9b\x7f\xff\0z"));
	assert_string_equal(buf_text(&out),
			    "x\\u{1b}[2K\\u{d}y \\u{202e}\\u{9b}\\u{7f}\\x{ff}\\u{0}z");
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_as_wide_as_it_needs_to_be),
		cmocka_unit_test(the_stretching_column_and_then_the_last_give_way),
		cmocka_unit_test(a_row_goes_on_in_further_lines_where_one_is_too_short),
		cmocka_unit_test(a_cell_wider_than_the_terminal_is_cut),
		cmocka_unit_test(a_terminal_of_one_column_is_taken_for_a_narrow_one),
		cmocka_unit_test(what_would_move_the_cursor_is_escaped_in_a_table),
		cmocka_unit_test(without_memory_a_table_says_so),
		cmocka_unit_test(a_time_is_told_to_the_millisecond_or_to_the_second),
		cmocka_unit_test(lines_are_broken_between_words),
		cmocka_unit_test(a_word_that_fits_nowhere_stands_alone),
		cmocka_unit_test(a_text_of_many_lines_keeps_its_lines_and_its_backslashes),
		cmocka_unit_test(a_text_of_many_lines_cannot_show_itself_as_another),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
