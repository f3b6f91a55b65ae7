#include "server/admin_records.h"

#include <string.h>

#include "base/casefold.h"
#include "server/question.h"
#include "server/reply.h"

enum {
	/* Half a frame: names may be long, and the head of the reply needs room as well. A single
	 * record is far smaller. */
	PAGE_MAX_BYTES = FRAME_ADMIN_MAX_BYTES / 2,
	RECORD_HEAD_BYTES = 6, /* tag and length of a record in the list, at most */
};

/* The smallest ids behind `after` that match, in order, while all records are visited. */
struct page {
	struct arena *scratch;
	struct record_id after;
	struct str name; /* folded */
	struct str sid;
	int64_t now_ms;
	size_t limit;
	const struct record *records[ADMIN_RECORDS_MAX];
	size_t count;
	bool more;
};

static int compare_ids(const struct record_id *a, const struct record_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static bool matches(const struct page *page, const struct record *record)
{
	struct arena_mark mark;
	bool same;

	if (compare_ids(&record->id, &page->after) <= 0 ||
	    page->now_ms > record_last_usable_ms(record))
		return false;
	if (page->sid.length != 0 && !str_equal(record->owner.principal, page->sid))
		return false;
	if (page->name.length == 0)
		return true;
	mark = arena_get_mark(page->scratch);
	same = str_equal(casefold(page->scratch, record->owner.name), page->name);
	arena_reset(page->scratch, mark);
	return same;
}

/* Puts the record in its place; what is pushed out at the end belongs to a later page. */
static bool visit(const struct record *record, void *arg)
{
	struct page *page = arg;
	size_t place = page->count;

	if (!matches(page, record))
		return true;
	while (place > 0 && compare_ids(&record->id, &page->records[place - 1]->id) < 0)
		place--;
	if (page->count == page->limit) {
		page->more = true;
		if (place == page->limit)
			return true;
		page->count--;
	}
	memmove(&page->records[place + 1], &page->records[place],
		(page->count - place) * sizeof(page->records[0]));
	page->records[place] = record;
	page->count++;
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
	struct page *page = arena_calloc(arena, 1, sizeof(*page));
	size_t bytes = 0;

	if (page == NULL)
		return false;
	page->scratch = arena;
	page->limit = query->limit < ADMIN_RECORDS_MAX ? query->limit : ADMIN_RECORDS_MAX;
	page->now_ms = clock_boot_ms(service->clock);
	page->sid = question_text(query->user_sid);
	if (query->after.len == sizeof(page->after.bytes))
		memcpy(page->after.bytes, query->after.data, sizeof(page->after.bytes));
	if (query->name.len != 0) {
		page->name = casefold(arena, question_text(query->name));
		if (page->name.ptr == NULL)
			return false;
	}
	records_each(service->records, visit, page);

	reply->records = arena_calloc(arena, page->count + 1, sizeof(Wsauthz__Record *));
	if (reply->records == NULL)
		return false;
	reply->more = page->more;
	for (size_t i = 0; i < page->count; i++) {
		Wsauthz__Record *message = fill_record(arena, page->records[i], page->now_ms);

		if (message == NULL)
			return false;
		bytes += RECORD_HEAD_BYTES + wsauthz__record__get_packed_size(message);
		if (bytes > PAGE_MAX_BYTES) {
			reply->more = true;
			break;
		}
		reply->records[reply->n_records++] = message;
	}
	return true;
}
