#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/posix.h"
#include "platform/process.h"

enum error platform_random(void *out, size_t length)
{
	char *next = out;

	while (length != 0) {
		ssize_t got = getrandom(next, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_IO;
		next += got;
		length -= (size_t)got;
	}
	return ERR_NONE;
}

enum { PROCESS_DESCRIPTORS = 8192 };

/* A closed standard descriptor would be handed out to the next file opened, and then be written to
 * by whatever believes that it prints. */
static enum error fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return error_from_errno(errno);
	} while (fd <= STDERR_FILENO);
	close(fd);
	return ERR_NONE;
}

/* As many as the configuration may ask for, where the system lets us. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= PROCESS_DESCRIPTORS)
		return;
	limit.rlim_cur =
		limit.rlim_max < PROCESS_DESCRIPTORS ? limit.rlim_max : PROCESS_DESCRIPTORS;
	/* What fails leaves fewer connections, which are refused and counted one by one. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

enum error process_harden(bool allow_debugger)
{
	const struct rlimit no_core = {0, 0};
	struct sigaction ignore;
	enum error error = fill_standard_descriptors();

	if (error != ERR_NONE)
		return error;
	raise_descriptor_limit();
	umask(077);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	sigemptyset(&ignore.sa_mask);
	if (sigaction(SIGPIPE, &ignore, NULL) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0)
		return ERR_UNSUPPORTED;
	if (!allow_debugger && prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0)
		return ERR_UNSUPPORTED;
	return ERR_NONE;
}

enum error process_arguments(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return ERR_NONE;
}

const int process_stop_signals[PROCESS_STOP_SIGNALS_MAX] = {SIGTERM, SIGINT, 0};
const int process_reload_signal = SIGHUP;

enum { GIVE_WAY_NICENESS = 19 };

void process_give_way(void)
{
	/* Of this thread alone: Linux has a niceness for each. What fails costs others some time. */
	if (getpriority(PRIO_PROCESS, 0) < GIVE_WAY_NICENESS)
		(void)setpriority(PRIO_PROCESS, 0, GIVE_WAY_NICENESS);
}

void process_yield(void)
{
	(void)sched_yield();
}

uint64_t process_id(void)
{
	return (uint64_t)getpid();
}
