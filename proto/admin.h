/* Messages of the admin channel, from and to bytes; everything as in proto/authz.h. */
#ifndef PROTO_ADMIN_H
#define PROTO_ADMIN_H

#include <stddef.h>
#include <stdint.h>

#include "proto/admin.pb-c.h"
#include "proto/authz.h"

/* Bounds of proto/admin.proto, beside those of proto/authz.h. */
enum {
	ADMIN_DIGEST_BYTES = 32, /* exact: SHA-256 */
	ADMIN_FILE_BYTES = 4096, /* a directory or file name */
	ADMIN_SEGMENT_BYTES = 255,
	ADMIN_ACTION_BYTES = 64,    /* an action's name in the schema */
	ADMIN_MESSAGE_BYTES = 1024, /* a diagnostic's message, its excerpt */
	ADMIN_DIAGNOSTICS_MAX = 100,
	ADMIN_POLICY_ERRORS_MAX = 100,
	ADMIN_RECORDS_MAX = 256, /* of a page */
	ADMIN_BLOCKS_MAX = 256,  /* of a page */
	ADMIN_REASON_BYTES = 1024,
	ADMIN_PROBLEMS_MAX = 8,
	ADMIN_METRICS_BYTES = 256 * 1024,
	ADMIN_PRINCIPAL_BYTES = 2 * AUTHZ_NAME_BYTES, /* folding makes a name longer */
};

/* The longest block that ends, seconds. */
#define ADMIN_BLOCK_MAX_S UINT64_C(3155760000)
/* 366 days. */
#define ADMIN_WINDOW_MAX_MS UINT64_C(31622400000)

/* As authz_request_decode(), for a payload of at most FRAME_ADMIN_MAX_BYTES. */
enum wire_error admin_request_decode(const uint8_t *payload, size_t payload_bytes,
				     struct budget *budget, Wsauthz__AdminRequest **request,
				     struct wire_diag *diag);
enum wire_error admin_reply_decode(const uint8_t *payload, size_t payload_bytes,
				   struct budget *budget, Wsauthz__AdminReply **reply,
				   struct wire_diag *diag);

size_t admin_request_frame_bytes(const Wsauthz__AdminRequest *request);
size_t admin_reply_frame_bytes(const Wsauthz__AdminReply *reply);

/* As authz_request_encode(). */
enum wire_error admin_request_encode(const Wsauthz__AdminRequest *request, uint8_t *frame,
				     size_t capacity_bytes, size_t *frame_bytes,
				     struct wire_diag *diag);
enum wire_error admin_reply_encode(const Wsauthz__AdminReply *reply, uint8_t *frame,
				   size_t capacity_bytes, size_t *frame_bytes,
				   struct wire_diag *diag);

#endif
