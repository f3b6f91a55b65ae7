/* ctl/policy_texts.h: which policies are wanted. */
#include "ctl/policy_texts.h"

#include <stdio.h>

#include "support/cmocka.h"
#include "support/fault.h"

static void each_policy_of_a_revision_is_wanted_once(void **state)
{
	struct str deciding[] = {STR("a"), STR("b")}, erring[] = {STR("c")};
	struct audit_row row = {
		.policy_revision = 1, .policies = {deciding, 2}, .erring = {erring, 1}};
	struct policy_texts texts;

	(void)state;
	policy_texts_init(&texts);
	assert_true(policy_texts_add_row(&texts, &row));
	assert_true(policy_texts_add_row(&texts, &row));
	assert_int_equal(texts.count, 3);
	row.policy_revision = 2;
	row.erring.count = 0;
	assert_true(policy_texts_add_row(&texts, &row));
	assert_int_equal(texts.count, 5);
	assert_false(texts.has_more);
	policy_texts_deinit(&texts);
}

static void they_are_as_many_as_fit_and_one_more_is_said(void **state)
{
	struct policy_texts texts;
	char id[16];

	(void)state;
	policy_texts_init(&texts);
	for (unsigned i = 0; i <= POLICY_TEXTS_MAX; i++) {
		assert_false(texts.has_more);
		snprintf(id, sizeof(id), "p%u", i);
		assert_true(policy_texts_add(&texts, 1, str_from(id)));
	}
	assert_int_equal(texts.count, POLICY_TEXTS_MAX);
	assert_true(texts.has_more);
	policy_texts_deinit(&texts);
}

static void without_memory_nothing_is_added(void **state)
{
	struct policy_texts texts;

	(void)state;
	policy_texts_init(&texts);
	fault_arm(0, FAULT_ONCE);
	assert_false(policy_texts_add(&texts, 1, STR("a")));
	assert_true(fault_disarm());
	assert_int_equal(texts.count, 0);
	policy_texts_deinit(&texts);
}

static void a_text_is_quoted_line_by_line_without_what_moves_the_cursor(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	policy_texts_quote(&out, STR("a\n\tb\n\n\x1b[2J"));
	assert_string_equal(buf_text(&out), "    | a\n    |     b\n    | \n    | \\u{1b}[2J\n");
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_policy_of_a_revision_is_wanted_once),
		cmocka_unit_test(they_are_as_many_as_fit_and_one_more_is_said),
		cmocka_unit_test(without_memory_nothing_is_added),
		cmocka_unit_test(a_text_is_quoted_line_by_line_without_what_moves_the_cursor),
	};

	return cmocka_run_group_tests_name("policy_texts", tests, NULL, NULL);
}
