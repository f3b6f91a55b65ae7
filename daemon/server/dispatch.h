/* The authorize channel: which message may come when, and who answers it. */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "proto/wire.h"
#include "server/session.h"

/* The channel of proto/authz.proto. */
extern const struct session_channel dispatch_authorize_channel;

/* Refuses a payload that could not be decoded; both channels. */
void dispatch_refuse_malformed(struct session *session, const struct wire_diag *diag);

/* The version to speak with a peer that named this one: in `*minor`, or refused with false. */
bool dispatch_agree_version(struct session *session, uint64_t id, uint32_t major,
			    uint32_t peer_minor, uint32_t *minor);

/* What the legality tables of both channels say of a message. */
enum dispatch_flags {
	DISPATCH_HELLO = 1, /* may be the first, and only that */
	DISPATCH_LATER = 2, /* is answered later: counts as in flight and must have a new id */
};

/* Checks whether a message with these flags may come now and makes the request wait if it is
 * answered later. False when it was refused. */
struct request;
bool dispatch_admit(struct request *request, unsigned flags);

#endif
