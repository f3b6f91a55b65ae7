/* The commands about the audit: sealing and removing segments. Loop thread. */
#ifndef SERVER_ADMIN_AUDIT_H
#define SERVER_ADMIN_AUDIT_H

#include "proto/admin.h"
#include "server/request.h"

/* Handlers of the admin channel: take over the request, and answer when the work is done and
 * recorded. */
void admin_audit_seal(struct request *request, const Wsauthz__AdminRequest *message);
void admin_audit_prune(struct request *request, const Wsauthz__AdminRequest *message);

#endif
