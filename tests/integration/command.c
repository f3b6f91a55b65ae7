#include "integration/command.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support/cmocka.h"

enum { OUTPUT_MAX = 64 << 20, COMMAND_MAX = 4096 };

static char output[OUTPUT_MAX];

int command_shell(const char *line)
{
	FILE *pipe = popen(line, "r");
	size_t length;
	int status;

	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	assert_int_equal(fgetc(pipe), EOF);
	status = pclose(pipe);
	assert_int_equal(strlen(output), length); /* no zero byte, whatever was asked */
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

int command_run(const struct daemon *daemon, const char *arguments)
{
	char line[COMMAND_MAX];

	assert_true(snprintf(line, sizeof(line), "%s %s --config %s 2>&1", WSAUTHZCTL, arguments,
			     daemon->config_path) < (int)sizeof(line));
	return command_shell(line);
}

int command_run_alone(const char *arguments)
{
	char line[COMMAND_MAX];

	assert_true(snprintf(line, sizeof(line), "%s %s 2>&1", WSAUTHZCTL, arguments) <
		    (int)sizeof(line));
	return command_shell(line);
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

size_t command_line_count(void)
{
	size_t count = 0;

	for (const char *at = output; *at != '\0'; at++)
		count += *at == '\n';
	return count;
}
