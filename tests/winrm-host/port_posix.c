#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client-plugin/client.h"
#include "client-plugin/event_log.h"
#include "winrm-host/event_record.h"
#include "winrm-host/faulty_plugin.h"
#include "winrm-host/port.h"
#include "winrm-host/users.h"

_Noreturn void port_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "winrm-host: ");
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

int64_t port_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Memory. */

void *guard_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		port_fail("mmap: %s", strerror(errno));
	return memory;
}

void guard_poison(void *memory, size_t size)
{
	if (mprotect(memory, size, PROT_NONE) != 0)
		port_fail("mprotect: %s", strerror(errno));
}

void guard_free(void *memory, size_t size)
{
	munmap(memory, size);
}

/* Plug-ins, and the calls of theirs that are recorded. */

static atomic_size_t connect_count, host_connect_count;
static atomic_bool is_access_denied;
static _Thread_local bool is_host_thread;

/* The linker puts this in the place of connect(). A thread that takes part in impersonation is the
 * host's. */
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	atomic_fetch_add(&connect_count, 1);
	if (is_host_thread)
		atomic_fetch_add(&host_connect_count, 1);
	if (atomic_load(&is_access_denied)) {
		errno = EACCES;
		return -1;
	}
	return __real_connect(fd, address, length);
}

/* Likewise, in the place of the log. */
void __wrap_event_log_write(enum event_level level, uint16_t id, const char *line);

void __wrap_event_log_write(enum event_level level, uint16_t id, const char *line)
{
	(void)level;
	event_record_put(id, line, is_host_thread);
}

void module_set_access(bool is_granted)
{
	atomic_store(&is_access_denied, !is_granted);
}

void module_note_host_thread(void)
{
	is_host_thread = true;
}

bool module_load(const char *name, struct module *out)
{
	static const struct plugin_functions wsauthz = {
		.startup = WSManPluginStartup,
		.shutdown = WSManPluginShutdown,
		.authz_user = WSManPluginAuthzUser,
		.authz_operation = WSManPluginAuthzOperation,
		.authz_query_quota = WSManPluginAuthzQueryQuota,
		.authz_release_context = WSManPluginAuthzReleaseContext,
	};
	static const struct plugin_functions faulty = {
		.startup = FAULTY(WSManPluginStartup),
		.shutdown = FAULTY(WSManPluginShutdown),
		.authz_user = FAULTY(WSManPluginAuthzUser),
		.authz_operation = FAULTY(WSManPluginAuthzOperation),
		.authz_query_quota = FAULTY(WSManPluginAuthzQueryQuota),
		.authz_release_context = FAULTY(WSManPluginAuthzReleaseContext),
	};

	if (strcmp(name, "wsauthz") == 0)
		*out = (struct module){.functions = wsauthz};
	else if (strcmp(name, "faulty") == 0)
		*out = (struct module){.functions = faulty};
	else
		return false;
	return true;
}

bool module_unload(struct module *module)
{
	*module = (struct module){.handle = NULL};
	return true;
}

/* The code of a plug-in is the program's; census_threads() finds its threads all the same. */
size_t module_thread_count(const struct module *module)
{
	(void)module;
	return 0;
}

size_t module_connects_by_host(void)
{
	return atomic_load(&host_connect_count);
}

size_t module_connects(void)
{
	return atomic_load(&connect_count);
}

/* A Unix socket is opened in one way only. */
size_t module_exact_connects(void)
{
	return atomic_load(&connect_count);
}

static size_t count_entries(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	if (directory == NULL)
		port_fail("%s: %s", path, strerror(errno));
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

size_t census_handles(void)
{
	return count_entries("/proc/self/fd");
}

size_t census_own_handles(void)
{
	return 0;
}

size_t census_threads(void)
{
	return count_entries("/proc/self/task");
}

/* Tokens: see client-plugin/token_posix.c. */

struct token {
	struct client_token token; /* first */
	char sid[40];
	const char *groups[2];
};

HANDLE token_open(const char *user)
{
	struct token *token = calloc(1, sizeof(*token));
	const char *group = users_group(users_role(user));

	if (token == NULL)
		port_fail("out of memory");
	snprintf(token->sid, sizeof(token->sid), "S-1-5-21-1-2-4-%u", users_number(user));
	token->token.user_sid = token->sid;
	token->groups[token->token.group_count++] = "S-1-5-32-580";
	if (group != NULL)
		token->groups[token->token.group_count++] = group;
	token->token.group_sids = token->groups;
	return token;
}

void token_close(HANDLE token)
{
	free(token);
}

static _Thread_local HANDLE identity;

void impersonate(HANDLE token)
{
	module_note_host_thread();
	identity = token;
}

bool is_impersonating(HANDLE token)
{
	return identity == token;
}

void revert(void)
{
	identity = NULL;
}

unsigned thread_language(void)
{
	return 0;
}

/* Settings: see client-plugin/settings_posix.c. */

/* "ReplyTimeoutMs" as "WSAUTHZ_REPLY_TIMEOUT_MS". */
static void variable_name(const char *name, char *out, size_t size)
{
	size_t length = (size_t)snprintf(out, size, "WSAUTHZ");

	for (; *name != '\0' && length + 3 < size; name++) {
		if (*name >= 'A' && *name <= 'Z')
			out[length++] = '_';
		out[length++] = *name >= 'a' ? (char)(*name - 'a' + 'A') : *name;
	}
	out[length] = '\0';
}

void setting_put_text(const char *name, const char *value)
{
	char variable[64];

	variable_name(name, variable, sizeof(variable));
	if ((value != NULL ? setenv(variable, value, 1) : unsetenv(variable)) != 0)
		port_fail("setenv: %s", strerror(errno));
}

void setting_put_number(const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	setting_put_text(name, text);
}

const char *port_other_owner(void)
{
	return "4294967000";
}

/* Processes. */

struct process {
	pid_t pid;
	FILE *in, *out;
};

struct process *process_start(const char *path, const char *const *arguments,
			      enum process_output lines)
{
	struct process *process = calloc(1, sizeof(*process));
	int in[2], out[2];

	if (process == NULL || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		port_fail("pipe: %s", strerror(errno));
	process->pid = fork();
	if (process->pid < 0)
		port_fail("fork: %s", strerror(errno));
	if (process->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], lines == PROCESS_OUTPUT ? STDOUT_FILENO : STDERR_FILENO);
		execv(path, (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	process->in = fdopen(in[1], "w");
	process->out = fdopen(out[0], "r");
	if (process->in == NULL || process->out == NULL)
		port_fail("fdopen: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	return process;
}

void process_write_line(struct process *process, const char *line)
{
	fprintf(process->in, "%s\n", line);
	fflush(process->in);
}

bool process_read_line(struct process *process, char *line, size_t size)
{
	if (fgets(line, (int)size, process->out) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

void process_end(struct process *process)
{
	kill(process->pid, SIGKILL);
	while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

void process_free(struct process *process)
{
	fclose(process->in);
	fclose(process->out);
	free(process);
}

void endpoint_name(char *out, size_t size)
{
	const char *directory = getenv("TMPDIR");

	snprintf(out, size, "%s/winrm-host-%d.sock", directory != NULL ? directory : "/tmp",
		 (int)getpid());
}
