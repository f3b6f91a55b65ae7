#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/channel.h"
#include "platform/clock.h"
#include "platform/peer.h"
#include "platform/posix.h"

struct channel {
	int descriptor;
	struct peer peer;
	bool is_trusted;
};

static enum error connect_within(int fd, const char *path, int timeout_ms, struct buf *why)
{
	struct timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
	struct sockaddr_un address;

	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, path, strlen(path) + 1);
	/* The time-out of a connect is the one for sending (unix(7)); it ends with EAGAIN. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
		return why_errno(why, path, "set the time-out");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return ERR_NONE;
	if (errno == EAGAIN || errno == EINPROGRESS)
		return why_error(why, ERR_TIMEOUT, "%s: no answer within %d ms", path, timeout_ms);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return why_error(why, ERR_NOT_FOUND,
				 "%s: nobody listens there; is the daemon running?", path);
	return why_errno(why, path, "connect");
}

static bool owns_directory(const struct peer *peer, const char *path)
{
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct stat st;

	return parent_of(path, directory, sizeof(directory)) == ERR_NONE &&
	       lstat(directory, &st) == 0 && S_ISDIR(st.st_mode) &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 && st.st_uid == account_id(&peer->user);
}

enum error channel_open(const char *path, int timeout_ms, struct channel **out, struct buf *why)
{
	struct channel *channel;
	enum error error;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return why_error(why, ERR_INVALID, "%s: the path of a socket is too long", path);
	channel = mem_alloc(sizeof(*channel));
	if (channel == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
	channel->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	error = channel->descriptor >= 0
			? connect_within(channel->descriptor, path, timeout_ms, why)
			: why_errno(why, path, "open a socket");
	if (error != ERR_NONE) {
		channel_close(channel);
		return error;
	}
	peer_of_socket(channel->descriptor, &channel->peer);
	channel->is_trusted =
		channel->peer.valid && (account_id(&channel->peer.user) == 0 ||
					account_id(&channel->peer.user) == geteuid() ||
					owns_directory(&channel->peer, path));
	*out = channel;
	return ERR_NONE;
}

enum error channel_adopt(int descriptor, struct channel **out)
{
	struct channel *channel = mem_calloc(1, sizeof(*channel));

	if (channel == NULL) {
		close(descriptor);
		return ERR_NO_MEMORY;
	}
	channel->descriptor = descriptor;
	peer_of_socket(descriptor, &channel->peer);
	channel->is_trusted = channel->peer.valid;
	*out = channel;
	return ERR_NONE;
}

void channel_close(struct channel *channel)
{
	if (channel == NULL)
		return;
	if (channel->descriptor >= 0)
		close(channel->descriptor);
	mem_free(channel);
}

enum error channel_finish(struct channel *channel)
{
	return shutdown(channel->descriptor, SHUT_WR) == 0 ? ERR_NONE : error_from_errno(errno);
}

const struct peer *channel_peer(const struct channel *channel)
{
	return &channel->peer;
}

bool channel_is_trusted(const struct channel *channel)
{
	return channel->is_trusted;
}

static int64_t now_ms(void)
{
	return clock_boot_ms(platform_clock());
}

/* Waits until the socket is ready for `events` or the moment `deadline_ms` has come. */
static enum error wait_ready(const struct channel *channel, short events, int64_t deadline_ms)
{
	struct pollfd waiting = {channel->descriptor, events, 0};

	for (;;) {
		int64_t left_ms = deadline_ms - now_ms();
		int ready = poll(&waiting, 1, left_ms > 0 ? (int)left_ms : 0);

		if (ready > 0)
			return ERR_NONE;
		if (ready == 0)
			return ERR_TIMEOUT;
		if (errno != EINTR)
			return error_from_errno(errno);
	}
}

enum error channel_write(struct channel *channel, const void *bytes, size_t length, int timeout_ms)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	const char *next = bytes;

	while (length != 0) {
		ssize_t sent = send(channel->descriptor, next, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0) {
			next += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN) {
			enum error error = wait_ready(channel, POLLOUT, deadline_ms);

			if (error != ERR_NONE)
				return error;
		} else if (errno != EINTR) {
			return error_from_errno(errno);
		}
	}
	return ERR_NONE;
}

enum error channel_read(struct channel *channel, void *bytes, size_t capacity, int timeout_ms,
			size_t *length)
{
	int64_t deadline_ms = now_ms() + timeout_ms;

	for (;;) {
		ssize_t got = recv(channel->descriptor, bytes, capacity, MSG_DONTWAIT);

		if (got > 0) {
			*length = (size_t)got;
			return ERR_NONE;
		}
		if (got == 0)
			return ERR_CLOSED;
		if (errno == EAGAIN) {
			enum error error = wait_ready(channel, POLLIN, deadline_ms);

			if (error != ERR_NONE)
				return error;
		} else if (errno != EINTR) {
			return error_from_errno(errno);
		}
	}
}
