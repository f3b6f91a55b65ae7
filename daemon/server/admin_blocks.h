/* A page of the blocks for the admin channel. */
#ifndef SERVER_ADMIN_BLOCKS_H
#define SERVER_ADMIN_BLOCKS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "proto/admin.h"
#include "server/service.h"

/* Fills `reply` with the blocks that `query` asks for, by principal, as far as they fit into a
 * frame; it lives in `arena` and borrows from the blocks. Visits all of them. False when memory is
 * spent. */
bool admin_blocks_list(struct arena *arena, const struct service *service,
		       const Wsauthz__BlocksList *query,
		       Wsauthz__BlocksListReply *reply) ATTR_MUST_CHECK;

#endif
