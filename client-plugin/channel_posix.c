/* The channel over a Unix socket: one thread, which polls the socket and an eventfd. */
#include "client-plugin/channel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client-plugin/memory.h"

enum { READ_BYTES = 64 * 1024 };

struct channel {
	const struct channel_events *events;
	void *arg;
	struct sockaddr_un address;
	uid_t server_uid;
	pthread_t thread;
	int wake_fd;

	/* The channel's thread: */
	int fd; /* -1 without a connection */
	struct channel_obstacle obstacle;
	const uint8_t *unwritten;
	size_t unwritten_bytes;
	bool writing;
	uint8_t bytes[READ_BYTES];
};

/* Time, randomness and the process. */

int64_t channel_now_ms(const struct channel *channel)
{
	struct timespec now;

	(void)channel;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t channel_wall_us(const struct channel *channel)
{
	struct timespec now;

	(void)channel;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum client_reason channel_random(struct channel *channel, void *bytes, size_t length)
{
	(void)channel;
	/* At most 256 bytes come whole or not at all (getrandom(2)). */
	return getrandom(bytes, length, 0) == (ssize_t)length ? CLIENT_OK : CLIENT_NO_MEMORY;
}

uint32_t channel_process_id(const struct channel *channel)
{
	(void)channel;
	return (uint32_t)getpid();
}

/* The connection. */

/* Who listens on the socket: the kernel's record of who called listen(2), see unix(7). */
static bool server_is_expected(struct channel *channel, int fd)
{
	struct ucred server = {.uid = (uid_t)-1};
	socklen_t length = sizeof(server);

	channel->obstacle = (struct channel_obstacle){.kind = CHANNEL_FAULT};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &length) != 0 ||
	    length != sizeof(server) || server.uid == (uid_t)-1)
		return false;
	snprintf(channel->obstacle.owner, sizeof(channel->obstacle.owner), "%ju",
		 (uintmax_t)server.uid);
	return server.uid == channel->server_uid;
}

static void note_obstacle(struct channel *channel, int error)
{
	channel->obstacle = (struct channel_obstacle){.system_error = (uint32_t)error};
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED: channel->obstacle.kind = CHANNEL_ABSENT; break;
	case EACCES:
	case EPERM: channel->obstacle.kind = CHANNEL_NO_ACCESS; break;
	case EAGAIN: channel->obstacle.kind = CHANNEL_BUSY; break;
	default: channel->obstacle.kind = CHANNEL_FAULT; break;
	}
}

const struct channel_obstacle *channel_obstacle(const struct channel *channel)
{
	return &channel->obstacle;
}

enum client_reason channel_connect(struct channel *channel)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	enum client_reason reason = CLIENT_OK;

	if (fd < 0)
		return CLIENT_NO_MEMORY;
	/* Unix sockets connect at once or fail, with EAGAIN when too many wait to be accepted. */
	if (connect(fd, (const struct sockaddr *)&channel->address, sizeof(channel->address)) !=
	    0) {
		note_obstacle(channel, errno);
		reason = CLIENT_NO_SERVER;
	} else if (!server_is_expected(channel, fd)) {
		reason = CLIENT_WRONG_OWNER;
	}
	if (reason != CLIENT_OK) {
		close(fd);
		return reason;
	}
	channel->fd = fd;
	return CLIENT_OK;
}

void channel_disconnect(struct channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	channel->writing = false;
}

void channel_write(struct channel *channel, const uint8_t *bytes, size_t length)
{
	channel->unwritten = bytes;
	channel->unwritten_bytes = length;
	channel->writing = true;
}

static void end_connection(struct channel *channel)
{
	channel_disconnect(channel);
	channel->events->on_closed(channel->arg);
}

/* Writes what the socket takes now. A write that is complete is followed by another turn before
 * anything else, so that what waited for it is not delayed. */
static bool write_some(struct channel *channel)
{
	while (channel->unwritten_bytes != 0) {
		ssize_t written = send(channel->fd, channel->unwritten, channel->unwritten_bytes,
				       MSG_NOSIGNAL);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (written < 0) {
			end_connection(channel);
			return true;
		}
		channel->unwritten += written;
		channel->unwritten_bytes -= (size_t)written;
	}
	channel->writing = false;
	channel->events->on_written(channel->arg);
	return true;
}

static void read_some(struct channel *channel)
{
	/* Without a control buffer, so that descriptors passed along are dropped by the kernel. */
	ssize_t length = recv(channel->fd, channel->bytes, sizeof(channel->bytes), 0);

	if (length > 0)
		channel->events->on_bytes(channel->arg, channel->bytes, (size_t)length);
	else if (length == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		end_connection(channel);
}

/* The thread. */

void channel_wake(struct channel *channel)
{
	const uint64_t one = 1;

	/* Fails only when the counter is about to overflow, and then the thread wakes anyway. */
	while (write(channel->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

void channel_yield(void)
{
	sched_yield();
}

static void drain_wakes(struct channel *channel)
{
	uint64_t count;

	while (read(channel->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		continue;
}

/* Waits for the socket, a wake or the time. */
static void wait_for_event(struct channel *channel, int64_t until_ms)
{
	enum { LONGEST_WAIT_MS = 60000 };
	struct pollfd fds[2] = {
		{.fd = channel->wake_fd, .events = POLLIN},
		{.fd = channel->fd, .events = POLLIN}, /* ignored when negative */
	};
	int64_t wait_ms = LONGEST_WAIT_MS;

	if (until_ms != INT64_MAX) {
		wait_ms = until_ms - channel_now_ms(channel);
		if (wait_ms < 0)
			wait_ms = 0;
		if (wait_ms > LONGEST_WAIT_MS)
			wait_ms = LONGEST_WAIT_MS;
	}
	if (channel->writing)
		fds[1].events |= POLLOUT;
	if (poll(fds, 2, (int)wait_ms) <= 0)
		return;
	if (fds[0].revents != 0)
		drain_wakes(channel);
	if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		read_some(channel);
}

static void *run(void *arg)
{
	struct channel *channel = arg;

	for (;;) {
		int64_t until_ms = channel->events->on_turn(channel->arg, channel_now_ms(channel));

		if (until_ms == CHANNEL_STOP)
			return NULL;
		if (channel->writing && write_some(channel))
			continue;
		wait_for_event(channel, until_ms);
	}
}

enum client_reason channel_start(struct channel *channel)
{
	sigset_t all, before;
	int error;

	/* Signals belong to the host program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&channel->thread, NULL, run, channel);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? CLIENT_OK : CLIENT_NO_MEMORY;
}

void channel_join(struct channel *channel)
{
	pthread_join(channel->thread, NULL);
}

/* A user id: decimal digits, less than the value that stands for none. */
static bool read_uid(const char *text, uid_t *uid)
{
	uint64_t value = 0;

	if (text == NULL || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value >= (uid_t)-1)
			return false;
	}
	*uid = (uid_t)value;
	return true;
}

enum client_reason channel_new(const char *endpoint, const char *server_owner,
			       const struct channel_events *events, void *arg, struct channel **out)
{
	size_t length = endpoint != NULL ? strlen(endpoint) : 0;
	struct channel *channel;
	uid_t server_uid;

	if (length == 0 || length >= sizeof(channel->address.sun_path) ||
	    !read_uid(server_owner, &server_uid))
		return CLIENT_INVALID;
	channel = memory_calloc(1, sizeof(*channel));
	if (channel == NULL)
		return CLIENT_NO_MEMORY;
	channel->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (channel->wake_fd < 0) {
		memory_free(channel);
		return CLIENT_NO_MEMORY;
	}
	channel->events = events;
	channel->arg = arg;
	channel->fd = -1;
	channel->server_uid = server_uid;
	channel->address.sun_family = AF_UNIX;
	memcpy(channel->address.sun_path, endpoint, length);
	*out = channel;
	return CLIENT_OK;
}

void channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	channel_disconnect(channel);
	close(channel->wake_fd);
	memory_free(channel);
}
