/* What wsauthzctl says of itself: all commands, those of one word, one with its options, and what may
 * have been meant by a command that is not there. */
#ifndef CTL_HELP_H
#define CTL_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "ctl/ctl.h"

struct help_heading {
	const struct ctl_command *first; /* of the commands below it */
	const char *title;
};

/* All commands and what stands above them; borrowed. */
struct help {
	const struct ctl_command *const *commands;
	size_t command_count;
	const struct help_heading *headings; /* ends with a NULL title */
	const struct arg_option *common;     /* the options of every command */
	unsigned width;                      /* columns of the terminal, 0 for no bound */
};

/* Append to `out`. */
void help_overview(const struct help *help, struct buf *out);
void help_of_command(const struct help *help, const struct ctl_command *command, struct buf *out);

/* Appends the commands that begin with the word; false when there are none, or only one of one
 * word. */
bool help_of_word(const struct help *help, const char *word, struct buf *out);

/* Appends what is wrong with arguments that name no command, and what may have been meant. */
void help_unknown(const struct help *help, int argc, char **argv, struct buf *out);

#endif
