/* The admin channel: status, questions, records and reload for wsauthzctl. */
#ifndef SERVER_ADMIN_H
#define SERVER_ADMIN_H

#include "server/session.h"

/* The channel of proto/admin.proto. */
extern const struct session_channel admin_channel;

#endif
