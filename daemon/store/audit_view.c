#include "store/audit_view.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "store/audit_filter.h"
#include "store/audit_schema.h"
#include "store/state_db.h"
#include "store/stmt.h"
#include "store/view_question.h"

enum {
	SQL_MAX_BYTES = 16 * 1024,
	WHY_MAX_BYTES = 4096,
};

/* A view and where it is. */
struct view {
	const char *name;
	bool is_state;       /* in the state database, else in each segment */
	bool is_of_denials;  /* has an index of its own on times */
	const char *time_us; /* the columns that hold the time of a row; NULL: no such column */
	const char *time_text;
};

static const struct view views[] = {
	{"v_decision", false, false, "wall_us", "decided_at"},
	{"v_denial", false, true, "wall_us", "decided_at"},
	{"v_event", false, false, "wall_us", "happened_at"},
	{"v_record", true, false, NULL, NULL},
	{"v_block", true, false, NULL, NULL},
	{"v_policy_revision", true, false, NULL, NULL},
	{"v_admin_action", true, false, NULL, NULL},
	{"v_segment", true, false, NULL, NULL},
};

void audit_views_list(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(views); i++)
		buf_printf(out, "%s%s", i == 0 ? "; there are " : ", ", views[i].name);
}

/* What a module is created with. */
struct module {
	struct audit_views *shared;
	const struct view *view;
};

struct table {
	sqlite3_vtab base; /* first: SQLite knows the table by it */
	const struct module *module;
	struct view_columns columns;
};

struct cursor {
	sqlite3_vtab_cursor base; /* first */
	struct view_question question;
	struct db db;      /* of the open segment */
	struct db *source; /* &db, or that of the state database; NULL: none */
	size_t open_index;
	size_t next; /* segments looked at */
	struct stmt stmt;
	bool has_row;
	sqlite3_int64 row_number;
};

static struct table *table_of(sqlite3_vtab *base)
{
	return (struct table *)(void *)base;
}

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct cursor *)(void *)base;
}

static int on_progress(void *arg)
{
	const struct audit_views *shared = arg;
	const struct store_env *env = &shared->reader->env;

	if (env->yield != NULL)
		env->yield();
	return shared->should_stop(shared->arg);
}

void audit_views_watch(struct audit_views *shared, struct db *db)
{
	sqlite3_progress_handler(db->handle, DB_YIELD_STEPS, on_progress, shared);
}

static int fail(sqlite3_vtab *base, enum error error, const char *text)
{
	sqlite3_free(base->zErrMsg);
	base->zErrMsg = sqlite3_mprintf("%s", text);
	switch (error) {
	case ERR_NO_MEMORY: return SQLITE_NOMEM;
	case ERR_CANCELLED: return SQLITE_INTERRUPT;
	case ERR_BUSY: return SQLITE_BUSY;
	case ERR_CORRUPT: return SQLITE_CORRUPT;
	case ERR_IO: return SQLITE_IOERR;
	default: return SQLITE_ERROR;
	}
}

/* Tables: their columns are those that the view has in the newest segment, or the state database. */

static int disconnect(sqlite3_vtab *base)
{
	struct table *table = table_of(base);

	for (int i = 0; i < table->columns.count; i++)
		mem_free(table->columns.names[i]);
	mem_free(table);
	return SQLITE_OK;
}

static int find_column(const struct table *table, const char *name)
{
	for (int i = 0; name != NULL && i < table->columns.count; i++) {
		if (strcmp(table->columns.names[i], name) == 0)
			return i;
	}
	return -1;
}

/* Notes the columns of a statement and writes the declaration of a table with the same. */
static enum error copy_columns(struct table *table, const struct stmt *stmt,
			       struct buf *declaration)
{
	int count = sqlite3_column_count(stmt->handle);

	if (count > VIEW_COLUMNS_MAX)
		return ERR_LIMIT;
	buf_append_str(declaration, STR("CREATE TABLE x("));
	for (int i = 0; i < count; i++) {
		const char *name = sqlite3_column_name(stmt->handle, i);
		const char *type = sqlite3_column_decltype(stmt->handle, i);

		table->columns.names[i] = name != NULL ? mem_copy_text(name, strlen(name)) : NULL;
		if (table->columns.names[i] == NULL)
			return ERR_NO_MEMORY;
		table->columns.count++;
		buf_printf(declaration, "%s\"%s\" %s", i != 0 ? ", " : "", name,
			   type != NULL ? type : "");
	}
	buf_append_byte(declaration, ')');
	return declaration->failed;
}

static enum error describe(struct table *table, struct db *db, struct buf *declaration)
{
	struct stmt stmt;
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT * FROM %s LIMIT 0", table->module->view->name);
	enum error error = stmt_prepare(&stmt, db, sql);
	if (error == ERR_NONE)
		error = copy_columns(table, &stmt, declaration);
	stmt_finish(&stmt);
	return error;
}

static enum error open_segment(const struct audit_views *shared, size_t index, struct db *db,
			       struct buf *why)
{
	const struct audit_reader *reader = shared->reader;

	return audit_open_segment(reader->directory, reader->segments.items[index].number,
				  &reader->env, DB_READ, db, why);
}

static enum error describe_source(struct table *table, struct buf *declaration, struct buf *why)
{
	struct audit_views *shared = table->module->shared;
	const struct segment_list *segments = &shared->reader->segments;
	struct db *db;

	if (table->module->view->is_state)
		return describe(table, &shared->state->db, declaration);
	if (segments->count == 0)
		return ERR_NOT_FOUND;
	enum error error = open_segments_use(&shared->reader->open,
					     segments->items[segments->count - 1].number, &db, why);
	return error == ERR_NONE ? describe(table, db, declaration) : error;
}

static int connect(sqlite3 *handle, void *aux, int argc, const char *const *argv,
		   sqlite3_vtab **out, char **message)
{
	struct table *table = mem_calloc(1, sizeof(*table));
	struct buf declaration, why;
	enum error error;
	int result;

	(void)argc;
	(void)argv;
	if (table == NULL)
		return SQLITE_NOMEM;
	table->module = aux;
	table->columns.view = table->module->view->name;
	table->columns.is_state = table->module->view->is_state;
	buf_init(&declaration, SQL_MAX_BYTES);
	buf_init(&why, WHY_MAX_BYTES);
	error = describe_source(table, &declaration, &why);
	result = error == ERR_NONE        ? sqlite3_declare_vtab(handle, buf_text(&declaration))
		 : error == ERR_NO_MEMORY ? SQLITE_NOMEM
					  : SQLITE_ERROR;
	if (result == SQLITE_ERROR)
		*message =
			sqlite3_mprintf("%s", why.length != 0 ? buf_text(&why) : error_text(error));
	table->columns.time_us = find_column(table, table->module->view->time_us);
	table->columns.time_text = find_column(table, table->module->view->time_text);
	table->columns.delivered = find_column(table, "delivered");
	buf_deinit(&declaration);
	buf_deinit(&why);
	if (result == SQLITE_OK)
		*out = &table->base;
	else
		disconnect(&table->base);
	return result;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	return view_question_plan(&table_of(base)->columns, info);
}

/* Cursors. */

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	struct cursor *cursor = mem_calloc(1, sizeof(*cursor));

	(void)base;
	if (cursor == NULL)
		return SQLITE_NOMEM;
	*out = &cursor->base;
	return SQLITE_OK;
}

static void close_source(struct cursor *cursor)
{
	stmt_finish(&cursor->stmt);
	if (cursor->source == &cursor->db)
		db_close(&cursor->db);
	cursor->source = NULL;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = cursor_of(base);

	close_source(cursor);
	view_question_clear(&cursor->question);
	mem_free(cursor);
	return SQLITE_OK;
}

static bool asks_delivery(const struct cursor *cursor)
{
	int column = table_of(cursor->base.pVtab)->columns.delivered;

	return column >= 0 && view_question_uses(&cursor->question, column);
}

static enum error start(const struct table *table, struct cursor *cursor)
{
	const struct view *view = table->module->view;
	struct audit_filter range = {0};
	enum error error = ERR_NONE;
	struct buf sql;

	/* A range of ids is for reading all rows in it; where there may be an index it would keep
	 * the planner from it. */
	if (strcmp(view->name, "v_decision") == 0 &&
	    !view_question_has_equality(&cursor->question)) {
		range = cursor->question.range;
		error = audit_filter_narrow(&range, cursor->source);
	}
	buf_init(&sql, SQL_MAX_BYTES);
	view_question_write(&cursor->question, &table->columns, &range, &sql);
	const char *text = buf_text(&sql);
	if (error == ERR_NONE)
		error = sql.failed;
	if (error == ERR_NONE)
		error = stmt_prepare(&cursor->stmt, cursor->source, text);
	if (error == ERR_NONE)
		error = view_question_bind(&cursor->question, &cursor->stmt);
	buf_deinit(&sql);
	return error;
}

/* Opens the next file that could have rows; cursor->source is NULL when there is none. */
static enum error next_source(const struct table *table, struct cursor *cursor, struct buf *why)
{
	struct audit_views *shared = table->module->shared;
	const struct segment_list *segments = &shared->reader->segments;

	if (table->module->view->is_state) {
		cursor->source = cursor->next++ == 0 ? &shared->state->db : NULL;
		return ERR_NONE;
	}
	while (cursor->next < segments->count) {
		size_t index = cursor->question.is_descending ? segments->count - 1 - cursor->next
							      : cursor->next;
		size_t said = why->length;

		cursor->next++;
		if (!audit_filter_may_match(&cursor->question.range, &segments->items[index]))
			continue;
		/* The inner side of a join asks the same segment again and again. */
		if (cursor->source != NULL && cursor->open_index == index)
			return ERR_NONE;
		close_source(cursor);
		enum error error = open_segment(shared, index, &cursor->db, why);
		if (error == ERR_NOT_FOUND) {
			why->length = said; /* retention was faster */
			continue;
		}
		if (error != ERR_NONE)
			return error;
		cursor->source = &cursor->db;
		cursor->open_index = index;
		audit_views_watch(shared, &cursor->db);
		return asks_delivery(cursor)
			       ? audit_delivery_read(&shared->delivery, shared->reader, index, why)
			       : ERR_NONE;
	}
	cursor->has_row = false;
	return ERR_NOT_FOUND;
}

/* Goes on until a row or the end is reached. */
static int advance(struct cursor *cursor)
{
	const struct table *table = table_of(cursor->base.pVtab);
	enum error error = ERR_NONE;
	struct buf why;

	buf_init(&why, WHY_MAX_BYTES);
	cursor->has_row = false;
	while (error == ERR_NONE) {
		if (cursor->stmt.handle == NULL) {
			error = next_source(table, cursor, &why);
			if (error == ERR_NONE && cursor->source != NULL)
				error = start(table, cursor);
			if (error != ERR_NONE || cursor->source == NULL)
				break;
		}
		error = stmt_step(&cursor->stmt, &cursor->has_row);
		if (error != ERR_NONE || cursor->has_row)
			break;
		stmt_finish(&cursor->stmt);
	}
	cursor->row_number++;
	int result = SQLITE_OK;
	if (error != ERR_NONE && error != ERR_NOT_FOUND)
		result = fail(cursor->base.pVtab, error,
			      why.length != 0          ? buf_text(&why)
			      : cursor->source != NULL ? cursor->source->failure
						       : error_text(error));
	buf_deinit(&why);
	return result;
}

void audit_views_deinit(struct audit_views *shared)
{
	audit_delivery_deinit(&shared->delivery);
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc,
		  sqlite3_value **argv)
{
	struct cursor *cursor = cursor_of(base);
	const struct table *table = table_of(base->pVtab);
	int result;

	(void)number;
	stmt_finish(&cursor->stmt);
	cursor->next = 0;
	result = view_question_read(&cursor->question, &table->columns, plan, argc, argv);
	if (result != SQLITE_OK)
		return result;
	return advance(cursor);
}

static int next(sqlite3_vtab_cursor *base)
{
	return advance(cursor_of(base));
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	return !cursor_of(base)->has_row;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index)
{
	const struct cursor *cursor = cursor_of(base);
	const struct table *table = table_of(base->pVtab);
	const struct audit_views *shared = table->module->shared;

	if (index == table->columns.delivered && asks_delivery(cursor) &&
	    audit_delivery_is_late(&shared->delivery, stmt_u64(&cursor->stmt, 0)))
		sqlite3_result_int(context, 0);
	else
		sqlite3_result_value(context, sqlite3_column_value(cursor->stmt.handle, index));
	return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = cursor_of(base)->row_number;
	return SQLITE_OK;
}

/* Without xCreate a table is there by its name alone, and can be no other. */
static const sqlite3_module methods = {
	.iVersion = 0,
	.xConnect = connect,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = is_at_end,
	.xColumn = column,
	.xRowid = rowid,
};

/* Connects a table while nothing is forbidden yet: SQLite takes that for creating one. */
static enum error touch(struct db *db, const char *name)
{
	struct stmt stmt;
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT 1 FROM %s LIMIT 0", name);
	enum error error = stmt_prepare(&stmt, db, sql);
	stmt_finish(&stmt);
	return error;
}

enum error audit_views_add(struct audit_views *shared, struct db *db)
{
	if (shared->state != NULL)
		audit_views_watch(shared, &shared->state->db);
	enum error error = touch(db, "json_each('[]')");

	if (error == ERR_NONE)
		error = touch(db, "json_tree('[]')");
	for (size_t i = 0; error == ERR_NONE && i < ARRAY_COUNT(views); i++) {
		struct module *module;

		if (views[i].is_state && shared->state == NULL)
			continue;
		module = mem_calloc(1, sizeof(*module));
		if (module == NULL)
			return ERR_NO_MEMORY;
		*module = (struct module){shared, &views[i]};
		/* SQLite frees the module's argument also when this fails. */
		error = db_fail(db, sqlite3_create_module_v2(db->handle, views[i].name, &methods,
							     module, mem_free));
		if (error == ERR_NONE)
			error = touch(db, views[i].name);
	}
	return error;
}
