#include "store/audit_query.h"

#include <inttypes.h>
#include <string.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store/audit_reader.h"
#include "store/audit_row.h"
#include "store/audit_schema.h"
#include "store/stmt.h"
#include "store/text_list.h"

enum { QUERY_MAX_BYTES = 8 * 1024 };

/* The SQL function list_has(list, text): whether the list, as text_list_write() wrote it, has the
 * text. json_each() would do, but SQLite asks the authorizer's leave to create a table for it. */
static void list_has(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct arena *arena = sqlite3_user_data(context);
	struct arena_mark mark = arena_get_mark(arena);
	struct str list =
		str_make(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]));
	struct str text =
		str_make(sqlite3_value_blob(values[1]), (size_t)sqlite3_value_bytes(values[1]));
	struct audit_list items = {0};
	enum error error = text_list_read(arena, list, &items);
	bool found = false;

	(void)count;
	for (size_t i = 0; i < items.count && !found; i++)
		found = str_equal(items.items[i], text);
	arena_reset(arena, mark);
	if (error == ERR_NONE)
		sqlite3_result_int(context, found);
	else
		sqlite3_result_error_code(context,
					  error == ERR_NO_MEMORY ? SQLITE_NOMEM : SQLITE_CORRUPT);
}

static enum error add_functions(struct audit_reader *reader)
{
	return db_fail(&reader->db, sqlite3_create_function_v2(
					    reader->db.handle, "list_has", 2,
					    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
					    &reader->arena, list_has, NULL, NULL, NULL));
}

static void close_segment(struct audit_reader *reader)
{
	if (reader->is_open)
		db_close(&reader->db);
	reader->is_open = false;
}

enum error audit_reader_use(struct audit_reader *reader, size_t index, struct buf *why)
{
	if (reader->is_open && reader->open_index == index)
		return ERR_NONE;
	close_segment(reader);
	enum error error =
		audit_open_segment(reader->directory, reader->segments.items[index].number,
				   &reader->env, DB_READ, &reader->db, why);
	if (error != ERR_NONE)
		return error;
	error = add_functions(reader);
	if (error != ERR_NONE) {
		buf_printf(why, "reading the audit: %s", error_text(error));
		db_close(&reader->db);
		return error;
	}
	reader->open_index = index;
	reader->is_open = true;
	return ERR_NONE;
}

enum error audit_reader_refresh(struct audit_reader *reader, struct buf *why)
{
	const struct segment_list *segments = &reader->segments;
	uint32_t number = reader->is_open ? segments->items[reader->open_index].number : 0;
	enum error error =
		segment_list_read(&reader->segments, reader->directory, &reader->env, why);

	if (error != ERR_NONE)
		return error;
	/* Only a reader that has gone on lets the segment be sealed: the live one stays open. */
	if (number != 0 && segments->count != 0 &&
	    segments->items[segments->count - 1].number == number)
		reader->open_index = segments->count - 1;
	else
		close_segment(reader);
	return ERR_NONE;
}

enum error audit_reader_open(const char *directory, const struct store_env *env,
			     struct audit_reader **out, struct buf *why)
{
	struct audit_reader *reader = mem_calloc(1, sizeof(*reader));

	if (reader == NULL)
		return ERR_NO_MEMORY;
	arena_init(&reader->arena, AUDIT_READER_CHUNK_BYTES, AUDIT_READER_ARENA_BYTES);
	reader->env = *env;
	reader->directory = mem_copy_text(directory, strlen(directory));
	enum error error = reader->directory != NULL ? ERR_NONE : ERR_NO_MEMORY;
	if (error == ERR_NONE)
		error = audit_reader_refresh(reader, why);
	if (error == ERR_NONE && reader->segments.count == 0) {
		buf_printf(why, "%s: there is no audit", directory);
		error = ERR_NOT_FOUND;
	}
	if (error != ERR_NONE)
		audit_reader_close(reader);
	else
		*out = reader;
	return error;
}

void audit_reader_close(struct audit_reader *reader)
{
	if (reader == NULL)
		return;
	close_segment(reader);
	segment_list_deinit(&reader->segments);
	mem_free(reader->directory);
	arena_deinit(&reader->arena);
	mem_free(reader);
}

const struct segment_list *audit_reader_segments(const struct audit_reader *reader)
{
	return &reader->segments;
}

/* The conditions a filter can set. Each is there only when it is set, so that the planner sees
 * what an index could help; parameter numbers are fixed. */
enum parameter {
	BY_USER = 1,
	BY_APPLICATION,
	BY_ACTION,
	BY_RESOURCE,
	BY_RESOURCE_LENGTH,
	BY_POLICY,
	BY_SOURCE,
	BY_REVISION,
	BY_ID,
	BY_SINCE,
	BY_UNTIL,
	BY_AFTER,
	BY_BEFORE,
	BY_LIMIT,
};

static void write_query(const struct audit_filter *filter, struct buf *sql)
{
	const struct {
		bool set;
		const char *condition;
	} conditions[] = {
		{filter->user.length != 0,
		 " AND d.subject IN (SELECT id FROM subject"
		 " WHERE principal = ?1 COLLATE NOCASE OR user_folded = ?1)"},
		{filter->application.length != 0,
		 " AND d.subject IN (SELECT id FROM subject WHERE application = ?2)"},
		{filter->action.length != 0,
		 " AND d.request IN (SELECT id FROM request WHERE action = ?3 COLLATE NOCASE)"},
		/* By bytes, because a text may hold what is not UTF-8. */
		{filter->resource_prefix.length != 0,
		 " AND d.request IN (SELECT id FROM request WHERE"
		 " CAST(substr(CAST(resource_uri AS BLOB), 1, ?5) AS TEXT) = ?4 COLLATE NOCASE)"},
		{filter->policy.length != 0,
		 " AND d.outcome IN (SELECT id FROM outcome"
		 " WHERE list_has(policies, ?6) OR list_has(erring, ?6))"},
		{filter->source.length != 0,
		 " AND d.outcome IN (SELECT id FROM outcome WHERE source = ?7)"},
		{filter->policy_revision != 0,
		 " AND d.outcome IN (SELECT id FROM outcome WHERE policy_revision = ?8)"},
		{filter->decision_id != 0, " AND d.id = ?9"},
		{filter->since_us != 0, " AND d.wall_us >= ?10"},
		{filter->until_us != 0, " AND d.wall_us < ?11"},
		{filter->denied_only, " AND d.verdict = 0"},
		{filter->after_id != 0, " AND d.id > ?12"},
		{filter->before_id != 0, " AND d.id < ?13"},
	};

	buf_append_str(sql, str_from(audit_row_select));
	buf_append_str(sql, STR(" WHERE true"));
	for (size_t i = 0; i < ARRAY_COUNT(conditions); i++) {
		if (conditions[i].set)
			buf_append_str(sql, str_from(conditions[i].condition));
	}
	buf_append_str(sql,
		       filter->newest_first ? STR(" ORDER BY d.id DESC") : STR(" ORDER BY d.id"));
	if (filter->limit != 0)
		buf_append_str(sql, STR(" LIMIT ?14"));
}

static void bind_text(struct stmt *stmt, enum parameter parameter, struct str text)
{
	if (text.length != 0)
		stmt_bind_text(stmt, (int)parameter, text);
}

/* Ids are at most INT64_MAX, and so is any count of rows. */
static void bind_number(struct stmt *stmt, enum parameter parameter, uint64_t number)
{
	if (number != 0)
		stmt_bind_u64(stmt, (int)parameter, number < INT64_MAX ? number : INT64_MAX);
}

static void bind_filter(const struct audit_filter *filter, struct stmt *stmt)
{
	bind_text(stmt, BY_USER, filter->user);
	bind_text(stmt, BY_APPLICATION, filter->application);
	bind_text(stmt, BY_ACTION, filter->action);
	bind_text(stmt, BY_RESOURCE, filter->resource_prefix);
	bind_number(stmt, BY_RESOURCE_LENGTH, filter->resource_prefix.length);
	bind_text(stmt, BY_POLICY, filter->policy);
	bind_text(stmt, BY_SOURCE, filter->source);
	bind_number(stmt, BY_ID, filter->decision_id);
	bind_number(stmt, BY_AFTER, filter->after_id);
	bind_number(stmt, BY_BEFORE, filter->before_id);
	bind_number(stmt, BY_LIMIT, filter->limit);
	if (filter->policy_revision != 0)
		stmt_bind_u64(stmt, BY_REVISION, filter->policy_revision);
	if (filter->since_us != 0)
		stmt_bind_int(stmt, BY_SINCE, filter->since_us);
	if (filter->until_us != 0)
		stmt_bind_int(stmt, BY_UNTIL, filter->until_us);
}

/* A query on its way through the segments. */
struct query {
	struct audit_reader *reader;
	struct audit_filter filter; /* with what is left of the limit */
	const char *sql;
	bool (*on_row)(void *arg, const struct audit_row *row);
	void *arg;
	bool is_over;
	struct buf *why;
};

static enum error deliver(struct query *query, struct stmt *stmt)
{
	struct arena *arena = &query->reader->arena;
	struct arena_mark start = arena_get_mark(arena);

	for (;;) {
		struct audit_row row;
		uint8_t chain[AUDIT_CHAIN_BYTES];
		bool more;
		enum error error = stmt_step(stmt, &more);

		if (error != ERR_NONE || !more)
			return error;
		error = audit_row_read(stmt, arena, &row, chain);
		if (error == ERR_CORRUPT)
			buf_printf(query->why, "decision %" PRIu64 " holds what is never written",
				   stmt_u64(stmt, 0));
		if (error != ERR_NONE)
			return error;
		query->is_over = !query->on_row(query->arg, &row) || query->filter.limit == 1;
		if (query->filter.limit != 0)
			query->filter.limit--;
		arena_reset(arena, start);
		if (query->is_over)
			return ERR_NONE;
	}
}

static enum error query_open_segment(struct query *query)
{
	struct audit_reader *reader = query->reader;
	size_t said = query->why->length;
	struct stmt stmt;
	enum error error = stmt_prepare(&stmt, &reader->db, query->sql);

	if (error == ERR_NONE) {
		bind_filter(&query->filter, &stmt);
		error = deliver(query, &stmt);
	}
	stmt_finish(&stmt);
	if (error != ERR_NONE && query->why->length == said)
		buf_printf(query->why, "reading the audit: %s: %s", error_text(error),
			   reader->db.failure);
	return error;
}

/* Whether a row of the segment could match. Of one that is not sealed only the first id is sure:
 * rows may have been added since the list was made. */
static bool may_match(const struct segment *segment, const struct audit_filter *filter)
{
	bool is_sealed = segment->state == SEGMENT_SEALED;

	if (segment->first_id != 0) {
		if (filter->decision_id != 0 && filter->decision_id < segment->first_id)
			return false;
		if (filter->before_id != 0 && filter->before_id <= segment->first_id)
			return false;
	}
	if (!is_sealed)
		return true;
	return (filter->decision_id == 0 || filter->decision_id <= segment->last_id) &&
	       filter->after_id < segment->last_id &&
	       (filter->since_us == 0 || filter->since_us <= segment->last_us) &&
	       (filter->until_us == 0 || filter->until_us > segment->first_us);
}

static enum error query_segments(struct query *query)
{
	const struct segment_list *segments = &query->reader->segments;

	for (size_t i = 0; i < segments->count && !query->is_over; i++) {
		size_t index = query->filter.newest_first ? segments->count - 1 - i : i;
		size_t said = query->why->length;

		if (!may_match(&segments->items[index], &query->filter))
			continue;
		enum error error = audit_reader_use(query->reader, index, query->why);
		if (error == ERR_NOT_FOUND) {
			query->why->length = said;
			continue;
		}
		if (error == ERR_NONE)
			error = query_open_segment(query);
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
	struct buf sql;
	enum error error = audit_reader_refresh(reader, why);

	buf_init(&sql, QUERY_MAX_BYTES);
	write_query(filter, &sql);
	query.sql = buf_text(&sql);
	if (error == ERR_NONE && sql.failed != ERR_NONE) {
		error = sql.failed;
		buf_printf(why, "reading the audit: %s", error_text(error));
	}
	if (error == ERR_NONE)
		error = query_segments(&query);
	buf_deinit(&sql);
	return error;
}
