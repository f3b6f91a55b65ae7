/* From the console. */
#include <windows.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support/tmpdir.h"
#include "winrm-host/daemon_real.h"
#include "winrm-host/own_sid_win32.h"
#include "winrm-host/port.h"
#include "winrm-host/users.h"

enum { LINE_BYTES = 4096, PATH_BYTES = 512 };

static struct tmpdir dir;
static char endpoint[256];
static struct process *process;
static pthread_t reader;

/* The log goes on to our errors: what a daemon writes must be read, or it waits. */
static void *read_log(void *arg)
{
	char line[LINE_BYTES];

	while (process_read_line(arg, line, sizeof(line)))
		fprintf(stderr, "%s\n", line);
	return NULL;
}

bool real_runs(void)
{
	return process != NULL;
}

void real_start(void)
{
	char config[PATH_BYTES], line[LINE_BYTES];
	const char *const arguments[] = {WSAUTHZD, "--config", config, NULL};

	tmpdir_path(&dir, "wsauthz.yaml", config, sizeof(config));
	process = process_start(WSAUTHZD, arguments, PROCESS_ERRORS);
	do {
		if (!process_read_line(process, line, sizeof(line)))
			port_fail("the daemon did not start");
		fprintf(stderr, "%s\n", line);
	} while (strstr(line, "server.serving") == NULL);
	if (pthread_create(&reader, NULL, read_log, process) != 0)
		port_fail("no thread");
}

void real_kill(void)
{
	if (!real_runs())
		return;
	process_end(process);
	pthread_join(reader, NULL);
	process_free(process);
	process = NULL;
}

void real_write_policy(const char *text)
{
	tmpdir_write(&dir, "policy/policy.cedar", text, strlen(text));
}

void real_add_rows(struct audit_rows *rows)
{
	char pattern[PATH_BYTES], name[PATH_BYTES], path[PATH_BYTES];
	WIN32_FIND_DATAA entry;
	HANDLE search;

	search = FindFirstFileA(tmpdir_path(&dir, "state\\audit-*.db", pattern, sizeof(pattern)),
				&entry);
	if (search == INVALID_HANDLE_VALUE)
		port_fail("%s: no audit", pattern);
	do {
		snprintf(name, sizeof(name), "state\\%s", entry.cFileName);
		audit_rows_add(rows, tmpdir_path(&dir, name, path, sizeof(path)));
	} while (FindNextFileA(search, &entry));
	FindClose(search);
}

void real_close(void)
{
	real_kill();
	tmpdir_remove(&dir);
}

static void make_directory(const char *name)
{
	char path[PATH_BYTES];

	if (!CreateDirectoryA(tmpdir_path(&dir, name, path, sizeof(path)), NULL))
		port_fail("%s: error %lu", path, GetLastError());
}

static void write_config(void)
{
	char text[4 * PATH_BYTES];
	int length = snprintf(text, sizeof(text),
			      "authorize:\n  socket: %s\nadmin:\n  socket: %s-admin\n"
			      "state:\n  directory: %s\\state\n"
			      "policy:\n  directory: %s\\policy\n  reload: on_request\n",
			      endpoint, endpoint, dir.path, dir.path);

	tmpdir_write(&dir, "wsauthz.yaml", text, (size_t)length);
}

void real_open(void)
{
	char owner[192];

	if (!own_sid(owner, sizeof(owner)))
		port_fail("own SID: error %lu", GetLastError());
	endpoint_name(endpoint, sizeof(endpoint));
	tmpdir_create(&dir);
	make_directory("policy");
	real_write_policy(users_policy);
	write_config();
	setting_put_text("Endpoint", endpoint);
	setting_put_text("ServerOwner", owner);
}
