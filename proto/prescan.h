/*
 * The scan that every message from outside passes before protobuf-c unpacks it. protobuf-c accepts
 * fields it does not know, lets the last of two win, keeps strings only up to a NUL, takes any
 * bytes for UTF-8 and recurses without bound; the scan refuses all of that, and every value outside
 * the bounds that the .proto files name. It takes types and nesting from protobuf-c's own
 * descriptors, so it cannot disagree with the decoder, and bounds from tables (proto/rules.h).
 *
 * Supported are the field types that the .proto files use: uint32, uint64, fixed32, bool, enum,
 * bytes and messages, of which bytes and messages may be repeated. A field of another type is
 * refused whatever it holds.
 */
#ifndef PROTO_PRESCAN_H
#define PROTO_PRESCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "proto/wire.h"

enum {
	PRESCAN_MAX_FIELDS = 64, /* fields that a message type may define */
	PRESCAN_MAX_DEPTH = 8,   /* messages inside each other, the outermost included */
};

/* Flags of a field. */
enum {
	PRESCAN_REQUIRED = 1, /* must be there */
	PRESCAN_BINARY = 2,   /* bytes: any content; without it UTF-8 and no NUL */
};

/* Bounds of a field. A scalar without an entry may have any value of its type; a bytes field
 * without one is refused. */
struct prescan_field {
	const char *name; /* as in the .proto file */
	unsigned flags;   /* PRESCAN_REQUIRED, PRESCAN_BINARY or both */
	/* Lengths of a bytes field (each element, when repeated), values of an integer or enum;
	 * both ends included. Absence is a matter of PRESCAN_REQUIRED, not of `min`. */
	uint64_t min, max;
};

/* Bounds of a message type. A type without an entry has no bytes and no repeated fields. */
struct prescan_message {
	const ProtobufCMessageDescriptor *descriptor;
	const struct prescan_field *fields;
	size_t field_count;
	uint32_t max_elements; /* of all its repeated fields together */
	bool body_required;    /* one member of its oneof must be there */
	/* Field numbers of the other channel, refused as WIRE_WRONG_CHANNEL; 0, 0 for none. */
	uint32_t foreign_first, foreign_last;
};

struct prescan_rules {
	const struct prescan_message *messages;
	size_t message_count;
	const struct prescan_rules *next; /* consulted after these; may be NULL */
};

/* Scans a whole message of type `descriptor`. Takes no memory and reads each byte a bounded number
 * of times. On failure `diag`, which may be NULL, gets error and path; its id is left alone. */
enum wire_error prescan(const ProtobufCMessageDescriptor *descriptor,
			const struct prescan_rules *rules, const uint8_t *payload,
			size_t payload_bytes, struct wire_diag *diag);

/* The value of field 1 when the message starts with it, as encoders do, and it is an integer in its
 * shortest form; else 0. For answering a request that is otherwise unreadable. */
uint64_t prescan_id(const uint8_t *payload, size_t payload_bytes);

/* The entry for a message type, or NULL. */
const struct prescan_message *prescan_find(const struct prescan_rules *rules,
					   const ProtobufCMessageDescriptor *descriptor);

#endif
