#include "support/cmocka.h"

#include "authz/entities.h"
#include "base/attributes.h"

#define HOUR_MS INT64_C(3600000)

static void utc_is_local_time_without_an_offset(void **state)
{
	struct session_time time = session_time_of(INT64_C(1767225600123456), 0);

	(void)state;
	assert_int_equal(time.utc_ms, INT64_C(1767225600123));
	assert_int_equal(time.local_day_ms, 123);
	assert_str_equal(time.weekday, "Thursday");
}

static void an_offset_moves_local_time_over_midnight(void **state)
{
	struct session_time east = session_time_of(INT64_C(1767225600000000), 5 * 3600 + 1800);
	struct session_time west = session_time_of(INT64_C(1767225600000000), -3600);

	(void)state;
	assert_int_equal(east.utc_ms, west.utc_ms);
	assert_int_equal(east.local_day_ms, 5 * HOUR_MS + HOUR_MS / 2);
	assert_str_equal(east.weekday, "Thursday");
	assert_int_equal(west.local_day_ms, 23 * HOUR_MS);
	assert_str_equal(west.weekday, "Wednesday");
}

static void only_whole_minutes_of_an_offset_count(void **state)
{
	(void)state;
	assert_int_equal(session_time_of(0, 119).local_day_ms, 60000);
	assert_int_equal(session_time_of(0, -119).local_day_ms, 24 * HOUR_MS - 60000);
}

static void times_before_1970_are_rounded_down(void **state)
{
	struct session_time time = session_time_of(-1, 0);

	(void)state;
	assert_int_equal(time.utc_ms, -1);
	assert_int_equal(time.local_day_ms, 24 * HOUR_MS - 1);
	assert_str_equal(time.weekday, "Wednesday");
}

static void the_context_of_a_certificate_names_it(void **state)
{
	struct identity identity = {
		.mechanism = STR("clientcertificate"),
		.has_certificate = true,
		.certificate = {STR("CN=\"A\"\n"), STR("a.example"), STR("CN=CA"), STR("00ff")},
	};
	struct buf out;

	(void)state;
	buf_init(&out, SIZE_MAX);
	entities_write_context(&out, &identity, NULL);
	assert_str_equal(buf_str(&out),
			 "{\"session\":{\"mechanism\":\"clientcertificate\",\"hasToken\":false,"
			 "\"elevated\":false,\"certificate\":{\"subject\":\"CN=\\\"A\\\"\\n\","
			 "\"subjectName\":\"a.example\",\"issuer\":\"CN=CA\","
			 "\"issuerThumbprint\":\"00ff\"},\"url\":{\"scheme\":\"\",\"host\":\"\","
			 "\"port\":0,\"path\":\"\"}}}");
	buf_deinit(&out);
}

static void only_an_invoked_method_is_in_the_context(void **state)
{
	struct identity identity = {.mechanism = STR("x")};
	struct operation operation = {.action = ACTION_GET, .action_uri = STR("get")};
	struct buf out;

	(void)state;
	buf_init(&out, SIZE_MAX);
	entities_write_context(&out, &identity, &operation);
	assert_non_null(strstr(buf_text(&out), "\"actionUri\":\"get\"}"));
	buf_clear(&out);
	operation.action = ACTION_INVOKE;
	operation.method = STR("m");
	entities_write_context(&out, &identity, &operation);
	assert_non_null(strstr(buf_text(&out), "\"actionUri\":\"get\",\"method\":\"m\"}"));
	buf_deinit(&out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(utc_is_local_time_without_an_offset),
		cmocka_unit_test(an_offset_moves_local_time_over_midnight),
		cmocka_unit_test(only_whole_minutes_of_an_offset_count),
		cmocka_unit_test(times_before_1970_are_rounded_down),
		cmocka_unit_test(the_context_of_a_certificate_names_it),
		cmocka_unit_test(only_an_invoked_method_is_in_the_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
