/* The listening end of a local connection. `why`: platform/why.h. */
#ifndef PLATFORM_ENDPOINT_H
#define PLATFORM_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "platform/peer.h"

struct endpoint_options {
	const char *path;
	/* Where an endpoint is a file: its permission bits, 0600 or 0660, and the name or number of
	 * the group it is given; empty for none. */
	uint32_t mode;
	struct str group;
	/* Where it has an access list: who gets on it. */
	const struct peer_rules *rules;
	size_t rules_count;
	bool is_for_administrators; /* programs of lower integrity cannot open it */
	uint32_t queue_length;      /* connections the kernel holds before they are accepted */
};

struct endpoint;

/* A connected descriptor, ready for uv_pipe_open(), with its peer. */
struct endpoint_connection {
	int descriptor;
	struct peer peer;
};

enum endpoint_outcome {
	ENDPOINT_EMPTY, /* nobody waits */
	ENDPOINT_ACCEPTED,
	ENDPOINT_GONE,      /* a connection failed before it was accepted; go on */
	ENDPOINT_EXHAUSTED, /* a connection was dropped for want of descriptors or memory */
};

/* Takes the address and listens, or goes on with the socket at this path that the service manager
 * listens on: its rights and its group are the manager's business then, and so is the file, which
 * stays. The directory of the socket is created when it is missing (its
 * parent is not) and must be one that only the owner can change; a stale socket is removed, a
 * living one never: ERR_EXISTS. ERR_INVALID for a bad path or directory. A failure leaves at most
 * the new directory behind, and "PATH.lock", which always stays. At start only, while one thread
 * runs: the umask is changed for a moment. */
enum error endpoint_open(const struct endpoint_options *options, struct endpoint **out,
			 struct buf *why) ATTR_MUST_CHECK;

/* Whether the service manager listens for us. */
bool endpoint_is_passed(const struct endpoint *endpoint);

/* Stops listening and removes the address. Accepts NULL. */
void endpoint_close(struct endpoint *endpoint);

/* How to learn that endpoint_accept() has something to say: from a descriptor that is then readable
 * (uv_poll) and that the endpoint keeps; or, where this is -1, from endpoint_notify(). */
int endpoint_descriptor(const struct endpoint *endpoint);

/* Has `on_waiting` called, on any thread, each time somebody new waits, and at once; NULL ends that,
 * and when it returns the function is not running any more. Where there is a descriptor:
 * ERR_UNSUPPORTED. */
enum error endpoint_notify(struct endpoint *endpoint, void (*on_waiting)(void *arg),
			   void *arg) ATTR_MUST_CHECK;

/* Takes one waiting connection, never blocks. `out` is written for ENDPOINT_ACCEPTED only; the
 * caller owns its descriptor. An invalid peer is accepted and must be refused by its rules. */
enum endpoint_outcome endpoint_accept(struct endpoint *endpoint, struct endpoint_connection *out);

/* Closes what endpoint_accept() gave, after some last bytes if they can be sent without waiting;
 * `length` may be 0. */
void endpoint_refuse(const struct endpoint_connection *connection, const void *bytes,
		     size_t length);

#endif
