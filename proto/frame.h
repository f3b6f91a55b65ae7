/*
 * Frames: each message on a channel is preceded by its length, 4 bytes little-endian. Pure bytes:
 * no memory, no I/O. The length is checked before anybody allocates for it.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum {
	FRAME_HEADER_BYTES = 4,
	FRAME_AUTHZ_MAX_BYTES = 64 * 1024,   /* payload on the authorize channel */
	FRAME_ADMIN_MAX_BYTES = 1024 * 1024, /* payload on the admin channel */
};

enum frame_status {
	FRAME_MORE,     /* the bytes are the beginning of a frame */
	FRAME_COMPLETE, /* the bytes start with a whole frame */
	FRAME_REFUSED,  /* the announced length is 0 or above the limit; close the connection */
};

struct frame {
	const uint8_t *payload; /* inside the bytes searched; NULL unless complete */
	uint32_t payload_bytes; /* as announced; 0 while the header is incomplete */
	size_t needed_bytes;    /* of the whole frame, or of the header while that is incomplete */
};

/* Looks at the frame that `bytes` start with. `max_payload_bytes` is one of the limits above, or
 * less. `*frame` is always written; needed_bytes is never more than FRAME_HEADER_BYTES +
 * max_payload_bytes, also for a refused length. */
enum frame_status frame_find(const uint8_t *bytes, size_t length, uint32_t max_payload_bytes,
			     struct frame *frame);

/* Writes the header of a payload of this length. */
void frame_write_header(uint8_t header[FRAME_HEADER_BYTES], uint32_t payload_bytes);

#endif
