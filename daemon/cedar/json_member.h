/*
 * Members of the object that is being written (cedar/json_write.h): the key, which is a text of ours,
 * and its value, or its beginning, in one call.
 */
#ifndef CEDAR_JSON_MEMBER_H
#define CEDAR_JSON_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cedar/json_write.h"

void json_member_string(struct json_writer *json, const char *key, struct str value);
void json_member_i64(struct json_writer *json, const char *key, int64_t value);
void json_member_u64(struct json_writer *json, const char *key, uint64_t value);
void json_member_bool(struct json_writer *json, const char *key, bool value);
void json_member_hex(struct json_writer *json, const char *key, const uint8_t *bytes,
		     size_t length);
/* A moment of the wall clock, as civil_append() writes it. */
void json_member_time(struct json_writer *json, const char *key, int64_t wall_us);

/* Until json_write_object_end() or json_write_array_end(). */
void json_member_object(struct json_writer *json, const char *key);
void json_member_array(struct json_writer *json, const char *key);

#endif
