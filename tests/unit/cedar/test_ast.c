#include "cedar/ast.h"

#include "base/attributes.h"
#include "parsed.h"
#include "support/cmocka.h"

static void functions_have_the_shape_the_language_gives_them(void **state)
{
	static const struct {
		enum ast_function function;
		const char *name;
		bool is_method, is_extension;
		uint8_t argument_count;
	} functions[] = {
		{AST_CONTAINS, "contains", true, false, 2},
		{AST_CONTAINS_ALL, "containsAll", true, false, 2},
		{AST_CONTAINS_ANY, "containsAny", true, false, 2},
		{AST_IS_EMPTY, "isEmpty", true, false, 1},
		{AST_HAS_TAG, "hasTag", true, false, 2},
		{AST_GET_TAG, "getTag", true, false, 2},
		{AST_DATETIME, "datetime", false, true, 1},
		{AST_DECIMAL, "decimal", false, true, 1},
		{AST_DURATION, "duration", false, true, 1},
		{AST_IP, "ip", false, true, 1},
		{AST_LESS_THAN, "lessThan", true, true, 2},
		{AST_LESS_THAN_OR_EQUAL, "lessThanOrEqual", true, true, 2},
		{AST_GREATER_THAN, "greaterThan", true, true, 2},
		{AST_GREATER_THAN_OR_EQUAL, "greaterThanOrEqual", true, true, 2},
		{AST_IS_IPV4, "isIpv4", true, true, 1},
		{AST_IS_IPV6, "isIpv6", true, true, 1},
		{AST_IS_LOOPBACK, "isLoopback", true, true, 1},
		{AST_IS_MULTICAST, "isMulticast", true, true, 1},
		{AST_IS_IN_RANGE, "isInRange", true, true, 2},
		{AST_OFFSET, "offset", true, true, 2},
		{AST_DURATION_SINCE, "durationSince", true, true, 2},
		{AST_TO_DATE, "toDate", true, true, 1},
		{AST_TO_TIME, "toTime", true, true, 1},
		{AST_TO_MILLISECONDS, "toMilliseconds", true, true, 1},
		{AST_TO_SECONDS, "toSeconds", true, true, 1},
		{AST_TO_MINUTES, "toMinutes", true, true, 1},
		{AST_TO_HOURS, "toHours", true, true, 1},
		{AST_TO_DAYS, "toDays", true, true, 1},
	};

	(void)state;
	assert_int_equal(ARRAY_COUNT(functions), AST_FUNCTION_COUNT);
	for (size_t i = 0; i < ARRAY_COUNT(functions); i++) {
		const struct ast_function_info *info = ast_function_info(functions[i].function);
		enum ast_function found;

		assert_str_equal(info->name, functions[i].name);
		assert_int_equal(info->is_method, functions[i].is_method);
		assert_int_equal(info->is_extension, functions[i].is_extension);
		assert_int_equal(info->argument_count, functions[i].argument_count);
		assert_true(ast_function_find(info->name, &found));
		assert_int_equal(found, functions[i].function);
	}
}

static void other_names_are_no_functions(void **state)
{
	enum ast_function found;

	(void)state;
	assert_false(ast_function_find(STR(""), &found));
	assert_false(ast_function_find(STR("i"), &found));
	assert_false(ast_function_find(STR("ipp"), &found));
	assert_false(ast_function_find(STR("IP"), &found));
	assert_false(ast_function_find(STR("unknown"), &found));
}

static void identifiers_are_ascii_words(void **state)
{
	(void)state;
	assert_true(ast_is_identifier(STR("a")));
	assert_true(ast_is_identifier(STR("_")));
	assert_true(ast_is_identifier(STR("azAZ_09")));
	assert_true(ast_is_identifier(STR("__cedar")));
	assert_false(ast_is_identifier(STR("")));
	assert_false(ast_is_identifier(STR("0a")));
	assert_false(ast_is_identifier(STR("a b")));
	assert_false(ast_is_identifier(STR("a-b")));
	assert_false(ast_is_identifier(STR("a/0:")));
	assert_false(ast_is_identifier(STR("@A[`a{")));
	assert_false(ast_is_identifier(STR("\xc3\xa4")));
	assert_false(ast_is_identifier(STR("a\0")));
}

static void ten_words_are_reserved(void **state)
{
	static const char *const reserved[] = {"true", "false", "if",   "then", "else",
					       "in",   "is",    "like", "has",  "__cedar"};
	static const char *const free[] = {"",       "True",   "permit",  "forbid", "when",
					   "unless", "action", "context", "_cedar", "__cedar_"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
		assert_true(ast_is_reserved(str_from(reserved[i])));
	for (size_t i = 0; i < ARRAY_COUNT(free); i++)
		assert_false(ast_is_reserved(str_from(free[i])));
}

static void paths_are_plain_names_and_double_colons(void **state)
{
	static const char *const paths[] = {"A", "A::B", "a::b::c_1", "principal::action"};
	static const char *const others[] = {
		"",      "::", "A::",  "::A", "A:B",   "A:::B", "A::::B",     "A ::B",
		"A::if", "if", "A::1", "A.B", "A::B:", ":",     "__cedar::A", "A::__cedar"};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
		assert_true(ast_is_path(str_from(paths[i])));
	for (size_t i = 0; i < ARRAY_COUNT(others); i++)
		assert_false(ast_is_path(str_from(others[i])));
	assert_false(ast_is_path(str_make("A\0B", 3)));
}

/* The children must be written in this order, and be these integers from 1 on. */
static void assert_children(const char *text, enum ast_kind kind, uint32_t count)
{
	const struct ast_expr *expr;
	struct parsed parsed;

	parsed_init_expr(&parsed, str_from(text), NULL);
	expr = parsed_expr(&parsed);
	assert_int_equal(ast_kind(expr), kind);
	assert_int_equal(ast_child_count(expr), count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(ast_child(expr, i)->integer, i + 1);
	assert_int_equal(expr->height, count > 0 ? 2 : 1);
	parsed_deinit(&parsed);
}

static void children_are_found_whatever_the_kind(void **state)
{
	(void)state;
	assert_children("true", AST_BOOL, 0);
	assert_children("7", AST_LONG, 0);
	assert_children("\"\"", AST_STRING, 0);
	assert_children("A::\"\"", AST_UID, 0);
	assert_children("context", AST_VAR, 0);
	assert_children("[]", AST_SET, 0);
	assert_children("[1, 2, 3]", AST_SET, 3);
	assert_children("{}", AST_RECORD, 0);
	assert_children("{b: 1, a: 2}", AST_RECORD, 2);
	assert_children("!1", AST_NOT, 1);
	assert_children("-(1)", AST_NEG, 1);
	assert_children("1 && 2 && 3", AST_AND, 3);
	assert_children("1 || 2 || 3", AST_OR, 3);
	assert_children("1 * 2 * 3", AST_MUL, 3);
	assert_children("1 - 2 + 3", AST_SUM, 3);
	assert_children("1 == 2", AST_EQ, 2);
	assert_children("1 != 2", AST_NE, 2);
	assert_children("1 < 2", AST_LT, 2);
	assert_children("1 <= 2", AST_LE, 2);
	assert_children("1 > 2", AST_GT, 2);
	assert_children("1 >= 2", AST_GE, 2);
	assert_children("1 in 2", AST_IN, 2);
	assert_children("1.a", AST_ATTR, 1);
	assert_children("1 has a.b", AST_HAS, 1);
	assert_children("1 like \"*\"", AST_LIKE, 1);
	assert_children("1 is A", AST_IS, 1);
	assert_children("1 is A in 2", AST_IS, 2);
	assert_children("if 1 then 2 else 3", AST_IF, 3);
	assert_children("ip()", AST_CALL, 0);
	assert_children("1.isInRange(2, 3)", AST_CALL, 3);
}

static void height_is_that_of_the_highest_child(void **state)
{
	static const struct {
		const char *text;
		uint16_t height;
	} cases[] = {
		{"1", 1},
		{"[1]", 2},
		{"[[[1]], 1]", 4},
		{"[1, [[1]]]", 4},
		{"{a: [1], b: 1}", 3},
		{"1 == [1]", 3},
		{"[1] == 1", 3},
		{"1 is A in [1]", 3},
		{"[[1]] is A in [1]", 4},
		{"!!!1", 4},
		{"true && [1] && true", 3},
		{"(true && [1]) && [[1]]", 4},
		{"1.a.b.c", 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct parsed parsed;

		parsed_init_expr(&parsed, str_from(cases[i].text), NULL);
		assert_int_equal(parsed_expr(&parsed)->height, cases[i].height);
		parsed_deinit(&parsed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_have_the_shape_the_language_gives_them),
		cmocka_unit_test(other_names_are_no_functions),
		cmocka_unit_test(identifiers_are_ascii_words),
		cmocka_unit_test(ten_words_are_reserved),
		cmocka_unit_test(paths_are_plain_names_and_double_colons),
		cmocka_unit_test(children_are_found_whatever_the_kind),
		cmocka_unit_test(height_is_that_of_the_highest_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
