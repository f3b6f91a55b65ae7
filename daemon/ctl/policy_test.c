/* wsauthzctl policy test: a policy's own tests, what they cover, and reports for CI. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "cedar/json_member.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/diagnostics.h"
#include "ctl/junit.h"
#include "ctl/output.h"
#include "platform/process.h"
#include "platform/tree.h"
#include "policy/candidate.h"
#include "policy/coverage.h"
#include "policy/load.h"
#include "policy/tests.h"

enum { PERCENT = 100 };

struct test_options {
	const char *junit;
	bool coverage;
	uint64_t min_coverage;
};

static const struct arg_option test_options[] = {
	{"--junit", ARG_TEXT, offsetof(struct test_options, junit), "FILE",
	 "write the results as JUnit XML, too"},
	{"--coverage", ARG_FLAG, offsetof(struct test_options, coverage), NULL,
	 "say which policies and conditions no test exercises"},
	{"--min-coverage", ARG_COUNT, offsetof(struct test_options, min_coverage), "PERCENT",
	 "fail when less is exercised"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

struct testing {
	const struct ctl *ctl;
	const struct test_options *options;
	const char *directory;
	struct hash_key key;
	struct policy_load load;
	struct policy_tests *tests;
	struct policy_coverage *coverage; /* NULL when nobody asks for it */
	size_t failed;
	struct buf out;
	struct buf cases; /* of JUnit */
};

/* One test. */

static struct str verdict_text(const struct decision *decision)
{
	switch (decision->verdict) {
	case DECISION_ALLOW: return STR("allow");
	case DECISION_REDIRECT: return STR("redirect");
	case DECISION_DENY: break;
	}
	return STR("deny");
}

static void print_test_json(struct testing *testing, const struct policy_test_info *info,
			    const struct decision *decision, const struct cedar_diags *diags,
			    bool passed)
{
	struct json_writer json = json_write_to(&testing->out);

	json_write_object(&json);
	json_member_string(&json, "test", info->name);
	json_member_string(&json, "file", info->file);
	json_member_u64(&json, "line", info->line);
	json_member_bool(&json, "passed", passed);
	json_member_string(&json, "decision", verdict_text(decision));
	json_member_array(&json, "reasons");
	for (size_t i = 0; i < decision->reason_count; i++)
		json_write_string(&json, decision->reasons[i]);
	json_write_array_end(&json);
	json_member_array(&json, "diagnostics");
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next)
		diagnostic_json(&json, diag);
	json_write_array_end(&json);
	json_write_object_end(&json);
	buf_append_byte(&testing->out, '\n');
}

static void add_case(struct testing *testing, const struct policy_test_info *info,
		     const struct cedar_diags *diags)
{
	struct buf failure;

	buf_init(&failure, SIZE_MAX);
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next)
		cedar_diag_print(&failure, diag);
	junit_add(&testing->cases,
		  &(struct junit_case){info->name, info->file, info->line, buf_str(&failure)});
	if (failure.failed != ERR_NONE)
		testing->cases.failed = failure.failed;
	buf_deinit(&failure);
}

static void print_test(struct testing *testing, size_t index, const struct decision *decision,
		       const struct cedar_diags *diags, bool passed)
{
	struct policy_test_info info = policy_tests_at(testing->tests, index);

	testing->failed += !passed;
	if (testing->options->junit != NULL)
		add_case(testing, &info, diags);
	if (testing->ctl->json) {
		print_test_json(testing, &info, decision, diags, passed);
		return;
	}
	for (const struct cedar_diag *diag = diags->first; diag != NULL; diag = diag->next)
		cedar_diag_print(&testing->out, diag);
}

static enum error run_test(struct testing *testing, size_t index)
{
	const struct decision *decision = NULL;
	struct cedar_diags diags;
	bool passed = false;
	enum error error;

	cedar_diags_init(&diags);
	error = policy_tests_run(testing->tests, index, testing->load.snapshot, &diags, &passed,
				 &decision);
	if (error == ERR_NONE)
		print_test(testing, index, decision, &diags, passed);
	if (error == ERR_NONE && testing->coverage != NULL)
		error = policy_coverage_note(testing->coverage, decision);
	cedar_diags_deinit(&diags);
	return error;
}

/* Coverage. */

static void print_gap(struct buf *out, const struct coverage_place *place, struct str policy,
		      const char *what, struct str text)
{
	log_escape(out, place->file);
	buf_printf(out, ":%" PRIu32 ":%" PRIu32 ": ", place->line, place->column);
	log_escape(out, policy);
	buf_printf(out, " %s", what);
	log_escape(out, text);
	buf_append_byte(out, '\n');
}

static void print_gaps(struct buf *out, const struct covered_policy *policy)
{
	if (!policy->applied)
		print_gap(out, &policy->place, policy->id, "never applied", STR(""));
	else if (!policy->held)
		print_gap(out, &policy->place, policy->id, "applied, and never held", STR(""));
	for (size_t i = 0; i < policy->condition_count && policy->applied; i++) {
		const struct covered_condition *condition = &policy->conditions[i];

		if (!condition->was_true)
			print_gap(out, &condition->place, policy->id,
				  "was never true: ", condition->text);
		if (!condition->was_false)
			print_gap(out, &condition->place, policy->id,
				  "was never false: ", condition->text);
	}
}

static void write_place(struct json_writer *json, const struct coverage_place *place)
{
	json_member_u64(json, "line", place->line);
	json_member_u64(json, "column", place->column);
}

static void print_covered_json(struct buf *out, const struct covered_policy *policy)
{
	struct json_writer json = json_write_to(out);

	json_write_object(&json);
	json_member_string(&json, "policy", policy->id);
	json_member_string(&json, "file", policy->place.file);
	write_place(&json, &policy->place);
	json_member_bool(&json, "applied", policy->applied);
	json_member_bool(&json, "held", policy->held);
	json_member_array(&json, "conditions");
	for (size_t i = 0; i < policy->condition_count; i++) {
		const struct covered_condition *condition = &policy->conditions[i];

		json_write_object(&json);
		json_member_string(&json, "text", condition->text);
		write_place(&json, &condition->place);
		json_member_bool(&json, "wasTrue", condition->was_true);
		json_member_bool(&json, "wasFalse", condition->was_false);
		json_write_object_end(&json);
	}
	json_write_array_end(&json);
	json_write_object_end(&json);
	buf_append_byte(out, '\n');
}

static void print_coverage(struct testing *testing)
{
	for (size_t i = 0; i < policy_coverage_count(testing->coverage); i++) {
		struct covered_policy policy;

		policy_coverage_at(testing->coverage, i, &policy);
		if (testing->ctl->json)
			print_covered_json(&testing->out, &policy);
		else
			print_gaps(&testing->out, &policy);
	}
}

/* Whole percents, rounded down, so that 100 means all of it. */
static uint64_t percent_of(const struct coverage_total *total)
{
	uint64_t all = total->policies + total->outcomes;

	return all == 0 ? PERCENT : (total->policies_held + total->outcomes_seen) * PERCENT / all;
}

/* The end. */

static void print_summary_json(struct testing *testing, const struct coverage_total *total)
{
	struct json_writer json = json_write_to(&testing->out);

	json_write_object(&json);
	json_member_u64(&json, "tests", policy_tests_count(testing->tests));
	json_member_u64(&json, "failed", testing->failed);
	if (testing->coverage != NULL) {
		json_member_u64(&json, "policies", total->policies);
		json_member_u64(&json, "policiesHeld", total->policies_held);
		json_member_u64(&json, "outcomes", total->outcomes);
		json_member_u64(&json, "outcomesSeen", total->outcomes_seen);
		json_member_u64(&json, "percent", percent_of(total));
	}
	json_write_object_end(&json);
	buf_append_byte(&testing->out, '\n');
}

static void print_summary(struct testing *testing, const struct coverage_total *total)
{
	struct buf *out = &testing->out;

	if (testing->ctl->json) {
		print_summary_json(testing, total);
		return;
	}
	log_escape(out, str_from(testing->directory));
	buf_append_str(out, STR(": "));
	output_count(out, policy_tests_count(testing->tests), "test", "tests");
	buf_printf(out, ", %zu failed\n", testing->failed);
	if (testing->coverage != NULL)
		buf_printf(out,
			   "coverage %" PRIu64 "%%: %zu of %zu %s held, %zu of %zu outcomes of "
			   "conditions seen\n",
			   percent_of(total), total->policies_held, total->policies,
			   count_noun(total->policies, "policy", "policies"), total->outcomes_seen,
			   total->outcomes);
}

static enum ctl_exit write_junit(struct testing *testing)
{
	enum ctl_exit code = CTL_INVALID;
	struct buf document;
	FILE *file;

	buf_init(&document, SIZE_MAX);
	junit_start(&document, str_from(testing->directory), policy_tests_count(testing->tests),
		    testing->failed);
	buf_append_str(&document, buf_str(&testing->cases));
	junit_end(&document);
	file = fopen(testing->options->junit, "wb");
	if (testing->cases.failed != ERR_NONE || document.failed != ERR_NONE) {
		output_error("%s", error_text(ERR_NO_MEMORY));
	} else if (file != NULL) {
		output_text(file, buf_str(&document));
		if (fflush(file) == 0 && ferror(file) == 0)
			code = CTL_DONE;
	}
	if (file != NULL && fclose(file) != 0)
		code = CTL_INVALID;
	if (code != CTL_DONE)
		output_error("%s cannot be written", testing->options->junit);
	buf_deinit(&document);
	return code;
}

/* What the results come to. */
static enum ctl_exit conclude(struct testing *testing, const struct coverage_total *total)
{
	if (policy_tests_count(testing->tests) == 0) {
		output_error("%s has no tests: write some into tests/*.json, as docs/policy.md "
			     "says and its samples do",
			     testing->directory);
		return CTL_DENIED;
	}
	if (testing->coverage != NULL && percent_of(total) < testing->options->min_coverage) {
		output_error("the coverage is below %" PRIu64 "%%", testing->options->min_coverage);
		return CTL_DENIED;
	}
	return testing->failed == 0 ? CTL_DONE : CTL_DENIED;
}

static enum ctl_exit run_tests(struct testing *testing)
{
	struct coverage_total total = {0, 0, 0, 0};
	enum ctl_exit code = CTL_DONE;
	enum error error = ERR_NONE;

	for (size_t i = 0; i < policy_tests_count(testing->tests) && error == ERR_NONE; i++)
		error = run_test(testing, i);
	if (error != ERR_NONE) {
		output_error("%s", error_text(error));
		return CTL_INVALID;
	}
	if (testing->coverage != NULL) {
		total = policy_coverage_total(testing->coverage);
		print_coverage(testing);
	}
	print_summary(testing, &total);
	output_text(stdout, buf_str(&testing->out));
	if (testing->options->junit != NULL)
		code = write_junit(testing);
	return code != CTL_DONE ? code : conclude(testing, &total);
}

/* Builds what the tests are put to, of files that a child found valid. */
static enum ctl_exit prepare(struct testing *testing, const struct snapshot_file *files,
			     size_t file_count)
{
	bool wants_coverage = testing->options->coverage || testing->options->min_coverage != 0;
	struct policy_load *load = &testing->load;
	enum error error =
		policy_tests_new(files, file_count, testing->key, &load->diags, &testing->tests);

	if (error == ERR_NONE && wants_coverage)
		error = policy_coverage_new(files, file_count, testing->key, &load->diags,
					    &testing->coverage);
	if (error != ERR_NONE)
		output_error("the tests cannot be run: %s", error_text(error));
	return error == ERR_NONE ? CTL_DONE : CTL_INVALID;
}

/* Says why the policy is not even worth testing. */
static enum ctl_exit refuse(struct testing *testing, const struct policy_load *load)
{
	policy_load_print(load, &testing->out);
	output_text(stderr, buf_str(&testing->out));
	output_error("%s is invalid", testing->directory);
	return CTL_INVALID;
}

/* As the daemon does it, a child looks first, so that nothing in the directory can end this
 * program. */
static enum ctl_exit check(struct testing *testing, const struct tree *tree)
{
	enum ctl_exit code = CTL_DONE;
	struct policy_load checked;

	policy_load_init(&checked);
	policy_candidate_check(&checked, tree, &policy_candidate_limits);
	if (checked.error != ERR_NONE && checked.tests.failed == 0)
		code = refuse(testing, &checked);
	policy_load_deinit(&checked);
	if (code != CTL_DONE)
		return code;
	policy_load_checked(&testing->load, tree, testing->key);
	return testing->load.error == ERR_NONE ? CTL_DONE : refuse(testing, &testing->load);
}

static enum ctl_exit test_tree(struct testing *testing, const struct tree *tree)
{
	enum ctl_exit code = check(testing, tree);
	struct snapshot_file *files;
	struct arena arena;

	arena_init(&arena, 4096, SIZE_MAX);
	files = arena_calloc(&arena, tree->file_count + 1, sizeof(*files));
	if (files == NULL && code == CTL_DONE) {
		output_error("%s", error_text(ERR_NO_MEMORY));
		code = CTL_INVALID;
	}
	for (size_t i = 0; files != NULL && i < tree->file_count; i++)
		files[i] = (struct snapshot_file){tree->files[i].name, tree->files[i].text};
	if (code == CTL_DONE)
		code = prepare(testing, files, tree->file_count);
	if (code == CTL_DONE)
		code = run_tests(testing);
	policy_coverage_free(testing->coverage);
	policy_tests_free(testing->tests);
	arena_deinit(&arena);
	return code;
}

static enum ctl_exit run(const struct ctl *ctl, const void *opaque, char **operands,
			 int operand_count)
{
	struct testing testing = {.ctl = ctl, .options = opaque, .directory = operands[0]};
	enum ctl_exit code = CTL_INVALID;
	struct tree tree;

	(void)operand_count;
	if (testing.options->min_coverage > PERCENT) {
		output_error("--min-coverage is a percentage, at most 100");
		return CTL_USAGE;
	}
	if (platform_random(&testing.key, sizeof(testing.key)) != ERR_NONE) {
		output_error("the system gives no random numbers");
		return CTL_INVALID;
	}
	policy_load_init(&testing.load);
	buf_init(&testing.out, SIZE_MAX);
	buf_init(&testing.cases, SIZE_MAX);
	if (policy_read_directory(operands[0], &tree, &testing.load.obstacle) == ERR_NONE) {
		code = test_tree(&testing, &tree);
		tree_deinit(&tree);
	} else {
		code = refuse(&testing, &testing.load);
	}
	buf_deinit(&testing.cases);
	buf_deinit(&testing.out);
	policy_load_deinit(&testing.load);
	return code;
}

const struct ctl_command policy_test_command = {
	.words = "policy test",
	.operands = "DIR",
	.summary = "run the tests of a directory; needs no daemon",
	.options = test_options,
	.options_size = sizeof(struct test_options),
	.operand_min = 1,
	.operand_max = 1,
	.run = run,
};
