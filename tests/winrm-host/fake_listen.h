/* Where the fake daemon listens; one implementation per system. Failures end the program. */
#ifndef WINRM_HOST_FAKE_LISTEN_H
#define WINRM_HOST_FAKE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

struct fake_peer;

/* Listens from now on, and runs `serve` for each peer in a thread of its own; the connection ends
 * when it returns. Writes who owns the endpoint, as the plug-in's setting ServerOwner names it. */
void fake_listen(const char *endpoint, void (*serve)(struct fake_peer *peer), char *owner,
		 size_t owner_bytes);

/* Returns the number of bytes; 0 at the end. */
size_t fake_peer_read(struct fake_peer *peer, void *bytes, size_t size);
bool fake_peer_write(struct fake_peer *peer, const void *bytes, size_t length);

#endif
