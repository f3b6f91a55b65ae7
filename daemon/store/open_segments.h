/*
 * The segments that a reader has open. One question comes to the same segment several times: to see
 * what it holds, to find rows, to learn of answers that did not leave; and opening it, with all that is
 * looked at then, takes as long as many rows.
 *
 * For this layer only. One thread at a time.
 */
#ifndef STORE_OPEN_SEGMENTS_H
#define STORE_OPEN_SEGMENTS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/db.h"
#include "store/segment.h"

/* The days that a question is mostly about. */
enum { OPEN_SEGMENTS_MAX = 16 };

struct open_segment {
	uint32_t number; /* 0: free */
	uint64_t used;   /* when, by the count of uses */
	struct db db;
};

struct open_segments {
	const char *directory;
	const struct store_env *env;
	struct arena *arena; /* for the SQL functions of filters; NULL: none are needed */
	uint32_t held;       /* is not closed for another one's sake; 0: none */
	uint64_t use_count;
	struct open_segment items[OPEN_SEGMENTS_MAX];
};

/* `open` must stay where it is; directory, env and arena must outlive it. */
void open_segments_init(struct open_segments *open, const char *directory,
			const struct store_env *env, struct arena *arena);

/* Closes all. No statement may be left. */
void open_segments_deinit(struct open_segments *open);

/* Opens segment `number` for reading, unless it is open. `*db` is good until another one is used, or as
 * long as it is held. Errors as db_open(), with `why`. */
enum error open_segments_use(struct open_segments *open, uint32_t number, struct db **db,
			     struct buf *why) ATTR_MUST_CHECK;

/* Closes all before segment `newest`: what the daemon may want to seal, for which readers must have gone
 * on, or to remove. No statement may be left. */
void open_segments_trim(struct open_segments *open, uint32_t newest);

#endif
