/* What the numbers of a client's settings come to. Also asked by programs that look at an
 * installation, so that there is one rule. */
#ifndef CLIENT_PLUGIN_LIMITS_H
#define CLIENT_PLUGIN_LIMITS_H

#include <stdint.h>

#include "client-plugin/client.h"

struct limits {
	uint32_t reply_timeout_ms, connect_timeout_ms, max_pending;
};

/* The settings, with the default for each number that is 0. CLIENT_INVALID when the client would not
 * start with them: `*rule` is then the sentence that does not hold. */
enum client_reason limits_read(const struct client_settings *settings, struct limits *out,
			       const char **rule);

#endif
