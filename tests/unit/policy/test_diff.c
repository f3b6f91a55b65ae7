#include "support/cmocka.h"

#include <stdio.h>

#include "base/attributes.h"
#include "policy/diff.h"
#include "support/fault.h"

enum { TEXT_MAX = 64 * 1024 };

static void tell(void *arg, const struct policy_difference *difference)
{
	static const char *const changes[] = {"added", "removed", "changed"};
	struct buf *out = arg;

	buf_printf(out, "%s %.*s", changes[difference->change], STR_ARGS(difference->id));
	if (!difference->is_file)
		buf_printf(out, " %.*s:%u", STR_ARGS(difference->source),
			   (unsigned)difference->line);
	for (size_t i = 0; i < difference->part_count; i++)
		buf_printf(out, " [%.*s: %.*s -> %.*s]", STR_ARGS(difference->parts[i].name),
			   STR_ARGS(difference->parts[i].before),
			   STR_ARGS(difference->parts[i].after));
	buf_append_byte(out, '\n');
}

static enum error diff_files(const struct snapshot_file *before, size_t before_count,
			     const struct snapshot_file *after, size_t after_count, struct buf *out)
{
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = policy_diff(before, before_count, after, after_count, &diags, tell, out);
	cedar_diags_deinit(&diags);
	return error;
}

static void expect(const char *before, const char *after, const char *expected)
{
	struct snapshot_file a = {STR("p.cedar"), str_from(before)};
	struct snapshot_file b = {STR("p.cedar"), str_from(after)};
	struct buf out;

	buf_init(&out, TEXT_MAX);
	assert_int_equal(diff_files(&a, 1, &b, 1, &out), ERR_NONE);
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
}

#define PERMIT "permit(principal, action, resource)"

static void comments_layout_and_order_are_no_difference(void **state)
{
	(void)state;
	expect("@id(\"a\") " PERMIT "; @id(\"b\") forbid(principal, action, resource);",
	       "// b\n@id(\"b\")\nforbid (principal,action,resource)\n;\n\n@id(\"a\") " PERMIT ";",
	       "");
}

static void policies_that_come_and_go_are_told_with_their_place(void **state)
{
	(void)state;
	expect("@id(\"a\") " PERMIT ";", "\n\n@id(\"b\") " PERMIT ";",
	       "removed a p.cedar:1\nadded b p.cedar:3\n");
}

static void each_part_that_changed_is_told(void **state)
{
	(void)state;
	expect("@id(\"a\") @one(\"1\") @two(\"2\")\n"
	       "permit(principal is User, action, resource) when { 1 == 1 };",
	       "@id(\"a\") @two(\"3\") @three(\"3\")\n"
	       "forbid(principal, action == Action::\"x\", resource) when { 1 == 2 } unless { true "
	       "};",
	       "changed a p.cedar:1 [effect: permit -> forbid]"
	       " [principal: principal is User -> principal]"
	       " [action: action -> action == Action::\"x\"]"
	       " [condition 1: when { 1 == 1 } -> when { 1 == 2 }]"
	       " [condition 2:  -> unless { true }]"
	       " [@one: 1 -> ] [@two: 2 -> 3] [@three:  -> 3]\n");
}

static void a_policy_without_id_is_known_by_its_content(void **state)
{
	(void)state;
	expect(PERMIT "; forbid(principal, action, resource);",
	       PERMIT " when { true }; " PERMIT "; forbid(principal, action, resource);",
	       "added p.cedar#0 p.cedar:1\n");
	expect(PERMIT ";", PERMIT " when { false };",
	       "changed p.cedar#0 p.cedar:1 [condition 1:  -> when { false }]\n");
}

static void equal_policies_without_id_are_paired_one_by_one(void **state)
{
	(void)state;
	expect(PERMIT ";" PERMIT ";" PERMIT ";", PERMIT ";",
	       "removed p.cedar#1 p.cedar:1\n"
	       "removed p.cedar#2 p.cedar:1\n");
}

static void a_policy_that_moved_to_another_file_did_not_change(void **state)
{
	struct snapshot_file a = {STR("old.cedar"), STR("@id(\"a\") " PERMIT ";")};
	struct snapshot_file b = {STR("new.cedar"), STR("@id(\"a\") " PERMIT ";")};
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	assert_int_equal(diff_files(&a, 1, &b, 1, &out), ERR_NONE);
	assert_int_equal(out.length, 0);
	buf_deinit(&out);
}

static void other_files_are_compared_as_they_are(void **state)
{
	struct snapshot_file before[] = {{STR("directory.json"), STR("{}")},
					 {STR("entities.json"), STR("[]")},
					 {STR("links.json"), STR("[]")}};
	struct snapshot_file after[] = {{STR("directory.json"), STR("{ }")},
					{STR("entities.json"), STR("[]")},
					{STR("tests/a.json"), STR("[]")}};
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	assert_int_equal(diff_files(before, ARRAY_COUNT(before), after, ARRAY_COUNT(after), &out),
			 ERR_NONE);
	assert_string_equal(buf_text(&out), "changed directory.json\nremoved links.json\n"
					    "added tests/a.json\n");
	buf_deinit(&out);
}

static void what_cannot_be_parsed_is_an_error(void **state)
{
	struct snapshot_file a = {STR("p.cedar"), STR(PERMIT ";")};
	struct snapshot_file b = {STR("p.cedar"), STR("permit(")};
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	assert_int_equal(diff_files(&a, 1, &b, 1, &out), ERR_SYNTAX);
	buf_deinit(&out);
}

static enum error diff_once(struct buf *out)
{
	struct snapshot_file a = {STR("p.cedar"),
				  STR("@id(\"a\") @x(\"1\") " PERMIT " when { true };" PERMIT ";")};
	struct snapshot_file b = {
		STR("p.cedar"),
		STR("@id(\"a\") forbid(principal, action, resource) when { 1 < 2 };")};

	buf_clear(out);
	return diff_files(&a, 1, &b, 1, out);
}

static void running_out_of_memory_is_an_error(void **state)
{
	bool fired = true;
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	assert_non_null(buf_reserve(&out, 4096));
	for (uint64_t n = 0; fired; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = diff_once(&out);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
	}
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_layout_and_order_are_no_difference),
		cmocka_unit_test(policies_that_come_and_go_are_told_with_their_place),
		cmocka_unit_test(each_part_that_changed_is_told),
		cmocka_unit_test(a_policy_without_id_is_known_by_its_content),
		cmocka_unit_test(equal_policies_without_id_are_paired_one_by_one),
		cmocka_unit_test(a_policy_that_moved_to_another_file_did_not_change),
		cmocka_unit_test(other_files_are_compared_as_they_are),
		cmocka_unit_test(what_cannot_be_parsed_is_an_error),
		cmocka_unit_test(running_out_of_memory_is_an_error),
	};

	return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
