/* A policy's own tests: what they may say, what they find, and that they gate. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attributes.h"
#include "platform/tree.h"
#include "policy/load.h"
#include "policy/tests.h"
#include "support/fault.h"

enum { TEXT_MAX = 64 * 1024, FILE_COUNT = 3 };

static const struct hash_key key = {1, 2};

#define DIRECTORY                                                                                  \
	"{\"CORP\\\\Ops\": \"S-1-5-21-1-2-3-1001\", \"CORP\\\\Guests\": \"S-1-5-21-1-2-3-1002\"}"

#define POLICIES                                                                                   \
	"@id(\"ops\") @idle_timeout(\"15m\") @max_shells(\"5\")\n"                                 \
	"permit(principal in WinRM::Group::\"CORP\\\\Ops\", action, resource);\n"                  \
	"@id(\"https\") @deny_message(\"Use https.\")\n"                                           \
	"forbid(principal, action == WinRM::Action::\"Connect\", resource)\n"                      \
	"unless { context.session.url.scheme == \"https\" };\n"                                    \
	"@id(\"moved\") @redirect(\"https://other.corp.example/wsman\")\n"                         \
	"forbid(principal in WinRM::Group::\"CORP\\\\Guests\", action, resource);\n"               \
	"@id(\"night\")\n"                                                                         \
	"forbid(principal, action == WinRM::Action::\"Invoke\", resource)\n"                       \
	"when { context.session.localTime < duration(\"6h\") };\n"                                 \
	"@id(\"sum\")\n"                                                                           \
	"forbid(principal, action == WinRM::Action::\"Put\", resource)\n"                          \
	"when { context.session.url.port + 9223372036854775807 == 0 };\n"

#define SHARED                                                                                     \
	"{\"request\": {\"user\": \"CORP\\\\ann\", \"sid\": \"S-1-5-21-1-2-3-500\",\n"             \
	"  \"groups\": [\"corp\\\\OPS\"], \"url\": \"https://s.corp.example/wsman\"},\n"           \
	" \"tests\": [\n"

/* One test with a request and an expectation, on lines 4 and 5. */
#define ONE(request, expect)                                                                       \
	SHARED "  {\"name\": \"t\",\n   \"request\": " request ",\n   \"expect\": " expect         \
	       "}\n ]}\n"

static void make_files(struct snapshot_file files[FILE_COUNT], const char *tests)
{
	files[0] = (struct snapshot_file){STR("directory.json"), STR(DIRECTORY)};
	files[1] = (struct snapshot_file){STR("p.cedar"), STR(POLICIES)};
	files[2] = (struct snapshot_file){STR("tests/t.json"), str_from(tests)};
}

/* Runs the tests of a text; all that was said goes to `said`. */
static enum error gate(const char *tests, struct policy_tests_summary *summary, struct buf *said)
{
	struct snapshot_file files[FILE_COUNT];
	struct snapshot *snapshot = NULL;
	struct cedar_diags diags;
	enum error error;

	make_files(files, tests);
	cedar_diags_init(&diags);
	error = snapshot_new(files, FILE_COUNT, NULL, key, &diags, &snapshot);
	if (error == ERR_NONE)
		error = policy_tests_gate(files, FILE_COUNT, key, snapshot, &diags, summary);
	buf_clear(said);
	for (const struct cedar_diag *diag = diags.first; diag != NULL; diag = diag->next)
		buf_printf(said, "%.*s:%u:%u: %.*s\n", STR_ARGS(diag->source), diag->line,
			   diag->column, STR_ARGS(diag->message));
	snapshot_unref(snapshot);
	cedar_diags_deinit(&diags);
	return error;
}

static void expect_said(const char *tests, enum error error, const char *said)
{
	struct policy_tests_summary summary = {0};
	struct buf out;

	buf_init(&out, TEXT_MAX);
	if (gate(tests, &summary, &out) != error || strcmp(buf_text(&out), said) != 0)
		fail_msg("%s\nsaid:\n%s\nexpected:\n%s", tests, buf_text(&out), said);
	buf_deinit(&out);
}

static void expect_passes(const char *tests)
{
	expect_said(tests, ERR_NONE, "");
}

static void requests_are_decided_as_winrm_would_ask_them(void **state)
{
	(void)state;
	expect_passes(ONE("{}", "{\"decision\": \"allow\", \"reasons\": [\"ops\"],"
				" \"administrator\": true, \"obligations\":"
				" {\"idle_timeout\": \"900s\", \"max_shells\": 5}}"));
	expect_passes(ONE("{\"url\": \"http://s.corp.example/wsman\"}",
			  "{\"decision\": \"deny\", \"reasons\": [\"https\"], \"administrator\": "
			  "false, \"obligations\": {\"deny_message\": \"Use https.\"}}"));
	expect_passes(
		ONE("{\"groups\": [\"CORP\\\\Guests\", \"CORP\\\\Ops\"]}",
		    "{\"decision\": \"redirect\", \"reasons\": [\"moved\"],"
		    " \"obligations\": {\"redirect\": \"https://other.corp.example/wsman\"}}"));
	expect_passes(ONE("{\"groups\": []}", "{\"decision\": \"deny\", \"reasons\": []}"));
	expect_passes(ONE("{\"denyOnlyGroups\": [\"CORP\\\\Ops\"]}",
			  "{\"decision\": \"deny\", \"reasons\": []}"));
}

static void operations_are_named_by_action_method_and_alias(void **state)
{
	(void)state;
	expect_passes(ONE("{\"action\": \"Get\", \"resource\": \"wmicimv2/Win32_Service?Name=x\"}",
			  "{\"decision\": \"allow\", \"reasons\": [\"ops\"]}"));
	expect_passes(ONE("{\"action\": \"Invoke\", \"method\": \"StartService\","
			  " \"resource\": \"wmicimv2/Win32_Service\"}",
			  "{\"decision\": \"allow\"}"));
	expect_passes(ONE("{\"action\": \"http://schemas.xmlsoap.org/ws/2004/09/transfer/Get\","
			  " \"resource\": \"winrm/config\"}",
			  "{\"decision\": \"allow\"}"));
}

static void time_is_local_with_its_offset(void **state)
{
	(void)state;
	expect_passes(ONE("{\"action\": \"Invoke\", \"resource\": \"wmi\","
			  " \"time\": \"2026-06-01T05:59:59+02:00\"}",
			  "{\"decision\": \"deny\", \"reasons\": [\"night\"]}"));
	expect_passes(ONE("{\"action\": \"Invoke\", \"resource\": \"wmi\","
			  " \"time\": \"2026-06-01T06:00-14:00\"}",
			  "{\"decision\": \"allow\"}"));
	expect_passes(ONE("{\"action\": \"Invoke\", \"resource\": \"wmi\","
			  " \"time\": \"2026-06-01T05:59Z\"}",
			  "{\"decision\": \"deny\"}"));
}

static void each_difference_is_told_at_its_place(void **state)
{
	(void)state;
	expect_said(ONE("{}", "{\"decision\": \"deny\"}"), ERR_INVALID,
		    "tests/t.json:6:27: test \"t\": the decision is allow (by ops at Connect), "
		    "expected deny\n");
	expect_said(ONE("{\"groups\": []}", "{\"decision\": \"allow\"}"), ERR_INVALID,
		    "tests/t.json:6:27: test \"t\": the decision is deny (no policy permits "
		    "Connect), expected allow\n");
	expect_said(ONE("{}", "{\"decision\": \"allow\", \"reasons\": [\"x\", \"ops\"]}"),
		    ERR_INVALID, "tests/t.json:6:47: test \"t\": reasons: missing x\n");
	expect_said(ONE("{}", "{\"decision\": \"allow\", \"reasons\": []}"), ERR_INVALID,
		    "tests/t.json:6:47: test \"t\": reasons: unexpected ops\n");
	expect_said(ONE("{}", "{\"decision\": \"allow\", \"administrator\": false}"), ERR_INVALID,
		    "tests/t.json:6:53: test \"t\": administrator is true, expected false\n");
	expect_said(ONE("{}", "{\"decision\": \"allow\", \"obligations\": {\"idle_timeout\": "
			      "\"10m\", \"max_operations\": \"unlimited\"}}"),
		    ERR_INVALID,
		    "tests/t.json:6:68: test \"t\": idle_timeout is 15m, expected 10m\n"
		    "tests/t.json:6:51: test \"t\": max_shells is 5, expected not set\n"
		    "tests/t.json:6:93: test \"t\": max_operations is not set, expected "
		    "unlimited\n");
	expect_said(ONE("{\"url\": \"nonsense\"}", "{\"decision\": \"deny\"}"), ERR_INVALID,
		    "tests/t.json:5:15: test \"t\": the request cannot be decided: "
		    "sender.http_url: invalid data\n");
}

static void a_policy_that_errs_unexpectedly_fails_the_test(void **state)
{
	(void)state;
	expect_said(ONE("{\"action\": \"Put\", \"resource\": \"winrm/config\"}",
			"{\"decision\": \"deny\"}"),
		    ERR_INVALID, "tests/t.json:6:14: test \"t\": errors: unexpected sum\n");
	expect_passes(ONE("{\"action\": \"Put\", \"resource\": \"winrm/config\"}",
			  "{\"decision\": \"deny\", \"errors\": [\"sum\"]}"));
}

static void what_is_not_of_the_format_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *said;
	} mistakes[] = {
		{"[]", "1:1: a file of tests must be an object, found an array"},
		{"{}", "1:1: a file of tests must have \"tests\""},
		{"{\"test\": []}", "1:2: a file of tests has no \"test\"; did you mean \"tests\"?"},
		{"{\"tests\": [], \"request\": {}}",
		 "1:26: what the tests share must stand before them"},
		{"{\"tests\": [{\"name\": \"\", \"request\": {\"user\": \"a\"}, \"expect\": "
		 "{\"decision\": \"deny\"}}]}",
		 "1:21: a test must have a name"},
		{"{\"tests\": [{\"name\": \"a\"}]}", "1:12: a test must have \"request\""},
		{ONE("{\"usr\": \"a\"}", "{\"decision\": \"deny\"}"),
		 "5:16: a request has no \"usr\"; did you mean \"user\"?"},
		{ONE("{\"groups\": [\"CORP\\\\Nobody\"]}", "{\"decision\": \"deny\"}"),
		 "5:27: the name \"CORP\\Nobody\" is unknown: write a SID, or add it to "
		 "directory.json as a name"},
		{ONE("{\"time\": \"2026-06-01T05:59\"}", "{\"decision\": \"deny\"}"),
		 "5:24: not a time such as \"2026-01-05T08:30:00+01:00\", the server's local time "
		 "and what that is ahead of UTC"},
		{ONE("{\"time\": \"2026-06-01T05:59+14:01\"}", "{\"decision\": \"deny\"}"),
		 "5:24: not a time such as \"2026-01-05T08:30:00+01:00\", the server's local time "
		 "and what that is ahead of UTC"},
		{ONE("{\"action\": \"Gett\", \"resource\": \"wmi\"}", "{\"decision\": \"deny\"}"),
		 "5:26: there is no action \"Gett\"; did you mean \"Get\"?"},
		{ONE("{\"action\": \"Administer\"}", "{\"decision\": \"deny\"}"),
		 "5:26: Administer is asked together with Connect; expect \"administrator\" there"},
		{ONE("{\"action\": \"Get\"}", "{\"decision\": \"deny\"}"),
		 "5:26: an operation must have \"resource\", what it works on"},
		{ONE("{\"action\": \"Get\", \"resource\": \"a//b\"}", "{\"decision\": \"deny\"}"),
		 "5:45: not a resource URI, nor one that begins with an alias such as wmicimv2"},
		{ONE("{\"method\": \"x\"}", "{\"decision\": \"deny\"}"),
		 "5:26: only the action \"Invoke\" has a method"},
		{ONE("{\"elevated\": 1}", "{\"decision\": \"deny\"}"),
		 "5:28: elevated must be true or false, found an integer"},
		{ONE("{\"certificate\": {\"subject\": \"s\"}}", "{\"decision\": \"deny\"}"),
		 "5:31: the certificate must have \"subjectName\""},
		{ONE("{}", "{}"), "6:14: an expectation must have \"decision\""},
		{ONE("{}", "{\"decision\": \"permit\"}"),
		 "6:27: a decision is \"allow\", \"deny\" or \"redirect\""},
		{ONE("{}", "{\"decision\": \"allow\", \"reasons\": [\"a\", \"a\"]}"),
		 "6:53: the policy stands here twice"},
		{ONE("{}", "{\"decision\": \"allow\", \"obligations\": {\"max_shell\": 1}}"),
		 "6:52: a set of obligations has no \"max_shell\"; did you mean \"max_shells\"?"},
		{ONE("{}", "{\"decision\": \"allow\", \"obligations\": {\"max_shells\": 0}}"),
		 "6:66: max_shells must be a number from 1 to 4294967295, or \"unlimited\""},
		{ONE("{}", "{\"decision\": \"allow\", \"obligations\": {\"idle_timeout\": 15}}"),
		 "6:68: an obligation must be a string, found an integer"},
		{"{\"tests\": [{\"name\": \"a\", \"request\": {}, \"expect\": {\"decision\": "
		 "\"deny\"}}]}",
		 "1:37: a request must have \"user\", the sender's name"},
		{"{\"tests\": [{\"name\": \"a\", \"request\": {\"user\": \"a\", \"groups\": []},"
		 " \"expect\": {\"decision\": \"deny\"}}]}",
		 "1:37: groups and elevated belong to a token; give \"sid\", too"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(mistakes); i++) {
		char said[512];

		(void)snprintf(said, sizeof(said), "tests/t.json:%s\n", mistakes[i].said);
		expect_said(mistakes[i].text, ERR_SYNTAX, said);
	}
}

static void names_are_unique_within_a_file(void **state)
{
#define TEST "{\"name\": \"same\", \"request\": {}, \"expect\": {\"decision\": \"allow\"}}"
	(void)state;
	expect_said(SHARED TEST ",\n" TEST "]}", ERR_SYNTAX,
		    "tests/t.json:5:10: another test of this file has the same name\n");
#undef TEST
}

static void there_may_be_as_many_tests_as_the_limit(void **state)
{
	struct policy_tests_summary summary = {0};
	struct buf text, said;

	(void)state;
	buf_init(&text, SIZE_MAX);
	buf_init(&said, TEXT_MAX);
	for (int extra = 0; extra < 2; extra++) {
		buf_clear(&text);
		buf_append_str(&text, STR(SHARED));
		for (int i = 0; i < POLICY_TESTS_MAX + extra; i++)
			buf_printf(&text,
				   "%s{\"name\":\"%d\",\"request\":{},\"expect\":{\"decision\":"
				   "\"allow\"}}",
				   i != 0 ? "," : "", i);
		buf_append_str(&text, STR("]}"));
		assert_int_equal(gate(buf_text(&text), &summary, &said),
				 extra == 0 ? ERR_NONE : ERR_LIMIT);
		assert_int_equal(summary.run, extra == 0 ? POLICY_TESTS_MAX : 0);
	}
	assert_non_null(strstr(buf_text(&said), "more than 10000 tests"));
	buf_deinit(&said);
	buf_deinit(&text);
}

static void load(const char *tests, struct policy_load *load)
{
	struct snapshot_file files[FILE_COUNT];
	struct tree_file tree_files[FILE_COUNT];
	struct tree tree = {.files = tree_files, .file_count = FILE_COUNT};

	make_files(files, tests);
	for (size_t i = 0; i < FILE_COUNT; i++)
		tree_files[i] = (struct tree_file){files[i].name, files[i].text};
	policy_load_init(load);
	policy_load_tree(load, &tree, key);
}

static void a_test_that_fails_refuses_the_policy(void **state)
{
	struct policy_load good, bad;

	(void)state;
	load(ONE("{}", "{\"decision\": \"allow\"}"), &good);
	assert_int_equal(good.error, ERR_NONE);
	assert_non_null(good.snapshot);
	assert_int_equal(good.tests.run, 1);
	load(ONE("{}", "{\"decision\": \"deny\"}"), &bad);
	assert_int_equal(bad.error, ERR_INVALID);
	assert_null(bad.snapshot);
	assert_int_equal(bad.tests.failed, 1);
	assert_int_equal(bad.diags.error_count, 1);
	policy_load_deinit(&good);
	policy_load_deinit(&bad);
}

static void without_memory_nothing_passes(void **state)
{
	struct policy_tests_summary summary = {0};
	bool fired = true;
	struct buf said;

	(void)state;
	buf_init(&said, TEXT_MAX);
	assert_non_null(buf_reserve(&said, 4096));
	for (uint64_t n = 0; fired; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = gate(ONE("{\"action\": \"Invoke\", \"method\": \"m\", \"resource\": "
				 "\"wmi/a?b=c\"}",
				 "{\"decision\": \"allow\", \"reasons\": [\"ops\"]}"),
			     &summary, &said);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
	}
	buf_deinit(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_decided_as_winrm_would_ask_them),
		cmocka_unit_test(operations_are_named_by_action_method_and_alias),
		cmocka_unit_test(time_is_local_with_its_offset),
		cmocka_unit_test(each_difference_is_told_at_its_place),
		cmocka_unit_test(a_policy_that_errs_unexpectedly_fails_the_test),
		cmocka_unit_test(what_is_not_of_the_format_is_refused_with_its_place),
		cmocka_unit_test(names_are_unique_within_a_file),
		cmocka_unit_test(there_may_be_as_many_tests_as_the_limit),
		cmocka_unit_test(a_test_that_fails_refuses_the_policy),
		cmocka_unit_test(without_memory_nothing_passes),
	};

	return cmocka_run_group_tests_name("tests", tests, NULL, NULL);
}
