/* Answers of the admin channel as frames, put into the session's output. */
#ifndef SERVER_ADMIN_REPLY_H
#define SERVER_ADMIN_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "policy/load.h"
#include "proto/admin.h"
#include "server/service.h"
#include "server/session.h"

/* Answers request `id` with `reply`, whose body is set. One that cannot be encoded is refused. */
void admin_reply_send(struct session *session, uint64_t id, Wsauthz__AdminReply *reply);

/* See session_channel. */
size_t admin_reply_encode_refusal(const uint8_t epoch[SESSION_EPOCH_BYTES],
				  const struct session_refusal *refusal, uint8_t *frame,
				  size_t capacity_bytes);

/* Fills an entry that was initialised, as the block stands at `now`; it borrows from `block`. */
void admin_reply_fill_block(const struct block *block, struct block_time now,
			    Wsauthz__BlockEntry *entry);

/* The diagnostics of a load, what kept it from being read first; `*list` lives in `arena` and
 * borrows from `load`. False when memory is spent. */
bool admin_reply_diagnostics(struct arena *arena, const struct policy_load *load,
			     Wsauthz__Diagnostic ***list, size_t *count) ATTR_MUST_CHECK;

/* Errors of a load, one that has no diagnostic of its own included. */
uint32_t admin_reply_error_count(const struct policy_load *load);

/* Fills `status`, which lives in `arena` or borrows from `service`. False when memory is spent. */
bool admin_reply_status(struct arena *arena, const struct service *service,
			Wsauthz__StatusReply *status) ATTR_MUST_CHECK;

#endif
