#include "cedar/json_member.h"

#include "base/civil.h"

enum { TIME_BYTES = 64 };

void json_member_string(struct json_writer *json, const char *key, struct str value)
{
	json_write_key(json, str_from(key));
	json_write_string(json, value);
}

void json_member_i64(struct json_writer *json, const char *key, int64_t value)
{
	json_write_key(json, str_from(key));
	json_write_i64(json, value);
}

void json_member_u64(struct json_writer *json, const char *key, uint64_t value)
{
	json_write_key(json, str_from(key));
	json_write_u64(json, value);
}

void json_member_bool(struct json_writer *json, const char *key, bool value)
{
	json_write_key(json, str_from(key));
	json_write_bool(json, value);
}

void json_member_hex(struct json_writer *json, const char *key, const uint8_t *bytes, size_t length)
{
	json_write_key(json, str_from(key));
	json_write_hex(json, bytes, length);
}

void json_member_time(struct json_writer *json, const char *key, int64_t wall_us)
{
	char memory[TIME_BYTES];
	struct buf text;

	buf_init_fixed(&text, memory, sizeof(memory));
	civil_append(&text, wall_us);
	json_member_string(json, key, buf_str(&text));
}

void json_member_object(struct json_writer *json, const char *key)
{
	json_write_key(json, str_from(key));
	json_write_object(json);
}

void json_member_array(struct json_writer *json, const char *key)
{
	json_write_key(json, str_from(key));
	json_write_array(json);
}
