#include "cedar/print.h"

#include "base/attributes.h"
#include "parsed.h"
#include "support/cmocka.h"

/* Parses the printed form of `expr` again: the tree must be equal. */
static void assert_survives(const struct ast_expr *expr)
{
	struct parsed again;
	struct buf out;

	buf_init(&out, SIZE_MAX);
	print_expr(&out, expr);
	parsed_init_expr(&again, buf_str(&out), NULL);
	assert_true(ast_expr_equal(expr, parsed_expr(&again)));
	parsed_deinit(&again);
	buf_deinit(&out);
}

static void assert_prints(const char *text, const char *expected)
{
	struct parsed parsed;
	struct buf out;

	parsed_init_expr(&parsed, str_from(text), NULL);
	buf_init(&out, SIZE_MAX);
	print_expr(&out, parsed_expr(&parsed));
	assert_string_equal(buf_text(&out), expected);
	assert_survives(parsed_expr(&parsed));
	buf_deinit(&out);
	parsed_deinit(&parsed);
}

static void needless_parentheses_are_dropped(void **state)
{
	(void)state;
	assert_prints("((1))", "1");
	assert_prints("(true && false) && true", "true && false && true");
	assert_prints("(true && false) || (true && true)", "true && false || true && true");
	assert_prints("(1 * 2) + (3 * 4)", "1 * 2 + 3 * 4");
	assert_prints("((1 - 2)) - 3 == (4)", "1 - 2 - 3 == 4");
	assert_prints("(context.a).b", "context.a.b");
	assert_prints("(!true) && (-context.a == 1)", "!true && -context.a == 1");
	assert_prints("[(1), (2)].contains((1))", "[1, 2].contains(1)");
	assert_prints("if (true) then (1) else (if false then 2 else 3)",
		      "if true then 1 else if false then 2 else 3");
	assert_prints("if (if true then false else true) then 1 else 2",
		      "if if true then false else true then 1 else 2");
	assert_prints("(principal) in (resource)", "principal in resource");
}

static void needed_parentheses_stay(void **state)
{
	static const char *const texts[] = {
		"true && (false && true)",
		"(true || false) && true",
		"true || (false || true)",
		"1 - (2 - 3)",
		"1 - (2 + 3)",
		"1 * (2 * 3)",
		"(1 + 2) * 3",
		"(1 == 2) == (3 == 4)",
		"(1 < 2) in (3 in 4)",
		"(principal has a) has b",
		"(principal is A) is B in (1 in 2)",
		"(\"a\" like \"b\") like \"c\"",
		"!(true && false)",
		"!(1 == 2)",
		"(!true).a",
		"(-context.a).b",
		"-(1 + 2)",
		"(1 + 2).lessThan(3)",
		"(if true then 1 else 2) + 3",
		"(if true then 1 else 2) && true",
		"(if true then context else principal).a",
		"!(-1)",
		"-(!true)",
		"(-1).a",
		"(-1)[\"if\"]",
		"-(1)",
		"--(1)",
		"----(1)",
		"--1",
		"----1",
		"-1.a",
		"0.a",
		"!!!!true",
		"!!!!(!true)",
		"!!!!(!!!!(!true))",
		"----(-context.a)",
		"----(-1)",
		"1 - -2",
		"1 - --2",
		"-9223372036854775808",
		"(-9223372036854775808).a",
		"(1 == 2).a == 3",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_prints(texts[i], texts[i]);
}

static void every_form_is_printed_as_it_was_written(void **state)
{
	static const char *const texts[] = {
		"1 != 2",
		"1 > 2",
		"1 >= 2",
		"1 <= 2",
		"principal is N::T in resource",
		"context has a.b.c",
		"context has \"if\"",
		"context has \"a b\"",
		"context[\"if\"].b[\"\"]",
		"{a: 1, \"a b\": {}, \"in\": []}",
		"\"x\" like \"a*\\*\\\\*\"",
		"\"x\" like \"*\"",
		"\"x\" like \"**\"",
		"\"x\" like \"\"",
		"ip(\"1.1.1.1\").isInRange(ip(), 2)",
		"decimal(\"1.0\").lessThan()",
		"[].isEmpty()",
		"principal.hasTag(\"a\") && principal.getTag(\"a\") == N::U::\"b\"",
		"\"a\".b",
		"N::U::\"b\".c",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_prints(texts[i], texts[i]);
}

static void strings_are_escaped(void **state)
{
	(void)state;
	assert_prints("\"\\n\\r\\t\\0\\\\\\\"'*\"", "\"\\n\\r\\t\\0\\\\\\\"'*\"");
	assert_prints("\"\\x1b\\x7f\\u{85}\\u{202e}\\u{feff}\"",
		      "\"\\u{1b}\\u{7f}\\u{85}\\u{202e}\\u{feff}\"");
	assert_prints("\"\\u{e4}\\u{20ac}\\u{1f600}\"", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	assert_prints("\"\\\\u{41}\"", "\"\\\\u{41}\"");
	assert_prints("\"a\nb\" like \"\\x0a*\\u{0}\"", "\"a\\nb\" like \"\\n*\\0\"");
}

static void policies_are_printed_on_one_line(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{"permit ( principal , action , resource , ) ;",
		 "permit(principal, action, resource);"},
		{"@id(\"a\\n\")\n@flag\n@empty(\"\")\nforbid(principal==U::\"a\",action,resource);",
		 "@id(\"a\\n\") @flag @empty(\"\") forbid(principal == U::\"a\", action, "
		 "resource);"},
		{"permit(principal in N :: G::\"a\", action == Action::\"b\", resource is R);",
		 "permit(principal in N::G::\"a\", action == Action::\"b\", resource is R);"},
		{"permit(principal is U in G::\"a\", action in Action::\"b\", resource);",
		 "permit(principal is U in G::\"a\", action in Action::\"b\", resource);"},
		{"permit(principal == ?principal, action in [], resource is R in ?resource);",
		 "permit(principal == ?principal, action in [], resource is R in ?resource);"},
		{"permit(principal in ?principal, action in [Action::\"a\", Action::\"b\",], "
		 "resource);",
		 "permit(principal in ?principal, action in [Action::\"a\", Action::\"b\"], "
		 "resource);"},
		{"permit(principal, action, resource) when { 1 } unless { 2 };",
		 "permit(principal, action, resource) when { 1 } unless { 2 };"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct parsed parsed, again;
		struct buf out;

		parsed_init(&parsed, str_from(cases[i].text), NULL);
		buf_init(&out, SIZE_MAX);
		print_policy(&out, parsed_policy(&parsed));
		assert_string_equal(buf_text(&out), cases[i].printed);
		parsed_init(&again, buf_str(&out), NULL);
		assert_true(ast_policy_equal(parsed_policy(&parsed), parsed_policy(&again)));
		parsed_deinit(&again);
		buf_deinit(&out);
		parsed_deinit(&parsed);
	}
}

/* The tests above stand on ast_expr_equal(), so it must know how to say no. */
static void unequal_trees_are_told_apart(void **state)
{
	static const char *const texts[] = {
		"permit(principal, action, resource);",
		"forbid(principal, action, resource);",
		"@a permit(principal, action, resource);",
		"@a(\"\") permit(principal, action, resource);",
		"@a(\"b\") permit(principal, action, resource);",
		"@b permit(principal, action, resource);",
		"permit(principal == A::\"a\", action, resource);",
		"permit(principal in A::\"a\", action, resource);",
		"permit(principal == A::\"b\", action, resource);",
		"permit(principal == B::\"a\", action, resource);",
		"permit(principal == ?principal, action, resource);",
		"permit(principal is A, action, resource);",
		"permit(principal is B, action, resource);",
		"permit(principal is A in A::\"a\", action, resource);",
		"permit(principal, action in [], resource);",
		"permit(principal, action in [Action::\"a\"], resource);",
		"permit(principal, action in Action::\"a\", resource);",
		"permit(principal, action, resource) when { 1 };",
		"permit(principal, action, resource) unless { 1 };",
		"permit(principal, action, resource) when { 1 } when { 1 };",
		"permit(principal, action, resource) when { 2 };",
		"permit(principal, action, resource) when { true };",
		"permit(principal, action, resource) when { false };",
		"permit(principal, action, resource) when { \"a\" };",
		"permit(principal, action, resource) when { \"b\" };",
		"permit(principal, action, resource) when { A::\"a\" };",
		"permit(principal, action, resource) when { A::\"b\" };",
		"permit(principal, action, resource) when { B::\"a\" };",
		"permit(principal, action, resource) when { principal };",
		"permit(principal, action, resource) when { context };",
		"permit(principal, action, resource) when { [] };",
		"permit(principal, action, resource) when { [1] };",
		"permit(principal, action, resource) when { [2] };",
		"permit(principal, action, resource) when { {} };",
		"permit(principal, action, resource) when { {a: 1} };",
		"permit(principal, action, resource) when { {b: 1} };",
		"permit(principal, action, resource) when { {a: 2} };",
		"permit(principal, action, resource) when { !context };",
		"permit(principal, action, resource) when { -context };",
		"permit(principal, action, resource) when { 1 && 2 };",
		"permit(principal, action, resource) when { 1 || 2 };",
		"permit(principal, action, resource) when { 1 && 2 && 3 };",
		"permit(principal, action, resource) when { 1 && (2 && 3) };",
		"permit(principal, action, resource) when { 1 + 2 };",
		"permit(principal, action, resource) when { 1 - 2 };",
		"permit(principal, action, resource) when { 1 * 2 };",
		"permit(principal, action, resource) when { 1 == 2 };",
		"permit(principal, action, resource) when { 1 != 2 };",
		"permit(principal, action, resource) when { 1 in 2 };",
		"permit(principal, action, resource) when { context.a };",
		"permit(principal, action, resource) when { context.b };",
		"permit(principal, action, resource) when { context has a };",
		"permit(principal, action, resource) when { context has a.b };",
		"permit(principal, action, resource) when { context like \"a\" };",
		"permit(principal, action, resource) when { context like \"a*\" };",
		"permit(principal, action, resource) when { context is A };",
		"permit(principal, action, resource) when { context is B };",
		"permit(principal, action, resource) when { context is A in 1 };",
		"permit(principal, action, resource) when { if 1 then 2 else 3 };",
		"permit(principal, action, resource) when { ip(1) };",
		"permit(principal, action, resource) when { decimal(1) };",
		"permit(principal, action, resource) when { ip() };",
	};
	struct parsed parsed[ARRAY_COUNT(texts)];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		parsed_init(&parsed[i], str_from(texts[i]), NULL);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(texts); j++)
			assert_int_equal(ast_policy_equal(parsed_policy(&parsed[i]),
							  parsed_policy(&parsed[j])),
					 i == j);
	}
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		parsed_deinit(&parsed[i]);
}

static void printing_stops_quietly_at_the_bound_of_the_buffer(void **state)
{
	struct parsed parsed;
	struct buf out;

	(void)state;
	parsed_init(&parsed, STR("permit(principal, action, resource) when { [1, 2] };"), NULL);
	for (size_t bound = 0; bound < 52; bound++) {
		buf_init(&out, bound);
		print_policy(&out, parsed_policy(&parsed));
		assert_int_equal(out.failed, ERR_LIMIT);
		buf_deinit(&out);
	}
	buf_init(&out, 52);
	print_policy(&out, parsed_policy(&parsed));
	assert_int_equal(out.failed, ERR_NONE);
	buf_deinit(&out);
	parsed_deinit(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needless_parentheses_are_dropped),
		cmocka_unit_test(needed_parentheses_stay),
		cmocka_unit_test(every_form_is_printed_as_it_was_written),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(policies_are_printed_on_one_line),
		cmocka_unit_test(unequal_trees_are_told_apart),
		cmocka_unit_test(printing_stops_quietly_at_the_bound_of_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
