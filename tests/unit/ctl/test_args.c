#include "ctl/args.h"

#include "base/attributes.h"
#include "support/cmocka.h"

struct sample {
	bool flag;
	const char *text;
	struct arg_list list;
	uint64_t count;
};

static const struct arg_option sample_options[] = {
	{"--flag", ARG_FLAG, offsetof(struct sample, flag), NULL, ""},
	{"-t, --text", ARG_TEXT, offsetof(struct sample, text), "TEXT", ""},
	{"--list", ARG_LIST, offsetof(struct sample, list), "ITEM", ""},
	{"--count", ARG_COUNT, offsetof(struct sample, count), "N", ""},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static bool parse(int argc, char **argv, struct sample *sample, int *operands)
{
	const struct arg_option *tables[] = {sample_options};
	void *structs[] = {sample};

	memset(sample, 0, sizeof(*sample));
	return args_parse(argc, argv, tables, structs, 1, operands);
}

static void options_are_taken_in_any_order_with_operands_between(void **state)
{
	char *argv[] = {"first",    "--list",  "a",  "--flag", "--text=x=y", "second",
			"--list=b", "--count", "42", "--",     "--flag"};
	struct sample sample;
	int operands;

	(void)state;
	assert_true(parse(ARRAY_COUNT(argv), argv, &sample, &operands));
	assert_int_equal(operands, 3);
	assert_string_equal(argv[0], "first");
	assert_string_equal(argv[1], "second");
	assert_string_equal(argv[2], "--flag");
	assert_true(sample.flag);
	assert_string_equal(sample.text, "x=y");
	assert_int_equal(sample.list.count, 2);
	assert_string_equal(sample.list.items[1], "b");
	assert_int_equal(sample.count, 42);
}

static void a_letter_stands_for_a_name(void **state)
{
	char *apart[] = {"-t", "x"}, *attached[] = {"-t=y"}, *unknown[] = {"-t, --text", "x"};
	struct sample sample;
	int operands;

	(void)state;
	assert_true(parse(2, apart, &sample, &operands));
	assert_string_equal(sample.text, "x");
	assert_true(parse(1, attached, &sample, &operands));
	assert_string_equal(sample.text, "y");
	assert_false(parse(2, unknown, &sample, &operands));
}

static void a_single_dash_is_an_operand(void **state)
{
	char *argv[] = {"-"};
	struct sample sample;
	int operands;

	(void)state;
	assert_true(parse(1, argv, &sample, &operands));
	assert_int_equal(operands, 1);
}

static void mistakes_are_refused(void **state)
{
	static char *const mistakes[][2] = {
		{"--unknown", "x"}, {"--flag=yes", NULL}, {"--text", NULL},
		{"--count", "-1"},  {"--count", "0x10"},  {"--count", "18446744073709551616"},
		{"-f", NULL},
	};
	struct sample sample;
	int operands;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(mistakes); i++) {
		char *argv[] = {mistakes[i][0], mistakes[i][1]};

		assert_false(parse(mistakes[i][1] != NULL ? 2 : 1, argv, &sample, &operands));
	}
}

static void a_list_holds_its_maximum_and_not_one_more(void **state)
{
	char *argv[2 * ARG_LIST_MAX + 2];
	struct sample sample;
	int operands;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(argv); i += 2) {
		argv[i] = "--list";
		argv[i + 1] = "x";
	}
	assert_true(parse(2 * ARG_LIST_MAX, argv, &sample, &operands));
	assert_int_equal(sample.list.count, ARG_LIST_MAX);
	assert_false(parse(2 * ARG_LIST_MAX + 2, argv, &sample, &operands));
}

static void options_before_the_command_are_counted_with_their_values(void **state)
{
	static const struct {
		char *arguments[4];
		int count, leading;
	} cases[] = {
		{{"status"}, 1, 0},
		{{"--flag", "status"}, 2, 1},
		{{"--text", "x", "-t=y", "status"}, 4, 3},
		{{"--unknown", "status"}, 2, 0},
		/* A value that is not there is no argument. */
		{{"--text"}, 1, 1},
		{{NULL}, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char *arguments[4];

		memcpy(arguments, cases[i].arguments, sizeof(arguments));
		assert_int_equal(args_leading(cases[i].count, arguments, sample_options),
				 cases[i].leading);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_taken_in_any_order_with_operands_between),
		cmocka_unit_test(a_letter_stands_for_a_name),
		cmocka_unit_test(a_single_dash_is_an_operand),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(options_before_the_command_are_counted_with_their_values),
		cmocka_unit_test(a_list_holds_its_maximum_and_not_one_more),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
