#include "support/cmocka.h"

#include "cedar/json_fields.h"

struct fixture {
	struct arena arena;
	struct cedar_diags diags;
	struct source source;
	struct json_reader reader;
};

static void fixture_begin(struct fixture *f, struct str text)
{
	arena_init(&f->arena, 1024, SIZE_MAX);
	cedar_diags_init(&f->diags);
	assert_int_equal(source_init(&f->source, &f->arena, STR("t.json"), text), ERR_NONE);
	json_read_init(&f->reader, &f->arena, &f->source, &f->diags);
}

static void fixture_end(struct fixture *f)
{
	cedar_diags_deinit(&f->diags);
	arena_deinit(&f->arena);
}

static const struct str names[] = {{"type", 4}, {"id", 2}};

static void known_fields_are_found_in_any_order(void **state)
{
	struct fixture f;
	struct json_fields fields = {names, 2, false, 0, "a uid"};

	(void)state;
	fixture_begin(&f, STR("{\"id\":\"x\",\"type\":\"T\"}"));
	json_read_next(&f.reader);
	assert_int_equal(json_fields_next(&f.reader, &fields), 1);
	assert_str_equal(f.reader.text, "x");
	assert_false(
		json_read_expect(&(struct json_reader){.source = &f.source, .event = JSON_NULL},
				 JSON_STRING, "an id"));
	assert_true(json_read_expect(&f.reader, JSON_STRING, "an id"));
	assert_int_equal(json_fields_next(&f.reader, &fields), 0);
	assert_int_equal(json_fields_next(&f.reader, &fields), JSON_NO_FIELD);
	assert_true(json_fields_require(&f.reader, &fields, 0, f.reader.span));
	assert_int_equal(json_read_finish(&f.reader), ERR_NONE);
	fixture_end(&f);
}

/* Reads `text` as an object of the two names; all its values are skipped. */
static enum error read_fields(struct fixture *f, struct str text, bool ignore_unknown)
{
	struct json_fields fields = {names, 2, ignore_unknown, 0, "a uid"};
	struct span object;

	fixture_begin(f, text);
	json_read_next(&f->reader);
	object = f->reader.span;
	while (json_fields_next(&f->reader, &fields) != JSON_NO_FIELD)
		json_read_skip(&f->reader);
	(void)(json_fields_require(&f->reader, &fields, 0, object) &&
	       json_fields_require(&f->reader, &fields, 1, object));
	return json_read_finish(&f->reader);
}

static void fields_that_are_wrong_are_explained(void **state)
{
	static const struct {
		const char *text;
		uint32_t column;
		const char *message;
	} cases[] = {
		{"{\"id\":1,\"type\":2,\"id\":3}", 18, "the key \"id\" stands here twice"},
		{"{\"id\":1,\"typ\":2}", 9, "a uid has no \"typ\"; did you mean \"type\"?"},
		{"{\"id\":1,\"zzzz\":2}", 9, "a uid has no \"zzzz\""},
		{"{\"id\":1}", 1, "a uid must have \"type\""},
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(read_fields(&f, str_from(cases[i].text), false), ERR_SYNTAX);
		assert_int_equal(f.diags.error_count, 1);
		assert_str_equal(f.diags.first->message, cases[i].message);
		assert_int_equal(f.diags.first->column, cases[i].column);
		fixture_end(&f);
	}
	assert_int_equal(read_fields(&f, STR("{\"x\":{\"id\":0},\"id\":1,\"type\":2}"), true),
			 ERR_NONE);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_fields_are_found_in_any_order),
		cmocka_unit_test(fields_that_are_wrong_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
