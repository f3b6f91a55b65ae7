#include "cedar/source.h"

#include "support/cmocka.h"

struct fixture {
	struct arena arena;
	struct source source;
};

static void read_text(struct fixture *f, struct str text)
{
	arena_init(&f->arena, 256, SIZE_MAX);
	assert_int_equal(source_init(&f->source, &f->arena, STR("p.cedar"), text), ERR_NONE);
}

static void assert_place(const struct fixture *f, uint32_t offset, uint32_t line, uint32_t column)
{
	struct source_place place = source_locate(&f->source, offset);

	assert_int_equal(place.line, line);
	assert_int_equal(place.column, column);
}

static void every_offset_has_its_line_and_column(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, STR("ab\n\ncd"));
	assert_int_equal(f.source.line_count, 3);
	assert_place(&f, 0, 1, 1);
	assert_place(&f, 1, 1, 2);
	assert_place(&f, 2, 1, 3);
	assert_place(&f, 3, 2, 1);
	assert_place(&f, 4, 3, 1);
	assert_place(&f, 6, 3, 3);
	assert_place(&f, 600, 3, 3);
	arena_deinit(&f.arena);
}

static void columns_count_code_points_and_stray_bytes(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, STR("\xc3\xa4\xe2\x82\xac\xff\xf0\x9f\x98\x80x"));
	assert_place(&f, 2, 1, 2);
	assert_place(&f, 5, 1, 3);
	assert_place(&f, 6, 1, 4);
	assert_place(&f, 10, 1, 5);
	arena_deinit(&f.arena);
}

static void an_offset_inside_a_character_belongs_to_it(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, STR("a\xe2\x82\xac"
			  "b"));
	assert_place(&f, 2, 1, 2);
	assert_place(&f, 3, 1, 2);
	assert_place(&f, 4, 1, 3);
	arena_deinit(&f.arena);
}

static void lines_come_without_their_break(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, STR("one\r\ntwo\n\nfour"));
	assert_str_equal(source_line(&f.source, 1), "one");
	assert_str_equal(source_line(&f.source, 2), "two");
	assert_str_equal(source_line(&f.source, 3), "");
	assert_str_equal(source_line(&f.source, 4), "four");
	arena_deinit(&f.arena);
}

static void an_empty_text_has_one_empty_line(void **state)
{
	struct fixture f;

	(void)state;
	read_text(&f, str_make(NULL, 0));
	assert_place(&f, 0, 1, 1);
	assert_str_equal(source_line(&f.source, 1), "");
	arena_deinit(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_offset_has_its_line_and_column),
		cmocka_unit_test(columns_count_code_points_and_stray_bytes),
		cmocka_unit_test(an_offset_inside_a_character_belongs_to_it),
		cmocka_unit_test(lines_come_without_their_break),
		cmocka_unit_test(an_empty_text_has_one_empty_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
