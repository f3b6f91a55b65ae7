/* wsauthzctl: argv -> command -> exit code. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/mem.h"
#include "ctl/complete.h"
#include "ctl/ctl.h"
#include "ctl/help.h"
#include "ctl/output.h"
#include "platform/process.h"
#include "platform/terminal.h"
#include "policy/candidate.h"

/* In the order that --help lists them. */
/* clang-format off */
static const struct ctl_command *const commands[] = {
	&status_command,
	&metrics_command,
	&doctor_command,
	&bench_command,
	&authorize_command,
	&explain_command,
	&policy_check_command,
	&policy_test_command,
	&policy_diff_command,
	&policy_replay_command,
	&policy_shadow_command,
	&policy_reload_command,
	&policy_rollback_command,
	&policy_history_command,
	&policy_show_command,
	&records_list_command,
	&records_show_command,
	&records_revoke_command,
	&block_command,
	&unblock_command,
	&blocks_command,
	&audit_query_command,
	&audit_tail_command,
	&audit_top_command,
	&audit_stats_command,
	&audit_sql_command,
	&audit_export_command,
	&audit_report_command,
	&audit_verify_command,
	&audit_head_command,
	&audit_key_command,
	&audit_segments_command,
	&audit_seal_command,
	&audit_prune_command,
	&cedar_authorize_command,
	&cedar_validate_command,
	&cedar_format_command,
	&cedar_check_parse_command,
};
/* clang-format on */

/* What stands above them there. */
static const struct help_heading headings[] = {
	{&status_command, "How it is"},
	{&authorize_command, "Decisions"},
	{&policy_check_command, "Policies"},
	{&records_list_command, "Users"},
	{&audit_query_command, "The audit, with the daemon running or not"},
	{&cedar_authorize_command, "Cedar files of your own"},
	{NULL, NULL},
};

const struct arg_option ctl_no_options[] = {{NULL, ARG_FLAG, 0, NULL, NULL}};

static const struct arg_option common_options[] = {
	{"--config", ARG_TEXT, offsetof(struct ctl, config_path), "FILE",
	 "the daemon's configuration (default: where wsauthzd looks)"},
	{"--admin", ARG_TEXT, offsetof(struct ctl, admin_path), "PATH",
	 "the admin endpoint (default: as configured)"},
	{"--state", ARG_TEXT, offsetof(struct ctl, state_directory), "DIR",
	 "the state directory (default: as configured)"},
	{"--json", ARG_FLAG, offsetof(struct ctl, json), NULL, "one JSON object a line"},
	{"-h, --help", ARG_FLAG, offsetof(struct ctl, help), NULL, "this text"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

enum { HELP_MAX_BYTES = 64 * 1024 };

static const struct help help = {
	.commands = commands,
	.command_count = ARRAY_COUNT(commands),
	.headings = headings,
	.common = common_options,
};

/* The number of arguments that the words of the command take, 0 when they do not stand there. */
static int match(const struct ctl_command *command, int argc, char **argv)
{
	const char *words = command->words;

	for (int i = 0; i < argc; i++) {
		size_t length = strcspn(words, " ");

		if (strlen(argv[i]) != length || memcmp(argv[i], words, length) != 0)
			return 0;
		words += length;
		if (*words == '\0')
			return i + 1;
		words++;
	}
	return 0;
}

/* Prints what was appended to the buffer, and frees it. */
static void print_all(FILE *stream, struct buf *out)
{
	output_text(stream, buf_str(out));
	buf_deinit(out);
}

static struct help help_for_terminal(void)
{
	struct help fitted = help;

	fitted.width = terminal_columns();
	return fitted;
}

static void print_help(const struct ctl_command *command)
{
	struct help fitted = help_for_terminal();
	struct buf out;

	buf_init(&out, HELP_MAX_BYTES);
	help_of_command(&fitted, command, &out);
	print_all(stdout, &out);
}

static void print_overview(FILE *stream)
{
	struct help fitted = help_for_terminal();
	struct buf out;

	buf_init(&out, HELP_MAX_BYTES);
	help_overview(&fitted, &out);
	print_all(stream, &out);
}

static enum ctl_exit run_parsed(const struct ctl_command *command, void *options, int argc,
				char **argv)
{
	const struct arg_option *tables[] = {command->options, common_options};
	struct ctl ctl = {0};
	void *structs[] = {options, &ctl};
	int operand_count;

	if (!args_parse(argc, argv, tables, structs, ARRAY_COUNT(tables), &operand_count))
		return CTL_USAGE;
	if (ctl.help) {
		print_help(command);
		return CTL_DONE;
	}
	if (operand_count < command->operand_min || operand_count > command->operand_max) {
		if (operand_count > command->operand_max)
			output_error("unexpected argument '%s'; see wsauthzctl %s --help",
				     argv[command->operand_max], command->words);
		else
			output_error("usage: wsauthzctl %s %s", command->words, command->operands);
		return CTL_USAGE;
	}
	return command->run(&ctl, options, argv, operand_count);
}

static enum ctl_exit run(const struct ctl_command *command, int argc, char **argv)
{
	void *options = mem_calloc(1, command->options_size + 1); /* never nothing */
	enum ctl_exit code;

	if (options == NULL) {
		output_error("%s", error_text(ERR_NO_MEMORY));
		return CTL_INVALID;
	}
	code = run_parsed(command, options, argc, argv);
	mem_free(options);
	return code;
}

static bool is_help(const char *argument)
{
	return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* The command that the arguments begin with, and of how many words it is; NULL for none. */
static const struct ctl_command *find_command(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		*words = match(commands[i], argc, argv);
		if (*words != 0)
			return commands[i];
	}
	return NULL;
}

/* For arguments that name no command: the commands of a word such as "policy", or what is wrong. */
static enum ctl_exit explain_unknown(int argc, char **argv)
{
	struct help fitted = help_for_terminal();
	struct buf out;

	buf_init(&out, HELP_MAX_BYTES);
	if (argc == 1 || is_help(argv[1])) {
		bool wanted = argc > 1;

		if (help_of_word(&fitted, argv[0], &out)) {
			print_all(wanted ? stdout : stderr, &out);
			return wanted ? CTL_DONE : CTL_USAGE;
		}
	}
	help_unknown(&fitted, argc, argv, &out);
	output_error("%s", buf_text(&out));
	buf_deinit(&out);
	return CTL_USAGE;
}

/* "help", "help policy", "help policy check". */
static enum ctl_exit run_help(int argc, char **argv)
{
	char *group[] = {argc > 0 ? argv[0] : NULL, "--help"};
	const struct ctl_command *command;
	int words;

	if (argc == 0) {
		print_overview(stdout);
		return CTL_DONE;
	}
	command = find_command(argc, argv, &words);
	if (command != NULL) {
		print_help(command);
		return CTL_DONE;
	}
	return argc == 1 ? explain_unknown(2, group) : explain_unknown(argc, argv);
}

/* Puts options that stand before the command behind its words. */
static void move_leading(int argc, char **argv, int leading, int words)
{
	for (int i = 0; i < words && leading + i < argc; i++) {
		char *word = argv[leading + i];

		memmove(&argv[i + 1], &argv[i], (size_t)leading * sizeof(argv[0]));
		argv[i] = word;
	}
}

/* Runs the command that the arguments name. */
static enum ctl_exit run_arguments(int argc, char **argv)
{
	int leading = args_leading(argc, argv, common_options), words;
	const struct ctl_command *command = find_command(argc - leading, argv + leading, &words);
	enum ctl_exit code;

	for (int i = 0; command == NULL && i < leading; i++) {
		if (is_help(argv[i]))
			return run_help(argc - leading, argv + leading);
	}
	if (command == NULL && leading == argc) {
		output_error("which command? wsauthzctl --help lists all");
		return CTL_USAGE;
	}
	if (command == NULL)
		return explain_unknown(argc - leading, argv + leading);
	move_leading(argc, argv, leading, words);
	code = run(command, argc - words, argv + words);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("wsauthzctl: writing the output");
		return CTL_INVALID;
	}
	return code;
}

static void complete(int word_count, char **words)
{
	/* What may follow "help" is what may follow nothing. */
	int leading = word_count > 1 && strcmp(words[0], "help") == 0
			      ? 1
			      : args_leading(word_count - 1, words, common_options);

	complete_print(commands, ARRAY_COUNT(commands), common_options, word_count - leading,
		       words + leading);
}

int main(int argc, char **argv)
{
	if (process_arguments(&argc, &argv) != ERR_NONE) {
		output_error("%s", error_text(ERR_NO_MEMORY));
		return CTL_INVALID;
	}
	if (argc < 2) {
		print_overview(stderr);
		return CTL_USAGE;
	}
	if (argc == 2 && strcmp(argv[1], POLICY_CANDIDATE_ARGUMENT) == 0)
		return policy_candidate_main();
	if (strcmp(argv[1], COMPLETE_ARGUMENT) == 0) {
		if (argc > 2)
			complete(argc - 2, argv + 2);
		return CTL_DONE;
	}
	if (strcmp(argv[1], "help") == 0)
		return run_help(argc - 2, argv + 2);
	if (is_help(argv[1]))
		return run_help(0, NULL);
	if (strcmp(argv[1], "--version") == 0) {
		printf("wsauthzctl %s\n", WSAUTHZ_VERSION);
		return CTL_DONE;
	}
	return run_arguments(argc - 1, argv + 1);
}
