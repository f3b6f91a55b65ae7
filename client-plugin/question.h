/* From what the caller asks to a frame for the daemon. Any thread. */
#ifndef CLIENT_PLUGIN_QUESTION_H
#define CLIENT_PLUGIN_QUESTION_H

#include "client-plugin/client.h"
#include "client-plugin/pending.h"

struct question {
	enum pending_kind kind;
	const struct client_sender *sender;    /* not for PENDING_PING and PENDING_RELEASE */
	const uint8_t *record_id;              /* NULL when there is none */
	const char *action_uri, *resource_uri; /* PENDING_OPERATION */
};

/* Packs the question under this request id. The result is the caller's, still without callback.
 * CLIENT_NO_MEMORY, CLIENT_TOO_LARGE, CLIENT_SENDER. */
enum client_reason question_pack(const struct question *question, uint64_t id,
				 struct pending **out);

#endif
