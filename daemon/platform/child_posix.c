#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/child.h"
#include "platform/posix.h"

/* A sanitizer maps more address space than any limit would allow, and ThreadSanitizer writes a file
 * before main() is called. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMITS_MEMORY false
#else
#define LIMITS_MEMORY true
#endif
#if defined(__SANITIZE_THREAD__)
#define LIMITS_FILES false
#else
#define LIMITS_FILES true
#endif

enum { READ_BYTES = 16 * 1024, CHILD_NOT_STARTED = 127 };

/* The pipes between parent and child; -1 where closed. */
struct pipes {
	int to_child[2], from_child[2];
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		close_end(&pipes->to_child[i]);
		close_end(&pipes->from_child[i]);
	}
}

static enum error open_pipes(struct pipes *pipes, struct buf *why)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}};
	if (pipe2(pipes->to_child, O_CLOEXEC) == 0 && pipe2(pipes->from_child, O_CLOEXEC) == 0)
		return ERR_NONE;
	close_pipes(pipes);
	return why_errno(why, "child", "open a pipe");
}

static bool set_limit(int resource, uint64_t value)
{
	struct rlimit limit = {(rlim_t)value, (rlim_t)value};

	return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

/* In the child, where after fork() of a process with threads only async-signal-safe calls may be
 * made (signal-safety(7)). Never returns. */
static void become_child(const struct pipes *pipes, const char *argument,
			 const struct child_limits *limits)
{
	static char program[] = "/proc/self/exe";
	static char *const no_environment[] = {NULL};
	char *arguments[] = {program, (char *)(uintptr_t)argument, NULL};

	if (dup2(pipes->to_child[0], STDIN_FILENO) >= 0 &&
	    dup2(pipes->from_child[1], STDOUT_FILENO) >= 0 &&
	    set_limit(RLIMIT_CPU, limits->cpu_s) && set_limit(RLIMIT_CORE, 0) &&
	    (!LIMITS_FILES || set_limit(RLIMIT_FSIZE, 0)) &&
	    (!LIMITS_MEMORY || set_limit(RLIMIT_AS, limits->memory_bytes)))
		execve(program, arguments, no_environment);
	_exit(CHILD_NOT_STARTED);
}

static int64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* What is still to be written. */
struct sending {
	const struct str *parts;
	size_t count;
	size_t offset; /* in the first of them */
};

/* Writes what the pipe takes; closes it at the end, or when the child reads no more. */
static void send_some(struct sending *sending, int *fd)
{
	while (sending->count != 0) {
		struct str part = *sending->parts;
		ssize_t written = 0;

		if (sending->offset < part.length)
			written = write(*fd, part.ptr + sending->offset,
					part.length - sending->offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0)
			break;
		sending->offset += (size_t)written;
		if (sending->offset < part.length)
			continue;
		sending->parts++;
		sending->count--;
		sending->offset = 0;
	}
	close_end(fd);
}

/* Reads what is there; closes the pipe at its end. False when `output` is full. */
static bool receive_some(struct buf *output, int *fd)
{
	char bytes[READ_BYTES];
	ssize_t got = read(*fd, bytes, sizeof(bytes));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (got > 0)
		buf_append(output, bytes, (size_t)got);
	else
		close_end(fd);
	return output->failed == ERR_NONE;
}

/* Talks to the child until it says no more. False when its time is over or it says too much. */
static bool converse(struct pipes *pipes, struct sending *sending, struct buf *output,
		     uint32_t wall_ms)
{
	int64_t end_ms = now_ms() + wall_ms;

	while (pipes->from_child[0] >= 0) {
		struct pollfd ends[2] = {{pipes->from_child[0], POLLIN, 0},
					 {pipes->to_child[1], POLLOUT, 0}};
		int64_t left_ms = end_ms - now_ms();
		int ready = left_ms > 0 ? poll(ends, 2, (int)left_ms) : 0;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		if (ends[1].revents != 0)
			send_some(sending, &pipes->to_child[1]);
		if (ends[0].revents != 0 && !receive_some(output, &pipes->from_child[0]))
			return false;
	}
	return true;
}

static void wait_for(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

static enum error tell_end(int status, const struct child_limits *limits, struct buf *why)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_NONE;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_NOT_STARTED)
		return why_error(why, ERR_IO, "the child process could not be started");
	if (WIFEXITED(status))
		return why_error(why, ERR_LIMIT, "the child process failed with status %d",
				 WEXITSTATUS(status));
	if (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)
		return why_error(why, ERR_LIMIT,
				 "the child process took more than its %u s of processor time or "
				 "its memory and was killed",
				 (unsigned)limits->cpu_s);
	return why_error(why, ERR_INTERNAL, "the child process crashed (signal %d)",
			 WTERMSIG(status));
}

enum error child_run(const char *argument, const struct child_limits *limits,
		     const struct str *input, size_t input_count, struct buf *output,
		     struct buf *why)
{
	struct sending sending = {input, input_count, 0};
	struct pipes pipes;
	enum error error;
	bool in_time;
	int status = 0;
	pid_t pid;

	buf_clear(output);
	error = open_pipes(&pipes, why);
	if (error != ERR_NONE)
		return error;
	pid = fork();
	if (pid == 0)
		become_child(&pipes, argument, limits);
	close_end(&pipes.to_child[0]);
	close_end(&pipes.from_child[1]);
	if (pid < 0) {
		error = why_errno(why, "child", "start a process");
		close_pipes(&pipes);
		return error;
	}
	(void)fcntl(pipes.to_child[1], F_SETFL, O_NONBLOCK);
	in_time = converse(&pipes, &sending, output, limits->wall_ms);
	if (!in_time)
		kill(pid, SIGKILL);
	close_pipes(&pipes);
	wait_for(pid, &status);
	if (!in_time)
		return why_error(why, ERR_LIMIT,
				 "the child process took longer than %u ms, or said too much, and "
				 "was ended",
				 (unsigned)limits->wall_ms);
	return tell_end(status, limits, why);
}
