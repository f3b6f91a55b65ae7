/* ctl/help.h: what is said to somebody who does not know the commands. */
#include "ctl/help.h"

#include "base/attributes.h"
#include "support/cmocka.h"

static const struct arg_option pour_options[] = {
	{"-s, --sugar", ARG_COUNT, 0, "N", "spoons"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
static const struct arg_option no_options[] = {{NULL, ARG_FLAG, 0, NULL, NULL}};
static const struct arg_option common_options[] = {
	{"--quiet", ARG_FLAG, 0, NULL, "say nothing, however much there would be to say"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static const struct ctl_command pour = {.words = "tea pour",
					.operands = "CUP",
					.summary = "pour it slowly, and not beside the cup",
					.options = pour_options};
static const struct ctl_command drink = {
	.words = "tea drink", .operands = "", .summary = "drink it", .options = no_options};
static const struct ctl_command teapot = {
	.words = "teapot", .operands = "", .summary = "look at it", .options = no_options};
static const struct ctl_command *const commands[] = {&pour, &drink, &teapot};
static const struct help_heading headings[] = {{&pour, "Tea"}, {&teapot, "Pots"}, {NULL, NULL}};

static struct help help_of(unsigned width)
{
	return (struct help){.commands = commands,
			     .command_count = ARRAY_COUNT(commands),
			     .headings = headings,
			     .common = common_options,
			     .width = width};
}

static void the_overview_has_all_commands_below_their_headings(void **state)
{
	struct help help = help_of(40);
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	help_overview(&help, &out);
	assert_non_null(strstr(buf_text(&out), "\n\nTea\n"
					       "  tea pour            pour it slowly,\n"
					       "                      and not beside the\n"
					       "                      cup\n"
					       "  tea drink           drink it\n"
					       "\nPots\n"
					       "  teapot              look at it\n"
					       "\nfor every command:\n"));
	buf_deinit(&out);
}

static void a_command_is_shown_with_its_options(void **state)
{
	struct help help = help_of(0);
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	help_of_command(&help, &pour, &out);
	assert_string_equal(
		buf_text(&out),
		"usage: wsauthzctl tea pour CUP [OPTION ...]\n\n"
		"pour it slowly, and not beside the cup\n\n"
		"  -s, --sugar N               spoons\n"
		"  --quiet                     say nothing, however much there would be to say\n");
	buf_deinit(&out);
}

static void a_first_word_is_shown_with_what_may_follow(void **state)
{
	struct help help = help_of(0);
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_true(help_of_word(&help, "tea", &out));
	assert_non_null(strstr(buf_text(&out), "  tea pour "));
	assert_non_null(strstr(buf_text(&out), "  tea drink "));
	assert_null(strstr(buf_text(&out), "teapot"));
	buf_clear(&out);
	assert_false(help_of_word(&help, "teapot", &out));
	assert_false(help_of_word(&help, "coffee", &out));
	assert_int_equal(out.length, 0);
	buf_deinit(&out);
}

static void what_was_meant_is_guessed(void **state)
{
	static const struct {
		char *words[3];
		int count;
		const char *expected;
	} cases[] = {
		{{"tea", "por"}, 2, "there is no command 'tea por'; did you mean 'tea pour'?"},
		{{"taepot"}, 1, "there is no command 'taepot'; did you mean 'teapot'?"},
		{{"drink"}, 1, "there is no command 'drink'; did you mean 'tea drink'?"},
		{{"tea", "teapot"}, 2, "there is no command 'tea teapot'; did you mean 'teapot'?"},
		{{"coffee", "--hot"},
		 2,
		 "there is no command 'coffee'; wsauthzctl --help lists all"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char *words[3] = {cases[i].words[0], cases[i].words[1]};
		struct help help = help_of(0);
		struct buf out;

		buf_init(&out, 4096);
		help_unknown(&help, cases[i].count, words, &out);
		assert_string_equal(buf_text(&out), cases[i].expected);
		buf_deinit(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_overview_has_all_commands_below_their_headings),
		cmocka_unit_test(a_command_is_shown_with_its_options),
		cmocka_unit_test(a_first_word_is_shown_with_what_may_follow),
		cmocka_unit_test(what_was_meant_is_guessed),
	};

	return cmocka_run_group_tests_name("help", tests, NULL, NULL);
}
