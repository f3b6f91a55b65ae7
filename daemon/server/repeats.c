#include "server/repeats.h"

#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "proto/prescan.h"
#include "server/question.h"

enum {
	SEEN_SLOTS = 4096, /* a power of two */
	REPEAT_FIRST_BYTES = 4000,
	REPEAT_REASONS = AUTHZ_REASONS_MAX,
	/* A message of the largest body, with all that is made of it. */
	REPEAT_ARENA_BYTES = BUDGET_AUTHZ_BYTES + 16 * REPEATS_MAX_BODY_BYTES,
};

struct repeat {
	struct map_node node;
	uint32_t hold_count; /* the table is one */
	struct str application, body;
	struct question question;
	struct question_reading reading;
	struct permission permission;
	struct str reasons[REPEAT_REASONS];
	struct arena arena;
};

struct repeats {
	struct hash_key key;
	struct snapshot *snapshot; /* whose permissions they are; referenced, NULL at first */
	bool looks_at_time;        /* the snapshot does */
	struct map entries;
	size_t bytes;
	/* Hashes of bodies that came once. One that is overwritten is remembered a time later. */
	uint64_t seen[SEEN_SLOTS];
};

enum error repeats_new(struct hash_key key, struct repeats **out)
{
	struct repeats *repeats = mem_calloc(1, sizeof(*repeats));

	if (repeats == NULL)
		return ERR_NO_MEMORY;
	repeats->key = key;
	map_init(&repeats->entries);
	*out = repeats;
	return ERR_NONE;
}

void repeat_release(struct repeat *repeat)
{
	if (repeat == NULL || --repeat->hold_count != 0)
		return;
	arena_deinit(&repeat->arena);
	mem_free(repeat);
}

static bool forget(struct map_node *node, void *arg)
{
	map_remove(arg, node);
	repeat_release(CONTAINER_OF(node, struct repeat, node));
	return true;
}

static void forget_all(struct repeats *repeats)
{
	map_each(&repeats->entries, forget, &repeats->entries);
	repeats->bytes = 0;
}

void repeats_free(struct repeats *repeats)
{
	if (repeats == NULL)
		return;
	forget_all(repeats);
	map_deinit(&repeats->entries);
	snapshot_unref(repeats->snapshot);
	mem_free(repeats);
}

/* The reference keeps the address from becoming that of another policy. */
void repeats_use_policy(struct repeats *repeats, struct snapshot *snapshot)
{
	if (repeats->snapshot == snapshot)
		return;
	forget_all(repeats);
	snapshot_unref(repeats->snapshot);
	repeats->snapshot = snapshot_ref(snapshot);
	repeats->looks_at_time = snapshot_looks_at_time(snapshot);
}

/* What follows the id at the start of a payload; empty when it does not start with one. */
static struct str body_of(struct str payload)
{
	uint64_t id = prescan_id((const uint8_t *)payload.ptr, payload.length);
	size_t used = 1; /* the tag */

	if (id == 0)
		return str_make(NULL, 0);
	for (; id != 0; id >>= 7)
		used++;
	return str_make(payload.ptr + used, payload.length - used);
}

static struct repeat *find(const struct repeats *repeats, uint64_t hash, struct str application,
			   struct str body)
{
	struct map_node *node = map_first(&repeats->entries, hash);

	for (; node != NULL; node = map_next(node)) {
		struct repeat *repeat = CONTAINER_OF(node, struct repeat, node);

		if (str_equal(repeat->body, body) && str_equal(repeat->application, application))
			return repeat;
	}
	return NULL;
}

/* Whether it came before, as far as is known. */
static bool is_second(struct repeats *repeats, uint64_t hash)
{
	uint64_t *slot = &repeats->seen[hash % SEEN_SLOTS];
	bool same = *slot == hash;

	*slot = hash;
	return same;
}

static void *take(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

/* Fills the repeat from the payload; false when that is no question, or a bad one, or memory is
 * spent. */
static bool read(struct repeat *repeat, struct str application, struct str payload, struct str body,
		 struct buf *scratch)
{
	struct arena *arena = &repeat->arena;
	Wsauthz__Request *message;
	struct budget budget;

	budget_init(&budget, BUDGET_AUTHZ_BYTES, take, arena);
	repeat->application = arena_copy(arena, application);
	repeat->body = arena_copy(arena, body);
	if (repeat->application.ptr == NULL || repeat->body.ptr == NULL ||
	    authz_request_decode((const uint8_t *)payload.ptr, payload.length, &budget, &message,
				 NULL) != WIRE_OK ||
	    !question_of(arena, repeat->application, message, &repeat->question) ||
	    question_read(arena, scratch, &repeat->question, &repeat->reading) != ERR_NONE)
		return false;
	repeat->question.reading = &repeat->reading;
	return true;
}

static struct repeat *repeat_new(struct str application, struct str payload, struct str body,
				 struct buf *scratch)
{
	struct repeat *repeat = mem_calloc(1, sizeof(*repeat));

	if (repeat == NULL)
		return NULL;
	arena_init(&repeat->arena, REPEAT_FIRST_BYTES, REPEAT_ARENA_BYTES);
	repeat->hold_count = 1;
	if (read(repeat, application, payload, body, scratch))
		return repeat;
	repeat_release(repeat);
	return NULL;
}

/* Puts it into the table, in place of all others when there is no room. */
static bool add(struct repeats *repeats, struct repeat *repeat, uint64_t hash)
{
	size_t bytes = repeat_bytes(repeat);

	if (repeats->entries.count == REPEATS_MAX_COUNT ||
	    bytes > REPEATS_MAX_BYTES - repeats->bytes)
		forget_all(repeats);
	if (map_put(&repeats->entries, &repeat->node, hash) != ERR_NONE)
		return false;
	repeats->bytes += bytes;
	return true;
}

struct repeat *repeats_find(struct repeats *repeats, struct snapshot *snapshot,
			    struct str application, struct str payload, struct buf *scratch)
{
	struct str body = body_of(payload);
	struct repeat *repeat;
	uint64_t hash;

	if (snapshot == NULL || body.length == 0 || body.length > REPEATS_MAX_BODY_BYTES)
		return NULL;
	repeats_use_policy(repeats, snapshot);
	hash = hash_bytes(repeats->key, body.ptr, body.length);
	repeat = find(repeats, hash, application, body);
	if (repeat == NULL && is_second(repeats, hash)) {
		repeat = repeat_new(application, payload, body, scratch);
		if (repeat != NULL && !add(repeats, repeat, hash)) {
			repeat_release(repeat);
			repeat = NULL;
		}
	}
	if (repeat != NULL)
		repeat->hold_count++;
	return repeat;
}

const struct question *repeat_question(const struct repeat *repeat)
{
	return &repeat->question;
}

size_t repeat_bytes(const struct repeat *repeat)
{
	return sizeof(*repeat) + repeat->arena.used_bytes;
}

void repeats_keep_permission(const struct repeats *repeats, struct repeat *repeat,
			     const struct decision *decision)
{
	size_t count = decision->reason_count;

	if (repeats->looks_at_time || repeat->question.permission != NULL ||
	    repeat->question.kind != QUESTION_OPERATION || decision->verdict != DECISION_ALLOW ||
	    decision->source != DECISION_FROM_POLICY || decision->error_count != 0 ||
	    count > REPEAT_REASONS)
		return;
	memcpy(repeat->reasons, decision->reasons, count * sizeof(*decision->reasons));
	repeat->permission = (struct permission){repeat->reasons, count};
	repeat->question.permission = &repeat->permission;
}

size_t repeats_count(const struct repeats *repeats)
{
	return repeats->entries.count;
}
