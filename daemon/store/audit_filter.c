#include "store/audit_filter.h"

#include <inttypes.h>

#include <sqlite3.h>

#include "store/text_list.h"

enum {
	/* Below it a scan takes less than looking where to begin. */
	NARROW_MIN_ROWS = 64 * 1024,
	/* From there on an index leads to so many rows that reading all is faster. */
	COMMON_ROWS = 20000,
	QUERY_MAX_BYTES = 8 * 1024,
};

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

enum error audit_filter_add_functions(struct db *db, struct arena *arena)
{
	return db_fail(db, sqlite3_create_function_v2(db->handle, "list_has", 2,
						      SQLITE_UTF8 | SQLITE_DETERMINISTIC |
							      SQLITE_DIRECTONLY,
						      arena, list_has, NULL, NULL, NULL));
}

bool audit_filter_may_match(const struct audit_filter *filter, const struct segment *segment)
{
	if (segment->first_id != 0) {
		if (filter->decision_id != 0 && filter->decision_id < segment->first_id)
			return false;
		if (filter->before_id != 0 && filter->before_id <= segment->first_id)
			return false;
	}
	if (segment->state != SEGMENT_SEALED)
		return true;
	return (filter->decision_id == 0 || filter->decision_id <= segment->last_id) &&
	       filter->after_id < segment->last_id &&
	       (filter->since_us == 0 || filter->since_us <= segment->last_us) &&
	       (filter->until_us == 0 || filter->until_us > segment->first_us);
}

/* From times to ids. */

/* The ids of a segment's decisions, and whether its clock ran evenly. */
struct extent {
	int64_t first_id, last_id;
	bool was_clock_set;
};

static enum error read_extent(struct db *db, struct extent *extent)
{
	/* The daemon tells of a step while it runs; one while it did not shows at its start. */
	static const char clock_was_set[] =
		"SELECT EXISTS (SELECT 1 FROM event WHERE kind GLOB 'clock*')"
		" OR EXISTS (SELECT 1 FROM event e WHERE e.kind = 'daemon.started' AND e.wall_us <"
		" (SELECT d.wall_us FROM decision d WHERE d.id < e.id ORDER BY d.id DESC LIMIT 1))";
	int64_t was_set = 0;
	enum error error =
		db_get_int(db, "SELECT ifnull(min(id), 0) FROM decision", &extent->first_id);

	if (error == ERR_NONE)
		error = db_get_int(db, "SELECT ifnull(max(id), 0) FROM decision", &extent->last_id);
	if (error == ERR_NONE)
		error = db_get_int(db, clock_was_set, &was_set);
	extent->was_clock_set = was_set != 0;
	return error;
}

/* The time of the first decision from `id` on; there is one. */
static enum error sample(struct stmt *stmt, int64_t id, int64_t *wall_us)
{
	bool row;

	stmt_bind_int(stmt, 1, id);
	enum error error = stmt_step(stmt, &row);
	if (error != ERR_NONE)
		return error;
	if (row)
		*wall_us = stmt_int(stmt, 0);
	stmt_reset(stmt);
	return ERR_NONE;
}

/* Whether rows with times between two samples, in either order, could match. */
static bool block_may_match(const struct audit_filter *filter, int64_t from_us, int64_t to_us)
{
	int64_t low = from_us < to_us ? from_us : to_us, high = from_us < to_us ? to_us : from_us;

	return (filter->since_us == 0 || high + AUDIT_FILTER_SLACK_US >= filter->since_us) &&
	       (filter->until_us == 0 || low - AUDIT_FILTER_SLACK_US < filter->until_us);
}

/* Finds the first and the last id between which all rows with matching times lie; first_id above
 * last_id when there are none. */
static enum error find_range(const struct audit_filter *filter, struct stmt *stmt,
			     struct extent *range)
{
	int64_t end = range->last_id, from_us = 0, to_us = 0;
	int64_t first = end + 1, last = 0;
	enum error error = sample(stmt, range->first_id, &from_us);

	for (int64_t id = range->first_id; error == ERR_NONE && id <= end;) {
		int64_t next =
			end - id > AUDIT_FILTER_SAMPLE_ROWS ? id + AUDIT_FILTER_SAMPLE_ROWS : end;
		error = sample(stmt, next, &to_us);
		if (error == ERR_NONE && block_may_match(filter, from_us, to_us)) {
			first = first <= end ? first : id;
			last = next;
		}
		from_us = to_us;
		id = next == end ? end + 1 : next;
	}
	range->first_id = first;
	range->last_id = last;
	return error;
}

enum error audit_filter_narrow(struct audit_filter *filter, struct db *db)
{
	struct extent range;
	struct stmt stmt;
	enum error error;

	if (filter->since_us == 0 && filter->until_us == 0)
		return ERR_NONE;
	error = read_extent(db, &range);
	if (error != ERR_NONE || range.was_clock_set ||
	    range.last_id - range.first_id < NARROW_MIN_ROWS)
		return error;
	/* Rows that come meanwhile are later than those that are there. */
	int64_t begin = range.first_id, end = range.last_id;
	error = stmt_prepare(&stmt, db,
			     "SELECT wall_us FROM decision WHERE id >= ?1 ORDER BY id LIMIT 1");
	if (error == ERR_NONE)
		error = find_range(filter, &stmt, &range);
	stmt_finish(&stmt);
	if (error != ERR_NONE)
		return error;
	/* A bound that excludes nothing is still compared with each row. */
	if (range.first_id > begin && (uint64_t)range.first_id - 1 > filter->after_id)
		filter->after_id = (uint64_t)range.first_id - 1;
	if (range.last_id < end &&
	    (filter->before_id == 0 || filter->before_id > (uint64_t)range.last_id + 1))
		filter->before_id = (uint64_t)range.last_id + 1;
	return ERR_NONE;
}

/* Conditions. */

/* Each is there only when it is set, so that the planner sees what an index could help; parameter
 * numbers are fixed. */
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
	BY_EVENT_KIND,
	BY_HOST,
};

static bool is_denied_only(const struct audit_filter *filter)
{
	return filter->verdicts == AUDIT_VERDICT_BIT(AUDIT_DENY);
}

static bool has_text(const struct audit_filter *filter)
{
	return filter->action.length != 0 || filter->resource_prefix.length != 0 ||
	       filter->policy.length != 0 || filter->source.length != 0 ||
	       filter->policy_revision != 0;
}

struct condition {
	bool set;
	const char *sql;
};

static void write_conditions(const struct condition *conditions, size_t count, struct buf *sql)
{
	for (size_t i = 0; i < count; i++) {
		if (conditions[i].set)
			buf_append_str(sql, str_from(conditions[i].sql));
	}
}

/* A sign before a column keeps its index out of the planner's choice. */
static void write_text_conditions(const struct audit_filter *filter, bool by_index, struct buf *sql)
{
	const struct condition request[] = {
		{filter->action.length != 0, " AND action = ?3 COLLATE NOCASE"},
		/* By bytes, because a text may hold what is not UTF-8. */
		{filter->resource_prefix.length != 0, " AND CAST(substr(CAST(resource_uri AS "
						      "BLOB), 1, ?5) AS TEXT) = ?4 COLLATE NOCASE"},
	};
	const struct condition outcome[] = {
		{filter->policy.length != 0,
		 " AND (list_has(policies, ?6) OR list_has(erring, ?6))"},
		{filter->source.length != 0, " AND source = ?7"},
		{filter->policy_revision != 0, " AND policy_revision = ?8"},
	};
	const char *sign = by_index ? "" : "+";

	if (request[0].set || request[1].set) {
		buf_printf(sql, " AND %sd.request IN (SELECT id FROM request WHERE true", sign);
		write_conditions(request, ARRAY_COUNT(request), sql);
		buf_append_byte(sql, ')');
	}
	if (outcome[0].set || outcome[1].set || outcome[2].set) {
		buf_printf(sql, " AND %sd.outcome IN (SELECT id FROM outcome WHERE true", sign);
		write_conditions(outcome, ARRAY_COUNT(outcome), sql);
		buf_append_byte(sql, ')');
	}
}

static void write_verdicts(const struct audit_filter *filter, bool by_index, struct buf *sql)
{
	const char *separator = "";

	if (filter->verdicts == 0)
		return;
	if (is_denied_only(filter)) {
		buf_append_str(sql,
			       by_index ? STR(" AND d.verdict = 0") : STR(" AND +d.verdict = 0"));
		return;
	}
	buf_append_str(sql, STR(" AND d.verdict IN ("));
	for (unsigned verdict = AUDIT_DENY; verdict <= AUDIT_REDIRECT; verdict++) {
		if ((filter->verdicts & AUDIT_VERDICT_BIT(verdict)) == 0)
			continue;
		buf_printf(sql, "%s%u", separator, verdict);
		separator = ",";
	}
	buf_append_byte(sql, ')');
}

/* Comparing with few numbers takes a third of the time of looking up each row in a list. */
static void write_subjects(const struct audit_subjects *subjects, bool by_index, struct buf *sql)
{
	const char *sign = by_index ? "" : "+";

	if (subjects->count > AUDIT_FILTER_SUBJECTS_MAX) {
		buf_printf(sql,
			   " AND %sd.subject IN (SELECT id FROM subject"
			   " WHERE principal = ?1 COLLATE NOCASE OR user_folded = ?1)",
			   sign);
		return;
	}
	for (size_t i = 0; i < subjects->count; i++)
		buf_printf(sql, "%s%sd.subject = %" PRId64, i == 0 ? " AND (" : " OR ", sign,
			   subjects->ids[i]);
	buf_append_str(sql, subjects->count != 0 ? STR(")") : STR(" AND false"));
}

void audit_filter_write(const struct audit_filter *filter, const struct audit_subjects *subjects,
			enum audit_access access, struct buf *sql)
{
	bool scan = access == AUDIT_SCAN;
	const struct condition ids[] = {
		{filter->decision_id != 0, " AND d.id = ?9"},
		{filter->since_us != 0, " AND d.wall_us >= ?10"},
		{filter->until_us != 0, " AND d.wall_us < ?11"},
		{filter->after_id != 0, scan ? " AND d.id > ?12" : " AND +d.id > ?12"},
		{filter->before_id != 0, scan ? " AND d.id < ?13" : " AND +d.id < ?13"},
	};

	buf_append_str(sql, STR(" WHERE true"));
	if (filter->user.length != 0)
		write_subjects(subjects, access == AUDIT_BY_SUBJECT, sql);
	if (filter->application.length != 0)
		buf_append_str(sql, STR(" AND +d.subject IN (SELECT id FROM subject"
					" WHERE application = ?2)"));
	if (filter->host.length != 0)
		buf_append_str(sql, STR(" AND +d.context IN (SELECT id FROM context"
					" WHERE json_valid(context) AND json_extract(context,"
					" '$.session.url.host') = ?16 COLLATE NOCASE)"));
	write_text_conditions(filter, access == AUDIT_BY_TEXT, sql);
	write_conditions(ids, ARRAY_COUNT(ids), sql);
	write_verdicts(filter, access == AUDIT_BY_DENIAL, sql);
}

void audit_filter_write_events(const struct audit_filter *filter, struct buf *sql)
{
	const struct condition conditions[] = {
		{filter->decision_id != 0, " AND e.id = ?9"},
		{filter->since_us != 0, " AND e.wall_us >= ?10"},
		{filter->until_us != 0, " AND e.wall_us < ?11"},
		{filter->after_id != 0, " AND e.id > ?12"},
		{filter->before_id != 0, " AND e.id < ?13"},
		{filter->event_kind.length != 0, " AND substr(e.kind, 1, length(?15)) = ?15"},
	};

	buf_append_str(sql, STR(" WHERE true"));
	write_conditions(conditions, ARRAY_COUNT(conditions), sql);
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

static void bind_times_and_ids(const struct audit_filter *filter, struct stmt *stmt)
{
	bind_number(stmt, BY_ID, filter->decision_id);
	bind_number(stmt, BY_AFTER, filter->after_id);
	bind_number(stmt, BY_BEFORE, filter->before_id);
	if (filter->since_us != 0)
		stmt_bind_int(stmt, BY_SINCE, filter->since_us);
	if (filter->until_us != 0)
		stmt_bind_int(stmt, BY_UNTIL, filter->until_us);
}

static void bind_texts(const struct audit_filter *filter, struct stmt *stmt)
{
	bind_text(stmt, BY_APPLICATION, filter->application);
	bind_text(stmt, BY_HOST, filter->host);
	bind_text(stmt, BY_ACTION, filter->action);
	bind_text(stmt, BY_RESOURCE, filter->resource_prefix);
	bind_number(stmt, BY_RESOURCE_LENGTH, filter->resource_prefix.length);
	bind_text(stmt, BY_POLICY, filter->policy);
	bind_text(stmt, BY_SOURCE, filter->source);
	if (filter->policy_revision != 0)
		stmt_bind_u64(stmt, BY_REVISION, filter->policy_revision);
}

void audit_filter_bind(const struct audit_filter *filter, const struct audit_subjects *subjects,
		       struct stmt *stmt)
{
	if (subjects->count > AUDIT_FILTER_SUBJECTS_MAX)
		bind_text(stmt, BY_USER, filter->user);
	bind_texts(filter, stmt);
	bind_times_and_ids(filter, stmt);
}

void audit_filter_bind_events(const struct audit_filter *filter, struct stmt *stmt)
{
	bind_times_and_ids(filter, stmt);
	bind_text(stmt, BY_EVENT_KIND, filter->event_kind);
}

void audit_filter_bind_limit(const struct audit_filter *filter, struct stmt *stmt)
{
	stmt_bind_limit(stmt, BY_LIMIT, filter->limit);
}

enum error audit_filter_find_subjects(const struct audit_filter *filter, struct db *db,
				      struct audit_subjects *subjects)
{
	struct audit_subjects found = {0};
	struct stmt stmt;
	bool row = true;
	enum error error = stmt_prepare(&stmt, db,
					"SELECT id FROM subject WHERE principal = ?1 COLLATE NOCASE"
					" OR user_folded = ?1 LIMIT ?2");

	if (error == ERR_NONE) {
		stmt_bind_text(&stmt, 1, filter->user);
		stmt_bind_int(&stmt, 2, AUDIT_FILTER_SUBJECTS_MAX + 1);
	}
	while (error == ERR_NONE) {
		error = stmt_step(&stmt, &row);
		if (error != ERR_NONE || !row)
			break;
		if (found.count < AUDIT_FILTER_SUBJECTS_MAX)
			found.ids[found.count] = stmt_int(&stmt, 0);
		found.count++;
	}
	stmt_finish(&stmt);
	if (error == ERR_NONE)
		*subjects = found;
	return error;
}

/* The choice. */

/* Whether the indexes on request and outcome lead to few rows. */
static enum error find_rare(const struct audit_filter *filter, struct db *db, bool *is_rare)
{
	struct stmt stmt = {0};
	bool row = false;
	struct buf sql;

	buf_init(&sql, QUERY_MAX_BYTES);
	buf_append_str(&sql, STR("SELECT count(*) FROM (SELECT 1 FROM decision d WHERE true"));
	write_text_conditions(filter, true, &sql);
	buf_printf(&sql, " LIMIT %d)", COMMON_ROWS);
	const char *text = buf_text(&sql);
	enum error error = sql.failed;
	if (error == ERR_NONE)
		error = stmt_prepare(&stmt, db, text);
	if (error == ERR_NONE) {
		bind_texts(filter, &stmt);
		error = stmt_step(&stmt, &row);
	}
	if (error == ERR_NONE)
		*is_rare = row && stmt_int(&stmt, 0) < COMMON_ROWS;
	stmt_finish(&stmt);
	buf_deinit(&sql);
	return error;
}

enum error audit_filter_choose(const struct audit_filter *filter, struct db *db, bool is_sealed,
			       enum audit_access *access)
{
	enum error error = ERR_NONE;
	bool is_rare = false;

	*access = AUDIT_SCAN;
	if (filter->decision_id != 0)
		return ERR_NONE;
	if (is_sealed && filter->user.length != 0)
		*access = AUDIT_BY_SUBJECT;
	else if (is_denied_only(filter))
		*access = AUDIT_BY_DENIAL;
	else if (is_sealed && has_text(filter))
		error = find_rare(filter, db, &is_rare);
	if (is_rare)
		*access = AUDIT_BY_TEXT;
	return error;
}
