#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winrm-host/daemon_control.h"
#include "winrm-host/port.h"

enum { LINE_BYTES = 512 };

static const char *program;
static char endpoint[256];
static struct process *process;

static void read_line(char line[LINE_BYTES])
{
	if (!process_read_line(process, line, LINE_BYTES))
		port_fail("%s ended", program);
}

static void start(void)
{
	const char *const arguments[] = {program, endpoint, NULL};
	char line[LINE_BYTES];

	if (process != NULL)
		return;
	process = process_start(program, arguments, PROCESS_OUTPUT);
	read_line(line);
	if (strncmp(line, "ready ", 6) != 0)
		port_fail("%s: %s", program, line);
	setting_put_text("ServerOwner", line + 6);
}

static void kill_process(void)
{
	if (process == NULL)
		return;
	process_end(process);
	process_free(process);
	process = NULL;
}

static void ask(const char *question, char line[LINE_BYTES])
{
	if (process == NULL)
		port_fail("the daemon does not run: %s", question);
	process_write_line(process, question);
	read_line(line);
}

static bool set_mode(const char *mode)
{
	char line[LINE_BYTES], question[64];

	snprintf(question, sizeof(question), "mode %s", mode);
	ask(question, line);
	return strcmp(line, "ok") == 0;
}

static bool await(unsigned long question_count)
{
	char line[LINE_BYTES], question[64];

	snprintf(question, sizeof(question), "await %lu", question_count);
	ask(question, line);
	return strcmp(line, "ok") == 0;
}

static bool get(const char *name, unsigned long *value)
{
	char line[LINE_BYTES];
	char *rest = line;
	const char *word;

	ask("stats", line);
	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		if (strcmp(word, name) == 0) {
			word = strtok_r(rest, " ", &rest);
			*value = strtoul(word != NULL ? word : "", NULL, 10);
			return true;
		}
	}
	return false;
}

static bool check_audit(uint64_t allowed_users, uint64_t allowed_operations, bool exactly)
{
	(void)allowed_users;
	(void)allowed_operations;
	(void)exactly;
	return false;
}

static void close_daemon(void)
{
	kill_process();
	remove(endpoint);
}

const struct daemon_control *daemon_fake(const char *path)
{
	static const struct daemon_control control = {
		.start = start,
		.kill = kill_process,
		.set_mode = set_mode,
		.await = await,
		.get = get,
		.check_audit = check_audit,
		.close = close_daemon,
	};

	program = path;
	endpoint_name(endpoint, sizeof(endpoint));
	setting_put_text("Endpoint", endpoint);
	/* Who will own the endpoint is known once it was there. */
	start();
	kill_process();
	return &control;
}
