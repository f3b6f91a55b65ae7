/* Reads the protobuf wire format off a range of bytes, strictly. For the scan (proto/prescan.h). */
#ifndef PROTO_CURSOR_H
#define PROTO_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

/* Bytes that are not read yet; `at` is never past `end`. */
struct cursor {
	const uint8_t *at, *end;
};

/* An integer of at most 64 bits in its shortest form. A longer form would be a second way to write
 * the same message, and decoders differ in how many bytes they look at. WIRE_TRUNCATED,
 * WIRE_BAD_VARINT. */
enum wire_error cursor_varint(struct cursor *cursor, uint64_t *value);

/* Four bytes, little-endian. WIRE_TRUNCATED. */
enum wire_error cursor_fixed32(struct cursor *cursor, uint32_t *value);

/* The content of a length-prefixed field, inside the same bytes. WIRE_TRUNCATED,
 * WIRE_BAD_VARINT. */
enum wire_error cursor_content(struct cursor *cursor, struct cursor *content);

/* Strict UTF-8 (RFC 3629, section 4) without NUL to the end: WIRE_OK, WIRE_NUL or WIRE_NOT_UTF8. */
enum wire_error cursor_check_text(struct cursor text);

#endif
