/*
 * The contents used last, with their ids and digests, so that the writer need not ask the database
 * for them. Bounded in entries and bytes; the one that was not used for longest makes room.
 *
 * For this layer only. One thread at a time.
 */
#ifndef STORE_INTERN_H
#define STORE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"
#include "store/audit_part.h"

/* A place in the order of use: `next` was used before. */
struct intern_link {
	struct intern_link *prev, *next;
};

struct intern {
	struct map entries;
	struct hash_key key;
	struct intern_link order; /* a ring; `next` was used last, `prev` is the first to go */
	size_t entries_max;
	size_t bytes, bytes_max; /* of the contents */
};

/* What a content is known by. */
struct intern_value {
	int64_t id;
	uint8_t digest[AUDIT_DIGEST_BYTES];
};

void intern_init(struct intern *intern, struct hash_key key, size_t entries_max, size_t bytes_max);
void intern_deinit(struct intern *intern);

/* The value of `content`, valid until the next intern_put() or intern_clear(), and NULL when it is
 * not among the last ones. */
const struct intern_value *intern_find(struct intern *intern, struct str content);

/* Adds a content that is not there. One larger than the bound is not kept, which is no error. */
enum error intern_put(struct intern *intern, struct str content,
		      const struct intern_value *value) ATTR_MUST_CHECK;

/* Forgets everything. */
void intern_clear(struct intern *intern);

#endif
