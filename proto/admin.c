#include "proto/admin.h"

#include "proto/codec.h"
#include "proto/rules.h"

static const struct codec request_codec = {
	.descriptor = &wsauthz__admin_request__descriptor,
	.rules = &admin_rules,
	.max_payload_bytes = FRAME_ADMIN_MAX_BYTES,
};

static const struct codec reply_codec = {
	.descriptor = &wsauthz__admin_reply__descriptor,
	.rules = &admin_rules,
	.max_payload_bytes = FRAME_ADMIN_MAX_BYTES,
};

enum wire_error admin_request_decode(const uint8_t *payload, size_t payload_bytes,
				     struct budget *budget, Wsauthz__AdminRequest **request,
				     struct wire_diag *diag)
{
	ProtobufCMessage *message;
	enum wire_error error =
		codec_decode(&request_codec, payload, payload_bytes, budget, &message, diag);

	if (error == WIRE_OK)
		*request = (Wsauthz__AdminRequest *)message;
	return error;
}

enum wire_error admin_reply_decode(const uint8_t *payload, size_t payload_bytes,
				   struct budget *budget, Wsauthz__AdminReply **reply,
				   struct wire_diag *diag)
{
	ProtobufCMessage *message;
	enum wire_error error =
		codec_decode(&reply_codec, payload, payload_bytes, budget, &message, diag);

	if (error == WIRE_OK)
		*reply = (Wsauthz__AdminReply *)message;
	return error;
}

size_t admin_request_frame_bytes(const Wsauthz__AdminRequest *request)
{
	return codec_frame_bytes(&request->base);
}

size_t admin_reply_frame_bytes(const Wsauthz__AdminReply *reply)
{
	return codec_frame_bytes(&reply->base);
}

enum wire_error admin_request_encode(const Wsauthz__AdminRequest *request, uint8_t *frame,
				     size_t capacity_bytes, size_t *frame_bytes,
				     struct wire_diag *diag)
{
	return codec_encode(&request_codec, &request->base, frame, capacity_bytes, frame_bytes,
			    diag);
}

enum wire_error admin_reply_encode(const Wsauthz__AdminReply *reply, uint8_t *frame,
				   size_t capacity_bytes, size_t *frame_bytes,
				   struct wire_diag *diag)
{
	return codec_encode(&reply_codec, &reply->base, frame, capacity_bytes, frame_bytes, diag);
}
