#include "proto/authz.h"

#include "proto/codec.h"
#include "proto/rules.h"

static const struct codec request_codec = {
	.descriptor = &wsauthz__request__descriptor,
	.rules = &authz_rules,
	.max_payload_bytes = FRAME_AUTHZ_MAX_BYTES,
};

static const struct codec reply_codec = {
	.descriptor = &wsauthz__reply__descriptor,
	.rules = &authz_rules,
	.max_payload_bytes = FRAME_AUTHZ_MAX_BYTES,
};

enum wire_error authz_request_decode(const uint8_t *payload, size_t payload_bytes,
				     struct budget *budget, Wsauthz__Request **request,
				     struct wire_diag *diag)
{
	ProtobufCMessage *message;
	enum wire_error error =
		codec_decode(&request_codec, payload, payload_bytes, budget, &message, diag);

	if (error == WIRE_OK)
		*request = (Wsauthz__Request *)message;
	return error;
}

enum wire_error authz_reply_decode(const uint8_t *payload, size_t payload_bytes,
				   struct budget *budget, Wsauthz__Reply **reply,
				   struct wire_diag *diag)
{
	ProtobufCMessage *message;
	enum wire_error error =
		codec_decode(&reply_codec, payload, payload_bytes, budget, &message, diag);

	if (error == WIRE_OK)
		*reply = (Wsauthz__Reply *)message;
	return error;
}

size_t authz_request_frame_bytes(const Wsauthz__Request *request)
{
	return codec_frame_bytes(&request->base);
}

size_t authz_reply_frame_bytes(const Wsauthz__Reply *reply)
{
	return codec_frame_bytes(&reply->base);
}

enum wire_error authz_request_encode(const Wsauthz__Request *request, uint8_t *frame,
				     size_t capacity_bytes, size_t *frame_bytes,
				     struct wire_diag *diag)
{
	return codec_encode(&request_codec, &request->base, frame, capacity_bytes, frame_bytes,
			    diag);
}

enum wire_error authz_reply_encode(const Wsauthz__Reply *reply, uint8_t *frame,
				   size_t capacity_bytes, size_t *frame_bytes,
				   struct wire_diag *diag)
{
	return codec_encode(&reply_codec, &reply->base, frame, capacity_bytes, frame_bytes, diag);
}
