/* wsauthzctl: argv -> command -> exit code. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/mem.h"
#include "ctl/complete.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "platform/platform.h"
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

const struct arg_option ctl_no_options[] = {{NULL, ARG_FLAG, 0, NULL, NULL}};

static const struct arg_option common_options[] = {
	{"--config", ARG_TEXT, offsetof(struct ctl, config_path), "FILE",
	 "the daemon's configuration, instead of the one at its usual place"},
	{"--admin", ARG_TEXT, offsetof(struct ctl, admin_path), "PATH",
	 "the admin endpoint, instead of the configured one"},
	{"--state", ARG_TEXT, offsetof(struct ctl, state_directory), "DIR",
	 "the state directory, instead of the configured one"},
	{"--json", ARG_FLAG, offsetof(struct ctl, json), NULL, "one JSON object a line"},
	{"--help", ARG_FLAG, offsetof(struct ctl, help), NULL, "this text"},
	{NULL, ARG_FLAG, 0, NULL, NULL},
};

static void print_overview(void)
{
	printf("usage: wsauthzctl COMMAND [OPTION ...]\n\n");
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		printf("  %-18s  %s\n", commands[i]->words, commands[i]->summary);
	printf("\nfor every command:\n");
	args_print(common_options);
	printf("\nExit codes: 0 done or allowed, 1 denied or a check failed, 2 usage,\n"
	       "3 daemon unreachable, 4 data or policy invalid.\n");
}

static void print_help(const struct ctl_command *command)
{
	printf("usage: wsauthzctl %s %s%s[OPTION ...]\n\n%s\n\n", command->words, command->operands,
	       command->operands[0] != '\0' ? " " : "", command->summary);
	args_print(command->options);
	args_print(common_options);
}

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

/* Says what is wrong with a command line that names no command: `word` may begin some. */
static void print_unknown(const char *word)
{
	struct buf choice;

	buf_init(&choice, 1024);
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		const char *words = commands[i]->words;
		size_t length = strcspn(words, " ");

		if (strlen(word) == length && memcmp(word, words, length) == 0)
			buf_printf(&choice, "%s%s", choice.length != 0 ? ", " : "", words);
	}
	if (choice.length != 0)
		output_error("'%s' is one of: %s. See wsauthzctl --help", word, buf_text(&choice));
	else
		output_error("unknown command '%s'. See wsauthzctl --help", word);
	buf_deinit(&choice);
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

int main(int argc, char **argv)
{
	if (process_arguments(&argc, &argv) != ERR_NONE) {
		output_error("%s", error_text(ERR_NO_MEMORY));
		return CTL_INVALID;
	}
	if (argc < 2) {
		fprintf(stderr, "wsauthzctl: which command? See wsauthzctl --help\n");
		return CTL_USAGE;
	}
	if (argc == 2 && strcmp(argv[1], POLICY_CANDIDATE_ARGUMENT) == 0)
		return policy_candidate_main();
	if (strcmp(argv[1], COMPLETE_ARGUMENT) == 0) {
		complete_print(commands, ARRAY_COUNT(commands), common_options, argc - 2, argv + 2);
		return CTL_DONE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_overview();
		return CTL_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("wsauthzctl %s\n", WSAUTHZ_VERSION);
		return CTL_DONE;
	}
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		int words = match(commands[i], argc - 1, argv + 1);

		if (words != 0) {
			enum ctl_exit code = run(commands[i], argc - 1 - words, argv + 1 + words);

			if (fflush(stdout) != 0 || ferror(stdout)) {
				perror("wsauthzctl: writing the output");
				return CTL_INVALID;
			}
			return code;
		}
	}
	print_unknown(argv[1]);
	return CTL_USAGE;
}
