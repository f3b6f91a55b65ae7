/* Decisions and other answers as frames of the authorize channel, put into the session's output. */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include <stdint.h>

#include "authz/decide.h"
#include "proto/authz.h"
#include "server/session.h"

/* What a Decision message points to beside the decision itself. */
struct reply_parts {
	Wsauthz__Quota quota;
	ProtobufCBinaryData reasons[AUTHZ_REASONS_MAX];
};

/* Fills `message` from `decision`; it borrows from both and from `parts`. Whatever is not an
 * allowing or redirecting decision comes out as a denial. */
void reply_fill_decision(const struct decision *decision, uint64_t decision_id,
			 struct reply_parts *parts, Wsauthz__Decision *message);

/* Fills `message`; no field becomes 0. */
void reply_fill_quota(const struct quota *quota, Wsauthz__Quota *message);

/* Answers request `id`. An answer that cannot be encoded ends the connection: the peer denies. False
 * when the answer cannot leave. */
void reply_hello(struct session *session, uint64_t id, uint32_t minor);
void reply_pong(struct session *session, uint64_t id);
bool reply_decision(struct session *session, uint64_t id, const struct decision *decision,
		    uint64_t decision_id);

/* See session_channel. */
size_t reply_encode_refusal(const uint8_t epoch[SESSION_EPOCH_BYTES],
			    const struct session_refusal *refusal, uint8_t *frame,
			    size_t capacity_bytes);

#endif
