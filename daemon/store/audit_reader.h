/* The inside of a reader. For this layer only. */
#ifndef STORE_AUDIT_READER_H
#define STORE_AUDIT_READER_H

#include "base/arena.h"
#include "store/audit_query.h"
#include "store/open_segments.h"
#include "store/segment.h"

enum {
	AUDIT_READER_CHUNK_BYTES = 16 * 1024,
	/* The lists of one row; SQLite gives no value larger than 1 MiB, four of them a row. */
	AUDIT_READER_ARENA_BYTES = 64 * 1024 * 1024,
};

/* One segment at a time is asked: `db` belongs to segments.items[open_index]. */
struct audit_reader {
	char *directory;
	struct store_env env;
	struct segment_list segments;
	struct open_segments open;
	struct db *db; /* NULL: none is asked */
	size_t open_index;
	struct arena arena; /* of the row at hand */
};

/* Looks which segments there are now. No statement of `db` may be left. */
enum error audit_reader_refresh(struct audit_reader *reader, struct buf *why) ATTR_MUST_CHECK;

/* Forgets all segments, so that audit_reader_refresh() asks each segment itself what it holds. Until
 * then the list may have what the state database notes of sealed ones. */
void audit_reader_forget(struct audit_reader *reader);

/* Goes to a segment of the list, which `db` is then; no statement of another one may be left.
 * ERR_NOT_FOUND when retention has removed it meanwhile. */
enum error audit_reader_use(struct audit_reader *reader, size_t index,
			    struct buf *why) ATTR_MUST_CHECK;

#endif
