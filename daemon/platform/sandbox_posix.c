/*
 * Two fences of the Linux kernel, each for what the other cannot see: Landlock knows files and no
 * system calls, seccomp knows system calls and cannot read the paths they are given.
 *
 * Landlock is called directly: Debian 12's C library has no functions for it, and its headers end
 * before what later kernels offer.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/posix.h"
#include "platform/sandbox.h"

/* A sanitizer looks at its own process in ways that both fences are there to prevent. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

static enum error refuse_sanitized(struct buf *why)
{
	return why_error(why, ERR_UNSUPPORTED, "this program was built with a sanitizer");
}

/* Landlock, linux/landlock.h of Linux 6.12. */

enum {
	RULE_PATH_BENEATH = 1,
	RULESET_VERSION = 1,
	SCOPE_SIGNAL = 1 << 1,
	NET_ALL = 1 << 0 | 1 << 1, /* bind and connect of TCP */
};

enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_REG = 1 << 8,
	FS_TRUNCATE = 1 << 14,
	FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE,
};

struct ruleset_attr {
	uint64_t handled_fs, handled_net, scoped;
};

struct path_beneath_attr {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

/* All rights over files that a version of Landlock knows. */
static uint64_t handled_rights(long version)
{
	if (version >= 5)
		return (UINT64_C(1) << 16) - 1; /* and ioctl of devices */
	if (version >= 3)
		return (UINT64_C(1) << 15) - 1; /* and truncate */
	if (version == 2)
		return (UINT64_C(1) << 14) - 1; /* and refer: links and moves across directories */
	return (UINT64_C(1) << 13) - 1;
}

static uint64_t rights_of(enum sandbox_access access)
{
	switch (access) {
	case SANDBOX_READ: return FS_READ_FILE | FS_READ_DIR;
	case SANDBOX_EXECUTE: return FS_READ_FILE | FS_READ_DIR | FS_EXECUTE;
	case SANDBOX_REMOVE: return FS_REMOVE_FILE;
	case SANDBOX_WRITE: break;
	}
	return FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG |
	       FS_TRUNCATE;
}

struct ruleset {
	int fd;
	uint64_t handled;
	int failed; /* the first errno of a rule that could not be added */
};

static void allow_path(struct ruleset *ruleset, const char *path, enum sandbox_access access)
{
	struct path_beneath_attr rule = {.allowed = rights_of(access) & ruleset->handled};
	struct stat st;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES && ruleset->failed == 0)
			ruleset->failed = errno;
		return;
	}
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= FS_OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset->fd, RULE_PATH_BENEATH, &rule, 0U) != 0 &&
	    ruleset->failed == 0)
		ruleset->failed = errno;
	close(rule.parent_fd);
}

/* The directory of a shared library, or of the loader: an upgrade of the system replaces the files
 * while we run. */
static int allow_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	char directory[PATH_MAX];

	(void)size;
	if (info->dlpi_name[0] == '/' &&
	    parent_of(info->dlpi_name, directory, sizeof(directory)) == ERR_NONE)
		allow_path(arg, directory, SANDBOX_EXECUTE);
	return 0;
}

/* What it takes to run this program again, and what the C library reads by itself. */
static void allow_own_needs(struct ruleset *ruleset)
{
	allow_path(ruleset, "/proc/self/exe", SANDBOX_EXECUTE);
	allow_path(ruleset, "/proc/self", SANDBOX_READ);
	allow_path(ruleset, "/etc/ld.so.cache", SANDBOX_READ);
	allow_path(ruleset, "/etc/localtime", SANDBOX_READ);
	allow_path(ruleset, "/usr/share/zoneinfo", SANDBOX_READ);
	allow_path(ruleset, "/dev/null", SANDBOX_WRITE);
	dl_iterate_phdr(allow_library, ruleset);
}

enum error sandbox_limit_files(const struct sandbox_path *paths, size_t count, struct buf *why)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0UL, RULESET_VERSION);
	struct ruleset_attr attr = {.handled_fs = handled_rights(version)};
	struct ruleset ruleset = {.handled = attr.handled_fs};

	if (IS_SANITIZED)
		return refuse_sanitized(why);
	if (version < 1)
		return why_error(why, ERR_UNSUPPORTED,
				 "the kernel has no Landlock, or it is switched off: %s",
				 strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0)
		return why_errno(why, "landlock", "give up new privileges");
	if (version >= 4)
		attr.handled_net = NET_ALL;
	if (version >= 6)
		attr.scoped = SCOPE_SIGNAL;
	ruleset.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0U);
	if (ruleset.fd < 0)
		return why_errno(why, "landlock", "create the rules");
	allow_own_needs(&ruleset);
	for (size_t i = 0; i < count; i++)
		allow_path(&ruleset, paths[i].path, paths[i].access);
	if (ruleset.failed == 0 && syscall(SYS_landlock_restrict_self, ruleset.fd, 0U) != 0)
		ruleset.failed = errno;
	close(ruleset.fd);
	errno = ruleset.failed;
	return ruleset.failed == 0 ? ERR_NONE : why_errno(why, "landlock", "set the rules");
}

/* seccomp. */

/* What a thread needs for memory, time, locks, its descriptors and its end. */
static const int compute_calls[] = {
	SCMP_SYS(brk),           SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime), SCMP_SYS(close),
	SCMP_SYS(exit),          SCMP_SYS(exit_group),
	SCMP_SYS(fstat),         SCMP_SYS(futex),
	SCMP_SYS(getpid),        SCMP_SYS(getrandom),
	SCMP_SYS(gettid),        SCMP_SYS(gettimeofday),
	SCMP_SYS(lseek),         SCMP_SYS(madvise),
	SCMP_SYS(mremap),        SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),    SCMP_SYS(read),
	SCMP_SYS(readv),         SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),  SCMP_SYS(sched_yield),
	SCMP_SYS(tgkill),        SCMP_SYS(time),
	SCMP_SYS(write),         SCMP_SYS(writev),
};

/* What libuv, SQLite, the log and the child that checks candidates take. */
static const int server_calls[] = {
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(access),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(chmod),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close_range),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(execve),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(fallocate),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(fchown),
	SCMP_SYS(fcntl),
	SCMP_SYS(fdatasync),
	SCMP_SYS(flock),
	SCMP_SYS(fork),
	SCMP_SYS(fsync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),
	SCMP_SYS(getegid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getpeername),
	SCMP_SYS(getppid),
	SCMP_SYS(getrusage),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getuid),
	SCMP_SYS(inotify_add_watch),
	SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_rm_watch),
	SCMP_SYS(kill),
	SCMP_SYS(lstat),
	SCMP_SYS(membarrier),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(nanosleep),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(prctl),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(prlimit64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigpending),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(seccomp),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(setrlimit),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
	SCMP_SYS(sysinfo),
	SCMP_SYS(umask),
	SCMP_SYS(uname),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),
};

/* Terminal questions and the non-blocking switch. */
static const unsigned long ioctl_requests[] = {FIONBIO, FIONREAD, FIOCLEX, TCGETS, TIOCGWINSZ};

enum {
	NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
};

/* A call that this processor does not have is no failure. */
static int allow_calls(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < count; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return result;
}

/* No memory is writable and executable, at once or one after the other. */
static int allow_memory(scmp_filter_ctx filter)
{
	int result;

	result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (result == 0)
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_EXEC));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
					  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return result;
}

static int allow_server(scmp_filter_ctx filter)
{
	int result = allow_calls(filter, server_calls, ARRAY_COUNT(server_calls));

	for (size_t i = 0; result == 0 && i < ARRAY_COUNT(ioctl_requests); i++)
		result = seccomp_rule_add(
			filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, ioctl_requests[i]));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
					  SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
					  SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
	/* Its flags lie in memory, where no filter can look. The C library then uses clone(). */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return result;
}

static enum error limit_calls(int (*allow_more)(scmp_filter_ctx filter), bool kills,
			      struct buf *why)
{
	scmp_filter_ctx filter;
	int result;

	if (IS_SANITIZED)
		return refuse_sanitized(why);
	filter = seccomp_init(kills ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
	if (filter == NULL)
		return why_error(why, ERR_NO_MEMORY, "seccomp: %s", error_text(ERR_NO_MEMORY));
	result = allow_calls(filter, compute_calls, ARRAY_COUNT(compute_calls));
	if (result == 0)
		result = allow_memory(filter);
	if (result == 0 && allow_more != NULL)
		result = allow_more(filter);
	/* A search instead of a walk through the list. */
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result == -ENOMEM)
		return why_error(why, ERR_NO_MEMORY, "seccomp: %s", error_text(ERR_NO_MEMORY));
	if (result != 0)
		return why_error(why, ERR_UNSUPPORTED,
				 "the kernel did not take the seccomp filter: %s",
				 strerror(-result));
	return ERR_NONE;
}

enum error sandbox_limit_calls(bool kills, struct buf *why)
{
	return limit_calls(allow_server, kills, why);
}

enum error sandbox_limit_to_computing(struct buf *why)
{
	return limit_calls(NULL, false, why);
}
