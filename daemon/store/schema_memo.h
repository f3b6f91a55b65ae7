/*
 * What schemas were found to be right: a digest for each kind, version and state of a database. To
 * find it out anew takes an empty database with all migrations, for each file that is opened.
 *
 * A zeroed memo is empty, and there is nothing to free. Any number of threads at a time.
 */
#ifndef STORE_SCHEMA_MEMO_H
#define STORE_SCHEMA_MEMO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct db_schema;

enum { SCHEMA_DIGEST_BYTES = 32, SCHEMA_MEMO_ITEMS = 4 };

/* What a digest is of. */
struct schema_key {
	const struct db_schema *schema;
	uint64_t version;
	bool is_sealed;
};

struct schema_memo {
	struct schema_memo_item {
		atomic_int stage; /* 0 free, 1 being written, 2 written for good */
		struct schema_key key;
		uint8_t digest[SCHEMA_DIGEST_BYTES];
	} items[SCHEMA_MEMO_ITEMS];
};

/* Whether that digest was put under that key. */
bool schema_memo_has(struct schema_memo *memo, const struct schema_key *key,
		     const uint8_t digest[SCHEMA_DIGEST_BYTES]);

/* Keeps the digest while there is room. */
void schema_memo_put(struct schema_memo *memo, const struct schema_key *key,
		     const uint8_t digest[SCHEMA_DIGEST_BYTES]);

#endif
