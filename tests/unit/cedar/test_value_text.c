/* Values as Cedar text. Each comes from an expression, and its text must read back as the same. */
#include "support/cmocka.h"

#include <stdio.h>

#include "base/attributes.h"
#include "cedar/trace.h"

enum { TEXT_MAX = 4096 };

/* The text of the value that `expression` has, as the operand of a comparison that is false. */
static void value_of(const char *expression, char text[TEXT_MAX])
{
	struct cedar_engine *engine = NULL;
	struct cedar_request *request = NULL;
	char policy[TEXT_MAX];
	struct cedar_answer answer;
	struct cedar_trace trace;
	struct cedar_diags diags;
	struct cedar_attr attr;
	struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	cedar_diags_init(&diags);
	(void)snprintf(policy, sizeof(policy),
		       "permit(principal, action, resource) when { "
		       "(if context.yes then %s else context.yes) == context };",
		       expression);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine), ERR_NONE);
	if (cedar_engine_add_policies(engine, STR("t"), str_from(policy), CEDAR_IDS_BY_POSITION,
				      &diags) != ERR_NONE)
		fail_msg("%s: %.*s", policy, STR_ARGS(diags.first->message));
	assert_int_equal(cedar_engine_seal(engine, &diags), ERR_NONE);
	assert_int_equal(cedar_request_new(NULL, &request), ERR_NONE);
	cedar_request_begin(request, engine);
	attr = (struct cedar_attr){STR("yes"), cedar_bool(true)};
	cedar_request_ask(request, cedar_request_uid(request, STR("U"), STR("a")),
			  cedar_request_uid(request, STR("Action"), STR("x")),
			  cedar_request_uid(request, STR("R"), STR("r")),
			  cedar_record(request, &attr, 1));
	assert_int_equal(cedar_authorize(request, &answer), ERR_NONE);
	assert_int_equal(answer.error_count, 0);
	assert_int_equal(cedar_trace(request, 0, &arena, &trace), ERR_NONE);
	assert_int_equal(trace.clause_count, 1);
	assert_true(trace.clauses[0].operand_count >= 1);
	(void)snprintf(text, TEXT_MAX, "%.*s", STR_ARGS(trace.clauses[0].operands[0].value));
	cedar_request_free(request);
	cedar_engine_free(engine);
	cedar_diags_deinit(&diags);
	arena_deinit(&arena);
}

static void values_are_written_as_policies_write_them(void **state)
{
	static const struct {
		const char *expression, *text;
	} samples[] = {
		{"1 + 1", "2"},
		{"-9223372036854775807 - 1", "-9223372036854775808"},
		{"!context.yes", "false"},
		{"[2, 1, 2]", "[1, 2]"},
		{"[\"a\\n\\\"b\"]", "[\"a\\n\\\"b\"]"},
		{"{\"b\": 1, \"a b\": U::\"x\"}", "{b: 1, \"a b\": U::\"x\"}"},
		{"[decimal(\"-0.5\"), decimal(\"-922337203685477.5808\")]",
		 "[decimal(\"-922337203685477.5808\"), decimal(\"-0.5000\")]"},
		{"[duration(\"0s\")]", "[duration(\"0s\")]"},
		{"[duration(\"-1d2h3m4s5ms\")]", "[duration(\"-1d2h3m4s5ms\")]"},
		{"[datetime(\"2024-10-15T11:38:02Z\")]",
		 "[datetime(\"2024-10-15T11:38:02.000Z\")]"},
		{"[datetime(\"1969-12-31\")]",
		 "[datetime(\"1970-01-01\").offset(duration(\"-86400000ms\"))]"},
		{"[ip(\"10.0.0.1\")]", "[ip(\"10.0.0.1\")]"},
		{"[ip(\"10.0.0.0/8\")]", "[ip(\"10.0.0.0/8\")]"},
		{"[ip(\"::1\")]", "[ip(\"0:0:0:0:0:0:0:1\")]"},
		{"[ip(\"fe80:1::/64\")]", "[ip(\"fe80:1:0:0:0:0:0:0/64\")]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
		char text[TEXT_MAX], again[TEXT_MAX];

		value_of(samples[i].expression, text);
		assert_string_equal(text, samples[i].text);
		if (strstr(text, "offset") != NULL || text[0] != '[')
			continue;
		value_of(text, again);
		assert_string_equal(again, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_written_as_policies_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
