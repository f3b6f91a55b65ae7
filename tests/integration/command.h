/* wsauthzctl, and other commands, as the tests run them: what they printed and how they ended. */
#ifndef TESTS_INTEGRATION_COMMAND_H
#define TESTS_INTEGRATION_COMMAND_H

#include <stddef.h>

#include "support/daemon.h"

/* How wsauthzctl ends. */
enum {
	COMMAND_DONE = 0,
	COMMAND_DENIED = 1,
	COMMAND_USAGE = 2,
	COMMAND_UNREACHABLE = 3,
	COMMAND_INVALID = 4,
};

/* Runs a line of shell. Returns the exit code; what went to standard output stays until the next
 * call of any of these. */
int command_shell(const char *line);

/* Runs wsauthzctl with the daemon's configuration, or alone; errors stay with the output.
 * `arguments` are words for a shell. */
int command_run(const struct daemon *daemon, const char *arguments);
int command_run_alone(const char *arguments);

/* What the last command printed. */
const char *command_output(void);

/* Fails the test unless the last command printed `text`, or when it did. */
void command_expect(const char *text);
void command_expect_not(const char *text);

/* How many lines it printed. */
size_t command_line_count(void);

#endif
