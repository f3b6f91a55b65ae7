/*
 * The parts of an audit row that are kept once by content, each in a table of its own.
 *
 * A part's content is written in one way only, so that equal contents are equal bytes:
 *	part     its number in enum audit_part, one byte, then its fields in the order of the table
 *	number   eight bytes, least significant first
 *	text     its length as a number, then its bytes
 *	list     the count of its texts as a number, then the texts
 *
 * For this layer only.
 */
#ifndef STORE_AUDIT_PART_H
#define STORE_AUDIT_PART_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"
#include "store/audit.h"
#include "store/stmt.h"

/* The numbers go into digests and never change. */
enum audit_part {
	AUDIT_SUBJECT,
	AUDIT_GROUP_SET,
	AUDIT_REQUEST,
	AUDIT_CONTEXT,
	AUDIT_OUTCOME,
	AUDIT_ORIGIN,
	AUDIT_PART_COUNT
};

enum { AUDIT_DIGEST_BYTES = 24 };

/* The digests of a row's parts. */
struct audit_digests {
	uint8_t of[AUDIT_PART_COUNT][AUDIT_DIGEST_BYTES];
};

/* Appends the content of a row's part to `out`. */
void audit_part_write(enum audit_part part, const struct audit_row *row, struct buf *out);

/* BLAKE2b-192 of a part's content as audit_part_write() wrote it. */
void audit_part_digest(struct str content, uint8_t digest[AUDIT_DIGEST_BYTES]);

/* The statements of a part's table: its greatest id; the count of its rows, whatever its index says;
 * the id for digest ?1; an insertion with the id ?1, the digest ?2 and the fields from ?3 on, as
 * audit_part_bind() binds them. */
struct audit_part_sql {
	const char *last_id, *count, *find, *insert;
	const char *read; /* all its rows in order: id, digest and the fields */
};

extern const struct audit_part_sql audit_part_sql[AUDIT_PART_COUNT];

/* Binds the fields of a row's part; lists are written to `lists`, which must stay as they are until
 * the statement has run. */
void audit_part_bind(enum audit_part part, const struct audit_row *row, struct stmt *stmt,
		     struct buf lists[2]);

/* Reads the fields of the current row of a part's `read` into `row`, whose texts are those of the
 * statement; lists live in `arena`. ERR_CORRUPT when it holds what is never written. */
enum error audit_part_read(enum audit_part part, const struct stmt *stmt, struct arena *arena,
			   struct audit_row *row) ATTR_MUST_CHECK;

#endif
