/*
 * What a statement asks of one of the documented views: conditions, columns, order. SQLite tells it
 * while it plans, as a text that comes back with the values, and it is put to each file as SQL.
 *
 * For this layer only.
 */
#ifndef STORE_VIEW_QUESTION_H
#define STORE_VIEW_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/audit_filter.h"
#include "store/stmt.h"

struct sqlite3_index_info;
struct sqlite3_value;

enum {
	VIEW_COLUMNS_MAX = 64, /* as many as SQLite tells of which are used */
	VIEW_CONDITIONS_MAX = 16,
};

/* The columns of a view; the first one is the id of a row. */
struct view_columns {
	const char *view; /* its name */
	bool is_state;    /* in the state database, else in each segment */
	char *names[VIEW_COLUMNS_MAX];
	int count;
	int time_us, time_text; /* the columns with the time of a row; -1: none */
	int delivered;          /* likewise; what it says, one segment does not know alone */
};

/* A condition on a column, and the value it is compared with. */
struct view_condition {
	int column;
	int op; /* SQLITE_INDEX_CONSTRAINT_... */
	struct sqlite3_value *value;
};

/* All zero is a question that was not read yet. */
struct view_question {
	struct view_condition conditions[VIEW_CONDITIONS_MAX];
	int condition_count;
	uint64_t used_columns;
	bool is_ordered, is_descending; /* by the first column */
	struct audit_filter range;      /* what the conditions say of times and ids */
};

/* SQLite's xBestIndex: says what can be handed on, and what that costs. A result of SQLite's. */
int view_question_plan(const struct view_columns *columns,
		       struct sqlite3_index_info *info) ATTR_MUST_CHECK;

/* Reads the plan, with the values of its conditions, which are copied. A result of SQLite's. */
int view_question_read(struct view_question *question, const struct view_columns *columns,
		       const char *plan, int argc, struct sqlite3_value **argv) ATTR_MUST_CHECK;

/* Frees the values. */
void view_question_clear(struct view_question *question);

/* Whether the column is read; those from the 64th on are one to SQLite. */
bool view_question_uses(const struct view_question *question, int column);

/* Whether there is a condition for which a file may have an index. */
bool view_question_has_equality(const struct view_question *question);

/* Appends the SELECT for one file. `range` has what audit_filter_narrow() made of the times there. */
void view_question_write(const struct view_question *question, const struct view_columns *columns,
			 const struct audit_filter *range, struct buf *sql);

/* Binds the values of its conditions. */
enum error view_question_bind(const struct view_question *question,
			      struct stmt *stmt) ATTR_MUST_CHECK;

#endif
