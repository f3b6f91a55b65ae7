/*
 * What reading a tree of files is on every system: which entries are wanted, what the limits are, and
 * where the files are put. tree_read() of each system has the rest, and tree.h what comes of it.
 */
#ifndef PLATFORM_TREE_DRAFT_H
#define PLATFORM_TREE_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "platform/tree.h"

/* A tree that is being read. */
struct tree_draft {
	const struct tree_options *options; /* borrowed */
	struct tree tree;
	size_t capacity; /* elements tree.files has room for */
	size_t total_bytes;
};

void tree_draft_init(struct tree_draft *draft, const struct tree_options *options);

/* Whether the entry with this name, relative to the tree, is a file to be read. */
bool tree_draft_wants(const struct tree_draft *draft, const char *name);

/* That there may be one file more. ERR_LIMIT with `why`. */
enum error tree_draft_check_count(const struct tree_draft *draft, const char *name,
				  struct buf *why) ATTR_MUST_CHECK;

/* Adds a file of `size` bytes, and the zero behind them; *room, of the tree, is where the caller reads
 * them into. ERR_LIMIT, ERR_NO_MEMORY with `why`. */
enum error tree_draft_add(struct tree_draft *draft, const char *name, size_t size, char **room,
			  struct buf *why) ATTR_MUST_CHECK;

/* Ends the draft: with ERR_NONE *out is the tree in the order of names; with an error, which is
 * returned, nothing is left. */
enum error tree_draft_end(struct tree_draft *draft, enum error error,
			  struct tree *out) ATTR_MUST_CHECK;

/* With `why`. */
enum error tree_out_of_memory(struct buf *why) ATTR_MUST_CHECK;

#endif
