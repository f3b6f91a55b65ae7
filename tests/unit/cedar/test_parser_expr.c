#include "parsed.h"

#include "base/attributes.h"
#include "support/cmocka.h"

static const char *const kind_names[] = {
	[AST_BOOL] = "",     [AST_LONG] = "",     [AST_STRING] = "",   [AST_UID] = "",
	[AST_VAR] = "",      [AST_SET] = "set",   [AST_RECORD] = "",   [AST_NOT] = "not",
	[AST_NEG] = "neg",   [AST_AND] = "and",   [AST_OR] = "or",     [AST_MUL] = "mul",
	[AST_SUM] = "sum",   [AST_EQ] = "eq",     [AST_NE] = "ne",     [AST_LT] = "lt",
	[AST_LE] = "le",     [AST_GT] = "gt",     [AST_GE] = "ge",     [AST_IN] = "in",
	[AST_ATTR] = "attr", [AST_HAS] = "has",   [AST_LIKE] = "like", [AST_IS] = "is",
	[AST_IF] = "if",     [AST_CALL] = "call",
};

static const char *const var_names[] = {"principal", "action", "resource", "context"};

static void dump(struct buf *out, const struct ast_expr *expr);

/* "(kind child child .." without the closing parenthesis. */
static void dump_list(struct buf *out, const struct ast_expr *expr)
{
	buf_printf(out, "(%s", kind_names[expr->kind]);
	if (ast_kind(expr) == AST_CALL)
		buf_printf(out, " %s", ast_function_info(expr->function)->name.ptr);
	for (uint32_t i = 0; i < ast_child_count(expr); i++) {
		buf_append_byte(out, ' ');
		if (ast_kind(expr) == AST_SUM && i > 0)
			buf_append_byte(out, expr->signs[i]);
		if (ast_kind(expr) == AST_RECORD)
			buf_printf(out, "%.*s:", STR_ARGS(expr->fields[i].key));
		dump(out, ast_child(expr, i));
	}
}

/* The tree as nested lists, each node with its kind. */
static void dump(struct buf *out, const struct ast_expr *expr)
{
	switch (ast_kind(expr)) {
	case AST_BOOL: buf_printf(out, expr->boolean ? "true" : "false"); return;
	case AST_LONG: buf_printf(out, "%lld", (long long)expr->integer); return;
	case AST_STRING: buf_printf(out, "'%.*s'", STR_ARGS(expr->text)); return;
	case AST_UID:
		buf_printf(out, "%.*s::'%.*s'", STR_ARGS(expr->uid->type), STR_ARGS(expr->uid->id));
		return;
	case AST_VAR: buf_printf(out, "%s", var_names[expr->var]); return;
	case AST_IS:
		dump_list(out, expr);
		buf_printf(out, " %.*s)", STR_ARGS(expr->is->type));
		return;
	case AST_ATTR:
	case AST_HAS:
	case AST_LIKE:
		dump_list(out, expr);
		for (uint32_t i = 0; i < expr->count; i++)
			buf_printf(out, " '%.*s'", STR_ARGS(expr->names[i]));
		buf_append_byte(out, ')');
		return;
	default: dump_list(out, expr); buf_append_byte(out, ')');
	}
}

static void assert_tree(const char *text, const char *expected)
{
	struct parsed parsed;
	struct buf out;

	parsed_init_expr(&parsed, str_from(text), NULL);
	buf_init(&out, SIZE_MAX);
	dump(&out, parsed_expr(&parsed));
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
	parsed_deinit(&parsed);
}

static void operators_bind_as_the_grammar_says(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{"true || false && true", "(or true (and false true))"},
		{"true && false || true", "(or (and true false) true)"},
		{"1 + 2 * 3 == 4 && true", "(and (eq (sum 1 +(mul 2 3)) 4) true)"},
		{"1 * 2 + 3", "(sum (mul 1 2) +3)"},
		{"(1 + 2) * 3", "(mul (sum 1 +2) 3)"},
		{"1 - 2 + 3 - 4", "(sum 1 -2 +3 -4)"},
		{"1 - (2 - 3)", "(sum 1 -(sum 2 -3))"},
		{"!true && false", "(and (not true) false)"},
		{"!context.a == 1", "(eq (not (attr context 'a')) 1)"},
		{"-context.a * 2", "(mul (neg (attr context 'a')) 2)"},
		{"!!true", "(not (not true))"},
		{"!!!!true", "(not (not (not (not true))))"},
		{"----context.a", "(neg (neg (neg (neg (attr context 'a')))))"},
		{"if true then 1 else 2 + 3", "(if true 1 (sum 2 +3))"},
		{"if true || false then if false then 1 else 2 else 3 == 4",
		 "(if (or true false) (if false 1 2) (eq 3 4))"},
		{"(if true then 1 else 2) + 3", "(sum (if true 1 2) +3)"},
		{"(1 == 2) == (3 == 4)", "(eq (eq 1 2) (eq 3 4))"},
		{"(1 == 2) == 3", "(eq (eq 1 2) 3)"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_tree(cases[i].text, cases[i].tree);
}

static void a_chain_is_one_node_however_it_is_parenthesised_on_the_left(void **state)
{
	(void)state;
	assert_tree("true && false && true", "(and true false true)");
	assert_tree("(true && false) && true", "(and true false true)");
	assert_tree("((true && false) && true) && false", "(and true false true false)");
	assert_tree("true && (false && true)", "(and true (and false true))");
	assert_tree("(true || false) || true", "(or true false true)");
	assert_tree("true || (false || true)", "(or true (or false true))");
	assert_tree("(1 * 2) * 3", "(mul 1 2 3)");
	assert_tree("1 * (2 * 3)", "(mul 1 (mul 2 3))");
	assert_tree("(1 - 2) - 3", "(sum 1 -2 -3)");
	assert_tree("((1 - 2) + 3) - 4", "(sum 1 -2 +3 -4)");
	assert_tree("1 - (2 + 3)", "(sum 1 -(sum 2 +3))");
}

static void relations_keep_the_form_they_are_written_in(void **state)
{
	(void)state;
	assert_tree("1 == 2", "(eq 1 2)");
	assert_tree("1 != 2", "(ne 1 2)");
	assert_tree("1 < 2", "(lt 1 2)");
	assert_tree("1 <= 2", "(le 1 2)");
	assert_tree("1 > 2", "(gt 1 2)");
	assert_tree("1 >= 2", "(ge 1 2)");
	assert_tree("principal in [a::\"b\", ]", "(in principal (set a::'b'))");
	assert_tree("principal is A::B", "(is principal A::B)");
	assert_tree("principal is A :: B in resource", "(is principal resource A::B)");
	assert_tree("principal is A in context.a + 1 && true",
		    "(and (is principal (sum (attr context 'a') +1) A) true)");
	assert_tree("context has a", "(has context 'a')");
	assert_tree("context has a.b.c", "(has context 'a' 'b' 'c')");
	assert_tree("context.a has \"if\"", "(has (attr context 'a') 'if')");
	assert_tree("context.a like \"a*b\"", "(like (attr context 'a') 'a' 'b')");
}

static void the_minus_of_a_literal_belongs_to_it(void **state)
{
	(void)state;
	assert_tree("-1", "-1");
	assert_tree("- 1", "-1");
	assert_tree("--1", "(neg -1)");
	assert_tree("-(1)", "(neg 1)");
	assert_tree("2 --1", "(sum 2 --1)");
	assert_tree("2 - 1", "(sum 2 -1)");
	assert_tree("2-1", "(sum 2 -1)");
	assert_tree("-1.a", "(neg (attr 1 'a'))");
	assert_tree("-1[\"a\"]", "(neg (attr 1 'a'))");
	assert_tree("(-1).a", "(attr -1 'a')");
	assert_tree("-0", "0");
	assert_tree("007", "7");
	assert_tree("9223372036854775807", "9223372036854775807");
	assert_tree("-9223372036854775807", "-9223372036854775807");
	assert_tree("-9223372036854775808", "-9223372036854775808");
	assert_tree("--9223372036854775808", "(neg -9223372036854775808)");
	assert_tree("-000000000000000000000009223372036854775808", "-9223372036854775808");
}

static void names_can_be_ordinary_words(void **state)
{
	(void)state;
	assert_tree("principal.permit", "(attr principal 'permit')");
	assert_tree("principal.principal.when", "(attr (attr principal 'principal') 'when')");
	assert_tree("{principal: 1, permit: 2}", "( principal:1 permit:2)");
	assert_tree("principal::\"a\"", "principal::'a'");
	assert_tree("principal::action :: unless :: \"a\"", "principal::action::unless::'a'");
	assert_tree("context has context", "(has context 'context')");
	assert_tree("context.contains", "(attr context 'contains')");
	assert_tree("principal is principal", "(is principal principal)");
	assert_tree("context[\"__cedar\"]", "(attr context '__cedar')");
	assert_tree("{\"if\": 1}", "( if:1)");
}

static void blanks_and_comments_may_stand_inside_paths(void **state)
{
	(void)state;
	assert_tree("A // b :: \"c\"\n :: B\t::\"x\"", "A::B::'x'");
	assert_tree("principal is A\n::\nB", "(is principal A::B)");
	assert_tree("context . a [ \"b\" ]", "(attr (attr context 'a') 'b')");
}

static void sets_records_and_calls_take_one_trailing_comma(void **state)
{
	(void)state;
	assert_tree("[]", "(set)");
	assert_tree("[1]", "(set 1)");
	assert_tree("[1,]", "(set 1)");
	assert_tree("[1, [2, true,], ]", "(set 1 (set 2 true))");
	assert_tree("{}", "()");
	assert_tree("{a: 1, \"b c\": {},}", "( a:1 b c:())");
	assert_tree("ip()", "(call ip)");
	assert_tree("ip(\"a\",)", "(call ip 'a')");
	assert_tree("ip(1, 2)", "(call ip 1 2)");
	assert_tree("[1].contains(1,)", "(call contains (set 1) 1)");
}

static void methods_have_their_receiver_first(void **state)
{
	(void)state;
	assert_tree("[1].isEmpty()", "(call isEmpty (set 1))");
	assert_tree("ip(\"a\").isInRange(ip(\"b\"))",
		    "(call isInRange (call ip 'a') (call ip 'b'))");
	assert_tree("context.a.containsAll([1]).b",
		    "(attr (call containsAll (attr context 'a') (set 1)) 'b')");
	assert_tree("\"a\".lessThan()", "(call lessThan 'a')");
	assert_tree("principal.getTag(context.k) == 1",
		    "(eq (call getTag principal (attr context 'k')) 1)");
}

/* The text of the span of a node must be `expected`. */
static void assert_span(const struct parsed *parsed, const struct ast_expr *expr,
			const char *expected)
{
	assert_str_equal(source_slice(&parsed->source, expr->span), expected);
}

static void spans_cover_what_was_written(void **state)
{
	struct parsed parsed;
	const struct ast_expr *expr;

	(void)state;
	parsed_init_expr(&parsed,
			 STR("(1 + 2).a has b.c && [ 3 , ].contains( - 4 ) || !(A::\"x\")"), NULL);
	expr = parsed_expr(&parsed);
	assert_span(&parsed, expr, "(1 + 2).a has b.c && [ 3 , ].contains( - 4 ) || !(A::\"x\")");
	assert_span(&parsed, expr->items[0], "(1 + 2).a has b.c && [ 3 , ].contains( - 4 )");
	assert_span(&parsed, expr->items[0]->items[0], "(1 + 2).a has b.c");
	assert_span(&parsed, expr->items[0]->items[0]->left, "(1 + 2).a");
	assert_span(&parsed, expr->items[0]->items[0]->left->left, "1 + 2");
	assert_span(&parsed, expr->items[0]->items[1], "[ 3 , ].contains( - 4 )");
	assert_span(&parsed, expr->items[0]->items[1]->items[0], "[ 3 , ]");
	assert_span(&parsed, expr->items[0]->items[1]->items[1], "- 4");
	assert_span(&parsed, expr->items[1], "!(A::\"x\")");
	assert_span(&parsed, expr->items[1]->left, "A::\"x\"");
	parsed_deinit(&parsed);

	parsed_init_expr(&parsed,
			 STR("if context is A::B in [] then {a : 1} else \"x\" like \"y\""), NULL);
	expr = parsed_expr(&parsed);
	assert_span(&parsed, expr, "if context is A::B in [] then {a : 1} else \"x\" like \"y\"");
	assert_span(&parsed, expr->items[0], "context is A::B in []");
	assert_str_equal(source_slice(&parsed.source, expr->items[0]->is->type_span), "A::B");
	assert_span(&parsed, expr->items[1], "{a : 1}");
	assert_str_equal(source_slice(&parsed.source, expr->items[1]->fields[0].key_span), "a");
	assert_span(&parsed, expr->items[2], "\"x\" like \"y\"");
	parsed_deinit(&parsed);
}

static void assert_string(const char *literal, struct str value)
{
	struct parsed parsed;
	const struct ast_expr *expr;

	parsed_init_expr(&parsed, str_from(literal), NULL);
	expr = parsed_expr(&parsed);
	assert_int_equal(expr->kind, AST_STRING);
	assert_int_equal(expr->text.length, value.length);
	assert_memory_equal(expr->text.ptr, value.ptr, value.length);
	parsed_deinit(&parsed);
}

static void escapes_are_resolved(void **state)
{
	(void)state;
	assert_string("\"\"", STR(""));
	assert_string("\"a\nb\"", STR("a\nb"));
	assert_string("\"\\n\\r\\t\\\\\\0\\'\\\"\"", STR("\n\r\t\\\0'\""));
	assert_string("\"a\\0b\"", STR("a\0b"));
	assert_string("\"\\x00\\x41\\x7F\\x7f\"", STR("\0A\x7f\x7f"));
	assert_string("\"\\u{0}\\u{e4}\\u{20AC}\\u{1F600}\"",
		      STR("\0\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
	assert_string("\"\\u{1_0_}\\u{00_00_41}\\u{10ffff}\\u{d7ff}\\u{e000}\"",
		      STR("\x10"
			  "A\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80"));
	assert_string("\"*\"", STR("*"));
	assert_string("\"\xc3\xa4\\\\\xc3\xb6\"", STR("\xc3\xa4\\\xc3\xb6"));
}

static void patterns_are_split_at_their_wildcards(void **state)
{
	(void)state;
	assert_tree("\"\" like \"\"", "(like '' '')");
	assert_tree("\"\" like \"abc\"", "(like '' 'abc')");
	assert_tree("\"\" like \"*\"", "(like '' '' '')");
	assert_tree("\"\" like \"**\"", "(like '' '' '' '')");
	assert_tree("\"\" like \"*a*b\"", "(like '' '' 'a' 'b')");
	assert_tree("\"\" like \"a*b*\"", "(like '' 'a' 'b' '')");
	assert_tree("\"\" like \"\\**\\\\*\\*\"", "(like '' '*' '\\' '*')");
	/* The reference takes a star that is written by its number for a wildcard. */
	assert_tree("\"\" like \"\\x2a*\\u{2a}\"", "(like '' '' '' '' '')");
	assert_tree("\"\" like \"a\\x2Ab\\*\\u{00_2A_}\\u{2b}\"", "(like '' 'a' 'b*' '+')");
	assert_tree("\"\" like \"\\\"*\\\"\"", "(like '' '\"' '\"')");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_bind_as_the_grammar_says),
		cmocka_unit_test(a_chain_is_one_node_however_it_is_parenthesised_on_the_left),
		cmocka_unit_test(relations_keep_the_form_they_are_written_in),
		cmocka_unit_test(the_minus_of_a_literal_belongs_to_it),
		cmocka_unit_test(names_can_be_ordinary_words),
		cmocka_unit_test(blanks_and_comments_may_stand_inside_paths),
		cmocka_unit_test(sets_records_and_calls_take_one_trailing_comma),
		cmocka_unit_test(methods_have_their_receiver_first),
		cmocka_unit_test(spans_cover_what_was_written),
		cmocka_unit_test(escapes_are_resolved),
		cmocka_unit_test(patterns_are_split_at_their_wildcards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
