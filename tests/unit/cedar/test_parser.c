#include "cedar/parser.h"

#include <stdio.h>

#include "base/attributes.h"
#include "parsed.h"
#include "support/cmocka.h"
#include "support/fault.h"

static void an_empty_text_is_an_empty_set(void **state)
{
	static const char *const texts[] = {"", " \n\t", "// nothing\n", "//"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct parsed parsed;

		parsed_init(&parsed, str_from(texts[i]), NULL);
		assert_int_equal(parsed.error, ERR_NONE);
		assert_int_equal(parsed.policies.count, 0);
		assert_null(parsed.policies.first);
		parsed_deinit(&parsed);
	}
}

static void policies_are_numbered_in_order_templates_included(void **state)
{
	struct parsed parsed;
	const struct ast_policy *policy;

	(void)state;
	parsed_init(&parsed,
		    STR("@id(\"a\") permit(principal, action, resource);\n"
			"forbid(principal == ?principal, action, resource);\n"
			"permit(principal, action, resource) when { true };"),
		    NULL);
	assert_int_equal(parsed.error, ERR_NONE);
	assert_int_equal(parsed.policies.count, 3);
	policy = parsed.policies.first;
	assert_str_equal(policy->id, "policy0");
	assert_int_equal(policy->effect, CEDAR_PERMIT);
	assert_false(ast_is_template(policy));
	policy = policy->next;
	assert_str_equal(policy->id, "policy1");
	assert_int_equal(policy->effect, CEDAR_FORBID);
	assert_true(ast_is_template(policy));
	assert_str_equal(source_slice(policy->source, policy->span),
			 "forbid(principal == ?principal, action, resource);");
	policy = policy->next;
	assert_str_equal(policy->id, "policy2");
	assert_null(policy->next);
	parsed_deinit(&parsed);
}

static void annotations_are_kept_with_their_places(void **state)
{
	struct parsed parsed;
	const struct ast_policy *policy;
	const struct ast_annotation *annotation;

	(void)state;
	parsed_init(&parsed,
		    STR("@a(\"x\\0\") @if @permit(\"\") permit(principal, action, resource,);"),
		    NULL);
	policy = parsed_policy(&parsed);
	assert_int_equal(policy->annotation_count, 3);
	annotation = ast_find_annotation(policy, STR("a"));
	assert_true(annotation->has_value);
	assert_int_equal(annotation->value.length, 2);
	assert_memory_equal(annotation->value.ptr, "x\0", 2);
	assert_str_equal(source_slice(policy->source, annotation->value_span), "\"x\\0\"");
	annotation = ast_find_annotation(policy, STR("if"));
	assert_false(annotation->has_value);
	assert_str_equal(annotation->value, "");
	assert_str_equal(source_slice(policy->source, annotation->key_span), "if");
	annotation = ast_find_annotation(policy, STR("permit"));
	assert_true(annotation->has_value);
	assert_str_equal(annotation->value, "");
	assert_null(ast_find_annotation(policy, STR("forbid")));
	parsed_deinit(&parsed);
}

struct scope_case {
	const char *text;
	enum ast_var var;
	enum ast_scope_kind kind;
	bool has_slot;
	uint32_t uid_count;
	const char *type;
};

static void every_form_of_the_scope_is_understood(void **state)
{
	static const struct scope_case cases[] = {
		{"permit(principal, action, resource);", AST_PRINCIPAL, AST_SCOPE_ANY, false, 0,
		 ""},
		{"permit(principal == U::\"a\", action, resource);", AST_PRINCIPAL, AST_SCOPE_EQ,
		 false, 1, ""},
		{"permit(principal in U::\"a\", action, resource);", AST_PRINCIPAL, AST_SCOPE_IN,
		 false, 1, ""},
		{"permit(principal is N :: U, action, resource);", AST_PRINCIPAL, AST_SCOPE_IS,
		 false, 0, "N::U"},
		{"permit(principal is U in G::\"a\", action, resource);", AST_PRINCIPAL,
		 AST_SCOPE_IS_IN, false, 1, "U"},
		{"permit(principal == ?principal, action, resource);", AST_PRINCIPAL, AST_SCOPE_EQ,
		 true, 0, ""},
		{"permit(principal in ?principal, action, resource);", AST_PRINCIPAL, AST_SCOPE_IN,
		 true, 0, ""},
		{"permit(principal is U in ?principal, action, resource);", AST_PRINCIPAL,
		 AST_SCOPE_IS_IN, true, 0, "U"},
		{"permit(principal, action == Action::\"a\", resource);", AST_ACTION, AST_SCOPE_EQ,
		 false, 1, ""},
		{"permit(principal, action in N::Action::\"a\", resource);", AST_ACTION,
		 AST_SCOPE_IN, false, 1, ""},
		{"permit(principal, action in [], resource);", AST_ACTION, AST_SCOPE_IN_LIST, false,
		 0, ""},
		{"permit(principal, action in [Action::\"a\", Action::\"b\",], resource);",
		 AST_ACTION, AST_SCOPE_IN_LIST, false, 2, ""},
		{"permit(principal, action, resource == R::\"a\");", AST_RESOURCE, AST_SCOPE_EQ,
		 false, 1, ""},
		{"permit(principal, action, resource is R in ?resource,);", AST_RESOURCE,
		 AST_SCOPE_IS_IN, true, 0, "R"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct parsed parsed;
		const struct ast_scope *scope;

		parsed_init(&parsed, str_from(cases[i].text), NULL);
		scope = &parsed_policy(&parsed)->scope[cases[i].var];
		assert_int_equal(scope->kind, cases[i].kind);
		assert_int_equal(scope->has_slot, cases[i].has_slot);
		assert_int_equal(scope->uid_count, cases[i].uid_count);
		assert_str_equal(scope->type, cases[i].type);
		parsed_deinit(&parsed);
	}
}

static void uids_of_the_scope_have_their_text_and_place(void **state)
{
	struct parsed parsed;
	const struct ast_scope *scope;

	(void)state;
	parsed_init(&parsed,
		    STR("permit(principal, action in [Action::\"a\\\"\", N :: Action::\"b\"], "
			"resource);"),
		    NULL);
	scope = &parsed_policy(&parsed)->scope[AST_ACTION];
	assert_str_equal(scope->uids[0].type, "Action");
	assert_str_equal(scope->uids[0].id, "a\"");
	assert_str_equal(source_slice(&parsed.source, scope->uids[0].span), "Action::\"a\\\"\"");
	assert_str_equal(scope->uids[1].type, "N::Action");
	assert_str_equal(scope->uids[1].id, "b");
	assert_str_equal(source_slice(&parsed.source, scope->uids[1].span), "N :: Action::\"b\"");
	assert_str_equal(source_slice(&parsed.source, scope->span),
			 "action in [Action::\"a\\\"\", N :: Action::\"b\"]");
	parsed_deinit(&parsed);
}

static void conditions_keep_their_order_and_kind(void **state)
{
	struct parsed parsed;
	const struct ast_policy *policy;

	(void)state;
	parsed_init(&parsed,
		    STR("permit(principal, action, resource) unless { 1 } when { 2 } when { 3 };"),
		    NULL);
	policy = parsed_policy(&parsed);
	assert_int_equal(policy->condition_count, 3);
	assert_true(policy->conditions[0].unless);
	assert_false(policy->conditions[1].unless);
	assert_int_equal(policy->conditions[2].body->integer, 3);
	assert_str_equal(source_slice(&parsed.source, policy->conditions[0].span), "unless { 1 }");
	parsed_deinit(&parsed);
}

static void one_run_finds_the_mistakes_of_all_policies(void **state)
{
	struct parsed parsed;
	const struct cedar_diag *diag;
	uint32_t line = 0;

	(void)state;
	parsed_init(&parsed,
		    STR("allow(principal, action, resource);\n"
			"permit(principal, action, resource) when { a; b };\n"
			"permit(principal, action, resource) when { (true };\n"
			"permit(principal, action resource) when { \";\" == [1, };\n"
			"@a(1) permit(principal, action, resource);\n"
			"permit(principal, action, resource) when { & };\n"
			"permit(principal, action, resource);\n"
			"permit(principal, action, resource) when { true }) };\n"),
		    NULL);
	assert_int_equal(parsed.error, ERR_SYNTAX);
	assert_int_equal(parsed.diags.error_count, 7);
	for (diag = parsed.diags.first; diag != NULL; diag = diag->next)
		assert_int_equal(diag->line, ++line != 7 ? line : ++line);
	parsed_deinit(&parsed);
}

static void text_that_is_not_utf8_is_refused_at_its_place(void **state)
{
	struct parsed parsed;

	(void)state;
	parsed_init(&parsed, STR("// \xc3\xa4\n@a(\"\xff\") permit(principal, action, resource);"),
		    NULL);
	assert_int_equal(parsed.error, ERR_SYNTAX);
	parsed_assert_diag(&parsed, 2, 5, "the text is not valid UTF-8");
	parsed_deinit(&parsed);
}

#define UNKNOWN_ESCAPE "unknown escape; there are \\n \\r \\t \\0 \\\\ \\\" \\' \\xHH and \\u{H..}"

static void lexical_mistakes_have_one_message(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *message;
	} cases[] = {
		{"permit(principal, action, resource) when { \"\\q\" };", 1, 45, UNKNOWN_ESCAPE},
		{"permit(principal, action, resource) when { {\"\\q\": 1} };", 1, 46,
		 UNKNOWN_ESCAPE},
		{"permit(principal, action, resource) when { context[\"\\q\"] };", 1, 53,
		 UNKNOWN_ESCAPE},
		{"permit(principal, action, resource) when { context has \"\\q\" };", 1, 57,
		 UNKNOWN_ESCAPE},
		{"permit(principal, action, resource) when { \"\" like \"\\q\" };", 1, 53,
		 UNKNOWN_ESCAPE},
		{"permit(principal, action, resource) when { A::\"\\q\" };", 1, 48, UNKNOWN_ESCAPE},
		{"permit(principal == A::\"\\q\", action, resource);", 1, 25, UNKNOWN_ESCAPE},
		{"@a(\"\\q\") permit(principal, action, resource);", 1, 5, UNKNOWN_ESCAPE},
		{"permit(principal, action, resource) when { gr\xc3\xb6\xc3\x9f"
		 "e };",
		 1, 46, "character `\xc3\xb6` (U+00F6) may stand in strings and comments only"},
		{"permit(principal, action, resource) when { \"a };", 1, 44,
		 "the string that starts here has no closing `\"`"},
		{"permit(principal, action, resource) when { \"a\\\nb\" };", 1, 46,
		 "a string cannot be continued with a backslash at the end of the line"},
		{"permit(principal, action, resource) when { \"a\r\nb\" };", 1, 46,
		 "a carriage return cannot stand in a string; write \\r"},
		{"\xef\xbb\xbfpermit(principal, action, resource);", 1, 1,
		 "a byte order mark is not allowed; save the text without it"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct parsed parsed;

		parsed_init(&parsed, str_from(cases[i].text), NULL);
		assert_int_equal(parsed.error, ERR_SYNTAX);
		parsed_assert_diag(&parsed, cases[i].line, cases[i].column, cases[i].message);
		parsed_deinit(&parsed);
	}
}

static void the_text_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	const char *text = "permit(principal, action, resource);";
	struct cedar_limits limits = {.text_bytes = (uint32_t)strlen(text)};
	struct parsed parsed;

	(void)state;
	parsed_init(&parsed, str_from(text), &limits);
	assert_int_equal(parsed.error, ERR_NONE);
	parsed_deinit(&parsed);

	limits.text_bytes--;
	parsed_init(&parsed, str_from(text), &limits);
	assert_int_equal(parsed.error, ERR_LIMIT);
	parsed_assert_diag(&parsed, 0, 0, "the text has 36 bytes; at most 35 are allowed");
	parsed_deinit(&parsed);
}

static void there_may_be_as_many_policies_as_the_limit_and_no_more(void **state)
{
	const char *text = "permit(principal, action, resource);"
			   "permit(principal == ?principal, action, resource);";
	struct cedar_limits limits = {.policies = 2};
	struct parsed parsed;

	(void)state;
	parsed_init(&parsed, str_from(text), &limits);
	assert_int_equal(parsed.error, ERR_NONE);
	parsed_deinit(&parsed);

	limits.policies = 1;
	parsed_init(&parsed, str_from(text), &limits);
	assert_int_equal(parsed.error, ERR_LIMIT);
	parsed_assert_diag(&parsed, 1, 37, "there are more than 1 policies");
	parsed_deinit(&parsed);
}

/* `count` times `front`, then `middle`, then `count` times `back`. */
static void nest(struct buf *out, const char *front, const char *middle, const char *back,
		 uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		buf_append_str(out, str_from(front));
	buf_append_str(out, str_from(middle));
	for (uint32_t i = 0; i < count; i++)
		buf_append_str(out, str_from(back));
}

struct nesting {
	const char *front, *middle, *back;
	uint32_t extra; /* levels that `middle` takes */
};

static enum error parse_nested(const struct nesting *nesting, uint32_t count, uint32_t limit)
{
	struct cedar_limits limits = {.expression_depth = limit};
	struct parsed parsed;
	struct buf text;
	enum error error;

	buf_init(&text, SIZE_MAX);
	nest(&text, nesting->front, nesting->middle, nesting->back, count);
	parsed_init_expr(&parsed, buf_str(&text), &limits);
	error = parsed.error;
	if (error != ERR_NONE) {
		char message[80];

		snprintf(message, sizeof(message), "the expression is nested deeper than %u levels",
			 (unsigned)(limit != 0 ? limit : PARSER_DEPTH));
		assert_int_equal(parsed.diags.error_count, 1);
		assert_string_equal(parsed.diags.first->message.ptr, message);
	}
	parsed_deinit(&parsed);
	buf_deinit(&text);
	return error;
}

static void expressions_may_be_as_deep_as_the_limit_and_no_deeper(void **state)
{
	static const struct nesting nestings[] = {
		{"(", "1", ")", 1},
		{"[", "1", "]", 1},
		{"{a:", "1", "}", 1},
		{"ip(", "1", ")", 1},
		{"1.offset(", "1", ")", 1},
		{"!(", "1", ")", 1},
		{"if true then ", "1", " else 1", 1},
		{"", "context", ".a", 1},
		{"", "context", "[\"a\"]", 1},
		{"", "[1]", ".isEmpty()", 2},
		{"1 + (", "1", ")", 1},
		{"1 in (", "1", ")", 1},
		{"true && (", "1", ")", 1},
		{"1 is T in (", "1", ")", 1},
		{"(", "1", " == 1)", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(nestings); i++) {
		uint32_t extra = nestings[i].extra;

		assert_int_equal(parse_nested(&nestings[i], 10 - extra, 10), ERR_NONE);
		assert_int_equal(parse_nested(&nestings[i], 11 - extra, 10), ERR_LIMIT);
		assert_int_equal(parse_nested(&nestings[i], PARSER_DEPTH - extra, 0), ERR_NONE);
		assert_int_equal(parse_nested(&nestings[i], PARSER_DEPTH - extra + 1, 0),
				 ERR_LIMIT);
	}
}

static void the_configured_depth_has_an_upper_bound(void **state)
{
	static const struct nesting parentheses = {"(", "1", ")", 1};
	struct cedar_limits limits = {.expression_depth = UINT32_MAX};
	struct parsed parsed;
	struct buf text;

	(void)state;
	assert_int_equal(parse_nested(&parentheses, AST_MAX_HEIGHT - 1, AST_MAX_HEIGHT), ERR_NONE);
	assert_int_equal(parse_nested(&parentheses, AST_MAX_HEIGHT, AST_MAX_HEIGHT), ERR_LIMIT);
	buf_init(&text, SIZE_MAX);
	nest(&text, "(", "1", ")", AST_MAX_HEIGHT);
	parsed_init_expr(&parsed, buf_str(&text), &limits);
	assert_int_equal(parsed.error, ERR_LIMIT);
	parsed_deinit(&parsed);
	buf_deinit(&text);
}

static void a_hundred_thousand_parentheses_give_a_placed_error(void **state)
{
	struct parsed parsed;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	nest(&text, "(", "1", ")", 100000);
	parsed_init_expr(&parsed, buf_str(&text), NULL);
	assert_int_equal(parsed.error, ERR_LIMIT);
	parsed_assert_diag(&parsed, 1, PARSED_EXPR_COLUMN + PARSER_DEPTH,
			   "the expression is nested deeper than 1000 levels");
	parsed_deinit(&parsed);
	buf_deinit(&text);
}

static void a_syntax_error_outweighs_a_limit(void **state)
{
	struct cedar_limits limits = {.expression_depth = 1};
	struct parsed parsed;

	(void)state;
	parsed_init(&parsed,
		    STR("permit(principal, action, resource) when { (1) };"
			"permit(principal, action, resource) when { };"
			"permit(principal, action, resource) when { (1) };"),
		    &limits);
	assert_int_equal(parsed.error, ERR_SYNTAX);
	assert_int_equal(parsed.diags.error_count, 3);
	parsed_deinit(&parsed);
}

static void chains_do_not_count_as_depth(void **state)
{
	static const char *const links[] = {"true && ", "true || ", "1 * ", "1 + ", "1 - "};
	enum { COUNT = 10000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(links); i++) {
		struct cedar_limits limits = {.expression_depth = 2};
		struct parsed parsed;
		struct buf text;

		buf_init(&text, SIZE_MAX);
		nest(&text, links[i], "1", "", COUNT);
		parsed_init_expr(&parsed, buf_str(&text), &limits);
		assert_int_equal(parsed_expr(&parsed)->count, COUNT + 1);
		assert_int_equal(parsed_expr(&parsed)->height, 2);
		parsed_deinit(&parsed);
		buf_deinit(&text);
	}
}

static void many_keys_and_annotations_are_checked_without_delay(void **state)
{
	enum { COUNT = 50000 };
	struct parsed parsed;
	struct buf text;

	(void)state;
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < COUNT; i++)
		buf_printf(&text, "@a%d ", i);
	buf_append_str(&text, STR("permit(principal, action, resource) when { {"));
	for (int i = 0; i < COUNT; i++)
		buf_printf(&text, "a%d:1,", i);
	buf_append_str(&text, STR("a7: 1} };"));
	parsed_init(&parsed, buf_str(&text), &(struct cedar_limits){.text_bytes = 2 << 20});
	assert_int_equal(parsed.error, ERR_SYNTAX);
	parsed_assert_diag(&parsed, 1, (uint32_t)text.length - 8,
			   "this key stands in the record a second time");
	parsed_deinit(&parsed);
	buf_deinit(&text);
}

static void every_allocation_may_fail(void **state)
{
	static const char text[] =
		"@a(\"\\n\") @b permit(principal is A in ?principal, action in [Action::\"a\"],"
		" resource == B :: \"c\") when { [1, {a: -2 + 3 - 4, \"\\0\": ip(\"5\")}].contains("
		"if context has a.b then !(principal like \"a*\\n\") else principal is C in "
		"D::\"e\""
		")} unless { (true && false) && !context.a || 1 < 2 * (3 * 4) };"
		"permit(principal, action, resource;";
	bool fired = true;

	(void)state;
	for (uint64_t n = 0; fired; n++) {
		struct cedar_diags diags;
		struct ast_policies policies = {0};
		struct source source;
		struct arena arena;
		enum error error;

		/* Small chunks, so that many allocations reach the heap. */
		arena_init(&arena, 256, SIZE_MAX);
		cedar_diags_init(&diags);
		fault_arm(n, FAULT_ONCE);
		error = source_init(&source, &arena, STR("p.cedar"), str_from(text));
		if (error == ERR_NONE)
			error = parse_policies(&arena, &source, NULL, &diags, &policies);
		fired = fault_disarm();
		assert_true(error == ERR_NO_MEMORY || error == ERR_SYNTAX);
		if (!fired)
			assert_int_equal(error, ERR_SYNTAX);
		assert_null(policies.first);
		cedar_diags_deinit(&diags);
		arena_deinit(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_text_is_an_empty_set),
		cmocka_unit_test(policies_are_numbered_in_order_templates_included),
		cmocka_unit_test(annotations_are_kept_with_their_places),
		cmocka_unit_test(every_form_of_the_scope_is_understood),
		cmocka_unit_test(uids_of_the_scope_have_their_text_and_place),
		cmocka_unit_test(conditions_keep_their_order_and_kind),
		cmocka_unit_test(one_run_finds_the_mistakes_of_all_policies),
		cmocka_unit_test(text_that_is_not_utf8_is_refused_at_its_place),
		cmocka_unit_test(lexical_mistakes_have_one_message),
		cmocka_unit_test(the_text_may_be_as_long_as_the_limit_and_no_longer),
		cmocka_unit_test(there_may_be_as_many_policies_as_the_limit_and_no_more),
		cmocka_unit_test(expressions_may_be_as_deep_as_the_limit_and_no_deeper),
		cmocka_unit_test(the_configured_depth_has_an_upper_bound),
		cmocka_unit_test(a_hundred_thousand_parentheses_give_a_placed_error),
		cmocka_unit_test(a_syntax_error_outweighs_a_limit),
		cmocka_unit_test(chains_do_not_count_as_depth),
		cmocka_unit_test(many_keys_and_annotations_are_checked_without_delay),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
