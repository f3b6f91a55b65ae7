/* The command line of wsauthzd, and how the process ends. */
#ifndef DAEMON_COMMAND_LINE_H
#define DAEMON_COMMAND_LINE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/attributes.h"

/* Also in --help, and for whoever supervises the daemon. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,  /* the system failed us */
	EXIT_USAGE = 2,   /* the command line is wrong */
	EXIT_RUNNING = 3, /* another daemon is there already */
	EXIT_INVALID = 4, /* configuration, policy or stored data cannot be used */
};

struct command_line {
	const char *config_path;
	int ready_fd; /* -1 for none */
	bool check, version, help;
	bool install, uninstall, service;
};

/* What the arguments say, or for what they do not say the default. False after a message on stderr. The
 * texts in `out` are borrowed from the arguments. */
bool command_line_read(int argc, char **argv, struct command_line *out) ATTR_MUST_CHECK;

/* Prints what --help does. */
void command_line_help(FILE *out);

#endif
