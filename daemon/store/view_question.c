#include "store/view_question.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/civil.h"

enum {
	PLAN_MAX_BYTES = 1024,
	/* A text of time may end within a minute, and milliseconds are rounded. */
	TEXT_SLACK_US = 61 * 1000 * 1000,
};

bool view_question_uses(const struct view_question *question, int column)
{
	return (question->used_columns >> (column < 63 ? column : 63) & 1) != 0;
}

/* The plan: "used columns in hexadecimal, order, then column and operator of each condition". */

static bool can_hand_on(const struct sqlite3_index_constraint *constraint)
{
	switch (constraint->op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
	case SQLITE_INDEX_CONSTRAINT_GT:
	case SQLITE_INDEX_CONSTRAINT_GE:
	case SQLITE_INDEX_CONSTRAINT_LT:
	case SQLITE_INDEX_CONSTRAINT_LE: return constraint->usable != 0 && constraint->iColumn >= 0;
	default: return false;
	}
}

int view_question_plan(const struct view_columns *columns, sqlite3_index_info *info)
{
	bool is_ordered =
		!columns->is_state && info->nOrderBy == 1 && info->aOrderBy[0].iColumn == 0;
	double rows = columns->is_state ? 1e3 : 1e7;
	struct buf plan;
	int count = 0;

	buf_init(&plan, PLAN_MAX_BYTES);
	buf_printf(&plan, "%llx %c", (unsigned long long)info->colUsed,
		   !is_ordered              ? '-'
		   : info->aOrderBy[0].desc ? 'd'
					    : 'a');
	for (int i = 0; i < info->nConstraint && count < VIEW_CONDITIONS_MAX; i++) {
		const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
		const char *collation = sqlite3_vtab_collation(info, i);

		if (!can_hand_on(constraint) || strcmp(collation, "BINARY") != 0 ||
		    constraint->iColumn == columns->delivered)
			continue;
		info->aConstraintUsage[i].argvIndex = ++count;
		buf_printf(&plan, " %d %d", constraint->iColumn, constraint->op);
		if (constraint->op == SQLITE_INDEX_CONSTRAINT_EQ)
			rows /= constraint->iColumn == 0 ? 1e7 : 100;
		else
			rows /= 4;
	}
	info->idxStr = plan.failed == ERR_NONE ? sqlite3_mprintf("%s", buf_text(&plan)) : NULL;
	buf_deinit(&plan);
	if (info->idxStr == NULL)
		return SQLITE_NOMEM;
	info->needToFreeIdxStr = 1;
	info->orderByConsumed = is_ordered;
	info->estimatedRows = rows < 1 ? 1 : (sqlite3_int64)rows;
	info->estimatedCost = rows < 1 ? 10 : rows * 2;
	return SQLITE_OK;
}

void view_question_clear(struct view_question *question)
{
	for (int i = 0; i < question->condition_count; i++)
		sqlite3_value_free(question->conditions[i].value);
	question->condition_count = 0;
}

static int read_plan(struct view_question *question, const struct view_columns *columns,
		     const char *plan, int argc, sqlite3_value **argv)
{
	char *at;

	question->used_columns = strtoull(plan, &at, 16);
	/* Whose answer it is. */
	if (columns->delivered >= 0 && view_question_uses(question, columns->delivered))
		question->used_columns |= 1;
	question->is_ordered = at[1] != '-';
	question->is_descending = at[1] == 'd';
	at += 2;
	for (int i = 0; i < argc; i++) {
		struct view_condition *condition = &question->conditions[i];

		condition->column = (int)strtol(at, &at, 10);
		condition->op = (int)strtol(at, &at, 10);
		condition->value = sqlite3_value_dup(argv[i]);
		question->condition_count = i + 1;
		if (condition->value == NULL)
			return SQLITE_NOMEM;
	}
	return SQLITE_OK;
}

/* A bound in microseconds or ids. False when the value says nothing that could be used. */
static bool read_bound(const struct view_columns *columns, const struct view_condition *condition,
		       int64_t *low, int64_t *high)
{
	int type = sqlite3_value_type(condition->value);
	int64_t value;

	*low = INT64_MIN;
	*high = INT64_MAX;
	if (condition->column == columns->time_text && type == SQLITE_TEXT) {
		struct str text = str_from((const char *)sqlite3_value_text(condition->value));

		/* A blank for the T is before all times of its day. */
		if ((text.length != 10 && (text.length < 11 || text.ptr[10] != 'T')) ||
		    !civil_parse(text, &value))
			return false;
		*low = value - TEXT_SLACK_US;
		*high = value + TEXT_SLACK_US;
	} else if (type == SQLITE_INTEGER) {
		value = sqlite3_value_int64(condition->value);
		*low = *high = value;
	} else {
		return false;
	}
	return true;
}

/* Narrows the range by a condition; a row that it lets through is never lost. */
static void narrow_range(const struct view_columns *columns, const struct view_condition *condition,
			 struct audit_filter *range)
{
	int op = condition->op;
	bool from = op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_GT ||
		    op == SQLITE_INDEX_CONSTRAINT_GE;
	bool to = op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_LT ||
		  op == SQLITE_INDEX_CONSTRAINT_LE;
	int64_t low, high;

	if (!read_bound(columns, condition, &low, &high))
		return;
	if (condition->column == 0) {
		if (from && low > 1 && (uint64_t)low - 1 > range->after_id)
			range->after_id = (uint64_t)low - 1;
		if (to && high >= 0 && high < INT64_MAX &&
		    (range->before_id == 0 || (uint64_t)high + 1 < range->before_id))
			range->before_id = (uint64_t)high + 1;
		return;
	}
	if (from && low > range->since_us)
		range->since_us = low;
	if (to && high > 0 && high < INT64_MAX &&
	    (range->until_us == 0 || high + 1 < range->until_us))
		range->until_us = high + 1;
}

static void write_columns(const struct view_question *question, const struct view_columns *columns,
			  struct buf *sql)
{
	buf_append_str(sql, STR("SELECT "));
	for (int i = 0; i < columns->count; i++) {
		if (i != 0)
			buf_append_str(sql, STR(", "));
		if (view_question_uses(question, i))
			buf_printf(sql, "\"%s\"", columns->names[i]);
		else
			buf_append_str(sql, STR("NULL"));
	}
	buf_printf(sql, " FROM %s WHERE true", columns->view);
}

static const char *operator_of(int op)
{
	switch (op) {
	case SQLITE_INDEX_CONSTRAINT_GT: return ">";
	case SQLITE_INDEX_CONSTRAINT_GE: return ">=";
	case SQLITE_INDEX_CONSTRAINT_LT: return "<";
	case SQLITE_INDEX_CONSTRAINT_LE: return "<=";
	default: return "=";
	}
}

void view_question_write(const struct view_question *question, const struct view_columns *columns,
			 const struct audit_filter *range, struct buf *sql)
{
	const char *id = columns->names[0];

	write_columns(question, columns, sql);
	for (int i = 0; i < question->condition_count; i++) {
		const struct view_condition *condition = &question->conditions[i];
		buf_printf(sql, " AND \"%s\" %s ?%d", columns->names[condition->column],
			   operator_of(condition->op), i + 1);
	}
	if (range->after_id != 0)
		buf_printf(sql, " AND \"%s\" > %" PRIu64, id, range->after_id);
	if (range->before_id != 0)
		buf_printf(sql, " AND \"%s\" < %" PRIu64, id, range->before_id);
	if (question->is_ordered)
		buf_printf(sql, " ORDER BY \"%s\"%s", id, question->is_descending ? " DESC" : "");
}

bool view_question_has_equality(const struct view_question *question)
{
	for (int i = 0; i < question->condition_count; i++) {
		if (question->conditions[i].op == SQLITE_INDEX_CONSTRAINT_EQ)
			return true;
	}
	return false;
}

int view_question_read(struct view_question *question, const struct view_columns *columns,
		       const char *plan, int argc, sqlite3_value **argv)
{
	view_question_clear(question);
	question->range = (struct audit_filter){0};
	int result = read_plan(question, columns, plan, argc, argv);
	if (result != SQLITE_OK)
		return result;
	for (int i = 0; i < argc; i++) {
		const struct view_condition *condition = &question->conditions[i];
		bool is_range = condition->column == 0 || condition->column == columns->time_us ||
				condition->column == columns->time_text;

		if (!columns->is_state && is_range)
			narrow_range(columns, condition, &question->range);
	}
	return SQLITE_OK;
}

enum error view_question_bind(const struct view_question *question, struct stmt *stmt)
{
	enum error error = ERR_NONE;

	for (int i = 0; error == ERR_NONE && i < question->condition_count; i++)
		error = db_fail(stmt->db, sqlite3_bind_value(stmt->handle, i + 1,
							     question->conditions[i].value));
	return error;
}
