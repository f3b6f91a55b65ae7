#include "integration/command.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support/cmocka.h"

enum { OUTPUT_MAX = 1 << 20, COMMAND_MAX = 2048 };

static char output[OUTPUT_MAX];

int command_run(const struct daemon *daemon, const char *arguments)
{
	char command[COMMAND_MAX];
	size_t length;
	FILE *pipe;
	int status;

	assert_true(snprintf(command, sizeof(command), "%s %s --config %s 2>&1", WSAUTHZCTL,
			     arguments, daemon->config_path) < (int)sizeof(command));
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

const char *command_output(void)
{
	return output;
}

void command_expect(const char *text)
{
	if (strstr(output, text) == NULL)
		fail_msg("expected '%s' in:\n%s", text, output);
}

void command_expect_not(const char *text)
{
	if (strstr(output, text) != NULL)
		fail_msg("did not expect '%s' in:\n%s", text, output);
}
