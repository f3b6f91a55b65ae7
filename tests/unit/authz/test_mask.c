#include "authz/mask.h"

#include <stdint.h>
#include <stdio.h>

#include "base/attributes.h"
#include "support/cmocka.h"
#include "support/fault.h"

static struct mask_rules rules_of(const char *text)
{
	struct mask_rules rules = {.count = 1};

	if (mask_rule_read(str_from(text), &rules.items[0]) != ERR_NONE)
		fail_msg("%s: is no rule", text);
	return rules;
}

/* Masks one text as a resource URI, or as the context when it begins with a brace. */
static void expect_masked(const char *pattern, const char *text, const char *expected)
{
	bool is_context = text[0] == '{';
	char rule[300];
	struct audit_row row = {0};
	struct arena arena;

	arena_init(&arena, 256, SIZE_MAX);
	(void)snprintf(rule, sizeof(rule), "%s: %s", is_context ? "context" : "resource_uri",
		       pattern);
	struct mask_rules rules = rules_of(rule);
	*(is_context ? &row.context : &row.resource_uri) = str_from(text);
	assert_int_equal(mask_apply(&rules, &arena, &row), ERR_NONE);
	struct str masked = is_context ? row.context : row.resource_uri;
	if (!str_equal(masked, str_from(expected)))
		fail_msg("%s on %s gave %.*s", pattern, text, STR_ARGS(masked));
	arena_deinit(&arena);
}

static void what_the_star_stands_for_is_masked(void **state)
{
	(void)state;
	expect_masked("*", "http://x", "[masked]");
	expect_masked("token=*&", "http://x?token=abc&y=1", "http://x?token=[masked]&y=1");
	expect_masked("token=*&", "http://x?TOKEN=abc", "http://x?TOKEN=[masked]");
	expect_masked("token=*", "a?token=b&token=c", "a?token=[masked]");
	expect_masked("t=*;", "t=1;t=22;u=3;t=", "t=[masked];t=[masked];u=3;t=");
	expect_masked("*/", "user/share/x", "[masked]/[masked]/[masked]");
	expect_masked("secret", "a-secret-Secret", "a-[masked]-[masked]");
	expect_masked("token=*&", "http://x?y=1", "http://x?y=1");
	expect_masked("longer than the text", "x", "x");
}

static void a_context_stays_json(void **state)
{
	(void)state;
	expect_masked("*", "{\"a\":\"b\",\"n\":1,\"list\":[\"c\",true]}",
		      "{\"a\":\"[masked]\",\"n\":1,\"list\":[\"[masked]\",true]}");
	expect_masked("CN=*,", "{\"subject\": \"CN=Eve, O=x\",\"CN=\" : \"CN=\"}",
		      "{\"subject\": \"CN=[masked], O=x\",\"CN=\" : \"CN=\"}");
	/* Escape sequences are taken whole, and a quote in one ends nothing. */
	expect_masked("x*", "{\"a\":\"x\\\"y\\u00e9\",\"b\":\"z\"}",
		      "{\"a\":\"x[masked]\",\"b\":\"z\"}");
	expect_masked("n*", "{\"a\":\"\\n1\\\\n2\"}", "{\"a\":\"\\n1\\\\n[masked]\"}");
	expect_masked("u00*", "{\"a\":\"\\u00e9\"}", "{\"a\":\"\\u00e9\"}");
	/* What is no JSON is not read beyond its end. */
	expect_masked("*", "{\"a\":\"b\\", "{\"a\":\"[masked]");
}

static void every_field_is_masked_alone(void **state)
{
	static const char *const names[] = {"user",         "principal", "action_uri",
					    "resource_uri", "context",   "extended"};
	struct arena arena;

	(void)state;
	arena_init(&arena, 256, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct audit_row row = {
			.user = STR("X"),
			.user_folded = STR("x"),
			.principal = STR("x"),
			.action_uri = STR("x"),
			.resource_uri = STR("x"),
			.context = STR("\"x\""),
			.extended = STR("x"),
			.mechanism = STR("x"),
		};
		const struct str *texts[] = {&row.user,         &row.principal, &row.action_uri,
					     &row.resource_uri, &row.context,   &row.extended};
		char rule[64];

		(void)snprintf(rule, sizeof(rule), " %s :  x ", names[i]);
		struct mask_rules rules = rules_of(rule);
		assert_int_equal(mask_apply(&rules, &arena, &row), ERR_NONE);
		for (size_t j = 0; j < ARRAY_COUNT(texts); j++)
			assert_int_equal(texts[j]->length > 3, i == j);
		assert_int_equal(row.user_folded.length > 3, i == 0);
		assert_str_equal(row.mechanism, "x");
	}
	arena_deinit(&arena);
}

static void what_is_no_rule_is_refused(void **state)
{
	static const char *const texts[] = {
		"",        "user",       "user:",         "user:  ",       "users: x", ": x",
		"User: x", "user: a*b*", "context: a\"b", "context: a\\*", "user: \n"};
	struct mask_rule rule;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_int_equal(mask_rule_read(str_from(texts[i]), &rule), ERR_SYNTAX);
}

static void running_out_of_memory_is_an_error(void **state)
{
	struct mask_rules rules = rules_of("user: a*");

	(void)state;
	for (uint64_t n = 0;; n++) {
		struct audit_row row = {.user = STR("abc"), .user_folded = STR("abc")};
		struct arena arena;

		arena_init(&arena, 16, SIZE_MAX);
		fault_arm(n, FAULT_ONCE);
		enum error error = mask_apply(&rules, &arena, &row);
		bool fired = fault_disarm();
		arena_deinit(&arena);
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		if (!fired) {
			assert_true(n >= 2);
			return;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_star_stands_for_is_masked),
		cmocka_unit_test(a_context_stays_json),
		cmocka_unit_test(every_field_is_masked_alone),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(running_out_of_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
