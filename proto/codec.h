/* What authz.c and admin.c have in common: scan before unpack, and pack before scan. */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "proto/budget.h"
#include "proto/prescan.h"
#include "proto/wire.h"

/* A kind of message that travels in a frame of its own. */
struct codec {
	const ProtobufCMessageDescriptor *descriptor;
	const struct prescan_rules *rules;
	uint32_t max_payload_bytes;
};

/* See authz_request_decode() and its siblings. */
enum wire_error codec_decode(const struct codec *codec, const uint8_t *payload,
			     size_t payload_bytes, struct budget *budget,
			     ProtobufCMessage **message, struct wire_diag *diag);
enum wire_error codec_encode(const struct codec *codec, const ProtobufCMessage *message,
			     uint8_t *frame, size_t capacity_bytes, size_t *frame_bytes,
			     struct wire_diag *diag);
size_t codec_frame_bytes(const ProtobufCMessage *message);

#endif
