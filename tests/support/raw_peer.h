/*
 * A peer of the daemon made of bytes: whole requests where they should be right, and any bytes
 * where they should not. Blocking; a silent daemon fails the test after PEER_TIMEOUT_MS.
 */
#ifndef TESTS_SUPPORT_RAW_PEER_H
#define TESTS_SUPPORT_RAW_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/authz.h"

enum { PEER_TIMEOUT_MS = 20000 };

struct raw_peer {
	int fd;
	uint64_t next_id;
	unsigned char *in; /* received bytes that no frame has used yet */
	size_t in_bytes, in_capacity;
	unsigned char *memory; /* what the last reply was unpacked into */
	struct budget budget;
};

/* Connects; sends nothing. */
void raw_peer_connect(struct raw_peer *peer, const char *path);

/* Connects and says Hello for `application`; fails the test unless it is answered in kind. */
void raw_peer_open(struct raw_peer *peer, const char *path, const char *application);

void raw_peer_close(struct raw_peer *peer);

/* Sends bytes as they are. False when the daemon closed the connection before all were taken. */
bool raw_peer_send(struct raw_peer *peer, const void *bytes, size_t length);

/* Sends a frame with this payload. */
bool raw_peer_send_frame(struct raw_peer *peer, const void *payload, size_t length);

/* Encodes and sends; gives the request the next id when its id is 0. Returns the id. */
uint64_t raw_peer_request(struct raw_peer *peer, Wsauthz__Request *request);

/* The next reply, valid until the following call; NULL when the daemon closed the connection. */
const Wsauthz__Reply *raw_peer_reply(struct raw_peer *peer);

/* Whether raw_peer_reply() would not have to wait for the daemon, because a whole reply came with an
 * earlier one. */
bool raw_peer_has_reply(const struct raw_peer *peer);

/* Sends and waits for the reply, which must carry the request's id. */
const Wsauthz__Reply *raw_peer_call(struct raw_peer *peer, Wsauthz__Request *request);

/* A sender with a token, for requests of tests. Everything is borrowed from static memory or from
 * the arguments. */
struct raw_sender {
	Wsauthz__Sender sender;
	Wsauthz__Token token;
	ProtobufCBinaryData groups[4];
};

void raw_sender_init(struct raw_sender *out, const char *name, const char *sid, const char *group);

/* A field of type bytes. */
ProtobufCBinaryData raw_text(const char *text);

/* Asks AuthorizeUser, or AuthorizeOperation when `action_uri` is not NULL. */
const Wsauthz__Reply *raw_peer_authorize(struct raw_peer *peer, const struct raw_sender *sender,
					 const char *action_uri, const char *resource_uri);

#endif
