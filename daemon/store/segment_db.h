/* The inside of segments. For this layer only. */
#ifndef STORE_SEGMENT_DB_H
#define STORE_SEGMENT_DB_H

#include "store/db.h"
#include "store/open_segments.h"
#include "store/segment.h"

/* The numbers of the files that are there, ascending. All zero is none. */
struct segment_numbers {
	uint32_t *items;
	size_t count, capacity;
};

enum error segment_numbers_read(struct segment_numbers *numbers, const char *directory,
				const struct store_env *env) ATTR_MUST_CHECK;
void segment_numbers_deinit(struct segment_numbers *numbers);

/* What the open segment `number` says of itself; `*has_begun` is false for one that was prepared
 * and has no row yet. Its state is SEGMENT_SEALED or SEGMENT_CLOSED: which one is live, only the
 * list knows. ERR_CORRUPT when it says what is never written. */
enum error segment_describe(struct db *db, uint32_t number, struct segment *out,
			    bool *has_begun) ATTR_MUST_CHECK;

/* segment_list_read() by way of segments that are open already; those that it opens stay so. */
enum error segment_list_refresh(struct segment_list *list, struct open_segments *open,
				struct buf *why) ATTR_MUST_CHECK;

#endif
