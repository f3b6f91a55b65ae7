#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/bench.h"
#include "platform/channel.h"
#include "platform/posix.h"

enum { ECHO_BYTES = 64 * 1024, NOT_STARTED = 127, TREE_DESCRIPTORS = 16 };

struct bench_process {
	pid_t pid;
};

uint64_t bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

enum error bench_directory_make(const char *parent, struct buf *path, struct buf *why)
{
	buf_printf(path, "%s/wsauthz-bench.XXXXXX", parent);
	if (path->failed != ERR_NONE)
		return why_error(why, path->failed, "%s: %s", parent, error_text(path->failed));
	if (mkdtemp(path->data) == NULL)
		return why_errno(why, parent, "make a directory below it");
	return ERR_NONE;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	(void)remove(path);
	return 0;
}

void bench_directory_remove(const char *path)
{
	(void)nftw(path, remove_entry, TREE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

enum error bench_find_program(const char *name, struct buf *path, struct buf *why)
{
	static const char *const places[] = {"", "../sbin/"};
	char own[4096];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	if (length < 0)
		return why_errno(why, "/proc/self/exe", "read");
	own[length] = '\0';
	slash = strrchr(own, '/');
	if (slash != NULL)
		slash[1] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		buf_clear(path);
		buf_printf(path, "%s%s%s", own, places[i], name);
		if (path->failed == ERR_NONE && access(path->data, X_OK) == 0)
			return ERR_NONE;
	}
	return why_error(why, ERR_NOT_FOUND, "%s is not beside wsauthzctl; name it with --daemon",
			 name);
}

/* A child dies with its parent. */
static enum error fork_child(struct bench_process **out, struct buf *why)
{
	struct bench_process *process = mem_alloc(sizeof(*process));

	if (process == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
	fflush(NULL);
	process->pid = fork();
	if (process->pid < 0) {
		mem_free(process);
		return why_errno(why, "process", "start");
	}
	if (process->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGINT, SIG_IGN);
		(void)signal(SIGTERM, SIG_DFL);
	}
	*out = process;
	return ERR_NONE;
}

static void become(const char *program, const char *const *arguments, const char *log_path,
		   int ready)
{
	int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (log >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0 &&
	    dup2(ready, BENCH_READY_FD) >= 0)
		execv(program, (char *const *)(uintptr_t)arguments);
	_exit(NOT_STARTED);
}

enum error bench_process_start(const char *program, const char *const *arguments,
			       const char *log_path, struct bench_process **out, struct buf *why)
{
	struct bench_process *process = NULL;
	enum error error;
	ssize_t got;
	int ready[2];
	char byte;

	/* Above the descriptor that the child gets, so that dup2() makes it one that stays open. */
	if (pipe2(ready, O_CLOEXEC) != 0)
		return why_errno(why, program, "open a pipe");
	if (ready[1] == BENCH_READY_FD) {
		int other = fcntl(ready[1], F_DUPFD_CLOEXEC, BENCH_READY_FD + 1);
		close(ready[1]);
		ready[1] = other;
	}
	error = fork_child(&process, why);
	if (error == ERR_NONE && process->pid == 0)
		become(program, arguments, log_path, ready[1]);
	close(ready[1]);
	if (error == ERR_NONE) {
		do
			got = read(ready[0], &byte, 1);
		while (got < 0 && errno == EINTR && !bench_is_interrupted());
		if (got != 1) {
			bench_process_stop(process);
			error = why_error(why, ERR_IO, "%s did not start", program);
		}
	}
	close(ready[0]);
	if (error == ERR_NONE)
		*out = process;
	return error;
}

static void echo(int fd)
{
	static char bytes[ECHO_BYTES];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(fd, bytes + done, (size_t)(got - done));

			if (put <= 0)
				_exit(0);
			done += put;
		}
	}
	_exit(0);
}

enum error bench_echo_start(struct channel **channel, struct bench_process **out, struct buf *why)
{
	struct bench_process *process = NULL;
	enum error error;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return why_errno(why, "echo", "make a pair of sockets");
	error = fork_child(&process, why);
	if (error == ERR_NONE && process->pid == 0) {
		close(ends[0]);
		echo(ends[1]);
	}
	close(ends[1]);
	if (error == ERR_NONE)
		error = channel_adopt(ends[0], channel);
	else
		close(ends[0]);
	if (error == ERR_NONE)
		*out = process;
	else
		bench_process_stop(process);
	return error;
}

void bench_process_stop(struct bench_process *process)
{
	int status;

	if (process == NULL)
		return;
	(void)kill(process->pid, SIGTERM);
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
	}
	mem_free(process);
}

/* A signal handler can reach nothing else. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

void bench_catch_interrupt(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_interrupt;
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

bool bench_is_interrupted(void)
{
	return interrupted != 0;
}
