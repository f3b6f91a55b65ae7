#include "proto/codec.h"

#include "proto/frame.h"

/* Reports an error that concerns the whole message. */
static enum wire_error fail(struct wire_diag *diag, enum wire_error error)
{
	if (diag != NULL) {
		diag->error = error;
		diag->path[0] = '\0';
	}
	return error;
}

enum wire_error codec_decode(const struct codec *codec, const uint8_t *payload,
			     size_t payload_bytes, struct budget *budget,
			     ProtobufCMessage **message, struct wire_diag *diag)
{
	ProtobufCMessage *unpacked;
	enum wire_error error;

	if (diag != NULL)
		diag->id = prescan_id(payload, payload_bytes);
	if (payload_bytes > codec->max_payload_bytes)
		return fail(diag, WIRE_FRAME_SIZE);
	error = prescan(codec->descriptor, codec->rules, payload, payload_bytes, diag);
	if (error != WIRE_OK)
		return error;
	/* What passed the scan is valid, so only memory can be missing. */
	unpacked = protobuf_c_message_unpack(codec->descriptor, &budget->allocator, payload_bytes,
					     payload);
	if (unpacked == NULL)
		return fail(diag, WIRE_NO_MEMORY);
	*message = unpacked;
	return fail(diag, WIRE_OK);
}

enum wire_error codec_encode(const struct codec *codec, const ProtobufCMessage *message,
			     uint8_t *frame, size_t capacity_bytes, size_t *frame_bytes,
			     struct wire_diag *diag)
{
	size_t payload_bytes = protobuf_c_message_get_packed_size(message);
	enum wire_error error;

	if (diag != NULL)
		diag->id = 0;
	if (payload_bytes > codec->max_payload_bytes)
		return fail(diag, WIRE_FRAME_SIZE);
	if (capacity_bytes < FRAME_HEADER_BYTES + payload_bytes)
		return fail(diag, WIRE_NO_MEMORY);
	protobuf_c_message_pack(message, frame + FRAME_HEADER_BYTES);
	error = prescan(codec->descriptor, codec->rules, frame + FRAME_HEADER_BYTES, payload_bytes,
			diag);
	if (error != WIRE_OK)
		return error;
	frame_write_header(frame, (uint32_t)payload_bytes);
	*frame_bytes = FRAME_HEADER_BYTES + payload_bytes;
	return fail(diag, WIRE_OK);
}

size_t codec_frame_bytes(const ProtobufCMessage *message)
{
	return FRAME_HEADER_BYTES + protobuf_c_message_get_packed_size(message);
}
