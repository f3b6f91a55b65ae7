/* ctl/complete.h: what is offered for a word. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attributes.h"
#include "ctl/complete.h"
#include "support/cmocka.h"

static const struct arg_option pour_options[] = {
	{"-s, --sugar", ARG_COUNT, 0, "N", "spoons"},
	{"--recipe", ARG_TEXT, 0, "FILE", "where it stands"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
static const struct arg_option no_options[] = {{NULL, ARG_FLAG, 0, NULL, NULL}};
static const struct arg_option common_options[] = {
	{"--quiet", ARG_FLAG, 0, NULL, "say nothing"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static const struct ctl_command pour = {
	.words = "tea pour", .operands = "", .summary = "pour it", .options = pour_options};
static const struct ctl_command drink = {
	.words = "tea drink", .operands = "DIR", .summary = "drink it", .options = no_options};
static const struct ctl_command teapot = {
	.words = "teapot", .operands = "", .summary = "look at it", .options = no_options};
static const struct ctl_command *const commands[] = {&pour, &drink, &teapot};

/* Completes the last of the words, which stand with '|' between them; the text is to be freed. */
static char *complete(const char *line)
{
	char *text = strdup(line), *words[8], *rest = text, *output = NULL;
	size_t length = 0;
	FILE *stream;
	int count = 0, saved;

	assert_non_null(text);
	while (rest != NULL && count < (int)ARRAY_COUNT(words)) {
		char *end = strchr(rest, '|');

		words[count++] = rest;
		if (end != NULL)
			*end++ = '\0';
		rest = end;
	}
	/* What is printed to standard output goes to a file for a moment. */
	stream = tmpfile();
	assert_non_null(stream);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(stream), STDOUT_FILENO) >= 0);
	complete_print(commands, ARRAY_COUNT(commands), common_options, count, words);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	length = (size_t)lseek(fileno(stream), 0, SEEK_END);
	output = calloc(1, length + 1);
	assert_non_null(output);
	assert_int_equal(pread(fileno(stream), output, length, 0), length);
	fclose(stream);
	free(text);
	return output;
}

static void expect(const char *line, const char *expected)
{
	char *output = complete(line);

	assert_string_equal(output, expected);
	free(output);
}

static void a_first_word_is_offered_once_however_many_commands_share_it(void **state)
{
	(void)state;
	expect("", "tea\t...\nteapot\tlook at it\n");
	expect("tea", "tea\t...\nteapot\tlook at it\n");
	expect("teap", "teapot\tlook at it\n");
}

static void the_second_word_follows_the_first(void **state)
{
	(void)state;
	expect("tea|", "pour\tpour it\ndrink\tdrink it\n");
	expect("tea|d", "drink\tdrink it\n");
	expect("coffee|", "");
}

static void options_are_offered_behind_a_dash_and_only_there(void **state)
{
	(void)state;
	expect("tea|pour|--", "--sugar\tspoons\n--recipe\twhere it stands\n--quiet\tsay nothing\n");
	expect("tea|pour|--q", "--quiet\tsay nothing\n");
	expect("tea|pour|", "");
}

static void a_value_is_a_file_name_or_whatever_one_likes(void **state)
{
	(void)state;
	expect("tea|pour|--recipe|", ":files\n");
	expect("tea|pour|--recipe|=|a", ":files\n");
	expect("tea|pour|-s|", "");
	expect("tea|pour|--quiet|", "");
}

static void an_operand_that_is_a_directory_is_a_file_name(void **state)
{
	(void)state;
	expect("tea|drink|", ":files\n");
	expect("teapot|", "");
}

static void no_word_at_all_is_no_question(void **state)
{
	(void)state;
	complete_print(commands, ARRAY_COUNT(commands), common_options, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_word_is_offered_once_however_many_commands_share_it),
		cmocka_unit_test(the_second_word_follows_the_first),
		cmocka_unit_test(options_are_offered_behind_a_dash_and_only_there),
		cmocka_unit_test(a_value_is_a_file_name_or_whatever_one_likes),
		cmocka_unit_test(an_operand_that_is_a_directory_is_a_file_name),
		cmocka_unit_test(no_word_at_all_is_no_question),
	};

	return cmocka_run_group_tests_name("complete", tests, NULL, NULL);
}
