/* A whole copy of the sender details that WinRM passes, taken before the callback returns. */
#ifndef CLIENT_PLUGIN_SENDER_H
#define CLIENT_PLUGIN_SENDER_H

#include "client-plugin/client.h"
#include "client-plugin/pool.h"
#include "client-plugin/wsman.h"

struct sender {
	struct client_sender details; /* borrows from the members below and from the pool */
	struct client_token token;
	struct client_certificate certificate;
};

/* Texts come from `pool`. The certificate is looked at only when the mechanism says that there is
 * one. CLIENT_SENDER when there is no token or something cannot be read, CLIENT_TOO_LARGE,
 * CLIENT_NO_MEMORY; `*out` is then of no use. */
enum client_reason sender_copy(const WSMAN_SENDER_DETAILS *details, struct pool *pool,
			       struct sender *out);

#endif
