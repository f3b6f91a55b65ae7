/*
 * Writes JSON (RFC 8259) into a buffer, compactly and in the order of the calls. Whatever a string
 * holds, the output is valid JSON in UTF-8: bytes that are not UTF-8 become U+FFFD, and characters
 * that can disturb a terminal or deceive who reads it (utf8_is_deceptive()) are escaped. A full
 * buffer is found by the caller, once, in buf->failed.
 *
 *	struct json_writer json = json_write_to(&out);
 *
 *	json_write_object(&json);
 *	json_write_key(&json, STR("count"));
 *	json_write_i64(&json, 3);
 *	json_write_object_end(&json);
 */
#ifndef CEDAR_JSON_WRITE_H
#define CEDAR_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct json_writer {
	struct buf *out;
	bool needs_comma; /* a value stands before, in the same array or object */
};

/* A writer of one text, or of several in a row when the caller separates them. */
struct json_writer json_write_to(struct buf *out);

void json_write_object(struct json_writer *json);
void json_write_object_end(struct json_writer *json);
void json_write_array(struct json_writer *json);
void json_write_array_end(struct json_writer *json);

/* The key of the member whose value is written next. */
void json_write_key(struct json_writer *json, struct str key);

void json_write_string(struct json_writer *json, struct str value);
void json_write_i64(struct json_writer *json, int64_t value);
void json_write_u64(struct json_writer *json, uint64_t value);
/* A string of the bytes as hex_append() writes them. */
void json_write_hex(struct json_writer *json, const uint8_t *bytes, size_t length);
/* A number that is written in JSON already. */
void json_write_number(struct json_writer *json, struct str number);
void json_write_bool(struct json_writer *json, bool value);
void json_write_null(struct json_writer *json);

#endif
