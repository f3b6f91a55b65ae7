/*
 * SQL that a person wrote, over the documented views of all segments and of the state database.
 *
 * One statement that only reads, on an empty database in memory which has nothing but the views
 * (docs/audit.md) and SQLite's functions: no file can be named, attached, written or created, and
 * nothing of it stays. Bounded in time, and in memory by DB_HEAP_MAX_BYTES.
 */
#ifndef STORE_AUDIT_SQL_H
#define STORE_AUDIT_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "store/audit_query.h"

enum audit_sql_type {
	AUDIT_SQL_NULL,
	AUDIT_SQL_INTEGER,
	AUDIT_SQL_REAL,
	AUDIT_SQL_TEXT,
	AUDIT_SQL_BLOB,
};

struct audit_sql_value {
	enum audit_sql_type type;
	int64_t integer;
	double real;
	struct str bytes; /* text or blob; borrowed */
};

enum { AUDIT_SQL_COLUMNS_MAX = 100 };

struct audit_sql_sink {
	/* Names, once, before the rows; may be NULL. Texts of names and values live until the call
	 * returns; false ends the query. */
	bool (*on_columns)(void *arg, const struct str *names, size_t count);
	bool (*on_row)(void *arg, const struct audit_sql_value *values, size_t count);
	void *arg;
};

/* Runs `sql`, which may end in a semicolon. `time_ms` bounds it on `clock`; 0: no bound. With `why`:
 * ERR_SYNTAX (SQLite's words), ERR_DENIED (it would do more than read the views), ERR_LIMIT (more
 * columns than AUDIT_SQL_COLUMNS_MAX), ERR_TIMEOUT, ERR_NO_MEMORY, and as audit_query(). Rows
 * delivered before an error are good. */
enum error audit_sql_run(struct audit_reader *reader, struct str sql, const struct clock *clock,
			 uint32_t time_ms, const struct audit_sql_sink *sink,
			 struct buf *why) ATTR_MUST_CHECK;

#endif
