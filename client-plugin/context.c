#include "client-plugin/context.h"

#include <string.h>

#include "client-plugin/memory.h"
#include "client-plugin/mutex.h"

enum { BUCKETS = 1024 };

struct context {
	struct contexts *owner;
	struct context *next; /* in its bucket */
	size_t reference_count;
	size_t user_count; /* of the references, those that answered an AuthzUser */
	uint8_t record_id[CLIENT_RECORD_ID_BYTES];
};

struct contexts {
	struct client *client;
	struct mutex *mutex; /* guards all that follows, and the members of each context */
	struct context *buckets[BUCKETS];
};

struct contexts *contexts_new(struct client *client)
{
	struct contexts *contexts = memory_calloc(1, sizeof(*contexts));

	if (contexts == NULL)
		return NULL;
	contexts->client = client;
	contexts->mutex = mutex_new();
	if (contexts->mutex == NULL) {
		memory_free(contexts);
		return NULL;
	}
	return contexts;
}

void contexts_free(struct contexts *contexts)
{
	if (contexts == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (contexts->buckets[i] != NULL) {
			struct context *next = contexts->buckets[i]->next;

			memory_free(contexts->buckets[i]);
			contexts->buckets[i] = next;
		}
	}
	mutex_free(contexts->mutex);
	memory_free(contexts);
}

/* The daemon makes ids at random, so that any of their bytes serve. */
static struct context **bucket_of(struct contexts *contexts, const uint8_t *record_id)
{
	return &contexts->buckets[(record_id[0] | (size_t)record_id[1] << 8) % BUCKETS];
}

/* Under the mutex. */
static struct context *find_or_add(struct contexts *contexts, const uint8_t *record_id)
{
	struct context **bucket = bucket_of(contexts, record_id);
	struct context *context = *bucket;

	while (context != NULL &&
	       memcmp(context->record_id, record_id, CLIENT_RECORD_ID_BYTES) != 0)
		context = context->next;
	if (context != NULL)
		return context;
	context = memory_calloc(1, sizeof(*context));
	if (context == NULL)
		return NULL;
	context->owner = contexts;
	memcpy(context->record_id, record_id, CLIENT_RECORD_ID_BYTES);
	context->next = *bucket;
	*bucket = context;
	return context;
}

struct context *context_get(struct contexts *contexts,
			    const uint8_t record_id[CLIENT_RECORD_ID_BYTES], bool for_user)
{
	struct context *context;

	mutex_lock(contexts->mutex);
	context = find_or_add(contexts, record_id);
	if (context != NULL) {
		context->reference_count++;
		context->user_count += for_user;
	}
	mutex_unlock(contexts->mutex);
	return context;
}

/* Under the mutex. */
static void remove_context(struct context *context)
{
	struct context **link = bucket_of(context->owner, context->record_id);

	while (*link != context)
		link = &(*link)->next;
	*link = context->next;
}

void context_put(struct context *context)
{
	struct contexts *contexts = context->owner;
	bool is_last;

	mutex_lock(contexts->mutex);
	is_last = --context->reference_count == 0;
	if (is_last)
		remove_context(context);
	mutex_unlock(contexts->mutex);
	if (!is_last)
		return;
	/* What cannot be sent is not lost: the record ends by its idle time-out. */
	for (size_t i = 0; i < context->user_count; i++)
		client_context_released(contexts->client, context->record_id);
	memory_free(context);
}
