/*
 * What SQLite itself takes to commit rows on this machine: a bare database beside which the audit is
 * measured, with the same journal and as many bytes a row, and nothing of ours around it.
 */
#ifndef STORE_FLOOR_H
#define STORE_FLOOR_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

struct floor_db;

/* Makes and opens "floor.db" in `directory`. On failure `why` has one sentence. */
enum error floor_open(const char *directory, struct floor_db **out,
		      struct buf *why) ATTR_MUST_CHECK;
void floor_close(struct floor_db *floor); /* accepts NULL */

/* Adds rows in one transaction, which is on disk when this returns. ERR_IO. */
enum error floor_commit(struct floor_db *floor, size_t row_count) ATTR_MUST_CHECK;

#endif
