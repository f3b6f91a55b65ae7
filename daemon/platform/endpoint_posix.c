/*
 * Taking an address: lock it against a daemon that does the same, bind; when the name is taken,
 * connect to it, and only if nobody listens remove it and bind again. The socket is born without
 * rights for others and gets its group and mode before it listens.
 *
 * libuv could bind, but it cuts long paths short and leaves the rights to the umask.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/endpoint.h"
#include "platform/paths.h"
#include "platform/posix.h"
#include "platform/service.h"

struct endpoint {
	int descriptor;
	int spare; /* given up for a moment to drop a connection when descriptors have run out */
	dev_t device;
	ino_t inode; /* of the socket file, so that only our own is removed */
	bool is_passed;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static enum error check_path(const char *path, struct buf *why)
{
	static_assert(sizeof(((struct sockaddr_un *)NULL)->sun_path) == ENDPOINT_PATH_MAX + 1,
		      "paths.h must know the limit of the system");

	if (strlen(path) > ENDPOINT_PATH_MAX)
		return why_error(why, ERR_INVALID,
				 "%s: the path of a socket is limited to %d bytes, this one has "
				 "%zu",
				 path, ENDPOINT_PATH_MAX, strlen(path));
	if (!endpoint_path_is_valid(path))
		return why_error(why, ERR_INVALID, "%s: the path %s", path, endpoint_path_rule);
	return ERR_NONE;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address;

	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, path, strlen(path) + 1);
	return address;
}

/* Creates the directory when it is missing: open to the socket's group if the socket is. */
static enum error prepare_directory(const char *directory, uint32_t mode, const uint32_t *group,
				    struct buf *why)
{
	bool for_group = (mode & 0060) != 0;

	if (mkdir(directory, 0700) == 0) {
		if (for_group && ((group != NULL && chown(directory, (uid_t)-1, *group) != 0) ||
				  chmod(directory, 0750) != 0)) {
			enum error error = why_errno(why, directory, "set the rights");

			rmdir(directory);
			return error;
		}
	} else if (errno != EEXIST) {
		return why_errno(why, directory, "create the directory");
	}
	return check_ancestors(directory, why);
}

/* Decides whether the name that is in the way may go. */
static enum error remove_stale(const struct endpoint *endpoint, struct buf *why)
{
	struct sockaddr_un address = address_of(endpoint->path);
	struct stat st;
	int probe, result;

	if (lstat(endpoint->path, &st) != 0)
		return errno == ENOENT ? ERR_NONE : why_errno(why, endpoint->path, "examine");
	if (!S_ISSOCK(st.st_mode))
		return why_error(why, ERR_INVALID, "%s: exists and is not a socket",
				 endpoint->path);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return why_errno(why, endpoint->path, "open a socket");
	result =
		connect(probe, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
	close(probe);
	/* Anything but a refusal, a full queue included, may be a living daemon. */
	if (result != ECONNREFUSED)
		return why_error(why, ERR_EXISTS, "%s: another process listens there",
				 endpoint->path);
	if (unlink(endpoint->path) != 0)
		return why_errno(why, endpoint->path, "remove the stale socket");
	return ERR_NONE;
}

static int bind_quietly(const struct endpoint *endpoint)
{
	struct sockaddr_un address = address_of(endpoint->path);
	mode_t mask = umask(0177);
	int result = bind(endpoint->descriptor, (const struct sockaddr *)&address, sizeof(address))
			     ? errno
			     : 0;

	umask(mask);
	return result;
}

static enum error take_address(struct endpoint *endpoint, struct buf *why)
{
	int result = bind_quietly(endpoint);

	if (result == EADDRINUSE) {
		enum error error = remove_stale(endpoint, why);

		if (error != ERR_NONE)
			return error;
		result = bind_quietly(endpoint);
	}
	errno = result;
	return result == 0 ? ERR_NONE : why_errno(why, endpoint->path, "bind");
}

static enum error set_rights(struct endpoint *endpoint, uint32_t mode, const uint32_t *group,
			     struct buf *why)
{
	struct stat st;

	if (lstat(endpoint->path, &st) != 0)
		return why_errno(why, endpoint->path, "examine");
	endpoint->device = st.st_dev;
	endpoint->inode = st.st_ino;
	if (group != NULL && lchown(endpoint->path, (uid_t)-1, *group) != 0)
		return why_errno(why, endpoint->path, "set the group");
	if (chmod(endpoint->path, mode) != 0)
		return why_errno(why, endpoint->path, "set the rights");
	return ERR_NONE;
}

static enum error bind_and_listen(struct endpoint *endpoint, const struct endpoint_options *options,
				  const uint32_t *group, struct buf *why)
{
	enum error error = take_address(endpoint, why);

	if (error == ERR_NONE)
		error = set_rights(endpoint, options->mode, group, why);
	if (error == ERR_NONE && listen(endpoint->descriptor, (int)options->queue_length) != 0)
		error = why_errno(why, endpoint->path, "listen");
	return error;
}

/* Waits for the lock of the address. It is a file that clients cannot open: the directory they could
 * lock as well, and would keep the daemon from starting. It stays, as removing it would let a third
 * daemon lock a new file while a second one waits for the old. */
static enum error lock_address(const struct endpoint *endpoint, int *out, struct buf *why)
{
	char path[sizeof(endpoint->path) + sizeof(".lock")];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", endpoint->path);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_errno(why, path, "open the lock file");
	if (flock(fd, LOCK_EX) != 0) {
		enum error error = why_errno(why, path, "lock");

		close(fd);
		return error;
	}
	*out = fd;
	return ERR_NONE;
}

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Without a socket of the service manager's, one of our own. */
static enum error listen_ourselves(struct endpoint *endpoint,
				   const struct endpoint_options *options, struct buf *why)
{
	char directory[PATH_MAX];
	uint32_t id, *group = NULL;
	enum error error = ERR_NONE;
	int lock = -1;

	if (options->group.length != 0) {
		group = &id;
		error = group_find(options->group, group, why);
	}
	if (error == ERR_NONE)
		error = parent_of(options->path, directory, sizeof(directory));
	if (error == ERR_NONE)
		error = prepare_directory(directory, options->mode, group, why);
	if (error != ERR_NONE)
		return error;
	endpoint->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (endpoint->descriptor < 0)
		return why_errno(why, options->path, "open a socket");
	error = lock_address(endpoint, &lock, why);
	if (error == ERR_NONE)
		error = bind_and_listen(endpoint, options, group, why);
	if (lock >= 0)
		close(lock);
	return error;
}

enum error endpoint_open(const struct endpoint_options *options, struct endpoint **out,
			 struct buf *why)
{
	struct endpoint *endpoint = NULL;
	enum error error;

	error = check_path(options->path, why);
	if (error != ERR_NONE)
		return error;
	endpoint = mem_calloc(1, sizeof(*endpoint));
	if (endpoint == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
	memcpy(endpoint->path, options->path, strlen(options->path) + 1);
	endpoint->spare = open_spare();
	endpoint->descriptor = service_socket_take(options->path);
	endpoint->is_passed = endpoint->descriptor >= 0;
	if (endpoint->spare < 0)
		error = why_errno(why, "/dev/null", "open");
	else if (!endpoint->is_passed)
		error = listen_ourselves(endpoint, options, why);
	if (error != ERR_NONE) {
		endpoint_close(endpoint);
		return error;
	}
	*out = endpoint;
	return ERR_NONE;
}

bool endpoint_is_passed(const struct endpoint *endpoint)
{
	return endpoint->is_passed;
}

void endpoint_close(struct endpoint *endpoint)
{
	struct stat st;

	if (endpoint == NULL)
		return;
	if (endpoint->inode != 0 && lstat(endpoint->path, &st) == 0 &&
	    st.st_dev == endpoint->device && st.st_ino == endpoint->inode)
		unlink(endpoint->path);
	if (endpoint->descriptor >= 0)
		close(endpoint->descriptor);
	if (endpoint->spare >= 0)
		close(endpoint->spare);
	mem_free(endpoint);
}

int endpoint_descriptor(const struct endpoint *endpoint)
{
	return endpoint->descriptor;
}

enum error endpoint_notify(struct endpoint *endpoint, void (*on_waiting)(void *arg), void *arg)
{
	(void)endpoint;
	(void)on_waiting;
	(void)arg;
	return ERR_UNSUPPORTED;
}

/* Takes the connection with the spare descriptor and drops it, so that it does not keep the
 * listening socket readable for ever. The kernel looks for a free descriptor before it looks
 * whether anybody waits, so there may be nobody. */
static enum endpoint_outcome drop_waiting(struct endpoint *endpoint)
{
	bool is_empty;
	int fd;

	if (endpoint->spare >= 0)
		close(endpoint->spare);
	fd = accept4(endpoint->descriptor, NULL, NULL, SOCK_CLOEXEC);
	is_empty = fd < 0 && errno == EAGAIN;
	if (fd >= 0)
		close(fd);
	endpoint->spare = open_spare();
	return is_empty ? ENDPOINT_EMPTY : ENDPOINT_EXHAUSTED;
}

enum endpoint_outcome endpoint_accept(struct endpoint *endpoint, struct endpoint_connection *out)
{
	int fd;

	do {
		fd = accept4(endpoint->descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	if (fd >= 0) {
		out->descriptor = fd;
		peer_of_socket(fd, &out->peer);
		return ENDPOINT_ACCEPTED;
	}
	switch (errno) {
	case EAGAIN: return ENDPOINT_EMPTY;
	case EMFILE:
	case ENFILE: return drop_waiting(endpoint);
	case ENOBUFS:
	case ENOMEM: return ENDPOINT_EXHAUSTED;
	}
	return ENDPOINT_GONE;
}

void endpoint_refuse(const struct endpoint_connection *connection, const void *bytes, size_t length)
{
	/* A new connection has room for a few bytes; one that has not loses them. */
	if (length != 0 &&
	    send(connection->descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0;
	close(connection->descriptor);
}
