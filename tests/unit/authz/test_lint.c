#include "support/cmocka.h"

#include <stdio.h>

#include "authz/lint.h"
#include "base/attributes.h"
#include "diags.h"
#include "support/fault.h"

/* What is said about the policies of `text`, which is a.cedar. */
static enum error lint(const char *text, struct cedar_diags *diags)
{
	struct cedar_engine *engine = NULL;
	enum error error;

	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine), ERR_NONE);
	assert_int_equal(cedar_engine_add_policies(engine, STR("a.cedar"), str_from(text),
						   CEDAR_IDS_FROM_ANNOTATION, diags),
			 ERR_NONE);
	error = lint_policies(engine, diags);
	cedar_engine_free(engine);
	return error;
}

/* The number of warnings about a policy with this condition. */
static uint32_t warning_count(const char *condition)
{
	struct cedar_diags diags;
	char text[512];
	uint32_t count;

	snprintf(text, sizeof(text), "forbid(principal, action, resource) when { %s };", condition);
	cedar_diags_init(&diags);
	assert_int_equal(lint(text, &diags), ERR_NONE);
	assert_int_equal(diags.error_count, 0);
	count = diags.warning_count;
	cedar_diags_deinit(&diags);
	return count;
}

static void capitals_that_never_match_are_warned_about(void **state)
{
	static const char *const conditions[] = {
		"principal.name == \"CONTOSO\\\\alice\"",
		"\"Alice\" == principal.account",
		"principal.domain != \"Contoso\"",
		"resource.uri like \"*Win32_Service*\"",
		"context.method == \"StartService\"",
		"context.actionUri like \"*/Delete\"",
		"context.session.mechanism == \"Basic\"",
		"context.session.url.scheme == \"HTTPS\"",
		"context.session.url.host == \"PS\"",
		"context.session.url.path like \"/PowerShell*\"",
		"context.session.certificate.issuerThumbprint == \"00FF\"",
		"[\"a\", \"Kill\"].contains(context.method)",
		"true && !(if principal.account == \"Bob\" then true else false)",
		"principal.account == \"\xc3\x84nne\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(conditions); i++)
		assert_int_equal(warning_count(conditions[i]), 1);
}

static void what_can_match_is_let_alone(void **state)
{
	static const char *const conditions[] = {
		"principal.name == \"contoso\\\\alice\"",
		"context.session.weekday == \"Monday\"",
		"context.session.certificate.subject == \"CN=Alice\"",
		"principal.sid == \"S-1-5-21\"",
		"context.method == principal.account",
		"resource.name == \"X\"",
		"[\"A\"].contains(\"A\")",
		"principal.denyOnlyGroups.contains(WinRM::Group::\"S-1-5\")",
		"{name: \"A\"}.name == \"A\"",
		"\"Basic\" == \"Basic\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(conditions); i++)
		assert_int_equal(warning_count(conditions[i]), 0);
}

static void the_warning_says_what_to_write(void **state)
{
	struct cedar_diags diags;
	struct buf said;

	(void)state;
	cedar_diags_init(&diags);
	buf_init(&said, SIZE_MAX);
	assert_int_equal(lint("permit(principal, action, resource)\n"
			      "unless { context.method == \"Kill\" };",
			      &diags),
			 ERR_NONE);
	diags_print(&said, &diags);
	assert_str_equal(
		buf_str(&said),
		"a.cedar:2:28: warning: \"Kill\" never matches, because `method` is always "
		"case-folded; write \"kill\"\n"
		"unless { context.method == \"Kill\" };\n"
		"                           ^~~~~~\n");
	buf_deinit(&said);
	cedar_diags_deinit(&diags);
}

static void without_memory_nothing_is_said(void **state)
{
	struct cedar_engine *engine = NULL;
	struct cedar_diags diags;
	bool fired = true;

	(void)state;
	cedar_diags_init(&diags);
	assert_int_equal(cedar_engine_new(NULL, (struct hash_key){1, 2}, &engine), ERR_NONE);
	assert_int_equal(cedar_engine_add_policies(engine, STR("a.cedar"),
						   STR("permit(principal, action, resource)"
						       " when { principal.name == \"\xc3\xa4\" };"),
						   CEDAR_IDS_FROM_ANNOTATION, &diags),
			 ERR_NONE);
	for (uint64_t n = 0; fired; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = lint_policies(engine, &diags);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
	}
	assert_int_equal(diags.warning_count, 0);
	cedar_engine_free(engine);
	cedar_diags_deinit(&diags);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(capitals_that_never_match_are_warned_about),
		cmocka_unit_test(what_can_match_is_let_alone),
		cmocka_unit_test(the_warning_says_what_to_write),
		cmocka_unit_test(without_memory_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
