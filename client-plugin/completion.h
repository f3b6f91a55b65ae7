/* From the client's answer to WinRM's completion functions. */
#ifndef CLIENT_PLUGIN_COMPLETION_H
#define CLIENT_PLUGIN_COMPLETION_H

#include "client-plugin/client.h"
#include "client-plugin/context.h"
#include "client-plugin/wsman.h"

enum completion_kind { COMPLETION_USER, COMPLETION_OPERATION, COMPLETION_QUOTA };

/* One call of WinRM that is to be completed. */
struct completion {
	enum completion_kind kind;
	WSMAN_SENDER_DETAILS *key; /* names the call to WinRM; not to be followed any more */
	HANDLE token;              /* the sender's; the host's own until the completion */
	struct client *client;     /* may be NULL when the answer is a denial; so may the next */
	struct contexts *contexts;
};

/* Completes the call with this answer. To be called once. What the answer allows and WinRM cannot
 * be given is denied and counted. Any thread. */
void completion_finish(const struct completion *completion, const struct client_answer *answer);

/* Completes the call with a denial for this reason, which the caller counts. */
void completion_deny(const struct completion *completion, enum client_reason reason);

#endif
