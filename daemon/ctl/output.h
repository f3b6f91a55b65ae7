/*
 * What people and programs read: tables that fit the terminal, JSON lines, times. Text from outside
 * is escaped in tables (log_escape()) and exact in JSON.
 */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum { TABLE_COLUMNS_MAX = 12 };

/* A table that is printed when all its rows are known, columns as wide as they need to be. */
struct table {
	const char *const *titles;
	size_t column_count;
	size_t stretch; /* index of the column that gives way first when the terminal is narrow */
	struct arena arena;
	struct table_row *first, **tail;
};

void table_init(struct table *table, const char *const *titles, size_t column_count,
		size_t stretch);
void table_deinit(struct table *table);

/* Adds a row of column_count cells; copies and escapes them. False when memory is spent. */
bool table_add(struct table *table, const struct str *cells);

/* Appends the table. For a terminal of that many columns (0: as wide as it is) the stretching column
 * and the last are cut; where that is not enough a row goes on in further lines, indented. */
void table_write(const struct table *table, struct buf *out, size_t terminal);

/* Prints it to stdout, for the terminal when stdout is one. */
void table_print(const struct table *table);

/* Appends "2026-11-22 21:38:31.123", UTC; civil_append() has the form for JSON. */
void output_time(struct buf *out, int64_t wall_us);

/* The same to the second: "2026-11-22 21:38:31". */
void output_time_of_second(struct buf *out, int64_t wall_us);

/* Appends a span of time as people say it: "850ms", "12s", "4m 10s", "3h 5m", "2d 4h". */
void output_duration(struct buf *out, uint64_t ms);

/* Appends "1 error", "2 errors": the count and the noun that goes with it. */
void output_count(struct buf *out, uint64_t count, const char *one, const char *many);

/* Appends `text` to the last line of `out`, going on in a new line behind `indent` blanks where a word
 * would pass `width` columns; 0 is no bound. */
void output_wrap(struct buf *out, struct str text, size_t indent, size_t width);

/* Prints a text, which may be empty, as it is. */
void output_text(FILE *stream, struct str text);

/* Appends a text of many lines as a person at a terminal may see it: what log_escape() (base/log.h)
 * would escape comes out as there, but for tabs, the ends of lines, and backslashes, which are the
 * text's own. */
void output_safe_text(struct buf *out, struct str text);

/* Prints the buffer and a line feed to stdout and clears it. */
void output_line(struct buf *line);

/* "wsauthzctl: MESSAGE" on stderr, escaped. */
void output_error(const char *format, ...) ATTR_PRINTF(1, 2);

/* Until the next call the messages of output_error() go to the end of `messages` instead, as they
 * are, with "; " between them; NULL ends that. */
void output_keep_errors(struct buf *messages);

#endif
