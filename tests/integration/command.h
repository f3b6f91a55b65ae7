/* wsauthzctl as the tests run it: what it printed and how it ended. */
#ifndef TESTS_INTEGRATION_COMMAND_H
#define TESTS_INTEGRATION_COMMAND_H

#include "support/daemon.h"

enum { COMMAND_DONE = 0, COMMAND_DENIED = 1, COMMAND_USAGE = 2, COMMAND_INVALID = 4 };

/* Runs wsauthzctl with the daemon's configuration. Returns the exit code; what was printed, errors
 * included, stays until the next call. `arguments` are words for a shell. */
int command_run(const struct daemon *daemon, const char *arguments);

/* What the last command printed. */
const char *command_output(void);

/* Fails the test unless the last command printed `text`, or when it did. */
void command_expect(const char *text);
void command_expect_not(const char *text);

#endif
