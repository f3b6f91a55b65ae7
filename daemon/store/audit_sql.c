#include "store/audit_sql.h"

#include <string.h>

#include <sqlite3.h>

#include "store/audit_view.h"
#include "store/state.h"
#include "store/stmt.h"

enum {
	VALUE_MAX_BYTES = 16 * 1024 * 1024,
	EXPRESSION_DEPTH_MAX = 100,
	COMPOUND_MAX = 20,
	PATTERN_MAX_BYTES = 1000,
};

/* A question on its way. */
struct work {
	const struct clock *clock;
	int64_t deadline_ms; /* 0: none */
	bool is_late;
	bool was_denied;
	struct audit_views views;
	struct buf no_state; /* why there is no state database */
	struct db db;        /* in memory */
};

static bool should_stop(void *arg)
{
	struct work *work = arg;

	if (work->deadline_ms != 0 && clock_boot_ms(work->clock) >= work->deadline_ms)
		work->is_late = true;
	return work->is_late;
}

/* Asked while the statement is compiled. */
static int authorize(void *arg, int action, const char *first, const char *second,
		     const char *database, const char *trigger)
{
	struct work *work = arg;

	bool allowed = action == SQLITE_SELECT || action == SQLITE_READ ||
		       action == SQLITE_RECURSIVE ||
		       (action == SQLITE_FUNCTION && strcmp(second, "load_extension") != 0);

	(void)first;
	(void)database;
	(void)trigger;
	work->was_denied |= !allowed;
	return allowed ? SQLITE_OK : SQLITE_DENY;
}

static enum error set_options(struct db *db)
{
	static const struct {
		int id, value;
	} limits[] = {
		{SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES},
		{SQLITE_LIMIT_SQL_LENGTH, DB_SQL_MAX_BYTES},
		{SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_MAX},
		{SQLITE_LIMIT_COMPOUND_SELECT, COMPOUND_MAX},
		{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_MAX_BYTES},
		{SQLITE_LIMIT_ATTACHED, 0},
		{SQLITE_LIMIT_TRIGGER_DEPTH, 1},
		{SQLITE_LIMIT_WORKER_THREADS, 0},
	};
	static const struct {
		int option, value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
	};
	enum error error = ERR_NONE;

	for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
		sqlite3_limit(db->handle, limits[i].id, limits[i].value);
	for (size_t i = 0; error == ERR_NONE && i < ARRAY_COUNT(options); i++)
		error = db_fail(db, sqlite3_db_config(db->handle, options[i].option,
						      options[i].value, NULL));
	return error == ERR_NONE ? db_exec(db, "PRAGMA temp_store = MEMORY") : error;
}

/* An empty database that knows the views. */
static enum error open_database(struct work *work)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int result = sqlite3_open_v2(":memory:", &work->db.handle, flags, NULL);
	enum error error = db_fail(&work->db, result);

	if (error == ERR_NONE)
		error = set_options(&work->db);
	if (error == ERR_NONE)
		error = audit_views_add(&work->views, &work->db);
	if (error == ERR_NONE)
		error = db_fail(&work->db,
				sqlite3_set_authorizer(work->db.handle, authorize, work));
	if (error == ERR_NONE)
		audit_views_watch(&work->views, &work->db);
	return error;
}

static const char denied_text[] =
	"only reading the views is allowed: a single SELECT, without PRAGMA, ATTACH or anything "
	"that changes";

/* Compiles the statement, which must be all there is. */
static enum error prepare(struct work *work, struct str sql, struct stmt *stmt, struct buf *why)
{
	struct db *db = &work->db;
	const char *rest = NULL;
	int result = SQLITE_TOOBIG;

	*stmt = (struct stmt){.db = db};
	if (sql.length <= DB_SQL_MAX_BYTES)
		result = sqlite3_prepare_v2(db->handle, sql.ptr, (int)sql.length, &stmt->handle,
					    &rest);
	if (result == SQLITE_NOMEM)
		return ERR_NO_MEMORY;
	if (work->was_denied) {
		buf_append_str(why, str_from(denied_text));
		return ERR_DENIED;
	}
	if (result != SQLITE_OK) {
		struct str message = str_from(result == SQLITE_TOOBIG ? "the text is too long"
								      : sqlite3_errmsg(db->handle));

		buf_append_str(why, message);
		if (str_starts_with(message, STR("no such table")))
			audit_views_list(why);
		return ERR_SYNTAX;
	}
	size_t end = stmt->handle != NULL ? (size_t)(rest - sql.ptr) : sql.length;
	while (end < sql.length && strchr(" \t\r\n;", sql.ptr[end]) != NULL)
		end++;
	if (stmt->handle == NULL || end < sql.length) {
		buf_printf(why, "give one statement, a SELECT");
		return ERR_SYNTAX;
	}
	/* What has no columns is there for its effect. */
	if (sqlite3_column_count(stmt->handle) == 0 || !sqlite3_stmt_readonly(stmt->handle)) {
		buf_append_str(why, str_from(denied_text));
		return ERR_DENIED;
	}
	return ERR_NONE;
}

static void read_value(const struct stmt *stmt, int column, struct audit_sql_value *value)
{
	*value = (struct audit_sql_value){.type = AUDIT_SQL_NULL};
	switch (sqlite3_column_type(stmt->handle, column)) {
	case SQLITE_INTEGER:
		value->type = AUDIT_SQL_INTEGER;
		value->integer = stmt_int(stmt, column);
		break;
	case SQLITE_FLOAT:
		value->type = AUDIT_SQL_REAL;
		value->real = sqlite3_column_double(stmt->handle, column);
		break;
	case SQLITE_TEXT:
		value->type = AUDIT_SQL_TEXT;
		value->bytes = stmt_bytes(stmt, column);
		break;
	case SQLITE_BLOB:
		value->type = AUDIT_SQL_BLOB;
		value->bytes = stmt_bytes(stmt, column);
		break;
	}
}

static enum error deliver(struct stmt *stmt, const struct audit_sql_sink *sink, struct buf *why)
{
	struct audit_sql_value values[AUDIT_SQL_COLUMNS_MAX];
	struct str names[AUDIT_SQL_COLUMNS_MAX];
	int count = sqlite3_column_count(stmt->handle);

	if (count > AUDIT_SQL_COLUMNS_MAX) {
		buf_printf(why, "%d columns, and %d are the most", count, AUDIT_SQL_COLUMNS_MAX);
		return ERR_LIMIT;
	}
	for (int i = 0; i < count; i++)
		names[i] = str_from(sqlite3_column_name(stmt->handle, i));
	if (sink->on_columns != NULL && !sink->on_columns(sink->arg, names, (size_t)count))
		return ERR_NONE;
	for (;;) {
		bool row;
		enum error error = stmt_step(stmt, &row);

		if (error != ERR_NONE || !row)
			return error;
		for (int i = 0; i < count; i++)
			read_value(stmt, i, &values[i]);
		if (!sink->on_row(sink->arg, values, (size_t)count))
			return ERR_NONE;
	}
}

static enum error explain(const struct work *work, enum error error, struct buf *why)
{
	if (work->is_late) {
		why->length = 0;
		buf_printf(why, "the query took too long; narrow it, by decision_id or wall_us for "
				"instance, or allow it more time");
		return ERR_TIMEOUT;
	}
	if (error == ERR_NO_MEMORY) {
		why->length = 0;
		buf_printf(why, "the query takes more than %d MiB of memory",
			   DB_HEAP_MAX_BYTES / (1024 * 1024));
	} else if (error != ERR_NONE && why->length == 0) {
		buf_printf(why, "%s",
			   work->db.failure[0] != '\0' ? work->db.failure : error_text(error));
	}
	if (error == ERR_SYNTAX && work->no_state.length != 0)
		buf_printf(why, " (%.*s)", (int)work->no_state.length, work->no_state.data);
	return error;
}

/* Without a state database its views are not there, and the audit's own are. */
static enum error open_state(struct work *work)
{
	const struct audit_reader *reader = work->views.reader;
	enum error error = state_open_readonly(reader->directory, &reader->env, &work->views.state,
					       &work->no_state);

	return error == ERR_NO_MEMORY ? error : ERR_NONE;
}

enum error audit_sql_run(struct audit_reader *reader, struct str sql, const struct clock *clock,
			 uint32_t time_ms, const struct audit_sql_sink *sink, struct buf *why)
{
	struct work work = {
		.clock = clock,
		.deadline_ms = time_ms != 0 ? clock_boot_ms(clock) + time_ms : 0,
		.views = {.reader = reader, .should_stop = should_stop, .arg = &work},
	};
	struct stmt stmt = {0};
	enum error error;

	buf_init(&work.no_state, DB_PATH_MAX_BYTES);
	error = audit_reader_refresh(reader, why);
	if (error == ERR_NONE)
		error = open_state(&work);
	if (error == ERR_NONE)
		error = open_database(&work);
	if (error == ERR_NONE)
		error = prepare(&work, sql, &stmt, why);
	if (error == ERR_NONE)
		error = deliver(&stmt, sink, why);
	error = explain(&work, error, why);
	stmt_finish(&stmt);
	db_close(&work.db);
	audit_views_deinit(&work.views);
	state_close(work.views.state);
	buf_deinit(&work.no_state);
	return error;
}
