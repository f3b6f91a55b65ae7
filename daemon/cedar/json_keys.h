/*
 * Finds keys that stand twice in JSON objects whose keys are free. Objects nest, so the keys of
 * inner objects are pushed on top of those of the outer ones and removed at their end:
 *
 *	size_t start = json_keys_start(&keys);
 *
 *	while (json_read_key(reader)) {
 *		json_keys_add(&keys, reader);
 *		...
 *	}
 *	if (!json_keys_end(&keys, reader, start))
 *		return false;
 */
#ifndef CEDAR_JSON_KEYS_H
#define CEDAR_JSON_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cedar/json_read.h"

struct json_keys {
	struct buf stack; /* of struct json_key */
};

void json_keys_init(struct json_keys *keys);
void json_keys_deinit(struct json_keys *keys);

/* Where the keys of an object that begins now will stand. */
size_t json_keys_start(const struct json_keys *keys);

/* Notes the key that the reader has just read. */
void json_keys_add(struct json_keys *keys, const struct json_reader *reader);

/* Removes the keys of the object. False after a failure of the reader, also when a key stood twice,
 * which makes it fail, or when memory is spent. */
bool json_keys_end(struct json_keys *keys, struct json_reader *reader, size_t start);

#endif
