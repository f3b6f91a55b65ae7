/* A sender as it came over the wire, as the decision layer takes it. */
#ifndef SERVER_QUESTION_H
#define SERVER_QUESTION_H

#include <stdbool.h>

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

#endif
