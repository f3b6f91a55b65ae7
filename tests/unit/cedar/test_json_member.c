#include "support/cmocka.h"

#include "cedar/json_member.h"

static void every_kind_of_value_stands_behind_its_key(void **state)
{
	struct json_writer json;
	struct buf out;

	(void)state;
	buf_init(&out, SIZE_MAX);
	json = json_write_to(&out);
	json_write_object(&json);
	json_member_string(&json, "text", STR("a\"b"));
	json_member_hex(&json, "bytes", (const uint8_t *)"\x01\xef", 2);
	json_member_i64(&json, "least", INT64_MIN);
	json_member_u64(&json, "most", UINT64_MAX);
	json_member_bool(&json, "yes", true);
	json_member_time(&json, "time", 0);
	json_member_object(&json, "object");
	json_member_array(&json, "array");
	json_write_array_end(&json);
	json_write_object_end(&json);
	json_write_object_end(&json);
	assert_int_equal(out.failed, ERR_NONE);
	assert_string_equal(
		buf_text(&out),
		"{\"text\":\"a\\\"b\",\"bytes\":\"01ef\",\"least\":-9223372036854775808,"
		"\"most\":18446744073709551615,\"yes\":true,"
		"\"time\":\"1970-01-01T00:00:00.000Z\","
		"\"object\":{\"array\":[]}}");
	buf_deinit(&out);
}

static void the_longest_time_is_written_whole(void **state)
{
	struct json_writer json;
	struct buf out;

	(void)state;
	for (int i = 0; i < 2; i++) {
		buf_init(&out, SIZE_MAX);
		json = json_write_to(&out);
		json_member_time(&json, "time", i == 0 ? INT64_MIN : INT64_MAX);
		assert_true(str_ends_with(buf_str(&out), STR("Z\"")));
		buf_deinit(&out);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_stands_behind_its_key),
		cmocka_unit_test(the_longest_time_is_written_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
