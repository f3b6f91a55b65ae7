/*
 * Cells of CSV (RFC 4180). Text from outside cannot start a new line or hide something (it is
 * escaped as in tables), and one that a spreadsheet would take for a formula gets an apostrophe in
 * front.
 */
#ifndef CTL_CSV_H
#define CTL_CSV_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Appends a comma and the text in quotes. */
void csv_append(struct buf *out, struct str text);

/* Appends a comma and the number. */
void csv_append_u64(struct buf *out, uint64_t value);

/* Appends the text in quotes: the first cell of a line. */
void csv_append_first(struct buf *out, struct str text);

#endif
