/*
 * The floor of durable rows: bare SQLite insertions of the same numbers into the same table, with WAL
 * and synchronous=FULL. It knows all ids; what audit_append() does beyond it is to find the ids of a
 * row's texts and to compute the chain.
 */
#ifndef TESTS_BENCH_BARE_H
#define TESTS_BENCH_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "store/audit.h"
#include "support/store_env.h"
#include "support/tmpdir.h"

/* One prepared statement on the table `decision` of a segment of its own. */
struct bare {
	sqlite3 *handle;
	sqlite3_stmt *insert;
	int64_t last_id;
};

/* Makes the segment in `dir`, so that the schema is the same. */
bool bare_open(struct bare *bare, const struct tmpdir *dir, const struct store_env *env,
	       struct buf *why);
void bare_close(struct bare *bare);

/* Inserts `count` rows in one transaction. */
bool bare_append(struct bare *bare, const struct audit_row *rows, size_t count);

/* The same with one row many times over. */
bool bare_repeat(struct bare *bare, const struct audit_row *row, size_t count);

#endif
