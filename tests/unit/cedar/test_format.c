#include "base/attributes.h"
#include "base/buf.h"
#include "cedar/cedar.h"
#include "support/cmocka.h"
#include "support/fault.h"

static enum error format(const char *text, uint32_t width, struct buf *out)
{
	struct cedar_diags diags;
	enum error error;

	cedar_diags_init(&diags);
	error = cedar_format(STR("p.cedar"), str_from(text), width, CEDAR_FORMAT_INDENT, out,
			     &diags);
	cedar_diags_deinit(&diags);
	return error;
}

/* Formats twice: the second time must change nothing. */
static void assert_formats(const char *text, uint32_t width, const char *expected)
{
	struct buf once, twice;

	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	assert_int_equal(format(text, width, &once), ERR_NONE);
	assert_string_equal(buf_text(&once), expected);
	assert_int_equal(format(buf_text(&once), width, &twice), ERR_NONE);
	assert_string_equal(buf_text(&twice), expected);
	buf_deinit(&twice);
	buf_deinit(&once);
}

static void a_scope_that_demands_nothing_stays_on_one_line(void **state)
{
	(void)state;
	assert_formats("permit ( principal,action ,\nresource ) ;", 80,
		       "permit (principal, action, resource);\n");
	assert_formats("permit (principal,action,resource,);", 80,
		       "permit (principal, action, resource,);\n");
	assert_formats("permit (principal, action, resource);", 20,
		       "permit (\n"
		       "  principal,\n"
		       "  action,\n"
		       "  resource\n"
		       ");\n");
}

static void other_scopes_have_a_line_for_each_variable(void **state)
{
	(void)state;
	assert_formats("forbid (principal is N :: U in ?principal, action in[Action::\"a\"], "
		       "resource==R::\"x\");",
		       80,
		       "forbid (\n"
		       "  principal is N::U in ?principal,\n"
		       "  action in [Action::\"a\"],\n"
		       "  resource == R::\"x\"\n"
		       ");\n");
	assert_formats("permit (principal, action in [Action::\"a\", Action::\"b\"], resource);",
		       24,
		       "permit (\n"
		       "  principal,\n"
		       "  action in [\n"
		       "    Action::\"a\",\n"
		       "    Action::\"b\"\n"
		       "  ],\n"
		       "  resource\n"
		       ");\n");
}

static void annotations_and_conditions_have_lines_of_their_own(void **state)
{
	(void)state;
	assert_formats("@id ( \"a\" ) @flag permit (principal,action,resource) when{true}unless"
		       "{false};",
		       80,
		       "@id(\"a\")\n"
		       "@flag\n"
		       "permit (principal, action, resource)\n"
		       "when { true }\n"
		       "unless { false };\n");
}

static void policies_are_one_empty_line_apart(void **state)
{
	(void)state;
	assert_formats(
		"permit (principal,action,resource);permit (principal,action,resource);\n\n\n"
		"permit (principal,action,resource);",
		80,
		"permit (principal, action, resource);\n"
		"\n"
		"permit (principal, action, resource);\n"
		"\n"
		"permit (principal, action, resource);\n");
}

/* The condition of a policy, formatted. */
static void assert_condition(const char *condition, uint32_t width, const char *expected)
{
	struct buf text, lines;

	buf_init(&text, SIZE_MAX);
	buf_init(&lines, SIZE_MAX);
	buf_printf(&text, "permit (principal,action == Action::\"a\",resource)when{%s};",
		   condition);
	buf_printf(&lines,
		   "permit (\n  principal,\n  action == Action::\"a\",\n  resource\n)\n"
		   "when {\n%s};\n",
		   expected);
	assert_formats(buf_text(&text), width, buf_text(&lines));
	buf_deinit(&lines);
	buf_deinit(&text);
}

static void expressions_are_spaced(void **state)
{
	static const char *const expressions[] = {
		"1 + 2 - -3 * 4 == 5",
		"!!true && --1 == -(2)",
		"principal in [a::\"b\", c::d::\"e\"] || context has a.b.c",
		"context[\"x\"].y like \"*\" && principal is N::T in resource",
		"{a: 1, \"b\": [], c: {}} == {}",
		"if true then 1 else if false then 2 else 3",
		"ip(\"1\").isInRange(ip(\"2\")) && [1].isEmpty()",
		"(1 == 2) == (3 == 4)",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(expressions); i++) {
		struct buf text;

		buf_init(&text, SIZE_MAX);
		buf_printf(&text, "permit (principal, action, resource)\nwhen { %s };\n",
			   expressions[i]);
		assert_formats(buf_text(&text), 80, buf_text(&text));
		buf_deinit(&text);
	}
}

static void chains_break_at_every_operator(void **state)
{
	(void)state;
	assert_condition("context.aaaaaa && context.bbbbbb && context.cccccc", 40,
			 "  context.aaaaaa &&\n"
			 "  context.bbbbbb &&\n"
			 "  context.cccccc\n");
	assert_condition("context.aaaaaa && context.bbbbbb && context.cccccc || context.dddd", 40,
			 "  context.aaaaaa &&\n"
			 "    context.bbbbbb &&\n"
			 "    context.cccccc ||\n"
			 "  context.dddd\n");
	assert_condition("(context.aaaaaa || context.bbbbbb || context.c) && context.dddd", 40,
			 "  (\n"
			 "    context.aaaaaa ||\n"
			 "    context.bbbbbb ||\n"
			 "    context.c\n"
			 "  ) &&\n"
			 "  context.dddd\n");
	assert_condition("context.aaaaaaaaaaaa + context.bbbbbbbb == context.ccccccccc", 40,
			 "  context.aaaaaaaaaaaa +\n"
			 "    context.bbbbbbbb ==\n"
			 "    context.ccccccccc\n");
}

static void brackets_break_around_their_items(void **state)
{
	(void)state;
	assert_condition("context.aaaa in [U::\"aaaaaaa\", U::\"bbbbbbb\", U::\"ccc\"]", 40,
			 "  context.aaaa in [\n"
			 "    U::\"aaaaaaa\",\n"
			 "    U::\"bbbbbbb\",\n"
			 "    U::\"ccc\"\n"
			 "  ]\n");
	assert_condition("context.aaaa.containsAll([\"aaaaaaa\", \"bbbbbbb\"])", 40,
			 "  context.aaaa.containsAll([\n"
			 "    \"aaaaaaa\",\n"
			 "    \"bbbbbbb\"\n"
			 "  ])\n");
	assert_condition("context.aaaa == {aaaaaa: 1, bbbbb: {}, cccccc: 2}", 40,
			 "  context.aaaa == {\n"
			 "    aaaaaa: 1,\n"
			 "    bbbbb: {},\n"
			 "    cccccc: 2\n"
			 "  }\n");
}

static void calls_in_a_row_break_before_their_dots(void **state)
{
	(void)state;
	assert_condition("context.a.offset(duration(\"1d\")).toTime() == context.b", 40,
			 "  context.a\n"
			 "    .offset(duration(\"1d\"))\n"
			 "    .toTime() == context.b\n");
	assert_condition("context[\"a\"].offset(duration(\"1d\"))[\"b\"].toTime().c == 1", 40,
			 "  context[\"a\"]\n"
			 "    .offset(duration(\"1d\"))[\"b\"]\n"
			 "    .toTime().c == 1\n");
	assert_condition("datetime(\"2024-01-01\").offset(duration(\"1d\")).toTime() == 1", 40,
			 "  datetime(\"2024-01-01\")\n"
			 "    .offset(duration(\"1d\"))\n"
			 "    .toTime() == 1\n");
	assert_condition("(context.aaaaaaaaa).offset(context.b).toTime() == 1", 40,
			 "  (context.aaaaaaaaa)\n"
			 "    .offset(context.b)\n"
			 "    .toTime() == 1\n");
	assert_condition("A::B::\"aaaaaaaaaaaa\".offset(context.b).toTime() == 1", 40,
			 "  A::B::\"aaaaaaaaaaaa\"\n"
			 "    .offset(context.b)\n"
			 "    .toTime() == 1\n");
	assert_condition("context.offset(context.bbbbbbbbbbbbb).toTime.c == 1", 40,
			 "  context.offset(\n"
			 "    context.bbbbbbbbbbbbb\n"
			 "  ).toTime.c == 1\n");
}

static void an_if_breaks_before_its_words(void **state)
{
	(void)state;
	assert_condition("if context.aaaaaaa then context.bbbbbbb else context.ccccc", 40,
			 "  if context.aaaaaaa\n"
			 "  then context.bbbbbbb\n"
			 "  else context.ccccc\n");
	assert_condition("if context.aaaaaaa then 1 else if context.bbbbbbbbbbb then 2 else 3", 40,
			 "  if context.aaaaaaa\n"
			 "  then 1\n"
			 "  else if context.bbbbbbbbbbb\n"
			 "  then 2\n"
			 "  else 3\n");
}

static void comments_stay_with_what_they_are_about(void **state)
{
	(void)state;
	assert_formats("// head\n\n\n// about a\n@a // x\npermit ( // y\nprincipal,action // z\n,"
		       "resource // v\n) // w\nwhen{ // c\n// d\ntrue // e\n&& // f\nfalse // g\n"
		       "// h\n}; // i\n// j\n\n// k",
		       80,
		       "// head\n"
		       "\n"
		       "// about a\n"
		       "@a // x\n"
		       "permit ( // y\n"
		       "  principal,\n"
		       "  action, // z\n"
		       "  resource // v\n"
		       ") // w\n"
		       "when { // c\n"
		       "  // d\n"
		       "  true // e\n"
		       "  && // f\n"
		       "  false // g\n"
		       "  // h\n"
		       "}; // i\n"
		       "\n"
		       "// j\n"
		       "\n"
		       "// k\n");
}

static void comments_before_a_separator_move_behind_it(void **state)
{
	(void)state;
	assert_condition("true // a\n && false // b\n// c\n|| [1 // d\n, 2].isEmpty() // e\n", 80,
			 "  true && // a\n"
			 "    false || // b\n"
			 "  // c\n"
			 "  [\n"
			 "    1, // d\n"
			 "    2\n"
			 "  ].isEmpty() // e\n");
}

static void comments_around_a_semicolon_keep_their_order(void **state)
{
	(void)state;
	assert_formats("permit (principal,action,resource) // a\n// b\n; // c", 80,
		       "permit (principal, action, resource) // a\n"
		       "// b\n"
		       "; // c\n");
	assert_formats("permit (principal,action,resource) // a\n;", 80,
		       "permit (principal, action, resource); // a\n");
	assert_formats("permit (principal,action,resource) // a\n; // b", 80,
		       "permit (principal, action, resource) // a\n"
		       "; // b\n");
}

static void carriage_returns_end_lines_and_comments(void **state)
{
	(void)state;
	assert_formats("// a\r\n// b \t\r// c\r\n\r\npermit (principal,action,resource);\r\n", 80,
		       "// a\n"
		       "// b\n"
		       "// c\n"
		       "\n"
		       "permit (principal, action, resource);\n");
}

static void a_text_of_comments_only_is_kept(void **state)
{
	(void)state;
	assert_formats("", 80, "");
	assert_formats("\n\n", 80, "");
	assert_formats("//", 80, "//\n");
	assert_formats("\n\n// a\n\n\n//b", 80, "// a\n\n//b\n");
}

static void strings_are_not_touched(void **state)
{
	(void)state;
	assert_formats("@a(\"x // y\n  z\\u{41}\") permit (principal,action,resource);", 80,
		       "@a(\"x // y\n  z\\u{41}\")\n"
		       "permit (principal, action, resource);\n");
}

static void a_wrong_text_is_refused_with_its_diagnostics(void **state)
{
	struct cedar_diags diags;
	struct buf out;

	(void)state;
	cedar_diags_init(&diags);
	buf_init(&out, SIZE_MAX);
	assert_int_equal(cedar_format(STR("p.cedar"), STR("allow(principal, action, resource);"),
				      80, 2, &out, &diags),
			 ERR_SYNTAX);
	assert_int_equal(diags.error_count, 1);
	assert_int_equal(out.length, 0);
	buf_deinit(&out);
	cedar_diags_deinit(&diags);
}

static void every_allocation_may_fail(void **state)
{
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct buf out;
		enum error error;

		buf_init(&out, SIZE_MAX);
		fault_arm(n, FAULT_ONCE);
		error = format("// a\n@b(\"\\n\") permit (principal, action, resource) // c\n"
			       "when { [1, 2].contains({a: 3}) };",
			       80, &out);
		fired = fault_disarm();
		assert_int_equal(error, fired ? ERR_NO_MEMORY : ERR_NONE);
		if (fired)
			assert_int_equal(out.length, 0);
		buf_deinit(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scope_that_demands_nothing_stays_on_one_line),
		cmocka_unit_test(other_scopes_have_a_line_for_each_variable),
		cmocka_unit_test(annotations_and_conditions_have_lines_of_their_own),
		cmocka_unit_test(policies_are_one_empty_line_apart),
		cmocka_unit_test(expressions_are_spaced),
		cmocka_unit_test(chains_break_at_every_operator),
		cmocka_unit_test(brackets_break_around_their_items),
		cmocka_unit_test(calls_in_a_row_break_before_their_dots),
		cmocka_unit_test(an_if_breaks_before_its_words),
		cmocka_unit_test(comments_stay_with_what_they_are_about),
		cmocka_unit_test(comments_before_a_separator_move_behind_it),
		cmocka_unit_test(comments_around_a_semicolon_keep_their_order),
		cmocka_unit_test(carriage_returns_end_lines_and_comments),
		cmocka_unit_test(a_text_of_comments_only_is_kept),
		cmocka_unit_test(strings_are_not_touched),
		cmocka_unit_test(a_wrong_text_is_refused_with_its_diagnostics),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
