/* From a reply of the daemon to what the caller is told. Pure functions. */
#ifndef CLIENT_PLUGIN_ANSWER_H
#define CLIENT_PLUGIN_ANSWER_H

#include "client-plugin/client.h"
#include "client-plugin/pending.h"
#include "proto/authz.h"

/* A complete denial for this reason. */
struct client_answer answer_deny(enum client_reason reason);

/* The reason that a refusal amounts to. */
enum client_reason answer_refusal_reason(Wsauthz__Refusal__Reason reason);

/* What `reply` says to a question of this kind. Texts borrow from `text`. With CLIENT_MALFORMED the
 * reply is not one that the protocol gives to such a question. */
struct client_answer answer_read(enum pending_kind kind, const Wsauthz__Reply *reply,
				 char text[AUTHZ_INFORMATION_BYTES + 1]);

#endif
