#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "winrm-host/fake_listen.h"

struct fake_peer {
	int fd;
	void (*serve)(struct fake_peer *peer);
};

struct listener {
	int fd;
	void (*serve)(struct fake_peer *peer);
};

static void *serve_peer(void *arg)
{
	struct fake_peer *peer = arg;

	peer->serve(peer);
	close(peer->fd);
	free(peer);
	return NULL;
}

static void *accept_peers(void *arg)
{
	const struct listener *listener = arg;

	for (;;) {
		struct fake_peer *peer = calloc(1, sizeof(*peer));
		pthread_t thread;

		if (peer == NULL)
			abort();
		peer->fd = accept(listener->fd, NULL, NULL);
		peer->serve = listener->serve;
		if (peer->fd < 0 || pthread_create(&thread, NULL, serve_peer, peer) != 0)
			abort();
		pthread_detach(thread);
	}
}

void fake_listen(const char *endpoint, void (*serve)(struct fake_peer *peer), char *owner,
		 size_t owner_bytes)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static struct listener listener;
	pthread_t thread;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", endpoint);
	unlink(endpoint);
	listener.serve = serve;
	listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener.fd < 0 ||
	    bind(listener.fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener.fd, 64) != 0 ||
	    pthread_create(&thread, NULL, accept_peers, &listener) != 0) {
		fprintf(stderr, "fake-wsauthzd: %s: %s\n", endpoint, strerror(errno));
		exit(2);
	}
	pthread_detach(thread);
	snprintf(owner, owner_bytes, "%u", (unsigned)getuid());
}

size_t fake_peer_read(struct fake_peer *peer, void *bytes, size_t size)
{
	ssize_t length = recv(peer->fd, bytes, size, 0);

	return length > 0 ? (size_t)length : 0;
}

bool fake_peer_write(struct fake_peer *peer, const void *bytes, size_t length)
{
	return send(peer->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}
