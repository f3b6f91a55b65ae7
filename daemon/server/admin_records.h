/* A page of the user records for the admin channel. */
#ifndef SERVER_ADMIN_RECORDS_H
#define SERVER_ADMIN_RECORDS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "proto/admin.h"
#include "server/service.h"

/* Fills `reply` with the records that `query` asks for, by id, as far as they fit into a frame; it
 * lives in `arena` and borrows from the records. Visits all records. False when memory is spent. */
bool admin_records_list(struct arena *arena, const struct service *service,
			const Wsauthz__RecordsList *query,
			Wsauthz__RecordsListReply *reply) ATTR_MUST_CHECK;

#endif
