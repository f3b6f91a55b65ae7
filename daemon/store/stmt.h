/*
 * A prepared statement with typed parameters and columns. Binding is sticky on failure: the first
 * failure is kept and stmt_step() returns it, so that one check at the end is enough.
 *
 * For this layer only. One thread at a time.
 */
#ifndef STORE_STMT_H
#define STORE_STMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "store/db.h"

struct sqlite3_stmt;

struct stmt {
	struct sqlite3_stmt *handle;
	struct db *db;
	enum error failed; /* of a binding since the last reset */
};

/* `sql` is one statement. `db` must outlive the statement. */
enum error stmt_prepare(struct stmt *stmt, struct db *db, const char *sql) ATTR_MUST_CHECK;

/* Safe on a zeroed or finished statement. */
void stmt_finish(struct stmt *stmt);

/* Parameters count from 1. Texts and blobs are borrowed until the next stmt_reset() or
 * stmt_run(). */
void stmt_bind_int(struct stmt *stmt, int index, int64_t value);
void stmt_bind_u64(struct stmt *stmt, int index, uint64_t value); /* keeps the bits */
void stmt_bind_text(struct stmt *stmt, int index, struct str text);
void stmt_bind_blob(struct stmt *stmt, int index, const void *bytes, size_t length);
/* The content of `buf` as text; its failure if it has failed. */
void stmt_bind_buf(struct stmt *stmt, int index, const struct buf *buf);
void stmt_bind_limit(struct stmt *stmt, int index, uint64_t limit); /* 0: none */
void stmt_bind_null(struct stmt *stmt, int index);

/* Goes to the next row; `*row` tells whether there was one. Resets the statement when not, and on
 * failure. */
enum error stmt_step(struct stmt *stmt, bool *row) ATTR_MUST_CHECK;

/* Runs a statement that yields no rows. */
enum error stmt_run(struct stmt *stmt) ATTR_MUST_CHECK;

/* Rows that the last run added, changed or removed. */
int64_t stmt_change_count(const struct stmt *stmt);

/* Makes the statement ready for another run; parameters stay bound. */
void stmt_reset(struct stmt *stmt);

/* Columns of the current row count from 0; slices live until the next step or reset. Bytes of a
 * text come as they were stored, NUL and all. */
int64_t stmt_int(const struct stmt *stmt, int column);
uint64_t stmt_u64(const struct stmt *stmt, int column);
struct str stmt_bytes(const struct stmt *stmt, int column);

/* Copies a blob of exactly `length` bytes; false when the column is something else. */
bool stmt_copy_blob(const struct stmt *stmt, int column, void *out, size_t length);

#endif
