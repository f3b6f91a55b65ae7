/*
 * The schemas that databases of this project have, and ever had: a digest for each version, and for
 * a version whose files were sealed one more. A database whose objects give the digest needs no
 * closer look; else an empty database with the same migrations tells what is different, which takes
 * as long as a question.
 *
 * Whoever adds a migration adds its digests; tests/unit/store/test_schema_known.c tells them.
 *
 * For this layer only.
 */
#ifndef STORE_SCHEMA_KNOWN_H
#define STORE_SCHEMA_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEMA_DIGEST_BYTES = 32 };

struct schema_known {
	uint32_t version;
	bool is_sealed;
	const char *digest; /* of migrate_digest(), in hexadecimal */
};

struct schema_known_list {
	const struct schema_known *items;
	size_t count;
};

extern const struct schema_known_list audit_known;
extern const struct schema_known_list state_known;

/* Whether the list has it; a list that is NULL has none. */
bool schema_is_known(const struct schema_known_list *list, uint64_t version, bool is_sealed,
		     const uint8_t digest[SCHEMA_DIGEST_BYTES]);

#endif
