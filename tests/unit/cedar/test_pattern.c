#include "support/cmocka.h"

#include "base/attributes.h"
#include "cedar/pattern.h"

enum { MAX_LITERALS = 16 };

/* A pattern in which every '*' is a wildcard. */
static bool matches(const char *pattern_text, struct str text)
{
	struct str literals[MAX_LITERALS], rest = str_from(pattern_text);
	struct pattern pattern = {literals, 0};
	const char *star;

	while ((star = str_find_byte(rest, '*')) != NULL) {
		size_t length = (size_t)(star - rest.ptr);

		literals[pattern.literal_count++] = str_make(rest.ptr, length);
		rest = str_make(star + 1, rest.length - length - 1);
	}
	literals[pattern.literal_count++] = rest;
	return pattern_matches(&pattern, text);
}

static void patterns_match_the_whole_text(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool expected;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "ab", false},
		{"a", "ba", false},
		{"*", "", true},
		{"*", "anything", true},
		{"**", "", true},
		{"a*", "a", true},
		{"a*", "abc", true},
		{"a*", "ba", false},
		{"*a", "a", true},
		{"*a", "cba", true},
		{"*a", "ab", false},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"ab*ba", "aba", false},
		{"ab*ba", "abba", true},
		{"*ab*", "xabx", true},
		{"*ab*", "ab", true},
		{"*ab*", "axb", false},
		{"*ab*ab*", "ab", false},
		{"*ab*ab*", "abab", true},
		{"*ab*ab*", "aab", false},
		{"a*b*c", "abc", true},
		{"a*b*c", "axxbxxc", true},
		{"a*b*c", "acb", false},
		{"a*bc*c", "abc", false},
		{"a*bc*c", "abcc", true},
		{"*aab*", "aaab", true},
		{"*aaab*", "aaaaaab", true},
		{"*x*y*z*", "xyz", true},
		{"*x*y*z*", "zyx", false},
		{"a**b", "ab", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (matches(cases[i].pattern, str_from(cases[i].text)) != cases[i].expected)
			fail_msg("wrong about \"%s\" like \"%s\"", cases[i].text, cases[i].pattern);
	}
}

static void wildcards_span_nul_and_characters_of_any_length(void **state)
{
	(void)state;
	assert_true(matches("a*b", STR("a\0\n\xf0\x9f\x98\x80"
				       "b")));
	assert_true(matches("*\xc3\xa9*", STR("caf\xc3\xa9s")));
	assert_false(matches("caf?", STR("caf\xc3\xa9")));
}

/* Compares with an obvious matcher on all short texts over two letters. */
static bool obviously_matches(const char *pattern, const char *text)
{
	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern == '*')
		return obviously_matches(pattern + 1, text) ||
		       (*text != '\0' && obviously_matches(pattern, text + 1));
	return *pattern == *text && obviously_matches(pattern + 1, text + 1);
}

static void spell(uint32_t number, uint32_t length, const char *letters, uint32_t letter_count,
		  char *out)
{
	for (uint32_t i = 0; i < length; i++, number /= letter_count)
		out[i] = letters[number % letter_count];
	out[length] = '\0';
}

static uint32_t power(uint32_t base, uint32_t exponent)
{
	return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

static void all_short_patterns_agree_with_an_obvious_matcher(void **state)
{
	char pattern[8], text[8];

	(void)state;
	for (uint32_t p = 0; p < power(3, 6); p++) {
		spell(p, 6, "ab*", 3, pattern);
		for (uint32_t length = 0; length <= 6; length++) {
			for (uint32_t t = 0; t < power(2, length); t++) {
				spell(t, length, "ab", 2, text);
				if (matches(pattern, str_from(text)) !=
				    obviously_matches(pattern, text))
					fail_msg("wrong about \"%s\" like \"%s\"", text, pattern);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_the_whole_text),
		cmocka_unit_test(wildcards_span_nul_and_characters_of_any_length),
		cmocka_unit_test(all_short_patterns_agree_with_an_obvious_matcher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
