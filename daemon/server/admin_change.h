/*
 * What an operator changes from the admin channel: user records revoked, principals blocked and let
 * go. Each takes effect for the next decision and is answered when it is on disk. Handlers take
 * over the request. Loop thread.
 */
#ifndef SERVER_ADMIN_CHANGE_H
#define SERVER_ADMIN_CHANGE_H

#include "proto/admin.h"
#include "server/request.h"

void admin_change_revoke(struct request *request, const Wsauthz__AdminRequest *message);
void admin_change_block(struct request *request, const Wsauthz__AdminRequest *message);
void admin_change_unblock(struct request *request, const Wsauthz__AdminRequest *message);

/* Refuses a command that the role of its sender does not allow, and records that it was asked for
 * before it says so. Within the budget of rates.forbidden: beyond it refusals are only counted. */
void admin_change_forbid(struct request *request, const char *command, enum role needed);

#endif
