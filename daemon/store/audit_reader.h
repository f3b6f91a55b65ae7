/* The inside of a reader. For this layer only. */
#ifndef STORE_AUDIT_READER_H
#define STORE_AUDIT_READER_H

#include "base/arena.h"
#include "store/audit_query.h"
#include "store/db.h"

enum {
	AUDIT_READER_CHUNK_BYTES = 16 * 1024,
	/* The lists of one row; SQLite gives no value larger than 1 MiB, four of them a row. */
	AUDIT_READER_ARENA_BYTES = 64 * 1024 * 1024,
};

struct audit_reader {
	struct db db;
	struct arena arena; /* of the row at hand */
};

#endif
