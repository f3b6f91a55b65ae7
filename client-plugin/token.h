/* What an access token says of its user; one implementation per system. */
#ifndef CLIENT_PLUGIN_TOKEN_H
#define CLIENT_PLUGIN_TOKEN_H

#include "client-plugin/client.h"
#include "client-plugin/pool.h"
#include "client-plugin/wsman.h"

/* Reads the user, the groups and the elevation. The texts and lists come from `pool`; the token is
 * not kept. CLIENT_SENDER when it cannot be read, CLIENT_TOO_LARGE with more groups than a question
 * may have, CLIENT_NO_MEMORY. Any thread. */
enum client_reason token_read(HANDLE token, struct pool *pool, struct client_token *out);

#endif
