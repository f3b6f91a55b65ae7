#include "cedar/layout.h"

#include "support/cmocka.h"
#include "support/fault.h"

struct fixture {
	struct arena arena;
	struct layout layout;
	struct buf out;
};

static int setup(void **state)
{
	static struct fixture f;

	arena_init(&f.arena, 256, SIZE_MAX);
	layout_init(&f.layout, &f.arena);
	buf_init(&f.out, SIZE_MAX);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_deinit(&f->out);
	arena_deinit(&f->arena);
	return 0;
}

/* A call with two arguments, the second of which may be a call. */
static void describe_call(struct layout *layout, int depth)
{
	uint32_t group = layout_open(layout);

	layout_text(layout, STR("call("));
	layout_indent(layout);
	layout_soft(layout);
	layout_text(layout, STR("a,"));
	layout_space(layout);
	if (depth > 1)
		describe_call(layout, depth - 1);
	else
		layout_text(layout, STR("b"));
	layout_dedent(layout);
	layout_soft(layout);
	layout_text(layout, STR(")"));
	layout_close(layout, group);
}

static const char *print(struct fixture *f, uint32_t width)
{
	assert_int_equal(layout_print(&f->layout, width, 2, &f->out), ERR_NONE);
	return buf_text(&f->out);
}

static void what_fits_stays_on_one_line(void **state)
{
	struct fixture *f = *state;

	describe_call(&f->layout, 2);
	assert_string_equal(print(f, 19), "call(a, call(a, b))\n");
}

static void one_column_less_breaks_the_outer_group_first(void **state)
{
	struct fixture *f = *state;

	describe_call(&f->layout, 2);
	assert_string_equal(print(f, 18), "call(\n"
					  "  a,\n"
					  "  call(a, b)\n"
					  ")\n");
}

static void inner_groups_break_when_they_must(void **state)
{
	struct fixture *f = *state;

	describe_call(&f->layout, 2);
	assert_string_equal(print(f, 11), "call(\n"
					  "  a,\n"
					  "  call(\n"
					  "    a,\n"
					  "    b\n"
					  "  )\n"
					  ")\n");
}

static void text_behind_a_group_counts_up_to_the_next_break(void **state)
{
	struct fixture *f = *state;

	describe_call(&f->layout, 1);
	layout_text(&f->layout, STR(";"));
	layout_break(&f->layout);
	layout_text(&f->layout, STR("next"));
	assert_string_equal(print(f, 10), "call(\n"
					  "  a,\n"
					  "  b\n"
					  ");\n"
					  "next\n");
}

static void width_counts_code_points(void **state)
{
	struct fixture *f = *state;
	uint32_t group = layout_open(&f->layout);

	layout_text(&f->layout, STR("\xc3\xa4\xe2\x82\xac"));
	layout_space(&f->layout);
	layout_text(&f->layout, STR("b"));
	layout_close(&f->layout, group);
	assert_string_equal(print(f, 4), "\xc3\xa4\xe2\x82\xac b\n");
}

static void a_comment_breaks_the_groups_it_is_inside_of(void **state)
{
	struct fixture *f = *state;
	uint32_t outer = layout_open(&f->layout), inner;

	layout_text(&f->layout, STR("a"));
	layout_space(&f->layout);
	inner = layout_open(&f->layout);
	layout_text(&f->layout, STR("b"));
	layout_space(&f->layout);
	layout_text(&f->layout, STR("c"));
	layout_comment_after(&f->layout, STR("// end of the inner group"));
	layout_close(&f->layout, inner);
	layout_space(&f->layout);
	layout_comment_line(&f->layout, STR("// before d"));
	layout_text(&f->layout, STR("d"));
	layout_close(&f->layout, outer);
	assert_string_equal(print(f, 80), "a\n"
					  "b c // end of the inner group\n"
					  "// before d\n"
					  "d\n");
}

static void comments_end_their_line_where_no_break_was_planned(void **state)
{
	struct fixture *f = *state;

	layout_text(&f->layout, STR("a"));
	layout_comment_after(&f->layout, STR("// x"));
	layout_blank(&f->layout);
	layout_text(&f->layout, STR("b"));
	layout_comment_line(&f->layout, STR("// y"));
	assert_string_equal(print(f, 80), "a // x\n"
					  "b\n"
					  "// y\n");
}

static void empty_lines_do_not_add_up(void **state)
{
	struct fixture *f = *state;

	layout_empty_line(&f->layout);
	layout_text(&f->layout, STR("a"));
	layout_break(&f->layout);
	layout_empty_line(&f->layout);
	layout_empty_line(&f->layout);
	layout_break(&f->layout);
	layout_text(&f->layout, STR("b"));
	layout_empty_line(&f->layout);
	assert_string_equal(print(f, 80), "a\n\nb\n");
}

static void a_text_with_line_feeds_sets_the_column_anew(void **state)
{
	struct fixture *f = *state;
	uint32_t group;

	layout_text(&f->layout, STR("\"long long long\nx\""));
	layout_blank(&f->layout);
	group = layout_open(&f->layout);
	layout_text(&f->layout, STR("a"));
	layout_space(&f->layout);
	layout_text(&f->layout, STR("b"));
	layout_close(&f->layout, group);
	assert_string_equal(print(f, 6), "\"long long long\nx\" a b\n");
}

static void a_group_that_is_not_closed_is_none(void **state)
{
	struct fixture *f = *state;

	layout_open(&f->layout);
	layout_text(&f->layout, STR("a"));
	layout_space(&f->layout);
	layout_text(&f->layout, STR("b"));
	assert_string_equal(print(f, 80), "a\nb\n");
}

static void nothing_gives_nothing(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(print(f, 80), "");
	buf_append_str(&f->out, STR("before: "));
	layout_break(&f->layout);
	layout_text(&f->layout, STR("a"));
	assert_string_equal(print(f, 80), "before: a\n");
}

static void memory_is_checked_once_at_the_end(void **state)
{
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct layout layout;
		struct arena arena;
		struct buf out;
		enum error error;

		arena_init(&arena, 256, SIZE_MAX);
		layout_init(&layout, &arena);
		buf_init(&out, SIZE_MAX);
		fault_arm(n, FAULT_ONCE);
		describe_call(&layout, 20);
		error = layout_print(&layout, 80, 2, &out);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		buf_deinit(&out);
		arena_deinit(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_fits_stays_on_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(one_column_less_breaks_the_outer_group_first, setup,
						teardown),
		cmocka_unit_test_setup_teardown(inner_groups_break_when_they_must, setup, teardown),
		cmocka_unit_test_setup_teardown(text_behind_a_group_counts_up_to_the_next_break,
						setup, teardown),
		cmocka_unit_test_setup_teardown(width_counts_code_points, setup, teardown),
		cmocka_unit_test_setup_teardown(a_comment_breaks_the_groups_it_is_inside_of, setup,
						teardown),
		cmocka_unit_test_setup_teardown(comments_end_their_line_where_no_break_was_planned,
						setup, teardown),
		cmocka_unit_test_setup_teardown(empty_lines_do_not_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_text_with_line_feeds_sets_the_column_anew, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_group_that_is_not_closed_is_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nothing_gives_nothing, setup, teardown),
		cmocka_unit_test(memory_is_checked_once_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
