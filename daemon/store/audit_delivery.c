#include "store/audit_delivery.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/open_segments.h"

enum { CAPACITY_MIN = 16 };

/* By the index of schema/audit/0003-delivered.sql. */
static const char late_sql[] = "SELECT CAST(substr(detail, 16) AS INTEGER) FROM event"
			       " WHERE kind = 'decision.undelivered'"
			       " AND CAST(substr(detail, 16) AS INTEGER) < ?1";

static enum error add(struct audit_delivery *delivery, uint64_t id)
{
	if (delivery->count == AUDIT_DELIVERY_LATE_MAX)
		return ERR_LIMIT;
	if (delivery->count == delivery->capacity) {
		size_t capacity = delivery->capacity == 0 ? CAPACITY_MIN : 2 * delivery->capacity;
		uint64_t *late = mem_resize(delivery->late, capacity, sizeof(*late));

		if (late == NULL)
			return ERR_NO_MEMORY;
		delivery->late = late;
		delivery->capacity = capacity;
	}
	delivery->late[delivery->count++] = id;
	return ERR_NONE;
}

static enum error read_segment(struct audit_delivery *delivery, struct db *db, uint64_t first_id)
{
	struct stmt stmt;
	bool row = true;
	enum error error = stmt_prepare(&stmt, db, late_sql);

	if (error == ERR_NONE)
		stmt_bind_u64(&stmt, 1, first_id);
	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		error = add(delivery, stmt_u64(&stmt, 0));
	}
	stmt_finish(&stmt);
	return error;
}

static enum error open_and_read(struct audit_delivery *delivery, struct audit_reader *reader,
				const struct segment *segment, struct buf *why)
{
	size_t said = why->length;
	struct db *db;
	enum error error = open_segments_use(&reader->open, segment->number, &db, why);

	if (error == ERR_NOT_FOUND) {
		why->length = said;
		return ERR_NONE;
	}
	if (error != ERR_NONE)
		return error;
	error = read_segment(delivery, db, segment->first_id);
	if (error != ERR_NONE)
		buf_printf(why, "reading which answers left, audit segment %u: %s: %s",
			   (unsigned)segment->number, error_text(error), db->failure);
	return error;
}

/* Whether an event of the segment may be about a decision before it: of a sealed one that is noted. */
static bool may_tell(const struct segment *segment)
{
	if (segment->first_id == 0 || segment->state != SEGMENT_SEALED)
		return segment->first_id != 0;
	if (segment->knows_undelivered)
		return segment->undelivered_id != 0 && segment->undelivered_id < segment->first_id;
	return segment->event_count != 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

enum error audit_delivery_read(struct audit_delivery *delivery, struct audit_reader *reader,
			       size_t index, struct buf *why)
{
	const struct segment_list *segments = &reader->segments;
	size_t known = delivery->count;
	enum error error = ERR_NONE;

	if (!delivery->is_begun)
		delivery->known_from = segments->count;
	delivery->is_begun = true;
	while (error == ERR_NONE && delivery->known_from > index + 1) {
		const struct segment *segment = &segments->items[delivery->known_from - 1];

		if (may_tell(segment))
			error = open_and_read(delivery, reader, segment, why);
		if (error == ERR_NONE)
			delivery->known_from--;
	}
	if (delivery->count != known)
		qsort(delivery->late, delivery->count, sizeof(*delivery->late), compare);
	return error;
}

void audit_delivery_deinit(struct audit_delivery *delivery)
{
	mem_free(delivery->late);
	*delivery = (struct audit_delivery){0};
}

bool audit_delivery_is_late(const struct audit_delivery *delivery, uint64_t decision_id)
{
	return delivery->count != 0 && bsearch(&decision_id, delivery->late, delivery->count,
					       sizeof(*delivery->late), compare) != NULL;
}
