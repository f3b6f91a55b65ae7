#include "support/cmocka.h"

#include <inttypes.h>

#include "base/buf.h"
#include "cedar/json_read.h"
#include "support/fault.h"

struct fixture {
	struct arena arena;
	struct cedar_diags diags;
	struct source source;
	struct json_reader reader;
	struct buf out;
};

static void fixture_begin(struct fixture *f, struct str text)
{
	arena_init(&f->arena, 1024, SIZE_MAX);
	cedar_diags_init(&f->diags);
	buf_init(&f->out, SIZE_MAX);
	assert_int_equal(source_init(&f->source, &f->arena, STR("t.json"), text), ERR_NONE);
	json_read_init(&f->reader, &f->arena, &f->source, &f->diags);
}

static void fixture_end(struct fixture *f)
{
	buf_deinit(&f->out);
	cedar_diags_deinit(&f->diags);
	arena_deinit(&f->arena);
}

static void append_event(struct buf *out, const struct json_reader *reader)
{
	switch (reader->event) {
	case JSON_FAILED: buf_append_str(out, STR("! ")); break;
	case JSON_OBJECT: buf_append_str(out, STR("{ ")); break;
	case JSON_OBJECT_END: buf_append_str(out, STR("} ")); break;
	case JSON_ARRAY: buf_append_str(out, STR("[ ")); break;
	case JSON_ARRAY_END: buf_append_str(out, STR("] ")); break;
	case JSON_KEY: buf_printf(out, "%.*s: ", STR_ARGS(reader->text)); break;
	case JSON_STRING: buf_printf(out, "'%.*s' ", STR_ARGS(reader->text)); break;
	case JSON_INTEGER: buf_printf(out, "%" PRId64 " ", reader->integer); break;
	case JSON_NUMBER: buf_append_str(out, STR("number ")); break;
	case JSON_BOOL: buf_append_str(out, reader->boolean ? STR("yes ") : STR("no ")); break;
	case JSON_NULL: buf_append_str(out, STR("null ")); break;
	case JSON_END: buf_append_str(out, STR("end")); break;
	}
}

/* The events of `text` as words. */
static void assert_events(const char *text, const char *expected)
{
	struct fixture f;
	enum json_event event;

	fixture_begin(&f, str_from(text));
	do {
		event = json_read_next(&f.reader);
		append_event(&f.out, &f.reader);
	} while (event != JSON_END && event != JSON_FAILED);
	assert_string_equal(buf_text(&f.out), expected);
	fixture_end(&f);
}

/* Reading fails with exactly one diagnostic, at a place and with a text. */
static void assert_fails(struct str text, uint32_t line, uint32_t column, const char *part)
{
	struct fixture f;

	fixture_begin(&f, text);
	assert_int_equal(json_read_finish(&f.reader), ERR_SYNTAX);
	assert_int_equal(json_read_next(&f.reader), JSON_FAILED);
	assert_int_equal(f.diags.error_count, 1);
	assert_int_equal(f.diags.first->line, line);
	assert_int_equal(f.diags.first->column, column);
	buf_append_str(&f.out, f.diags.first->message);
	if (strstr(buf_text(&f.out), part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", buf_text(&f.out), part);
	fixture_end(&f);
}

/* The first string of `text`, a JSON text, has exactly these bytes. */
static void assert_string_bytes(struct str text, struct str expected)
{
	struct fixture f;

	fixture_begin(&f, text);
	assert_int_equal(json_read_next(&f.reader), JSON_STRING);
	assert_int_equal(f.reader.text.length, expected.length);
	assert_memory_equal(f.reader.text.ptr, expected.ptr, expected.length);
	assert_int_equal(json_read_finish(&f.reader), ERR_NONE);
	fixture_end(&f);
}

static void events_come_in_the_order_of_the_text(void **state)
{
	(void)state;
	assert_events("{\"a\":[1,\"x\",null,true,false],\"b\":{}}",
		      "{ a: [ 1 'x' null yes no ] b: { } } end");
	assert_events(" [ ] ", "[ ] end");
	assert_events("\t\r\n7", "7 end");
	assert_events("[[],[[]],{}]", "[ [ ] [ [ ] ] { } ] end");
	assert_events("{\"\":0}", "{ : 0 } end");
}

static void integers_are_exact_over_64_bits(void **state)
{
	(void)state;
	assert_events("[9223372036854775807,-9223372036854775808,0,-1,9007199254740993]",
		      "[ 9223372036854775807 -9223372036854775808 0 -1 9007199254740993 ] end");
}

static void other_numbers_are_told_apart(void **state)
{
	(void)state;
	assert_events("[9223372036854775808,-9223372036854775809,-0,1.5,1e3,1E+3,2e-1,0.0]",
		      "[ number number number number number number number number ] end");
	assert_events("[99999999999999999999999999]", "[ number ] end");
}

static void malformed_numbers_are_refused(void **state)
{
	static const char *const texts[] = {"01",  "-",  "1.", "1.e1", "1e",  "1e+",      "-01",
					    "- 1", "+1", ".5", "0x10", "1_0", "Infinity", "NaN"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct fixture f;

		fixture_begin(&f, str_from(texts[i]));
		assert_int_equal(json_read_finish(&f.reader), ERR_SYNTAX);
		fixture_end(&f);
	}
	assert_fails(STR("[1, 02]"), 1, 5, "malformed number");
}

static void strings_keep_every_code_point(void **state)
{
	(void)state;
	assert_string_bytes(STR("\"\""), STR(""));
	assert_string_bytes(STR("\"a\\u0000b\""), STR("a\0b"));
	assert_string_bytes(STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR("\"\\/\b\f\n\r\t"));
	assert_string_bytes(STR("\"\\u00e9\\u20AC\""), STR("\xc3\xa9\xe2\x82\xac"));
	assert_string_bytes(STR("\"\\ud83d\\ude00\""), STR("\xf0\x9f\x98\x80"));
	assert_string_bytes(STR("\"\\uffff\\udbff\\udfff\""), STR("\xef\xbf\xbf\xf4\x8f\xbf\xbf"));
	assert_string_bytes(STR("\"\xf0\x9f\x98\x80\x7f\""), STR("\xf0\x9f\x98\x80\x7f"));
}

static void malformed_strings_are_refused_where_they_go_wrong(void **state)
{
	(void)state;
	assert_fails(STR("\"abc"), 1, 1, "not closed");
	assert_fails(STR("\"abc\\\""), 1, 1, "not closed");
	assert_fails(STR("\"a\\"), 1, 1, "not closed");
	assert_fails(STR("\"a\nb\""), 1, 3, "control character");
	assert_fails(STR("\"a\0b\""), 1, 3, "control character");
	assert_fails(STR("\"a\\x41\""), 1, 3, "unknown escape");
	assert_fails(STR("\"\\\xc3\xa9\""), 1, 2, "unknown escape");
	assert_fails(STR("\"\\u12g4\""), 1, 2, "four hexadecimal digits");
	assert_fails(STR("\"\\u12\""), 1, 2, "four hexadecimal digits");
	assert_fails(STR("\"\\ud800\""), 1, 2, "surrogate");
	assert_fails(STR("\"\\udc00\""), 1, 2, "surrogate");
	assert_fails(STR("\"\\ud800\\u0041\""), 1, 2, "surrogate");
	assert_fails(STR("\"\\ud800\\ud800\""), 1, 2, "surrogate");
	assert_fails(STR("\"\xff\""), 1, 2, "invalid UTF-8");
	assert_fails(STR("\"\xed\xa0\x80\""), 1, 2, "invalid UTF-8");
	assert_fails(STR("\"\xc3\""), 1, 2, "invalid UTF-8");
}

static void malformed_structure_is_refused_where_it_goes_wrong(void **state)
{
	(void)state;
	assert_fails(STR(""), 1, 1, "text ends");
	assert_fails(STR("[1,]"), 1, 4, "a value");
	assert_fails(STR("[,1]"), 1, 2, "a value");
	assert_fails(STR("[1 2]"), 1, 4, "',' or ']'");
	assert_fails(STR("[1}"), 1, 3, "',' or ']'");
	assert_fails(STR("{\"a\":1]"), 1, 7, "',' or '}'");
	assert_fails(STR("{\"a\":1,}"), 1, 8, "a key");
	assert_fails(STR("{\"a\" 1}"), 1, 6, "':'");
	assert_fails(STR("{\"a\":}"), 1, 6, "a value");
	assert_fails(STR("{a:1}"), 1, 2, "a key");
	assert_fails(STR("{\n  \"k\": tru\n}"), 2, 8, "a value");
	assert_fails(STR("[1] x"), 1, 5, "the end of the text");
	assert_fails(STR("[1][2]"), 1, 4, "the end of the text");
	assert_fails(STR("["), 1, 2, "text ends");
	assert_fails(STR("]"), 1, 1, "a value");
	assert_fails(STR("\xef\xbb\xbf{}"), 1, 1, "a value");
	assert_fails(STR("{} // no"), 1, 4, "the end of the text");
	assert_fails(STR("{}\0"), 1, 3, "the end of the text");
}

/* Nested arrays, `depth` of them. */
static enum error read_nested(size_t depth)
{
	struct fixture f;
	struct buf text;
	enum error error;

	buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < depth; i++)
		buf_append_byte(&text, '[');
	for (size_t i = 0; i < depth; i++)
		buf_append_byte(&text, ']');
	fixture_begin(&f, buf_str(&text));
	error = json_read_finish(&f.reader);
	assert_int_equal(f.diags.error_count, error == ERR_NONE ? 0 : 1);
	fixture_end(&f);
	buf_deinit(&text);
	return error;
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(read_nested(JSON_DEPTH), ERR_NONE);
	assert_int_equal(read_nested(JSON_DEPTH + 1), ERR_LIMIT);
	assert_int_equal(read_nested(1 << 20), ERR_LIMIT);
}

static void values_can_be_passed_over(void **state)
{
	struct fixture f;

	(void)state;
	fixture_begin(&f,
		      STR("{\"a\":{\"x\":[1,{\"y\":\"\\n\"}],\"\\u0041\":2},\"b\":3,\"c\":[]}"));
	assert_int_equal(json_read_next(&f.reader), JSON_OBJECT);
	assert_true(json_read_key(&f.reader));
	json_read_skip(&f.reader);
	assert_true(json_read_key(&f.reader));
	assert_str_equal(f.reader.text, "b");
	json_read_skip(&f.reader);
	assert_true(json_read_key(&f.reader));
	assert_str_equal(f.reader.text, "c");
	assert_int_equal(json_read_next(&f.reader), JSON_ARRAY);
	json_read_skip(&f.reader);
	assert_int_equal(f.reader.event, JSON_ARRAY_END);
	assert_false(json_read_key(&f.reader));
	assert_int_equal(json_read_finish(&f.reader), ERR_NONE);
	fixture_end(&f);
}

static void what_is_passed_over_is_still_checked(void **state)
{
	struct fixture f;

	(void)state;
	fixture_begin(&f, STR("{\"a\":[\"\\ud800\"]}"));
	json_read_next(&f.reader);
	json_read_key(&f.reader);
	json_read_skip(&f.reader);
	assert_int_equal(json_read_finish(&f.reader), ERR_SYNTAX);
	assert_int_equal(f.diags.error_count, 1);
	fixture_end(&f);
}

static void looking_ahead_changes_and_reports_nothing(void **state)
{
	struct fixture f;
	struct json_reader ahead;

	(void)state;
	fixture_begin(&f, STR("[{\"a\":1},oops]"));
	assert_int_equal(json_read_next(&f.reader), JSON_ARRAY);
	ahead = json_read_ahead(&f.reader);
	assert_int_equal(json_read_finish(&ahead), ERR_SYNTAX);
	assert_int_equal(f.diags.error_count, 0);
	assert_true(json_read_element(&f.reader));
	assert_int_equal(f.reader.event, JSON_OBJECT);
	assert_int_equal(json_read_finish(&f.reader), ERR_SYNTAX);
	assert_int_equal(f.diags.error_count, 1);
	fixture_end(&f);
}

static void a_string_of_ten_megabytes_is_read(void **state)
{
	enum { BYTES = 10 << 20 };
	struct buf text;
	struct fixture f;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_append_str(&text, STR("[\"\\n"));
	for (int i = 0; i < BYTES / 16; i++)
		buf_append_str(&text, STR("0123456789abcdef"));
	buf_append_str(&text, STR("\"]"));
	fixture_begin(&f, buf_str(&text));
	json_read_next(&f.reader);
	assert_int_equal(json_read_next(&f.reader), JSON_STRING);
	assert_int_equal(f.reader.text.length, BYTES + 1);
	assert_int_equal(json_read_finish(&f.reader), ERR_NONE);
	fixture_end(&f);
	buf_deinit(&text);
}

static const char long_escape[] = "[\"\\u0041 and more of it, so that a new chunk is needed\"]";

static void a_missing_allocation_ends_reading(void **state)
{
	struct fixture f;
	struct arena empty;

	(void)state;
	fixture_begin(&f, str_from(long_escape));
	arena_init(&empty, 1024, SIZE_MAX);
	f.reader.arena = &empty;
	fault_arm(0, FAULT_STICKY);
	assert_int_equal(json_read_finish(&f.reader), ERR_NO_MEMORY);
	assert_true(fault_disarm());
	assert_int_equal(f.diags.error_count, 0);
	fixture_end(&f);
}

static void a_spent_arena_ends_reading_with_a_reason(void **state)
{
	struct fixture f;

	(void)state;
	fixture_begin(&f, str_from(long_escape));
	f.arena.max_bytes = f.arena.used_bytes;
	assert_int_equal(json_read_finish(&f.reader), ERR_LIMIT);
	assert_int_equal(f.diags.error_count, 1);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_in_the_order_of_the_text),
		cmocka_unit_test(integers_are_exact_over_64_bits),
		cmocka_unit_test(other_numbers_are_told_apart),
		cmocka_unit_test(malformed_numbers_are_refused),
		cmocka_unit_test(strings_keep_every_code_point),
		cmocka_unit_test(malformed_strings_are_refused_where_they_go_wrong),
		cmocka_unit_test(malformed_structure_is_refused_where_it_goes_wrong),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(values_can_be_passed_over),
		cmocka_unit_test(what_is_passed_over_is_still_checked),
		cmocka_unit_test(looking_ahead_changes_and_reports_nothing),
		cmocka_unit_test(a_string_of_ten_megabytes_is_read),
		cmocka_unit_test(a_missing_allocation_ends_reading),
		cmocka_unit_test(a_spent_arena_ends_reading_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
