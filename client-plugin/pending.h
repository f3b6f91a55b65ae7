/*
 * Questions that wait for their answer, from any thread to the client's thread:
 *
 *	inbox   where any thread leaves a question
 *	queue   questions in the order they were asked, on the client's thread
 *	table   a queue of questions that were sent, also found by the id of their reply
 *
 * A question leaves through pending_answer(), which calls its callback at most once whoever calls
 * it how often.
 */
#ifndef CLIENT_PLUGIN_PENDING_H
#define CLIENT_PLUGIN_PENDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-plugin/client.h"

enum pending_kind {
	PENDING_USER,
	PENDING_OPERATION,
	PENDING_QUOTA,
	PENDING_PING,
	PENDING_RELEASE, /* not answered */
};

struct pending {
	struct pending *next, *previous; /* in the inbox (next only), queue or table */
	struct pending *bucket_next;     /* in the table */
	uint64_t id;
	int64_t asked_ms;
	enum pending_kind kind;
	atomic_bool answered;
	client_callback *callback; /* NULL for PENDING_RELEASE */
	void *arg;
	size_t frame_bytes;
	uint8_t frame[];
};

/* A question with room for its frame; everything else is zero. NULL when there is no memory. */
struct pending *pending_new(size_t frame_bytes);

/* Accepts NULL. Does not call the callback. */
void pending_free(struct pending *pending);

/* Calls the callback when nobody did; true for the call that did. Any thread. */
bool pending_answer(struct pending *pending, const struct client_answer *answer);

/* The inbox. */

struct pending_inbox {
	_Atomic(struct pending *) newest; /* linked to the older ones */
};

void pending_inbox_init(struct pending_inbox *inbox);

/* Gives the question away; false, and not given away, when the inbox is closed. Any thread. */
bool pending_inbox_put(struct pending_inbox *inbox, struct pending *pending);

/* Takes all questions, linked by `next` in the order they were put; NULL when there is none. One
 * thread at a time. */
struct pending *pending_inbox_take(struct pending_inbox *inbox);

/* The same, and closes the inbox: whatever was put successfully has been taken. */
struct pending *pending_inbox_close(struct pending_inbox *inbox);

/* Queues. */

struct pending_queue {
	struct pending *first, *last;
	size_t count;
};

void pending_queue_put(struct pending_queue *queue, struct pending *pending);
void pending_queue_remove(struct pending_queue *queue, struct pending *pending);

/* The table. */

enum { PENDING_BUCKETS = 256 };

/* Our ids count up, so that as many open questions as there are buckets never collide, and a peer
 * cannot choose them. */
struct pending_table {
	struct pending_queue queue;
	struct pending *buckets[PENDING_BUCKETS];
};

void pending_table_put(struct pending_table *table, struct pending *pending);
void pending_table_remove(struct pending_table *table, struct pending *pending);

/* NULL when no question with this id waits. */
struct pending *pending_table_find(const struct pending_table *table, uint64_t id);

#endif
