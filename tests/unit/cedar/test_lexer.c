#include "cedar/token.h"

#include <stdio.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "support/cmocka.h"

struct fixture {
	struct arena arena;
	struct source source;
	struct cedar_diags diags;
	struct lexer lexer;
};

static void start(struct fixture *f, struct str text)
{
	arena_init(&f->arena, 256, SIZE_MAX);
	cedar_diags_init(&f->diags);
	assert_int_equal(source_init(&f->source, &f->arena, STR("p.cedar"), text), ERR_NONE);
	lexer_init(&f->lexer, &f->source, &f->diags);
}

static void stop(struct fixture *f)
{
	cedar_diags_deinit(&f->diags);
	arena_deinit(&f->arena);
}

/* The tokens of a text, each as its kind and its text, separated by blanks. */
static void assert_tokens(struct str text, const char *expected)
{
	struct fixture f;
	struct buf out;

	start(&f, text);
	buf_init(&out, SIZE_MAX);
	for (;;) {
		struct token token = lexer_next(&f.lexer);
		struct str slice = source_slice(&f.source, token.span);

		if (token.kind == TOKEN_END)
			break;
		if (out.length != 0)
			buf_append_byte(&out, ' ');
		switch (token.kind) {
		case TOKEN_IDENT:
			buf_printf(&out, token.word != WORD_OTHER ? "word:" : "ident:");
			break;
		case TOKEN_NUMBER: buf_printf(&out, "number:"); break;
		case TOKEN_STRING: buf_printf(&out, "string:"); break;
		case TOKEN_SLOT: buf_printf(&out, "slot:"); break;
		case TOKEN_INVALID: buf_printf(&out, "invalid:"); break;
		default: break;
		}
		buf_append_str(&out, slice);
	}
	assert_string_equal(buf_text(&out), expected);
	buf_deinit(&out);
	stop(&f);
}

static void every_kind_of_token_is_found(void **state)
{
	(void)state;
	assert_tokens(STR("@ . , ; : :: ( ) { } [ ] == != < <= > >= || && + - * / % ! = ?"),
		      "@ . , ; : :: ( ) { } [ ] == != < <= > >= || && + - * / % ! = ?");
	assert_tokens(STR("_a A9_ 007 \"s\" ?principal ?x"),
		      "ident:_a ident:A9_ number:007 string:\"s\" slot:?principal slot:?x");
}

static void the_longest_token_wins_without_blanks(void **state)
{
	(void)state;
	assert_tokens(STR("a::b:::c"), "ident:a :: ident:b :: : ident:c");
	assert_tokens(STR("<==!==>=="), "<= = != = >= =");
	assert_tokens(STR("&&&&||||"), "&& && || ||");
	assert_tokens(STR("1a"), "number:1 ident:a");
	assert_tokens(STR("a.b[\"c\"](d)"), "ident:a . ident:b [ string:\"c\" ] ( ident:d )");
}

static void words_are_told_from_identifiers_that_only_begin_so(void **state)
{
	(void)state;
	assert_tokens(STR("true false if then else in is like has __cedar"),
		      "word:true word:false word:if word:then word:else word:in word:is word:like "
		      "word:has word:__cedar");
	assert_tokens(STR("permit forbid when unless principal action resource context"),
		      "word:permit word:forbid word:when word:unless word:principal word:action "
		      "word:resource word:context");
	assert_tokens(STR("tru\xd0\xb5"), "ident:tru invalid:\xd0\xb5");
	assert_tokens(STR("If iff i inn isa principals contex"),
		      "ident:If ident:iff ident:i ident:inn ident:isa ident:principals "
		      "ident:contex");
}

static void white_space_is_that_of_unicode(void **state)
{
	static const char *const blanks[] = {
		" ",
		"\t",
		"\n",
		"\v",
		"\f",
		"\r",
		"\xc2\x85",
		"\xc2\xa0",
		"\xe1\x9a\x80",
		"\xe2\x80\x80",
		"\xe2\x80\x8a",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xe2\x80\xaf",
		"\xe2\x81\x9f",
		"\xe3\x80\x80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(blanks); i++) {
		char text[16];

		snprintf(text, sizeof(text), "a%sb", blanks[i]);
		assert_tokens(str_from(text), "ident:a ident:b");
	}
	assert_tokens(STR("a\xe2\x80\x8b"
			  "b"),
		      "ident:a invalid:\xe2\x80\x8b ident:b");
}

static void comments_end_at_line_feed_and_carriage_return(void **state)
{
	(void)state;
	assert_tokens(STR("a // b \" ;\nc"), "ident:a ident:c");
	assert_tokens(STR("a // b\rc"), "ident:a ident:c");
	assert_tokens(STR("a // b\xe2\x80\xa8"
			  "c"),
		      "ident:a");
	assert_tokens(STR("//"), "");
	assert_tokens(STR("a / / b"), "ident:a / / ident:b");
}

static void strings_end_at_the_first_bare_quote(void **state)
{
	(void)state;
	assert_tokens(STR("\"\" \"a\\\"b\" \"\\\\\" \"\\\\\\\"\""),
		      "string:\"\" string:\"a\\\"b\" string:\"\\\\\" string:\"\\\\\\\"\"");
	assert_tokens(STR("\"a\nb\""), "string:\"a\nb\"");
	assert_tokens(STR("\"a // b\""), "string:\"a // b\"");
}

/* One invalid token with one message, and the lexer goes on behind it. */
static void assert_invalid(struct str text, uint32_t column, const char *message)
{
	struct fixture f;

	start(&f, text);
	while (lexer_next(&f.lexer).kind != TOKEN_END)
		;
	assert_int_equal(f.diags.error_count, 1);
	assert_string_equal(f.diags.first->message.ptr, message);
	assert_int_equal(f.diags.first->column, column);
	stop(&f);
}

static void what_is_no_token_is_explained(void **state)
{
	(void)state;
	assert_invalid(STR("a & b"), 3, "`&` is not an operator; use `&&`");
	assert_invalid(STR("a | b"), 3, "`|` is not an operator; use `||`");
	assert_invalid(STR("\xef\xbb\xbfpermit"), 1,
		       "a byte order mark is not allowed; save the text without it");
	assert_invalid(STR("a \x01"), 3, "control character U+0001 outside of a string");
	assert_invalid(str_make("a \0", 3), 3, "control character U+0000 outside of a string");
	assert_invalid(STR("\xe2\x80\xae"), 1,
		       "character `\\u{202e}` (U+202E) may stand in strings and comments only");
	assert_invalid(STR("a /* b ' c */ d"), 3,
		       "there are no block comments; begin each line with `//`");
	assert_invalid(STR("a /* b"), 3, "there are no block comments; begin each line with `//`");
	assert_invalid(STR("a /*"), 3, "there are no block comments; begin each line with `//`");
}

static void faulty_strings_are_reported_once_and_skipped(void **state)
{
	(void)state;
	assert_invalid(STR("a \"b\r\r\n\" c"), 5,
		       "a carriage return cannot stand in a string; write \\r");
	assert_invalid(STR("a \"b\\\n\\\n\" c"), 5,
		       "a string cannot be continued with a backslash at the end of the line");
	assert_invalid(STR("a \"b"), 3, "the string that starts here has no closing `\"`");
	assert_invalid(STR("\"b\\\""), 1, "the string that starts here has no closing `\"`");
	assert_invalid(STR("\"b\\"), 1, "the string that starts here has no closing `\"`");
	assert_invalid(STR("\""), 1, "the string that starts here has no closing `\"`");
	assert_tokens(STR("a \"b\r\" c"), "ident:a invalid:\"b\r\" ident:c");
}

static void a_quiet_lexer_reports_nothing(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, STR("& | \""));
	f.lexer.quiet = true;
	while (lexer_next(&f.lexer).kind != TOKEN_END)
		;
	assert_int_equal(f.diags.error_count, 0);
	stop(&f);
}

static void the_end_stays_the_end(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, STR("a "));
	assert_int_equal(lexer_next(&f.lexer).kind, TOKEN_IDENT);
	assert_int_equal(lexer_next(&f.lexer).kind, TOKEN_END);
	assert_int_equal(lexer_next(&f.lexer).kind, TOKEN_END);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_token_is_found),
		cmocka_unit_test(the_longest_token_wins_without_blanks),
		cmocka_unit_test(words_are_told_from_identifiers_that_only_begin_so),
		cmocka_unit_test(white_space_is_that_of_unicode),
		cmocka_unit_test(comments_end_at_line_feed_and_carriage_return),
		cmocka_unit_test(strings_end_at_the_first_bare_quote),
		cmocka_unit_test(what_is_no_token_is_explained),
		cmocka_unit_test(faulty_strings_are_reported_once_and_skipped),
		cmocka_unit_test(a_quiet_lexer_reports_nothing),
		cmocka_unit_test(the_end_stays_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
