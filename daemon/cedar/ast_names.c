/* The words of the language: identifiers, reserved words, functions. */
#include "cedar/ast.h"

#include "base/attributes.h"

#define FUNCTION(name, is_method, is_extension, argument_count)                                    \
	{                                                                                          \
		{name, sizeof(name) - 1}, is_method, is_extension, argument_count                  \
	}

static const struct ast_function_info functions[AST_FUNCTION_COUNT] = {
	[AST_CONTAINS] = FUNCTION("contains", true, false, 2),
	[AST_CONTAINS_ALL] = FUNCTION("containsAll", true, false, 2),
	[AST_CONTAINS_ANY] = FUNCTION("containsAny", true, false, 2),
	[AST_IS_EMPTY] = FUNCTION("isEmpty", true, false, 1),
	[AST_HAS_TAG] = FUNCTION("hasTag", true, false, 2),
	[AST_GET_TAG] = FUNCTION("getTag", true, false, 2),
	[AST_DATETIME] = FUNCTION("datetime", false, true, 1),
	[AST_DECIMAL] = FUNCTION("decimal", false, true, 1),
	[AST_DURATION] = FUNCTION("duration", false, true, 1),
	[AST_IP] = FUNCTION("ip", false, true, 1),
	[AST_LESS_THAN] = FUNCTION("lessThan", true, true, 2),
	[AST_LESS_THAN_OR_EQUAL] = FUNCTION("lessThanOrEqual", true, true, 2),
	[AST_GREATER_THAN] = FUNCTION("greaterThan", true, true, 2),
	[AST_GREATER_THAN_OR_EQUAL] = FUNCTION("greaterThanOrEqual", true, true, 2),
	[AST_IS_IPV4] = FUNCTION("isIpv4", true, true, 1),
	[AST_IS_IPV6] = FUNCTION("isIpv6", true, true, 1),
	[AST_IS_LOOPBACK] = FUNCTION("isLoopback", true, true, 1),
	[AST_IS_MULTICAST] = FUNCTION("isMulticast", true, true, 1),
	[AST_IS_IN_RANGE] = FUNCTION("isInRange", true, true, 2),
	[AST_OFFSET] = FUNCTION("offset", true, true, 2),
	[AST_DURATION_SINCE] = FUNCTION("durationSince", true, true, 2),
	[AST_TO_DATE] = FUNCTION("toDate", true, true, 1),
	[AST_TO_TIME] = FUNCTION("toTime", true, true, 1),
	[AST_TO_MILLISECONDS] = FUNCTION("toMilliseconds", true, true, 1),
	[AST_TO_SECONDS] = FUNCTION("toSeconds", true, true, 1),
	[AST_TO_MINUTES] = FUNCTION("toMinutes", true, true, 1),
	[AST_TO_HOURS] = FUNCTION("toHours", true, true, 1),
	[AST_TO_DAYS] = FUNCTION("toDays", true, true, 1),
};

const struct ast_function_info *ast_function_info(enum ast_function function)
{
	return &functions[function];
}

bool ast_function_find(struct str name, enum ast_function *function)
{
	for (int i = 0; i < AST_FUNCTION_COUNT; i++) {
		if (str_equal(functions[i].name, name)) {
			*function = (enum ast_function)i;
			return true;
		}
	}
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool ast_is_identifier(struct str s)
{
	if (s.length == 0 || !is_letter(s.ptr[0]))
		return false;
	for (size_t i = 1; i < s.length; i++) {
		if (!is_letter(s.ptr[i]) && !(s.ptr[i] >= '0' && s.ptr[i] <= '9'))
			return false;
	}
	return true;
}

bool ast_is_reserved(struct str s)
{
	static const char *const words[] = {"true", "false", "if",   "then", "else",
					    "in",   "is",    "like", "has",  "__cedar"};

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		if (str_equal(s, str_from(words[i])))
			return true;
	}
	return false;
}

bool ast_is_path(struct str s)
{
	size_t start = 0;

	for (size_t i = 0; i <= s.length; i++) {
		struct str word = str_make(s.ptr + start, i - start);

		if (i < s.length && s.ptr[i] != ':')
			continue;
		if (!ast_is_identifier(word) || ast_is_reserved(word))
			return false;
		if (i < s.length && (i + 1 == s.length || s.ptr[i + 1] != ':'))
			return false;
		start = i + 2;
		i++;
	}
	return true;
}
