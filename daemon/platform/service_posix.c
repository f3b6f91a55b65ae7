#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/posix.h"
#include "platform/process.h"
#include "platform/service.h"

int service_run(int (*run)(void *arg), void *arg)
{
	return run(arg);
}

/* The managers of these systems ask by signals. */
void service_listen(void (*on_request)(void *arg, enum service_request request), void *arg)
{
	(void)on_request;
	(void)arg;
}

static enum error say_unsupported(struct buf *why)
{
	return why_error(why, ERR_UNSUPPORTED,
			 "only Windows registers services by the program itself; here the service "
			 "manager needs a unit file that starts wsauthzd");
}

enum error service_install(const char *config_path, struct buf *why)
{
	(void)config_path;
	return say_unsupported(why);
}

enum error service_uninstall(struct buf *why)
{
	return say_unsupported(why);
}

enum error ready_fd_notify(int descriptor)
{
	ssize_t written;
	int failed;

	do {
		written = write(descriptor, "\n", 1);
	} while (written < 0 && errno == EINTR);
	failed = written == 1 ? 0 : errno;
	close(descriptor);
	return failed == 0 ? ERR_NONE : error_from_errno(failed);
}

/* A path, or with '@' in front a name in the abstract namespace, where the '@' stands for NUL. */
static socklen_t notify_address(const char *text, struct sockaddr_un *address)
{
	size_t length = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || length >= sizeof(address->sun_path))
		return 0;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, text, length);
	if (text[0] == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

enum error service_notify(const char *state)
{
	const char *text = secure_getenv("NOTIFY_SOCKET");
	enum error error = ERR_NONE;
	struct sockaddr_un address;
	socklen_t length;
	int fd;

	if (text == NULL || text[0] == '\0')
		return ERR_NONE;
	length = notify_address(text, &address);
	if (length == 0)
		return ERR_INVALID;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_from_errno(errno);
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		   (const struct sockaddr *)&address, length) < 0)
		error = error_from_errno(errno);
	close(fd);
	return error;
}

enum { FIRST_PASSED_DESCRIPTOR = 3, PASSED_DESCRIPTORS_MAX = 16 };

/* LISTEN_PID says which process the descriptors are for: a child of ours is not meant. */
unsigned service_socket_count(void)
{
	const char *count_text = secure_getenv("LISTEN_FDS");
	const char *pid_text = secure_getenv("LISTEN_PID");
	uint64_t count, pid;

	if (count_text == NULL || !str_to_u64(str_from(count_text), &count) || pid_text == NULL ||
	    !str_to_u64(str_from(pid_text), &pid) || pid != process_id())
		return 0;
	return count < PASSED_DESCRIPTORS_MAX ? (unsigned)count : PASSED_DESCRIPTORS_MAX;
}

static bool listens_at(int fd, const char *path)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address), int_size = sizeof(int);
	size_t path_length = strlen(path);
	int listens = 0, type = 0;

	memset(&address, 0, sizeof(address));
	return getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
	       address.sun_family == AF_UNIX && path_length < sizeof(address.sun_path) &&
	       memcmp(address.sun_path, path, path_length + 1) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_size) == 0 &&
	       listens != 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) == 0 &&
	       type == SOCK_STREAM;
}

int service_socket_take(const char *path)
{
	unsigned count = service_socket_count();

	for (unsigned i = 0; i < count; i++) {
		int fd = FIRST_PASSED_DESCRIPTOR + (int)i;
		int flags;

		if (!listens_at(fd, path))
			continue;
		flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			return -1;
		return fd;
	}
	return -1;
}

/* sd_watchdog_enabled(3): the interval is in microseconds, for the process named if one is. */
uint64_t service_watchdog_ms(void)
{
	const char *interval = secure_getenv("WATCHDOG_USEC");
	const char *pid = secure_getenv("WATCHDOG_PID");
	uint64_t interval_us, wanted_pid;

	if (interval == NULL || !str_to_u64(str_from(interval), &interval_us))
		return 0;
	if (pid != NULL && (!str_to_u64(str_from(pid), &wanted_pid) || wanted_pid != process_id()))
		return 0;
	return interval_us / 2000;
}
