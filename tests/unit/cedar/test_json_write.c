#include "support/cmocka.h"

#include "cedar/json_write.h"

static void assert_written(struct buf *out, const char *expected)
{
	assert_int_equal(out->failed, ERR_NONE);
	assert_string_equal(buf_text(out), expected);
	buf_deinit(out);
}

static void commas_stand_between_values_only(void **state)
{
	struct buf out;
	struct json_writer json;

	(void)state;
	buf_init(&out, SIZE_MAX);
	json = json_write_to(&out);
	json_write_object(&json);
	json_write_key(&json, STR("a"));
	json_write_array(&json);
	json_write_array(&json);
	json_write_array_end(&json);
	json_write_object(&json);
	json_write_object_end(&json);
	json_write_null(&json);
	json_write_array_end(&json);
	json_write_key(&json, STR("b"));
	json_write_bool(&json, true);
	json_write_key(&json, STR("c"));
	json_write_bool(&json, false);
	json_write_object_end(&json);
	assert_written(&out, "{\"a\":[[],{},null],\"b\":true,\"c\":false}");
}

static void integers_are_written_exactly(void **state)
{
	struct buf out;
	struct json_writer json;

	(void)state;
	buf_init(&out, SIZE_MAX);
	json = json_write_to(&out);
	json_write_array(&json);
	json_write_i64(&json, 0);
	json_write_i64(&json, -10);
	json_write_i64(&json, INT64_MIN);
	json_write_i64(&json, INT64_MAX);
	json_write_u64(&json, UINT64_MAX);
	json_write_array_end(&json);
	assert_written(&out,
		       "[0,-10,-9223372036854775808,9223372036854775807,18446744073709551615]");
}

static void assert_string_as(struct str value, const char *expected)
{
	struct buf out;
	struct json_writer json;

	buf_init(&out, SIZE_MAX);
	json = json_write_to(&out);
	json_write_string(&json, value);
	assert_written(&out, expected);
}

static void strings_are_escaped_where_they_must_be(void **state)
{
	(void)state;
	assert_string_as(STR(""), "\"\"");
	assert_string_as((struct str){NULL, 0}, "\"\"");
	assert_string_as(STR("plain / text"), "\"plain / text\"");
	assert_string_as(STR("\"\\"), "\"\\\"\\\\\"");
	assert_string_as(STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	assert_string_as(STR("a\0b\x1f\x7f"), "\"a\\u0000b\\u001f\\u007f\"");
	assert_string_as(STR("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
	(void)state;
	assert_string_as(STR("a\xff"
			     "b"),
			 "\"a\xef\xbf\xbd"
			 "b\"");
	assert_string_as(STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	assert_string_as(STR("\xc3"), "\"\xef\xbf\xbd\"");
}

static void a_full_buffer_is_noticed_at_the_end(void **state)
{
	struct buf out;
	struct json_writer json;

	(void)state;
	buf_init(&out, 4);
	json = json_write_to(&out);
	json_write_string(&json, STR("abc"));
	json_write_string(&json, STR("d"));
	assert_int_equal(out.failed, ERR_LIMIT);
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_stand_between_values_only),
		cmocka_unit_test(integers_are_written_exactly),
		cmocka_unit_test(strings_are_escaped_where_they_must_be),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
		cmocka_unit_test(a_full_buffer_is_noticed_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
