/*
 * Files of tests that hostile text makes: what cannot be read has a reason, what can be read runs,
 * and whatever it asks can be covered.
 */
#include <assert.h>

#include "base/attributes.h"
#include "policy/coverage.h"
#include "policy/tests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash_key key = {1, 2};

static const char policies[] =
	"@id(\"a\") @max_shells(\"5\") permit(principal in WinRM::Group::\"CORP\\\\Ops\", action, "
	"resource) when { context.session.url.scheme == \"https\" || principal.name like \"*a*\" };"
	"@id(\"b\") @redirect(\"https://b/\") forbid(principal, action, resource) when {"
	" if context.session.hasToken then context.session.url.port + 1 > 99 else"
	" context.session has certificate };";

static void run(struct policy_tests *tests, const struct snapshot *snapshot,
		struct policy_coverage *coverage)
{
	for (size_t i = 0; i < policy_tests_count(tests); i++) {
		const struct decision *decision = NULL;
		struct cedar_diags diags;
		bool passed = false;
		enum error error;

		cedar_diags_init(&diags);
		error = policy_tests_run(tests, i, snapshot, &diags, &passed, &decision);
		assert(error == ERR_NONE && passed == (diags.error_count == 0));
		assert(policy_tests_at(tests, i).line != 0);
		error = policy_coverage_note(coverage, decision);
		assert(error == ERR_NONE);
		cedar_diags_deinit(&diags);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot_file files[] = {
		{STR(SNAPSHOT_FILE_NAMES), STR("{\"CORP\\\\Ops\": \"S-1-5-21-1-2-3-1001\"}")},
		{STR("p.cedar"), str_from(policies)},
		{STR("tests/t.json"), str_make((const char *)data, size)},
	};
	struct policy_coverage *coverage = NULL;
	struct policy_tests *tests = NULL;
	struct snapshot *snapshot = NULL;
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = snapshot_new(files, ARRAY_COUNT(files), NULL, key, &diags, &snapshot);
	assert(error == ERR_NONE);
	error = policy_coverage_new(files, ARRAY_COUNT(files), key, &diags, &coverage);
	assert(error == ERR_NONE && diags.error_count == 0);
	error = policy_tests_new(files, ARRAY_COUNT(files), key, &diags, &tests);
	assert((error == ERR_NONE) == (diags.error_count == 0));
	if (error == ERR_NONE)
		run(tests, snapshot, coverage);
	policy_coverage_free(coverage);
	policy_tests_free(tests);
	snapshot_unref(snapshot);
	cedar_diags_deinit(&diags);
	return 0;
}
