#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_MIN_CAPACITY = 64 };

void buf_init(struct buf *buf, size_t max_bytes)
{
	/* There is always one byte more than the content, for the zero of buf_text(). */
	*buf = (struct buf){.max_bytes = max_bytes < SIZE_MAX ? max_bytes : SIZE_MAX - 1};
}

void buf_init_fixed(struct buf *buf, char *memory, size_t size)
{
	*buf = (struct buf){.data = memory, .capacity = size, .max_bytes = size - 1};
}

void buf_deinit(struct buf *buf)
{
	mem_free(buf->data);
	buf_init(buf, buf->max_bytes);
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->failed = ERR_NONE;
}

static bool reserve_raw(struct buf *buf, size_t needed)
{
	size_t capacity = buf->capacity != 0 ? buf->capacity : BUF_MIN_CAPACITY;
	char *data;

	if (needed <= buf->capacity)
		return true;
	while (capacity < needed)
		capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : needed;
	data = mem_resize(buf->data, capacity, 1);
	if (data == NULL) {
		buf->failed = ERR_NO_MEMORY;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

char *buf_reserve(struct buf *buf, size_t length)
{
	if (buf->failed != ERR_NONE)
		return NULL;
	if (length > buf->max_bytes - buf->length) {
		buf->failed = ERR_LIMIT;
		return NULL;
	}
	/* With the byte for buf_text(), and for vsnprintf(), which always ends its text. */
	if (!reserve_raw(buf, buf->length + length + 1))
		return NULL;
	return buf->data + buf->length;
}

void buf_grow(struct buf *buf, size_t length)
{
	buf->length += length;
}

void buf_append(struct buf *buf, const void *bytes, size_t length)
{
	char *room = buf_reserve(buf, length);

	if (room == NULL)
		return;
	if (length != 0)
		memcpy(room, bytes, length);
	buf_grow(buf, length);
}

void buf_append_str(struct buf *buf, struct str s)
{
	buf_append(buf, s.ptr, s.length);
}

void buf_append_byte(struct buf *buf, char byte)
{
	buf_append(buf, &byte, 1);
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
	char digits[20]; /* of UINT64_MAX */
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	buf_append(buf, digits + first, sizeof(digits) - first);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	int length;
	char *room;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	room = length >= 0 ? buf_reserve(buf, (size_t)length) : NULL;
	if (length < 0 && buf->failed == ERR_NONE)
		buf->failed = ERR_INVALID;
	if (room != NULL) {
		vsnprintf(room, (size_t)length + 1, format, again);
		buf_grow(buf, (size_t)length);
	}
	va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_consume(struct buf *buf, size_t length)
{
	buf->length -= length;
	if (buf->length != 0)
		memmove(buf->data, buf->data + length, buf->length);
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->data, buf->length};
}

const char *buf_text(struct buf *buf)
{
	if (!reserve_raw(buf, buf->length + 1))
		return "";
	buf->data[buf->length] = '\0';
	return buf->data;
}
