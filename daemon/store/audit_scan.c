#include "store/audit_scan.h"

#include <inttypes.h>
#include <string.h>

#include "store/audit_reader.h"
#include "store/audit_row.h"
#include "store/stmt.h"

enum { PAGE_ROWS = 20000 };

/* The order of the columns below. */
enum column {
	COLUMN_ID,
	COLUMN_WALL_US,
	COLUMN_UTC_OFFSET_MINUTES,
	COLUMN_VERDICT,
	COLUMN_HAS_RECORD,
	COLUMN_SUBJECT,
	COLUMN_GROUP_SET,
	COLUMN_REQUEST,
	COLUMN_CONTEXT,
	COLUMN_OUTCOME,
};

/* Times are compared as the rows come: they may step back, so no order of them ends a page. */
static const char page_sql[] =
	"SELECT id, wall_us, utc_offset_minutes, verdict, record_id IS NOT NULL, subject,"
	" group_set, request, context, outcome FROM decision NOT INDEXED WHERE id > ?1 ORDER BY id"
	" LIMIT ?2";

struct audit_scan {
	struct audit_reader *reader;
	struct audit_scan_range range;
	enum error (*on_row)(void *arg, struct audit_scan *scan, const struct audit_scan_row *row);
	void *arg;
	uint64_t first_id, last_id; /* of the range by ids */
	uint64_t after_id;          /* the last row that was seen */
	uint64_t delivered_count;
	bool is_over;
	struct stmt page, whole; /* of the segment at hand */
	struct buf *why;
};

static enum error read_row(const struct stmt *stmt, struct audit_scan_row *row)
{
	int64_t verdict = stmt_int(stmt, COLUMN_VERDICT);
	int64_t offset = stmt_int(stmt, COLUMN_UTC_OFFSET_MINUTES);

	if (verdict < AUDIT_DENY || verdict > AUDIT_REDIRECT || offset < INT32_MIN / 60 ||
	    offset > INT32_MAX / 60)
		return ERR_CORRUPT;
	row->decision_id = stmt_u64(stmt, COLUMN_ID);
	row->wall_us = stmt_int(stmt, COLUMN_WALL_US);
	row->utc_offset_minutes = (int32_t)offset;
	row->verdict = (enum audit_verdict)verdict;
	row->has_record = stmt_int(stmt, COLUMN_HAS_RECORD) != 0;
	row->inputs = (struct audit_inputs){
		.subject = stmt_int(stmt, COLUMN_SUBJECT),
		.group_set = stmt_int(stmt, COLUMN_GROUP_SET),
		.request = stmt_int(stmt, COLUMN_REQUEST),
		.context = stmt_int(stmt, COLUMN_CONTEXT),
		.outcome = stmt_int(stmt, COLUMN_OUTCOME),
	};
	return ERR_NONE;
}

static bool is_in_range(const struct audit_scan_range *range, int64_t wall_us)
{
	return (range->since_us == 0 || wall_us >= range->since_us) &&
	       (range->until_us == 0 || wall_us < range->until_us);
}

/* One page; `*count` rows were there. */
static enum error scan_page(struct audit_scan *scan, uint32_t segment, uint32_t *count)
{
	struct audit_scan_row row = {.segment = segment};
	enum error error = ERR_NONE;
	bool more = true;

	*count = 0;
	stmt_bind_u64(&scan->page, 1, scan->after_id);
	stmt_bind_u64(&scan->page, 2, PAGE_ROWS);
	while (error == ERR_NONE) {
		error = stmt_step(&scan->page, &more);
		if (error != ERR_NONE || !more)
			break;
		error = read_row(&scan->page, &row);
		if (error != ERR_NONE)
			break;
		++*count;
		scan->after_id = row.decision_id;
		if (!is_in_range(&scan->range, row.wall_us))
			continue;
		error = scan->on_row(scan->arg, scan, &row);
		scan->is_over = ++scan->delivered_count == scan->range.limit;
		if (scan->is_over)
			break;
	}
	stmt_reset(&scan->page);
	return error;
}

static enum error scan_segment(struct audit_scan *scan, size_t index)
{
	struct audit_reader *reader = scan->reader;
	uint32_t segment = reader->segments.items[index].number;
	char sql[4096];
	struct buf text;
	uint32_t count = PAGE_ROWS;
	enum error error;

	buf_init_fixed(&text, sql, sizeof(sql));
	buf_append_str(&text, str_from(audit_row_select));
	buf_append_str(&text, STR(" WHERE d.id = ?1"));
	error = text.failed;
	if (error == ERR_NONE)
		error = stmt_prepare(&scan->page, reader->db, page_sql);
	if (error == ERR_NONE)
		error = stmt_prepare(&scan->whole, reader->db, buf_text(&text));
	while (error == ERR_NONE && count == PAGE_ROWS && !scan->is_over)
		error = scan_page(scan, segment, &count);
	stmt_finish(&scan->page);
	stmt_finish(&scan->whole);
	return error;
}

static bool may_have_rows(const struct audit_scan *scan, const struct segment *segment)
{
	const struct audit_scan_range *range = &scan->range;

	if (segment->state != SEGMENT_SEALED)
		return true;
	return segment->last_id > scan->after_id &&
	       (range->since_us == 0 || range->since_us <= segment->last_us) &&
	       (range->until_us == 0 || range->until_us > segment->first_us);
}

/* Which ids there are, and where to begin. */
static void find_ids(struct audit_scan *scan)
{
	const struct segment_list *segments = &scan->reader->segments;

	for (size_t i = 0; i < segments->count; i++) {
		const struct segment *segment = &segments->items[i];

		if (segment->last_id == 0 || !may_have_rows(scan, segment))
			continue;
		if (scan->first_id == 0)
			scan->first_id = segment->first_id;
		scan->last_id = segment->last_id;
	}
	if (scan->range.newest != 0 && scan->last_id > scan->range.newest &&
	    scan->last_id - scan->range.newest > scan->after_id) {
		scan->after_id = scan->last_id - scan->range.newest;
		if (scan->first_id <= scan->after_id)
			scan->first_id = scan->after_id + 1;
	}
}

static enum error scan_segments(struct audit_scan *scan)
{
	const struct segment_list *segments = &scan->reader->segments;

	for (size_t i = 0; i < segments->count && !scan->is_over; i++) {
		size_t said = scan->why->length;
		enum error error;

		if (!may_have_rows(scan, &segments->items[i]))
			continue;
		error = audit_reader_use(scan->reader, i, scan->why);
		if (error == ERR_NOT_FOUND) {
			/* Retention removed it meanwhile. */
			scan->why->length = said;
			continue;
		}
		if (error == ERR_NONE)
			error = scan_segment(scan, i);
		if (error != ERR_NONE)
			return error;
	}
	return ERR_NONE;
}

enum error audit_scan(struct audit_reader *reader, const struct audit_scan_range *range,
		      enum error (*on_row)(void *arg, struct audit_scan *scan,
					   const struct audit_scan_row *row),
		      void *arg, struct buf *why)
{
	struct audit_scan scan = {.reader = reader,
				  .range = *range,
				  .on_row = on_row,
				  .arg = arg,
				  .after_id = range->after_id,
				  .why = why};
	size_t said = why->length;
	enum error error = audit_reader_refresh(reader, why);

	if (error == ERR_NONE) {
		find_ids(&scan);
		error = scan_segments(&scan);
	}
	if (error != ERR_NONE && why->length == said)
		buf_printf(why, "reading the audit: %s", error_text(error));
	return error;
}

enum error audit_scan_read(struct audit_scan *scan, const struct audit_scan_row *row,
			   struct audit_row *out)
{
	uint8_t chain[AUDIT_CHAIN_BYTES];
	bool found = false;
	enum error error;

	arena_reset(&scan->reader->arena, (struct arena_mark){0});
	stmt_reset(&scan->whole);
	stmt_bind_u64(&scan->whole, 1, row->decision_id);
	error = stmt_step(&scan->whole, &found);
	if (error == ERR_NONE && !found)
		error = ERR_CORRUPT;
	if (error == ERR_NONE)
		error = audit_row_read(&scan->whole, &scan->reader->arena, out, chain);
	if (error == ERR_CORRUPT)
		buf_printf(scan->why, "decision %" PRIu64 " holds what is never written",
			   row->decision_id);
	return error;
}

struct audit_scan_progress audit_scan_progress(const struct audit_scan *scan,
					       const struct audit_scan_row *row)
{
	uint64_t total = scan->last_id >= scan->first_id ? scan->last_id - scan->first_id + 1 : 0;
	uint64_t done =
		row->decision_id >= scan->first_id ? row->decision_id - scan->first_id + 1 : 0;

	return (struct audit_scan_progress){done < total ? done : total, total};
}
