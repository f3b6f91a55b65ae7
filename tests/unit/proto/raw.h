/* Protobuf wire format written by hand, so that tests can write what no encoder would. */
#ifndef TESTS_PROTO_RAW_H
#define TESTS_PROTO_RAW_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { RAW_VARINT = 0, RAW_FIXED64 = 1, RAW_BYTES = 2, RAW_GROUP = 3, RAW_FIXED32 = 5 };

void raw_varint(struct buf *out, uint64_t value);
void raw_tag(struct buf *out, uint32_t field, unsigned wire_type);
void raw_uint(struct buf *out, uint32_t field, uint64_t value);
void raw_fixed32(struct buf *out, uint32_t field, uint32_t value);
void raw_bytes(struct buf *out, uint32_t field, const void *bytes, size_t length);
void raw_text(struct buf *out, uint32_t field, const char *text);

/* `count` bytes 'a'. */
void raw_fill(struct buf *out, uint32_t field, size_t count);

/* Appends `content` as a field and empties it. */
void raw_message(struct buf *out, uint32_t field, struct buf *content);

#endif
