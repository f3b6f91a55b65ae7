/* What may come next on a command line: the answers that shell completion shows. */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include <stddef.h>

#include "ctl/ctl.h"

/* What the completion scripts in packaging/completion ask with, before the words typed so far. */
#define COMPLETE_ARGUMENT "--complete"

/* Prints what may stand in the place of the last of `words`, those before it being given: one
 * candidate a line, with a tab and its explanation behind it, or the line ":files" where a file name
 * belongs. Nothing where anything may stand. `common` are the options that every command takes. */
void complete_print(const struct ctl_command *const *commands, size_t command_count,
		    const struct arg_option *common, int word_count, char **words);

#endif
