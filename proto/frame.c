#include "proto/frame.h"

enum frame_status frame_find(const uint8_t *bytes, size_t length, uint32_t max_payload_bytes,
			     struct frame *frame)
{
	uint32_t payload_bytes;

	*frame = (struct frame){.needed_bytes = FRAME_HEADER_BYTES};
	if (length < FRAME_HEADER_BYTES)
		return FRAME_MORE;
	payload_bytes = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
			(uint32_t)bytes[3] << 24;
	frame->payload_bytes = payload_bytes;
	if (payload_bytes == 0 || payload_bytes > max_payload_bytes)
		return FRAME_REFUSED;
	frame->needed_bytes = FRAME_HEADER_BYTES + (size_t)payload_bytes;
	if (length < frame->needed_bytes)
		return FRAME_MORE;
	frame->payload = bytes + FRAME_HEADER_BYTES;
	return FRAME_COMPLETE;
}

void frame_write_header(uint8_t header[FRAME_HEADER_BYTES], uint32_t payload_bytes)
{
	for (int i = 0; i < FRAME_HEADER_BYTES; i++)
		header[i] = (uint8_t)(payload_bytes >> (8 * i));
}
