/*
 * Growable bytes with a hard maximum. Appending is sticky on failure: after the first append that
 * does not fit or finds no memory the buffer is `failed`, further appends do nothing, and one check
 * at the end is enough. One thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct buf {
	char *data;
	size_t length;     /* bytes in use */
	size_t capacity;   /* bytes allocated */
	size_t max_bytes;  /* length never passes this */
	enum error failed; /* ERR_NONE, ERR_NO_MEMORY, ERR_LIMIT or, by a format, ERR_INVALID */
};

/* Takes no memory before the first append. */
void buf_init(struct buf *buf, size_t max_bytes);

/* Uses `memory` of `size` bytes, at least 1, in place of the heap; holds one byte less. Must not be
 * deinitialised. */
void buf_init_fixed(struct buf *buf, char *memory, size_t size);

void buf_deinit(struct buf *buf);

/* Empties the buffer and forgets a failure; keeps the memory. */
void buf_clear(struct buf *buf);

void buf_append(struct buf *buf, const void *bytes, size_t length);
void buf_append_str(struct buf *buf, struct str s);
void buf_append_byte(struct buf *buf, char byte);
void buf_append_u64(struct buf *buf, uint64_t value); /* in decimal */
void buf_printf(struct buf *buf, const char *format, ...) ATTR_PRINTF(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args) ATTR_PRINTF(2, 0);

/* Room for `length` more bytes behind the content, for a reader that fills it and then calls
 * buf_grow(); NULL (and failed) when there is none. */
char *buf_reserve(struct buf *buf, size_t length) ATTR_MUST_CHECK;
void buf_grow(struct buf *buf, size_t length);

/* Removes `length` bytes from the front; `length` at most buf->length. */
void buf_consume(struct buf *buf, size_t length);

/* The content, valid until the next change. */
struct str buf_str(const struct buf *buf);

/* The content as zero-terminated text (NUL bytes inside stay); "" when empty or out of memory. */
const char *buf_text(struct buf *buf);

#endif
