/* What is given up cannot be had back, so each test gives it up in a child. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/sandbox.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

enum { CHILD_SKIPS = 77 };

struct fixture {
	struct tmpdir dir;
	char kept[256], read[256], removed[256], outside[256];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	tmpdir_create(&f->dir);
	tmpdir_path(&f->dir, "kept", f->kept, sizeof(f->kept));
	tmpdir_path(&f->dir, "read", f->read, sizeof(f->read));
	tmpdir_path(&f->dir, "removed", f->removed, sizeof(f->removed));
	tmpdir_path(&f->dir, "outside", f->outside, sizeof(f->outside));
	assert_int_equal(mkdir(f->kept, 0700), 0);
	assert_int_equal(mkdir(f->read, 0700), 0);
	assert_int_equal(mkdir(f->removed, 0700), 0);
	tmpdir_write(&f->dir, "kept/file", "x", 1);
	tmpdir_write(&f->dir, "read/file", "x", 1);
	tmpdir_write(&f->dir, "removed/file", "x", 1);
	tmpdir_write(&f->dir, "outside", "x", 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

/* The wait status of a child that runs `body`; skips the test when the system has no such fence. */
static int run_child(int (*body)(const struct fixture *f), const struct fixture *f)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(body(f));
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIPS) {
		print_message("skipped: this kernel or build has no such fence\n");
		skip();
	}
	return status;
}

static void expect_success(int (*body)(const struct fixture *f), const struct fixture *f)
{
	int status = run_child(body, f);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("wait status 0x%x: the number of the step that failed is its exit code",
			 (unsigned)status);
}

static int code_of(enum error error)
{
	return error == ERR_UNSUPPORTED ? CHILD_SKIPS : 1;
}

static enum error limit_files(const struct fixture *f)
{
	const struct sandbox_path paths[] = {
		{f->kept, SANDBOX_WRITE},
		{f->read, SANDBOX_READ},
		{f->removed, SANDBOX_REMOVE},
		{"/nowhere/at/all", SANDBOX_READ},
	};
	enum error error;
	struct buf why;

	buf_init(&why, 1024);
	error = sandbox_limit_files(paths, ARRAY_COUNT(paths), &why);
	buf_deinit(&why);
	return error;
}

static enum error limit_calls(bool kills)
{
	enum error error;
	struct buf why;

	buf_init(&why, 1024);
	error = sandbox_limit_calls(kills, &why);
	buf_deinit(&why);
	return error;
}

static bool opens(const char *directory, const char *name, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s%s", directory, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_denied(const char *directory, const char *name, int flags)
{
	return !opens(directory, name, flags) && errno == EACCES;
}

static int files_child(const struct fixture *f)
{
	char path[512];
	enum error error = limit_files(f);

	if (error != ERR_NONE)
		return code_of(error);
	if (!opens(f->kept, "/file", O_RDWR | O_TRUNC) || !opens(f->kept, "/new", O_RDWR | O_CREAT))
		return 2;
	if (!opens(f->read, "/file", O_RDONLY) || !is_denied(f->read, "/file", O_RDWR) ||
	    !is_denied(f->read, "/new", O_RDWR | O_CREAT))
		return 3;
	snprintf(path, sizeof(path), "%s/file", f->removed);
	if (!is_denied(f->removed, "/file", O_RDONLY) || unlink(path) != 0)
		return 4;
	snprintf(path, sizeof(path), "%s/file", f->read);
	if (!is_denied(f->outside, "", O_RDONLY) || !is_denied("/etc/passwd", "", O_RDONLY) ||
	    unlink(path) == 0)
		return 5;
	return 0;
}

static void only_the_named_files_can_be_opened_and_changed(void **state)
{
	expect_success(files_child, *state);
}

static int programs_child(const struct fixture *f)
{
	static char own[] = "/proc/self/exe", again[] = "--again", other[] = "/bin/true";
	static char *const none[] = {NULL};
	enum error error = limit_files(f);

	if (error == ERR_NONE)
		error = limit_calls(false);
	if (error != ERR_NONE)
		return code_of(error);
	if (execve(other, (char *[]){other, NULL}, none) != -1 || errno != EACCES)
		return 2;
	execve(own, (char *[]){own, again, NULL}, none);
	return 3;
}

static void only_this_program_can_be_run_again(void **state)
{
	expect_success(programs_child, *state);
}

static bool fails_with(long result, int number)
{
	return result == -1 && errno == number;
}

static int calls_child(const struct fixture *f)
{
	enum error error = limit_calls(false);
	int fd, flag = 1;

	(void)f;
	if (error != ERR_NONE)
		return code_of(error);
	if (!fails_with(socket(AF_INET, SOCK_STREAM, 0), EPERM) ||
	    !fails_with(socket(AF_NETLINK, SOCK_RAW, 0), EPERM))
		return 2;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || ioctl(fd, FIONBIO, &flag) != 0 || !fails_with(listen(fd, 1), EPERM) ||
	    !fails_with(ioctl(fd, FIOASYNC, &flag), EPERM))
		return 3;
	if (!fails_with(ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM) || !fails_with(chdir("/"), EPERM) ||
	    !fails_with(symlink("a", "/tmp/b"), EPERM) || !fails_with(setuid(0), EPERM))
		return 4;
	if (!fails_with(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL), EPERM))
		return 5;
	if (mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    MAP_FAILED ||
	    errno != EPERM)
		return 6;
	return 0;
}

static void only_the_calls_of_a_local_server_are_made(void **state)
{
	expect_success(calls_child, *state);
}

static int killed_child(const struct fixture *f)
{
	enum error error = limit_calls(true);

	(void)f;
	if (error != ERR_NONE)
		return code_of(error);
	(void)socket(AF_INET, SOCK_STREAM, 0);
	return 0;
}

static void a_violation_may_end_the_process(void **state)
{
	int status = run_child(killed_child, *state);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int computing_child(const struct fixture *f)
{
	struct buf why;
	enum error error;
	char *memory;

	buf_init(&why, 1024);
	error = sandbox_limit_to_computing(&why);
	buf_deinit(&why);
	if (error != ERR_NONE)
		return code_of(error);
	memory = malloc(1 << 20);
	if (memory == NULL)
		return 2;
	free(memory);
	if (!fails_with(open(f->read, O_RDONLY), EPERM) ||
	    !fails_with(socket(AF_UNIX, SOCK_STREAM, 0), EPERM) || !fails_with(fork(), EPERM) ||
	    !fails_with(kill(getpid(), SIGTERM), EPERM))
		return 3;
	return 0;
}

static void computing_is_what_is_left_of_a_process(void **state)
{
	expect_success(computing_child, *state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define SANDBOX(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		SANDBOX(only_the_named_files_can_be_opened_and_changed),
		SANDBOX(only_this_program_can_be_run_again),
		SANDBOX(only_the_calls_of_a_local_server_are_made),
		SANDBOX(a_violation_may_end_the_process),
		SANDBOX(computing_is_what_is_left_of_a_process),
	};

	if (argc == 2 && strcmp(argv[1], "--again") == 0)
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
