#include "ctl/help.h"

#include <string.h>

#include "base/attributes.h"
#include "base/str.h"
#include "cedar/diag.h"
#include "ctl/output.h"

/* Where summaries begin, and how many names can be near one that is wrong. */
enum { SUMMARY_COLUMN = 22, CANDIDATES_MAX = 128 };

static struct str first_word(const struct ctl_command *command)
{
	return str_make(command->words, strcspn(command->words, " "));
}

/* What follows the first word; empty for a command of one word. */
static struct str second_word(const struct ctl_command *command)
{
	const char *blank = strchr(command->words, ' ');

	return str_from(blank != NULL ? blank + 1 : "");
}

static void write_summary(const struct help *help, const struct ctl_command *command,
			  struct buf *out)
{
	buf_printf(out, "  %-*s", SUMMARY_COLUMN - 2, command->words);
	output_wrap(out, str_from(command->summary), SUMMARY_COLUMN, help->width);
	buf_append_byte(out, '\n');
}

static void write_heading(const struct help *help, const struct ctl_command *command,
			  struct buf *out)
{
	for (const struct help_heading *heading = help->headings; heading->title != NULL;
	     heading++) {
		if (heading->first == command)
			buf_printf(out, "\n%s\n", heading->title);
	}
}

void help_overview(const struct help *help, struct buf *out)
{
	buf_append_str(out, STR("usage: wsauthzctl COMMAND [OPTION ...]\n"
				"       wsauthzctl help COMMAND\n"));
	for (size_t i = 0; i < help->command_count; i++) {
		write_heading(help, help->commands[i], out);
		write_summary(help, help->commands[i], out);
	}
	buf_append_str(out, STR("\nfor every command:\n"));
	args_write(help->common, help->width, out);
	buf_append_str(out, STR("\nExit codes: 0 done or allowed, 1 denied or a check failed, "
				"2 usage,\n3 daemon unreachable, 4 data or policy invalid.\n"));
}

void help_of_command(const struct help *help, const struct ctl_command *command, struct buf *out)
{
	buf_printf(out, "usage: wsauthzctl %s %s%s[OPTION ...]\n\n", command->words,
		   command->operands, command->operands[0] != '\0' ? " " : "");
	output_wrap(out, str_from(command->summary), 0, help->width);
	buf_append_str(out, STR("\n\n"));
	args_write(command->options, help->width, out);
	args_write(help->common, help->width, out);
}

bool help_of_word(const struct help *help, const char *word, struct buf *out)
{
	bool found = false;

	for (size_t i = 0; i < help->command_count; i++) {
		const struct ctl_command *command = help->commands[i];

		if (second_word(command).length == 0 ||
		    !str_equal(first_word(command), str_from(word)))
			continue;
		if (!found)
			buf_printf(out, "usage: wsauthzctl %s COMMAND [OPTION ...]\n\n", word);
		found = true;
		write_summary(help, command, out);
	}
	if (found)
		buf_printf(out, "\nwsauthzctl help %s COMMAND shows one with its options.\n", word);
	return found;
}

/* The command that was meant by a first word which is none, and by the second if there is one. */
static const struct ctl_command *meant(const struct help *help, const char *first,
				       const char *second)
{
	struct str candidates[CANDIDATES_MAX];
	size_t count = 0;
	struct str near;

	/* "query" for "audit query", "records block" for "block". */
	for (size_t i = 0; i < help->command_count; i++) {
		const struct ctl_command *command = help->commands[i];

		if (str_equal(second_word(command), str_from(first)) ||
		    (second != NULL && strcmp(command->words, second) == 0))
			return command;
	}
	for (size_t i = 0; i < help->command_count && count < CANDIDATES_MAX; i++)
		candidates[count++] = str_from(help->commands[i]->words);
	if (second != NULL) {
		struct buf both;

		buf_init(&both, 1024);
		buf_printf(&both, "%s %s", first, second);
		near = diag_nearest(buf_str(&both), candidates, count);
		buf_deinit(&both);
	} else {
		near = diag_nearest(str_from(first), candidates, count);
	}
	for (size_t i = 0; i < count; i++) {
		if (near.length != 0 && str_equal(candidates[i], near))
			return help->commands[i];
	}
	return NULL;
}

void help_unknown(const struct help *help, int argc, char **argv, struct buf *out)
{
	const char *second = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
	const struct ctl_command *command = meant(help, argv[0], second);

	buf_printf(out, "there is no command '%s%s%s'", argv[0], second != NULL ? " " : "",
		   second != NULL ? second : "");
	if (command != NULL)
		buf_printf(out, "; did you mean '%s'?", command->words);
	else
		buf_append_str(out, STR("; wsauthzctl --help lists all"));
}
