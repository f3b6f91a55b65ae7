/* A sender and a question as they came over the wire, as the decision layer takes them. */
#ifndef SERVER_QUESTION_H
#define SERVER_QUESTION_H

#include <stdbool.h>

#include "authz/decide.h"
#include "authz/sender.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "proto/authz.h"

/* The bytes of a field; borrowed from the message. */
static inline struct str question_text(ProtobufCBinaryData bytes)
{
	return str_make((const char *)bytes.data, bytes.len);
}

/* Fills `sender` from `message`, which it borrows; lists live in `arena`. False when memory is
 * spent. */
bool question_sender(struct arena *arena, const Wsauthz__Sender *message,
		     struct sender *sender) ATTR_MUST_CHECK;

/* Fills `question`, but for its instant, from a message that asks for a user, an operation or a quota
 * on behalf of `application`; borrows from both. False when the message asks for something else, or
 * memory of `arena` is spent. */
bool question_of(struct arena *arena, struct str application, const Wsauthz__Request *message,
		 struct question *question) ATTR_MUST_CHECK;

#endif
