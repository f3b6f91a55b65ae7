/* One audit row as a table row, a JSON line and a CSV line. */
#ifndef CTL_AUDIT_ROW_H
#define CTL_AUDIT_ROW_H

#include <stdbool.h>

#include "base/buf.h"
#include "ctl/output.h"
#include "store/audit.h"

/* A table with the columns that audit_row_table() fills. False when memory is spent. */
void audit_row_table_init(struct table *table);
bool audit_row_table(struct table *table, const struct audit_row *row);

/* Appends everything the row holds, without line end; also of an event. Whether the answer left is
 * part of it when the query asked for it. */
void audit_row_json(struct buf *out, const struct audit_row *row);

/* RFC 4180, without line end. A text that a spreadsheet would take for a formula gets an apostrophe
 * in front. */
void audit_row_csv_header(struct buf *out);
void audit_row_csv(struct buf *out, const struct audit_row *row);

#endif
