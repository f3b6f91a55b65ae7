#include "support/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cmocka.h"

enum { LOG_MAX_BYTES = 16 << 20 };

static const char config_format[] = "sandbox:\n"
				    "  on_violation: kill\n"
				    "authorize:\n"
				    "  socket: %s\n"
				    "admin:\n"
				    "  socket: %s\n"
				    "state:\n"
				    "  directory: %s\n"
				    "policy:\n"
				    "  directory: %s\n";

static void make_directory(const struct daemon *daemon, const char *name)
{
	char path[128];

	assert_int_equal(mkdir(tmpdir_path(&daemon->dir, name, path, sizeof(path)), 0700), 0);
}

void daemon_write_policy(const struct daemon *daemon, const char *name, const char *text)
{
	char below[128];

	assert_true(snprintf(below, sizeof(below), "policy/%s", name) < (int)sizeof(below));
	tmpdir_write(&daemon->dir, below, text, strlen(text));
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

void daemon_init(struct daemon *daemon, const struct daemon_options *options)
{
	char config[4096];
	int length;

	*daemon = (struct daemon){.program = options->program != NULL ? options->program : WSAUTHZD,
				  .pid = -1,
				  .passed = {-1, -1}};
	tmpdir_create(&daemon->dir);
	make_directory(daemon, "run");
	make_directory(daemon, "run/admin");
	make_directory(daemon, "state");
	make_directory(daemon, "policy");
	tmpdir_path(&daemon->dir, "run/authorize.sock", daemon->authorize_path,
		    sizeof(daemon->authorize_path));
	tmpdir_path(&daemon->dir, "run/admin/admin.sock", daemon->admin_path,
		    sizeof(daemon->admin_path));
	tmpdir_path(&daemon->dir, "wsauthz.yaml", daemon->config_path, sizeof(daemon->config_path));
	tmpdir_path(&daemon->dir, "policy", daemon->policy_dir, sizeof(daemon->policy_dir));
	tmpdir_path(&daemon->dir, "state", daemon->state_dir, sizeof(daemon->state_dir));
	tmpdir_path(&daemon->dir, "log", daemon->log_path, sizeof(daemon->log_path));
	if (options->policy != NULL)
		daemon_write_policy(daemon, "policy.cedar", options->policy);
	length = snprintf(config, sizeof(config), config_format, daemon->authorize_path,
			  daemon->admin_path, daemon->state_dir, daemon->policy_dir);
	assert_true(length > 0 && (size_t)length < sizeof(config));
	if (options->settings != NULL) {
		int more = snprintf(config + length, sizeof(config) - (size_t)length, "%s",
				    options->settings);
		assert_true(more >= 0 && (size_t)more < sizeof(config) - (size_t)length);
		length += more;
	}
	tmpdir_write(&daemon->dir, "wsauthz.yaml", config, (size_t)length);
	chmod(daemon->config_path, 0600);
	if (options->passes_sockets) {
		daemon->passed[0] = listen_at(daemon->authorize_path);
		daemon->passed[1] = listen_at(daemon->admin_path);
	}
}

/* Puts the sockets where sd_listen_fds(3) says: from descriptor 3 on. */
static void pass_sockets(const struct daemon *daemon, int *ready_fd)
{
	char pid[16];
	int high[3];

	high[0] = fcntl(daemon->passed[0], F_DUPFD, 10);
	high[1] = fcntl(daemon->passed[1], F_DUPFD, 10);
	high[2] = fcntl(*ready_fd, F_DUPFD, 10);
	for (int i = 0; i < 3; i++) {
		if (high[i] < 0 || dup2(high[i], 3 + i) < 0)
			_exit(127);
		close(high[i]);
	}
	*ready_fd = 5;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
}

static void run_daemon(const struct daemon *daemon, int ready_fd)
{
	char fd_text[16];
	int log = open(daemon->log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0)
		_exit(127);
	if (daemon->passed[0] >= 0)
		pass_sockets(daemon, &ready_fd);
	snprintf(fd_text, sizeof(fd_text), "%d", ready_fd);
	execl(daemon->program, "wsauthzd", "--config", daemon->config_path, "--ready-fd", fd_text,
	      (char *)NULL);
	_exit(127);
}

static int reap(struct daemon *daemon)
{
	int status = 0;

	while (waitpid(daemon->pid, &status, 0) < 0 && errno == EINTR) {
	}
	daemon->pid = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool daemon_start(struct daemon *daemon, int *exit_code)
{
	int ready[2];
	char byte;
	ssize_t count;
	int code;

	assert_int_equal(daemon->pid, -1);
	assert_int_equal(pipe(ready), 0);
	fcntl(ready[0], F_SETFD, FD_CLOEXEC);
	daemon->pid = fork();
	assert_true(daemon->pid >= 0);
	if (daemon->pid == 0)
		run_daemon(daemon, ready[1]);
	close(ready[1]);
	do {
		count = read(ready[0], &byte, 1);
	} while (count < 0 && errno == EINTR);
	close(ready[0]);
	if (count == 1)
		return true;
	code = reap(daemon);
	if (exit_code != NULL)
		*exit_code = code;
	return false;
}

int daemon_stop(struct daemon *daemon)
{
	assert_true(daemon->pid > 0);
	kill(daemon->pid, SIGTERM);
	return reap(daemon);
}

void daemon_kill(struct daemon *daemon)
{
	assert_true(daemon->pid > 0);
	kill(daemon->pid, SIGKILL);
	reap(daemon);
}

void daemon_deinit(struct daemon *daemon, bool show_log)
{
	if (daemon->pid > 0)
		daemon_kill(daemon);
	for (int i = 0; i < 2; i++) {
		if (daemon->passed[i] >= 0)
			close(daemon->passed[i]);
	}
	if (show_log) {
		char *log = daemon_log(daemon);
		fprintf(stderr, "--- log of the daemon ---\n%s", log);
		free(log);
	}
	tmpdir_remove(&daemon->dir);
}

char *daemon_log(const struct daemon *daemon)
{
	char *text = calloc(1, LOG_MAX_BYTES + 1);
	FILE *file = fopen(daemon->log_path, "rb");

	assert_non_null(text);
	if (file != NULL) {
		text[fread(text, 1, LOG_MAX_BYTES, file)] = '\0';
		fclose(file);
	}
	return text;
}

static bool log_holds(const struct daemon *daemon, const char *text)
{
	char *log = daemon_log(daemon);
	bool found = strstr(log, text) != NULL;

	free(log);
	return found;
}

static bool has_ended(const struct daemon *daemon)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)daemon->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid == daemon->pid;
}

bool daemon_wait_log(const struct daemon *daemon, const char *text)
{
	int watch = inotify_init1(IN_CLOEXEC);
	bool found = false, ended = false;

	assert_true(watch >= 0);
	assert_true(inotify_add_watch(watch, daemon->log_path, IN_MODIFY) >= 0);
	while (!found && !ended) {
		struct pollfd wait = {.fd = watch, .events = POLLIN};
		char events[4096];

		ended = has_ended(daemon);
		found = log_holds(daemon, text);
		/* The bound only notices a daemon that ended without writing. */
		if (!found && !ended && poll(&wait, 1, 200) == 1 &&
		    read(watch, events, sizeof(events)) < 0)
			break;
	}
	close(watch);
	return found;
}
