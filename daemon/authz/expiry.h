/*
 * Things that fall due: a binary heap of nodes that are embedded in what they remind of, the
 * earliest on top. One thread at a time.
 */
#ifndef AUTHZ_EXPIRY_H
#define AUTHZ_EXPIRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

struct expiry_node {
	int64_t due_ms;
	size_t index; /* in the heap */
};

struct expiry {
	struct expiry_node **nodes;
	size_t count;
	size_t capacity;
};

void expiry_init(struct expiry *expiry);

/* Frees the heap; the nodes stay the caller's. */
void expiry_deinit(struct expiry *expiry);

/* Makes room for `count` nodes in all, so that putting them cannot fail. ERR_NO_MEMORY. */
enum error expiry_reserve(struct expiry *expiry, size_t count) ATTR_MUST_CHECK;

/* Puts a node in, for which there must be room. */
void expiry_put(struct expiry *expiry, struct expiry_node *node, int64_t due_ms);

/* Takes a node out, which must be in. */
void expiry_remove(struct expiry *expiry, struct expiry_node *node);

/* Gives a node that is in another time. */
void expiry_move(struct expiry *expiry, struct expiry_node *node, int64_t due_ms);

/* The node that falls due first; NULL when there is none. */
struct expiry_node *expiry_first(const struct expiry *expiry);

#endif
