#include "store/audit_query.h"

#include <inttypes.h>

#include "base/arena.h"
#include "store/audit_delivery.h"
#include "store/audit_filter.h"
#include "store/audit_reader.h"
#include "store/audit_row.h"
#include "store/stmt.h"

enum { QUERY_MAX_BYTES = 8 * 1024 };

/* One of the two kinds of rows in the open segment, and where it is. */
struct row_source {
	struct stmt stmt;
	bool has_row;
	uint64_t id;
};

/* A query on its way through the segments. */
struct query {
	struct audit_reader *reader;
	struct audit_filter filter; /* with what is left of the limit */
	struct row_source decisions, events;
	struct audit_delivery delivery; /* with_delivery */
	struct stmt failed;             /* likewise, where an event of the segment tells of one */
	bool (*on_row)(void *arg, const struct audit_row *row);
	void *arg;
	bool is_over;
	struct buf *why;
};

static void write_order(const struct audit_filter *filter, const char *column, struct buf *sql)
{
	buf_printf(sql, " ORDER BY %s%s", column, filter->newest_first ? " DESC" : "");
}

static void write_decisions(const struct audit_filter *filter,
			    const struct audit_subjects *subjects, enum audit_access access,
			    struct buf *sql)
{
	buf_append_str(sql, str_from(audit_row_select));
	/* What an index finds is put in order, and cut to the limit, before its texts are read. */
	if (access != AUDIT_SCAN) {
		buf_append_str(sql, STR(" WHERE d.id IN (SELECT d.id FROM decision d"));
		audit_filter_write(filter, subjects, access, sql);
		write_order(filter, "d.id", sql);
		if (filter->limit != 0)
			buf_append_str(sql, STR(" LIMIT " AUDIT_FILTER_LIMIT));
		buf_append_byte(sql, ')');
		write_order(filter, "d.id", sql);
		return;
	}
	audit_filter_write(filter, subjects, access, sql);
	write_order(filter, "d.id", sql);
	if (filter->limit != 0)
		buf_append_str(sql, STR(" LIMIT " AUDIT_FILTER_LIMIT));
}

static void write_events(const struct audit_filter *filter, struct buf *sql)
{
	buf_append_str(sql, str_from(audit_event_select));
	audit_filter_write_events(filter, sql);
	write_order(filter, "e.id", sql);
	if (filter->limit != 0)
		buf_append_str(sql, STR(" LIMIT " AUDIT_FILTER_LIMIT));
}

static enum error next_row(struct row_source *source)
{
	enum error error = stmt_step(&source->stmt, &source->has_row);

	if (error == ERR_NONE && source->has_row)
		source->id = stmt_u64(&source->stmt, 0);
	return error;
}

static enum error start_source(struct row_source *source, struct query *query,
			       const struct audit_filter *filter,
			       const struct audit_subjects *subjects, struct buf *sql)
{
	const char *text = buf_text(sql);
	enum error error = sql->failed;

	if (error == ERR_NONE)
		error = stmt_prepare(&source->stmt, query->reader->db, text);
	if (error != ERR_NONE)
		return error;
	if (source == &query->events)
		audit_filter_bind_events(filter, &source->stmt);
	else
		audit_filter_bind(filter, subjects, &source->stmt);
	if (filter->limit != 0)
		audit_filter_bind_limit(filter, &source->stmt);
	return next_row(source);
}

static enum error start_decisions(struct query *query, bool is_sealed, struct buf *sql)
{
	struct audit_filter filter = query->filter;
	struct db *db = query->reader->db;
	enum audit_access access = AUDIT_SCAN;
	struct audit_subjects subjects = {0};
	enum error error = ERR_NONE;

	if (filter.user.length != 0) {
		error = audit_filter_find_subjects(&filter, db, &subjects);
		if (error != ERR_NONE || subjects.count == 0)
			return error;
	}
	error = audit_filter_narrow(&filter, db);
	if (error == ERR_NONE)
		error = audit_filter_choose(&filter, db, is_sealed, &access);
	if (error != ERR_NONE)
		return error;
	write_decisions(&filter, &subjects, access, sql);
	return start_source(&query->decisions, query, &filter, &subjects, sql);
}

static enum error start_sources(struct query *query, bool is_sealed)
{
	enum audit_rows rows = query->filter.rows;
	enum error error = ERR_NONE;
	struct buf sql;

	buf_init(&sql, QUERY_MAX_BYTES);
	if (rows != AUDIT_EVENTS)
		error = start_decisions(query, is_sealed, &sql);
	buf_clear(&sql);
	if (error == ERR_NONE && rows != AUDIT_DECISIONS) {
		write_events(&query->filter, &sql);
		error = start_source(&query->events, query, &query->filter, NULL, &sql);
	}
	buf_deinit(&sql);
	return error;
}

/* The source whose row is next; NULL when there is none. */
static struct row_source *pick(struct query *query)
{
	struct row_source *decisions = &query->decisions, *events = &query->events;

	if (!decisions->has_row)
		return events->has_row ? events : NULL;
	if (!events->has_row)
		return decisions;
	return (events->id < decisions->id) != query->filter.newest_first ? events : decisions;
}

static enum error find_delivery(struct query *query, struct audit_row *row)
{
	bool has_failed;
	enum error error = audit_delivery_read(&query->delivery, query->reader,
					       query->reader->open_index, query->why);

	if (error != ERR_NONE)
		return error;
	has_failed = audit_delivery_is_late(&query->delivery, row->decision_id);
	if (!has_failed && query->failed.handle != NULL) {
		stmt_bind_u64(&query->failed, 1, row->decision_id);
		error = stmt_step(&query->failed, &has_failed);
		stmt_reset(&query->failed);
	}
	row->delivered = has_failed ? AUDIT_UNDELIVERED : AUDIT_DELIVERED;
	return error;
}

static enum error deliver(struct query *query, struct row_source *source)
{
	struct arena *arena = &query->reader->arena;
	struct arena_mark start = arena_get_mark(arena);
	uint8_t chain[AUDIT_CHAIN_BYTES];
	struct audit_event event;
	struct audit_row row;
	enum error error = source == &query->events
				   ? audit_event_read(&source->stmt, &event, &row, chain)
				   : audit_row_read(&source->stmt, arena, &row, chain);

	if (error == ERR_CORRUPT)
		buf_printf(query->why, "row %" PRIu64 " of the audit holds what is never written",
			   source->id);
	if (error == ERR_NONE && query->filter.with_delivery && row.event == NULL)
		error = find_delivery(query, &row);
	if (error != ERR_NONE)
		return error;
	query->is_over = !query->on_row(query->arg, &row) || query->filter.limit == 1;
	if (query->filter.limit != 0)
		query->filter.limit--;
	arena_reset(arena, start);
	return query->is_over ? ERR_NONE : next_row(source);
}

/* Without such an event there is nothing to look for at each row. */
static enum error prepare_failed(struct query *query)
{
	struct db *db = query->reader->db;
	int64_t any = 0;
	enum error error = db_get_int(db, "SELECT EXISTS (" AUDIT_DELIVERY_EVENTS ")", &any);

	if (error != ERR_NONE || any == 0)
		return error;
	return stmt_prepare(&query->failed, db,
			    "SELECT 1 FROM decision d WHERE d.id = ?1"
			    " AND " AUDIT_DELIVERY_FAILED);
}

static enum error query_open_segment(struct query *query, bool is_sealed)
{
	struct audit_reader *reader = query->reader;
	size_t said = query->why->length;
	struct row_source *source;
	/* One moment, for both kinds of rows. */
	enum error error = db_begin_read(reader->db);

	query->decisions = query->events = (struct row_source){0};
	query->failed = (struct stmt){0};
	if (error == ERR_NONE && query->filter.with_delivery)
		error = prepare_failed(query);
	if (error == ERR_NONE)
		error = start_sources(query, is_sealed);
	while (error == ERR_NONE && !query->is_over && (source = pick(query)) != NULL)
		error = deliver(query, source);
	stmt_finish(&query->decisions.stmt);
	stmt_finish(&query->events.stmt);
	stmt_finish(&query->failed);
	if (error != ERR_NONE && query->why->length == said)
		buf_printf(query->why, "reading the audit: %s: %s", error_text(error),
			   reader->db->failure);
	db_rollback(reader->db);
	return error;
}

static enum error query_segments(struct query *query)
{
	const struct segment_list *segments = &query->reader->segments;

	for (size_t i = 0; i < segments->count && !query->is_over; i++) {
		size_t index = query->filter.newest_first ? segments->count - 1 - i : i;
		const struct segment *segment = &segments->items[index];
		size_t said = query->why->length;

		if (!audit_filter_may_match(&query->filter, segment))
			continue;
		enum error error = audit_reader_use(query->reader, index, query->why);
		if (error == ERR_NOT_FOUND) {
			query->why->length = said;
			continue;
		}
		if (error == ERR_NONE)
			error = query_open_segment(query, segment->state == SEGMENT_SEALED);
		if (error != ERR_NONE)
			return error;
	}
	return ERR_NONE;
}

enum error audit_query(struct audit_reader *reader, const struct audit_filter *filter,
		       bool (*on_row)(void *arg, const struct audit_row *row), void *arg,
		       struct buf *why)
{
	struct query query = {
		.reader = reader,
		.filter = *filter,
		.on_row = on_row,
		.arg = arg,
		.why = why,
	};
	enum error error = audit_reader_refresh(reader, why);

	if (error == ERR_NONE)
		error = query_segments(&query);
	audit_delivery_deinit(&query.delivery);
	return error;
}
