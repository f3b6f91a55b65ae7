/* Coverage: each policy and condition as the tests of a small directory exercise them. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "policy/coverage.h"
#include "policy/tests.h"
#include "support/fault.h"

enum { TEXT_MAX = 64 * 1024, FILES_MAX = 4 };

static const struct hash_key key = {1, 2};

#define REQUEST                                                                                    \
	"{\"user\": \"ann\", \"sid\": \"S-1-5-21-1-2-3-500\", \"groups\": [\"CORP\\\\Ops\"],"
#define DIRECTORY "{\"CORP\\\\Ops\": \"S-1-5-21-1-2-3-1001\"}"

/* Tests whose outcome does not matter here. */
static void write_tests(struct buf *out, const char *const *requests, size_t count)
{
	buf_append_str(out, STR("{\"tests\": ["));
	for (size_t i = 0; i < count; i++)
		buf_printf(out,
			   "%s{\"name\": \"%zu\", \"request\": " REQUEST
			   "%s}, \"expect\": {\"decision\": \"allow\"}}",
			   i != 0 ? "," : "", i, requests[i]);
	buf_append_str(out, STR("]}"));
}

/* "id A H" for a policy that applied and held, then its conditions, each with T and F as seen. */
static void describe(struct policy_coverage *coverage, struct buf *out)
{
	for (size_t i = 0; i < policy_coverage_count(coverage); i++) {
		struct covered_policy policy;

		policy_coverage_at(coverage, i, &policy);
		buf_printf(out, "%.*s:%s%s\n", STR_ARGS(policy.id), policy.applied ? " A" : "",
			   policy.held ? " H" : "");
		for (size_t k = 0; k < policy.condition_count; k++)
			buf_printf(out, "  %u:%u %.*s:%s%s\n", policy.conditions[k].place.line,
				   policy.conditions[k].place.column,
				   STR_ARGS(policy.conditions[k].text),
				   policy.conditions[k].was_true ? " T" : "",
				   policy.conditions[k].was_false ? " F" : "");
	}
}

static enum error note_all(struct policy_coverage *coverage, const struct snapshot *snapshot,
			   struct policy_tests *tests, struct cedar_diags *diags)
{
	enum error error = ERR_NONE;

	for (size_t i = 0; i < policy_tests_count(tests) && error == ERR_NONE; i++) {
		const struct decision *decision = NULL;
		bool passed;

		error = policy_tests_run(tests, i, snapshot, diags, &passed, &decision);
		if (error == ERR_NONE)
			error = policy_coverage_note(coverage, decision);
	}
	return error;
}

static enum error cover(const struct snapshot_file *files, size_t count, struct buf *out)
{
	struct policy_coverage *coverage = NULL;
	struct policy_tests *tests = NULL;
	struct snapshot *snapshot = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = snapshot_new(files, count, NULL, key, &diags, &snapshot);
	if (error == ERR_NONE)
		error = policy_tests_new(files, count, key, &diags, &tests);
	if (error == ERR_NONE)
		error = policy_coverage_new(files, count, key, &diags, &coverage);
	if (error == ERR_NONE)
		error = note_all(coverage, snapshot, tests, &diags);
	if (error == ERR_NONE)
		describe(coverage, out);
	policy_coverage_free(coverage);
	policy_tests_free(tests);
	snapshot_unref(snapshot);
	cedar_diags_deinit(&diags);
	return error;
}

static void expect(const char *policies, const char *links, const char *const *requests,
		   size_t request_count, const char *expected)
{
	struct snapshot_file files[FILES_MAX] = {
		{STR("directory.json"), STR(DIRECTORY)},
		{STR("links.json"), str_from(links)},
		{STR("p.cedar"), str_from(policies)},
	};
	struct buf tests, out;

	buf_init(&tests, TEXT_MAX);
	buf_init(&out, TEXT_MAX);
	write_tests(&tests, requests, request_count);
	files[3] = (struct snapshot_file){STR("tests/t.json"), buf_str(&tests)};
	assert_int_equal(cover(files, FILES_MAX, &out), ERR_NONE);
	if (strcmp(buf_text(&out), expected) != 0)
		fail_msg("%s\nexpected:\n%s", buf_text(&out), expected);
	buf_deinit(&out);
	buf_deinit(&tests);
}

#define HTTPS "\"url\": \"https://s/wsman\""
#define HTTP  "\"url\": \"http://s:1/wsman\""

static void a_policy_applies_by_its_scope_and_holds_by_its_conditions(void **state)
{
	static const char *const requests[] = {HTTP};

	(void)state;
	expect("@id(\"a\") permit(principal, action, resource);\n"
	       "@id(\"b\") permit(principal, action == WinRM::Action::\"Get\", resource);\n"
	       "@id(\"c\") permit(principal in WinRM::Group::\"CORP\\\\Ops\", action, resource)\n"
	       "when { context.session.hasToken } unless { context.session.url.port == 1 };\n"
	       "permit(principal, action, resource) when { false };\n",
	       "[]", requests, 1,
	       "a: A H\n"
	       "b:\n"
	       "c: A\n"
	       "  4:8 context.session.hasToken: T\n"
	       "  4:44 context.session.url.port == 1: T\n"
	       "p.cedar#3: A\n");
}

static void a_condition_is_seen_only_where_evaluation_comes(void **state)
{
	static const char *const requests[] = {HTTPS, HTTP};

	(void)state;
	expect("@id(\"a\") permit(principal, action, resource)\n"
	       "when { context.session.url.scheme == \"https\" &&\n"
	       "(context.session.hasToken || context.session.elevated) };\n"
	       "@id(\"b\") permit(principal, action, resource)\n"
	       "when { if context.session.url.port == 1 then !context.session.elevated\n"
	       "else context.session.hasToken };\n"
	       "@id(\"c\") permit(principal, action, resource) unless { context.session.url.port "
	       "== 1 }\n"
	       "when { context.session.elevated || context.session.hasToken };\n",
	       "[]", requests, 2,
	       "a: A H\n"
	       "  2:8 context.session.url.scheme == \"https\": T F\n"
	       "  3:2 context.session.hasToken: T\n"
	       "  3:30 context.session.elevated:\n"
	       "b: A H\n"
	       "  5:11 context.session.url.port == 1: T F\n"
	       "  5:47 context.session.elevated: F\n"
	       "  6:6 context.session.hasToken: T\n"
	       "c: A H\n"
	       "  7:55 context.session.url.port == 1: T F\n"
	       "  8:8 context.session.elevated: F\n"
	       "  8:36 context.session.hasToken: T\n");
}

static void the_action_is_asked_only_when_connect_was_allowed(void **state)
{
	static const char *const requests[] = {
		HTTPS ", \"action\": \"Get\", \"resource\": \"wmi\"",
		HTTP ", \"action\": \"Put\", \"resource\": \"wmi\"",
	};

	(void)state;
	expect("@id(\"in\") permit(principal, action == WinRM::Action::\"Connect\", resource)\n"
	       "when { context.session.url.scheme == \"https\" };\n"
	       "@id(\"get\") permit(principal, action == WinRM::Action::\"Get\", resource);\n"
	       "@id(\"put\") permit(principal, action == WinRM::Action::\"Put\", resource);\n"
	       "@id(\"adm\") permit(principal, action == WinRM::Action::\"Administer\", "
	       "resource);\n",
	       "[]", requests, 2,
	       "in: A H\n"
	       "  2:8 context.session.url.scheme == \"https\": T F\n"
	       "get: A H\n"
	       "put:\n"
	       "adm:\n");
}

static void each_link_is_a_policy_of_its_own(void **state)
{
	static const char *const requests[] = {HTTPS};

	(void)state;
	expect("@id(\"t\") permit(principal in ?principal, action, resource)\n"
	       "when { context.session.hasToken };\n",
	       "[{\"templateId\": \"t\", \"newId\": \"one\", \"values\": {\"?principal\":"
	       " {\"type\": \"WinRM::Group\", \"id\": \"CORP\\\\Ops\"}}},\n"
	       "{\"templateId\": \"t\", \"newId\": \"two\", \"values\": {\"?principal\":"
	       " {\"type\": \"WinRM::Group\", \"id\": \"S-1-5-32-544\"}}}]",
	       requests, 1,
	       "one: A H\n"
	       "  2:8 context.session.hasToken: T\n"
	       "two:\n"
	       "  2:8 context.session.hasToken:\n");
}

static void without_memory_there_is_no_coverage(void **state)
{
	struct snapshot_file files[] = {
		{STR("p.cedar"),
		 STR("permit(principal, action, resource) when { context.session.hasToken };")},
		{STR("tests/t.json"), STR("")},
	};
	struct buf tests, out;
	bool fired = true;

	(void)state;
	buf_init(&tests, TEXT_MAX);
	buf_init(&out, TEXT_MAX);
	assert_non_null(buf_reserve(&out, 4096));
	buf_append_str(&tests, STR("{\"tests\": [{\"name\": \"a\", \"request\": {\"user\": \"u\"},"
				   " \"expect\": {\"decision\": \"deny\"}}]}"));
	files[1].text = buf_str(&tests);
	for (uint64_t n = 0; fired; n++) {
		enum error error;

		buf_clear(&out);
		fault_arm(n, FAULT_ONCE);
		error = cover(files, ARRAY_COUNT(files), &out);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
	}
	assert_string_equal(buf_text(&out), "p.cedar#0: A\n"
					    "  1:44 context.session.hasToken: F\n");
	buf_deinit(&out);
	buf_deinit(&tests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_applies_by_its_scope_and_holds_by_its_conditions),
		cmocka_unit_test(a_condition_is_seen_only_where_evaluation_comes),
		cmocka_unit_test(the_action_is_asked_only_when_connect_was_allowed),
		cmocka_unit_test(each_link_is_a_policy_of_its_own),
		cmocka_unit_test(without_memory_there_is_no_coverage),
	};

	return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
