#include "cedar/diag.h"

#include "support/cmocka.h"

struct fixture {
	struct arena arena;
	struct source source;
	struct cedar_diags diags;
	struct buf out;
};

static int setup(void **state)
{
	static struct fixture f;

	arena_init(&f.arena, 256, SIZE_MAX);
	cedar_diags_init(&f.diags);
	buf_init(&f.out, SIZE_MAX);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_deinit(&f->out);
	cedar_diags_deinit(&f->diags);
	arena_deinit(&f->arena);
	return 0;
}

/* Reports an error about bytes [start, end) of `text` and prints it. */
static const char *print(struct fixture *f, struct str text, uint32_t start, uint32_t end)
{
	assert_int_equal(source_init(&f->source, &f->arena, STR("p.cedar"), text), ERR_NONE);
	diag_report(&f->diags, CEDAR_ERROR, &f->source, span_make(start, end), "it is wrong");
	cedar_diag_print(&f->out, f->diags.first);
	return buf_text(&f->out);
}

static void a_diagnostic_shows_place_line_and_caret(void **state)
{
	assert_string_equal(print(*state, STR("permit(\n  principle\n);"), 10, 19),
			    "p.cedar:2:3: error: it is wrong\n"
			    "  principle\n"
			    "  ^~~~~~~~~\n");
}

static void a_span_over_several_lines_is_marked_on_the_first(void **state)
{
	assert_string_equal(print(*state, STR("ab cd\nef"), 3, 8),
			    "p.cedar:1:4: error: it is wrong\n"
			    "ab cd\n"
			    "   ^~\n");
}

static void the_caret_can_stand_behind_the_text(void **state)
{
	assert_string_equal(print(*state, STR("ab"), 2, 2), "p.cedar:1:3: error: it is wrong\n"
							    "ab\n"
							    "  ^\n");
}

static void tabs_are_shown_as_blanks_up_to_the_next_stop(void **state)
{
	assert_string_equal(print(*state, STR("a\tb\tc"), 4, 5), "p.cedar:1:5: error: it is wrong\n"
								 "a       b       c\n"
								 "                ^\n");
}

static void the_caret_follows_wide_and_combining_characters(void **state)
{
	assert_string_equal(print(*state, STR("\xe6\xbc\xa2\xc3\xa4 e\xcc\x81 x"), 10, 11),
			    "p.cedar:1:7: error: it is wrong\n"
			    "\xe6\xbc\xa2\xc3\xa4 e\xcc\x81 x\n"
			    "      ^\n");
}

static void control_characters_of_the_source_are_shown_escaped(void **state)
{
	assert_string_equal(print(*state, STR("\x1b[2J\xe2\x80\xae!\xff?"), 9, 10),
			    "p.cedar:1:8: error: it is wrong\n"
			    "\\u{1b}[2J\\u{202e}!\\x{ff}?\n"
			    "                        ^\n");
}

static void a_very_long_line_is_cut_around_the_caret(void **state)
{
	struct fixture *f = *state;
	char line[1000];
	const char *text;

	memset(line, 'a', sizeof(line));
	line[500] = 'X';
	text = print(f, str_make(line, sizeof(line)), 500, 501);
	assert_int_equal(f->diags.first->column, 501);
	assert_int_equal(f->diags.first->excerpt.length, 126);
	assert_int_equal(f->diags.first->excerpt.ptr[f->diags.first->caret], 'X');
	assert_non_null(strstr(text, "\n...aaa"));
	assert_non_null(strstr(text, "aaa...\n"));
}

static void a_long_line_with_its_mistake_in_front_keeps_its_start(void **state)
{
	struct fixture *f = *state;
	char line[1000];

	memset(line, 'a', sizeof(line));
	print(f, str_make(line, sizeof(line)), 3, 4);
	assert_int_equal(f->diags.first->excerpt.length, 123);
	assert_int_equal(f->diags.first->caret, 3);
}

static void a_long_line_of_stray_bytes_is_cut_safely(void **state)
{
	struct fixture *f = *state;
	char line[1000];

	memset(line, '\x80', sizeof(line));
	print(f, str_make(line, sizeof(line)), 999, 1000);
	assert_int_equal(f->diags.first->excerpt.length, 3 + 71);
	assert_int_equal(f->diags.first->caret, 3 + 70);
}

static void a_diagnostic_without_a_place_is_one_line(void **state)
{
	struct fixture *f = *state;

	diag_report_source(&f->diags, CEDAR_WARNING, STR("a\nb"), "%d is odd", 3);
	cedar_diag_print(&f->out, f->diags.first);
	assert_string_equal(buf_text(&f->out), "a\\u{a}b: warning: 3 is odd\n");
}

static void beyond_the_bound_diagnostics_are_only_counted(void **state)
{
	struct fixture *f = *state;
	int listed = 0;

	for (int i = 0; i < CEDAR_MAX_DIAGS + 1; i++)
		diag_report_source(&f->diags, i % 2 == 0 ? CEDAR_ERROR : CEDAR_WARNING, STR("p"),
				   "number %d", i);
	for (const struct cedar_diag *d = f->diags.first; d != NULL; d = d->next)
		listed++;
	assert_int_equal(listed, CEDAR_MAX_DIAGS);
	assert_int_equal(f->diags.error_count, CEDAR_MAX_DIAGS / 2 + 1);
	assert_int_equal(f->diags.warning_count, CEDAR_MAX_DIAGS / 2);
}

static void a_long_message_is_cut_between_characters(void **state)
{
	struct fixture *f = *state;
	char text[2000];

	memset(text, '\0', sizeof(text));
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	diag_report_source(&f->diags, CEDAR_ERROR, STR("p"), "%s", text);
	assert_int_equal(f->diags.first->message.length, 1023);
}

static void quoted_text_is_escaped_and_cut(void **state)
{
	char line[300];

	(void)state;
	assert_string_equal(diag_quote(STR("a\n\0b")).text, "a\\u{a}\\u{0}b");
	assert_string_equal(diag_quote(STR("")).text, "");
	memset(line, 'x', sizeof(line));
	assert_int_equal(strlen(diag_quote(str_make(line, DIAG_QUOTE_MAX)).text), DIAG_QUOTE_MAX);
	assert_int_equal(strlen(diag_quote(str_make(line, DIAG_QUOTE_MAX + 1)).text),
			 DIAG_QUOTE_MAX + 3);
}

static void the_nearest_word_is_found(void **state)
{
	const struct str words[] = {STR("decimal"), STR("duration"), STR("ip"), STR("isIpv4")};

	(void)state;
	assert_str_equal(diag_nearest(STR("dezimal"), words, 4), "decimal");
	assert_str_equal(diag_nearest(STR("isipv4"), words, 4), "isIpv4");
	assert_str_equal(diag_nearest(STR("durations"), words, 4), "duration");
	assert_str_equal(diag_nearest(STR("ipp"), words, 4), "ip");
	assert_str_equal(diag_nearest(STR("something"), words, 4), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_diagnostic_shows_place_line_and_caret, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_span_over_several_lines_is_marked_on_the_first,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_caret_can_stand_behind_the_text, setup,
						teardown),
		cmocka_unit_test_setup_teardown(tabs_are_shown_as_blanks_up_to_the_next_stop, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_caret_follows_wide_and_combining_characters,
						setup, teardown),
		cmocka_unit_test_setup_teardown(control_characters_of_the_source_are_shown_escaped,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_very_long_line_is_cut_around_the_caret, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_long_line_with_its_mistake_in_front_keeps_its_start, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_line_of_stray_bytes_is_cut_safely, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_diagnostic_without_a_place_is_one_line, setup,
						teardown),
		cmocka_unit_test_setup_teardown(beyond_the_bound_diagnostics_are_only_counted,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_message_is_cut_between_characters, setup,
						teardown),
		cmocka_unit_test_setup_teardown(quoted_text_is_escaped_and_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(the_nearest_word_is_found, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
