/*
 * A stream cut into frames: whatever the pieces it arrives in, the frames are the same, none is
 * above the limit, and a refused length ends the stream. The first byte chooses the pieces.
 */
#include <assert.h>
#include <string.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 300 };

/* Counts and sums the frames of a stream that arrives `piece` bytes at a time. */
static uint64_t digest(const uint8_t *stream, size_t size, size_t piece)
{
	uint64_t sum = 14695981039346656037u;
	size_t start = 0, end = 0;

	for (;;) {
		struct frame frame;
		enum frame_status status = frame_find(stream + start, end - start, LIMIT, &frame);

		assert(frame.needed_bytes <= FRAME_HEADER_BYTES + LIMIT);
		if (status == FRAME_REFUSED)
			return sum ^ frame.payload_bytes;
		if (status == FRAME_MORE) {
			assert(end - start < frame.needed_bytes);
			if (end == size)
				return sum;
			end = size - end < piece ? size : end + piece;
			continue;
		}
		assert(frame.payload_bytes >= 1 && frame.payload_bytes <= LIMIT);
		assert(frame.payload == stream + start + FRAME_HEADER_BYTES);
		for (size_t i = 0; i < frame.payload_bytes; i++)
			sum = (sum ^ frame.payload[i]) * 1099511628211u;
		sum = sum * 31 + frame.payload_bytes;
		start += frame.needed_bytes;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	assert(digest(data + 1, size - 1, size) == digest(data + 1, size - 1, data[0] % 64 + 1u));
	return 0;
}
