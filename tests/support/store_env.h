/* The store's surroundings for tests: private files in a temporary directory, and rows to store. */
#ifndef TESTS_SUPPORT_STORE_ENV_H
#define TESTS_SUPPORT_STORE_ENV_H

#include <stdint.h>

#include "store/audit.h"
#include "store/env.h"

/* An environment with the VFS of that name; NULL for the system's. */
struct store_env store_env_make(const char *vfs);

/* What a row of store_row_make() points to. */
struct store_row_texts {
	char user[64], user_folded[64], sid[64], resource[128], policy[32];
	struct str groups[3], deny_only[1], policies[1];
};

/* A realistic row: user `number` mod 1,000, resource `number` mod 50, every tenth one denied.
 * `texts` must live as long as the row. */
void store_row_make(uint32_t number, struct store_row_texts *texts, struct audit_row *row);

#endif
