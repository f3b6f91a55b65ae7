#include "client-plugin/pending.h"

#include "client-plugin/memory.h"

struct pending *pending_new(size_t frame_bytes)
{
	struct pending *pending;

	if (frame_bytes > SIZE_MAX - sizeof(*pending))
		return NULL;
	pending = memory_calloc(1, sizeof(*pending) + frame_bytes);
	if (pending == NULL)
		return NULL;
	atomic_init(&pending->answered, false);
	pending->frame_bytes = frame_bytes;
	return pending;
}

void pending_free(struct pending *pending)
{
	memory_free(pending);
}

bool pending_answer(struct pending *pending, const struct client_answer *answer)
{
	if (atomic_exchange(&pending->answered, true))
		return false;
	if (pending->callback != NULL)
		pending->callback(pending->arg, answer);
	return true;
}

void pending_inbox_init(struct pending_inbox *inbox)
{
	atomic_init(&inbox->newest, NULL);
}

/* What stands in the place of the newest question when the inbox is closed: an address that no
 * question can have, never followed. */
static struct pending *closed_mark(struct pending_inbox *inbox)
{
	return (struct pending *)(void *)inbox;
}

bool pending_inbox_put(struct pending_inbox *inbox, struct pending *pending)
{
	struct pending *newest = atomic_load(&inbox->newest);

	do {
		if (newest == closed_mark(inbox))
			return false;
		pending->next = newest;
	} while (!atomic_compare_exchange_weak(&inbox->newest, &newest, pending));
	return true;
}

/* Replaces the stack, newest first, by `replacement`, and returns it oldest first. */
static struct pending *take(struct pending_inbox *inbox, struct pending *replacement)
{
	struct pending *newest = atomic_exchange(&inbox->newest, replacement);
	struct pending *oldest = NULL;

	while (newest != NULL && newest != closed_mark(inbox)) {
		struct pending *next = newest->next;

		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

struct pending *pending_inbox_take(struct pending_inbox *inbox)
{
	return take(inbox, NULL);
}

struct pending *pending_inbox_close(struct pending_inbox *inbox)
{
	return take(inbox, closed_mark(inbox));
}

void pending_queue_put(struct pending_queue *queue, struct pending *pending)
{
	pending->next = NULL;
	pending->previous = queue->last;
	if (queue->last != NULL)
		queue->last->next = pending;
	else
		queue->first = pending;
	queue->last = pending;
	queue->count++;
}

void pending_queue_remove(struct pending_queue *queue, struct pending *pending)
{
	if (pending->previous != NULL)
		pending->previous->next = pending->next;
	else
		queue->first = pending->next;
	if (pending->next != NULL)
		pending->next->previous = pending->previous;
	else
		queue->last = pending->previous;
	pending->next = NULL;
	pending->previous = NULL;
	queue->count--;
}

void pending_table_put(struct pending_table *table, struct pending *pending)
{
	struct pending **bucket = &table->buckets[pending->id % PENDING_BUCKETS];

	pending->bucket_next = *bucket;
	*bucket = pending;
	pending_queue_put(&table->queue, pending);
}

void pending_table_remove(struct pending_table *table, struct pending *pending)
{
	struct pending **link = &table->buckets[pending->id % PENDING_BUCKETS];

	while (*link != pending)
		link = &(*link)->bucket_next;
	*link = pending->bucket_next;
	pending_queue_remove(&table->queue, pending);
}

struct pending *pending_table_find(const struct pending_table *table, uint64_t id)
{
	struct pending *pending = table->buckets[id % PENDING_BUCKETS];

	while (pending != NULL && pending->id != id)
		pending = pending->bucket_next;
	return pending;
}
