/*
 * Messages of the authorize channel, from and to bytes. The only way to unpack one: protobuf-c
 * never sees bytes that were not scanned (proto/prescan.h). Pure functions; any thread.
 */
#ifndef PROTO_AUTHZ_H
#define PROTO_AUTHZ_H

#include <stddef.h>
#include <stdint.h>

#include "proto/authz.pb-c.h"
#include "proto/budget.h"
#include "proto/frame.h"
#include "proto/verdict.h"
#include "proto/wire.h"

/* The protocol version of proto/authz.proto and proto/admin.proto. */
enum {
	AUTHZ_PROTOCOL_MAJOR = 1,
	AUTHZ_PROTOCOL_MINOR = 0,
};

/* Bounds of proto/authz.proto: lengths in bytes, counts in elements. */
enum {
	AUTHZ_ID_BYTES = 16, /* exact: epochs, instances and record ids */
	AUTHZ_APPLICATION_BYTES = 512,
	AUTHZ_VERSION_BYTES = 64, /* names and versions of programs */
	AUTHZ_NAME_BYTES = 16384,
	AUTHZ_MECHANISM_BYTES = 128,
	AUTHZ_SID_MIN_BYTES = 7,
	AUTHZ_SID_BYTES = 186,
	AUTHZ_GROUPS_MAX = 1024,        /* of a token, deny-only ones included */
	AUTHZ_CERTIFICATE_BYTES = 4096, /* a name in a certificate */
	AUTHZ_THUMBPRINT_BYTES = 128,
	AUTHZ_URI_BYTES = 4096,      /* http_url, action_uri */
	AUTHZ_RESOURCE_BYTES = 8192, /* resource_uri */
	AUTHZ_FAILURES_MAX = 32,     /* counts of a FailureReport */
	AUTHZ_INFORMATION_BYTES = 2048,
	AUTHZ_REASONS_MAX = 16,
	AUTHZ_REASON_BYTES = 256, /* a policy id */
	AUTHZ_DETAIL_BYTES = 512, /* Refusal.detail */
};

/* Scans and unpacks the payload of a frame, at most FRAME_AUTHZ_MAX_BYTES. The message takes its
 * memory from `budget` and borrows nothing from `payload`; do not free it with protobuf-c. On
 * failure `*request` is not written and `diag`, which may be NULL, says what is wrong;
 * WIRE_NO_MEMORY is the only error that a valid message can meet. */
enum wire_error authz_request_decode(const uint8_t *payload, size_t payload_bytes,
				     struct budget *budget, Wsauthz__Request **request,
				     struct wire_diag *diag);
enum wire_error authz_reply_decode(const uint8_t *payload, size_t payload_bytes,
				   struct budget *budget, Wsauthz__Reply **reply,
				   struct wire_diag *diag);

/* Length of the frame that carries the message, header included. */
size_t authz_request_frame_bytes(const Wsauthz__Request *request);
size_t authz_reply_frame_bytes(const Wsauthz__Reply *reply);

/* Writes header and payload to `frame`. The result is scanned like a message from outside, so that
 * nothing leaves which the peer would refuse. WIRE_FRAME_SIZE when it is too large for the channel,
 * WIRE_NO_MEMORY when `capacity_bytes` is less than the frame's length; `diag` may be NULL. After a
 * failure the content of `frame` is undefined and `*frame_bytes` is not written. */
enum wire_error authz_request_encode(const Wsauthz__Request *request, uint8_t *frame,
				     size_t capacity_bytes, size_t *frame_bytes,
				     struct wire_diag *diag);
enum wire_error authz_reply_encode(const Wsauthz__Reply *reply, uint8_t *frame,
				   size_t capacity_bytes, size_t *frame_bytes,
				   struct wire_diag *diag);

/* A field of type bytes that borrows. */
static inline ProtobufCBinaryData authz_bytes(const void *bytes, size_t length)
{
	return (ProtobufCBinaryData){length, (uint8_t *)(uintptr_t)bytes};
}

#endif
