#include "server/admin_records.h"

#include <string.h>

#include "base/casefold.h"
#include "server/page.h"
#include "server/question.h"
#include "server/reply.h"

/* The records that match, from the smallest id behind `after` on. */
struct listing {
	struct page page;
	struct arena *scratch;
	struct record_id after, id;
	struct str name; /* folded */
	struct str sid;
	int64_t now_ms;
};

static int compare_ids(const struct record_id *a, const struct record_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare(const void *a, const void *b)
{
	const struct record *left = a, *right = b;

	return compare_ids(&left->id, &right->id);
}

static bool matches(const struct listing *listing, const struct record *record)
{
	struct arena_mark mark;
	bool same;

	if (compare_ids(&record->id, &listing->after) <= 0 ||
	    listing->now_ms > record_last_usable_ms(record))
		return false;
	if (!record_id_is_none(listing->id) && !record_id_equal(record->id, listing->id))
		return false;
	if (listing->sid.length != 0 && !str_equal(record->owner.principal, listing->sid))
		return false;
	if (listing->name.length == 0)
		return true;
	mark = arena_get_mark(listing->scratch);
	same = str_equal(casefold(listing->scratch, record->owner.name), listing->name);
	arena_reset(listing->scratch, mark);
	return same;
}

static bool visit(const struct record *record, void *arg)
{
	struct listing *listing = arg;

	if (matches(listing, record))
		page_put(&listing->page, record);
	return true;
}

static bool has_quota(const struct quota *quota)
{
	return quota->max_shells != 0 && quota->max_operations != 0 && quota->timeslot_s != 0 &&
	       quota->max_operations_per_timeslot != 0;
}

static ProtobufCBinaryData text_bytes(struct str text)
{
	return authz_bytes(text.ptr, text.length);
}

static uint64_t not_negative(int64_t value)
{
	return value > 0 ? (uint64_t)value : 0;
}

static Wsauthz__Record *fill_record(struct arena *arena, const struct record *record,
				    int64_t now_ms)
{
	Wsauthz__Record *message = arena_alloc(arena, sizeof(*message));

	if (message == NULL)
		return NULL;
	wsauthz__record__init(message);
	message->record_id = authz_bytes(record->id.bytes, sizeof(record->id.bytes));
	message->application = text_bytes(record->owner.application);
	message->name = text_bytes(record->owner.name);
	message->mechanism = text_bytes(record->owner.mechanism);
	if (str_starts_with(record->owner.principal, STR("S-1-")))
		message->user_sid = text_bytes(record->owner.principal);
	message->administrator = record->administrator;
	message->policy_revision = record->revision;
	message->created_us = not_negative(record->created_us);
	message->idle_ms = not_negative(now_ms - record->last_used_ms);
	message->idle_timeout_ms = not_negative(record->grant.idle_timeout_ms);
	message->lifetime_left_ms =
		not_negative(record->created_ms + record->grant.max_lifetime_ms - now_ms);
	message->revoked = record->revoked;
	message->decision_id = record->decision_id;
	message->context_count = record->context_count;
	if (has_quota(&record->grant.quota)) {
		message->quota = arena_alloc(arena, sizeof(*message->quota));
		if (message->quota == NULL)
			return NULL;
		reply_fill_quota(&record->grant.quota, message->quota);
	}
	return message;
}

bool admin_records_list(struct arena *arena, const struct service *service,
			const Wsauthz__RecordsList *query, Wsauthz__RecordsListReply *reply)
{
	struct listing *listing = arena_calloc(arena, 1, sizeof(*listing));
	const struct page *page;
	size_t bytes = 0;

	if (listing == NULL)
		return false;
	page = &listing->page;
	listing->page.compare = compare;
	listing->page.limit = query->limit < ADMIN_RECORDS_MAX ? query->limit : ADMIN_RECORDS_MAX;
	listing->scratch = arena;
	listing->now_ms = clock_boot_ms(service->clock);
	listing->sid = question_text(query->user_sid);
	if (query->after.len == sizeof(listing->after.bytes))
		memcpy(listing->after.bytes, query->after.data, sizeof(listing->after.bytes));
	if (query->record_id.len == sizeof(listing->id.bytes))
		memcpy(listing->id.bytes, query->record_id.data, sizeof(listing->id.bytes));
	if (query->name.len != 0) {
		listing->name = casefold(arena, question_text(query->name));
		if (listing->name.ptr == NULL)
			return false;
	}
	records_each(service->records, visit, listing);

	reply->records = arena_calloc(arena, page->count + 1, sizeof(Wsauthz__Record *));
	if (reply->records == NULL)
		return false;
	reply->more = page->more;
	for (size_t i = 0; i < page->count; i++) {
		Wsauthz__Record *message = fill_record(arena, page->items[i], listing->now_ms);

		if (message == NULL)
			return false;
		bytes += PAGE_ITEM_HEAD_BYTES + wsauthz__record__get_packed_size(message);
		if (bytes > PAGE_MAX_BYTES) {
			reply->more = true;
			break;
		}
		reply->records[reply->n_records++] = message;
	}
	return true;
}
