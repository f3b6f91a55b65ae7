#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/endpoint.h"
#include "platform/service.h"
#include "support/cmocka.h"
#include "support/tmpdir.h"

static void readiness_is_one_newline(void **state)
{
	char text[4];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(ready_fd_notify(fds[1]), ERR_NONE);
	assert_int_equal(read(fds[0], text, sizeof(text)), 1);
	assert_int_equal(text[0], '\n');
	assert_int_equal(read(fds[0], text, sizeof(text)), 0);
	close(fds[0]);
	assert_int_not_equal(ready_fd_notify(fds[1]), ERR_NONE);
}

static int bind_datagrams(const struct sockaddr_un *address, socklen_t length)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)address, length), 0);
	return fd;
}

static void assert_received(int fd, const char *expected)
{
	char text[64];
	ssize_t length = recv(fd, text, sizeof(text), MSG_DONTWAIT);

	assert_int_equal(length, strlen(expected));
	assert_memory_equal(text, expected, strlen(expected));
}

static void the_manager_is_told_at_its_path(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct tmpdir dir;
	int fd;

	(void)state;
	tmpdir_create(&dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/n", dir.path);
	fd = bind_datagrams(&address, sizeof(address));
	assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
	assert_int_equal(service_notify("READY=1"), ERR_NONE);
	assert_received(fd, "READY=1");
	close(fd);
	assert_int_not_equal(service_notify("READY=1"), ERR_NONE);
	tmpdir_remove(&dir);
}

static void the_manager_is_told_at_its_abstract_name(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	int length, fd;

	(void)state;
	length = snprintf(name, sizeof(name), "@wsauthz-test-%d", (int)getpid());
	memcpy(address.sun_path, name, (size_t)length);
	address.sun_path[0] = '\0';
	fd = bind_datagrams(&address,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length));
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(service_notify("STOPPING=1"), ERR_NONE);
	assert_received(fd, "STOPPING=1");
	close(fd);
}

static void without_a_manager_nothing_happens(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(service_notify("READY=1"), ERR_NONE);
	assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
	assert_int_equal(service_notify("READY=1"), ERR_INVALID);
}

static void the_watchdog_is_fed_twice_an_interval(void **state)
{
	char pid[24];

	(void)state;
	assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
	assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
	assert_int_equal(service_watchdog_ms(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "10000000", 1), 0);
	assert_int_equal(service_watchdog_ms(), 5000);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_int_equal(service_watchdog_ms(), 5000);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(service_watchdog_ms(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "soon", 1), 0);
	assert_int_equal(service_watchdog_ms(), 0);
}

/* Plays the service manager: listens at `path` on descriptor 3, in a child, because descriptor 3
 * and the environment are the process's. */
static void pass_socket(const char *path, bool listens)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char pid[24];

	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listens)
		assert_int_equal(listen(fd, 4), 0);
	if (fd != 3) {
		assert_int_equal(dup2(fd, 3), 3);
		close(fd);
	}
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
	assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
}

static int passed_child(const char *path)
{
	char other[256];
	int fd;

	pass_socket(path, true);
	snprintf(other, sizeof(other), "%s2", path);
	if (service_socket_count() != 1 || service_socket_take(other) != -1)
		return 2;
	fd = service_socket_take(path);
	if (fd != 3 || (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 ||
	    (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
		return 3;
	setenv("LISTEN_PID", "1", 1);
	return service_socket_count() == 0 && service_socket_take(path) == -1 ? 0 : 4;
}

static int silent_child(const char *path)
{
	pass_socket(path, false);
	return service_socket_take(path) == -1 ? 0 : 2;
}

/* The endpoint goes on with the manager's socket, and leaves its file behind. */
static int endpoint_child(const char *path)
{
	struct endpoint_options options = {.path = path, .mode = 0600, .queue_length = 4};
	struct endpoint *endpoint = NULL;
	struct buf why;

	buf_init(&why, 1024);
	pass_socket(path, true);
	if (endpoint_open(&options, &endpoint, &why) != ERR_NONE)
		return 2;
	if (!endpoint_is_passed(endpoint) || endpoint_descriptor(endpoint) != 3)
		return 3;
	endpoint_close(endpoint);
	buf_deinit(&why);
	return access(path, F_OK) == 0 ? 0 : 4;
}

static void run_child(int (*body)(const char *path))
{
	struct tmpdir dir;
	char path[256];
	pid_t child;
	int status;

	tmpdir_create(&dir);
	tmpdir_path(&dir, "s.sock", path, sizeof(path));
	child = fork();
	if (child == 0)
		_exit(body(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	tmpdir_remove(&dir);
	assert_int_equal(status, 0);
}

static void a_passed_socket_is_known_by_its_path(void **state)
{
	(void)state;
	run_child(passed_child);
}

static void a_passed_socket_that_does_not_listen_is_not_taken(void **state)
{
	(void)state;
	run_child(silent_child);
}

static void an_endpoint_goes_on_with_a_passed_socket(void **state)
{
	(void)state;
	run_child(endpoint_child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readiness_is_one_newline),
		cmocka_unit_test(the_manager_is_told_at_its_path),
		cmocka_unit_test(the_manager_is_told_at_its_abstract_name),
		cmocka_unit_test(without_a_manager_nothing_happens),
		cmocka_unit_test(the_watchdog_is_fed_twice_an_interval),
		cmocka_unit_test(a_passed_socket_is_known_by_its_path),
		cmocka_unit_test(a_passed_socket_that_does_not_listen_is_not_taken),
		cmocka_unit_test(an_endpoint_goes_on_with_a_passed_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
