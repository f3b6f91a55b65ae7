/* A client of either channel for tests: blocking, one frame at a time, and as rude as one likes. */
#ifndef TESTS_UNIT_SERVER_TALK_H
#define TESTS_UNIT_SERVER_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/channel.h"
#include "proto/admin.h"
#include "proto/authz.h"

enum { TALK_TIMEOUT_MS = 20000, TALK_MEMORY_BYTES = BUDGET_ADMIN_BYTES };

struct talk {
	struct channel *channel;
	uint64_t next_id;
	uint8_t *bytes;       /* received and not yet taken */
	size_t length, taken; /* of them; of the frame returned last */
	void *memory;         /* of the message returned last */
};

/* Connects; fails the test when nobody listens. */
void talk_open(struct talk *talk, const char *path);
void talk_close(struct talk *talk);

/* Sends bytes as they are; false when the other end is gone. */
bool talk_send(struct talk *talk, const void *bytes, size_t length);

/* Sends a request under the next id, unless it has one; false when the other end is gone. */
bool talk_ask(struct talk *talk, Wsauthz__Request *request);
bool talk_ask_admin(struct talk *talk, Wsauthz__AdminRequest *request);

/* The next reply, valid until the next call; NULL when the connection ended. */
const Wsauthz__Reply *talk_reply(struct talk *talk);
const Wsauthz__AdminReply *talk_admin_reply(struct talk *talk);

/* Says Hello and returns the answer, which is a HelloReply or a refusal; NULL at the end. */
const Wsauthz__Reply *talk_hello(struct talk *talk, const char *application);
const Wsauthz__AdminReply *talk_admin_hello(struct talk *talk);

/* Asks on behalf of a user with a token in one group, "" for none. */
bool talk_ask_user(struct talk *talk, const char *name, const char *sid, const char *group);
bool talk_ask_operation(struct talk *talk, const char *name, const char *sid, const char *group);

bool talk_ask_ping(struct talk *talk);

/* Asks `count` times, at most 64, with ids from 100 on, or all with 100; in one write, so that the
 * requests meet in one pass of the server's loop. */
void talk_ask_together(struct talk *talk, size_t count, bool same_id);

/* The next reply, which must be an intact decision. */
const Wsauthz__Decision *talk_decision(struct talk *talk);

/* `reply` must be a refusal for that reason, with a word of explanation; the second form takes the
 * next reply and wants the end of the connection behind it. */
void talk_assert_refused(const Wsauthz__Reply *reply, Wsauthz__Refusal__Reason reason);
void talk_assert_refused_and_closed(struct talk *talk, Wsauthz__Refusal__Reason reason);

static inline ProtobufCBinaryData talk_text(const char *text)
{
	return authz_bytes(text, strlen(text));
}

#endif
