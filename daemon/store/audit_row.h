/* Rows of the audit as queries yield them. For this layer only. */
#ifndef STORE_AUDIT_ROW_H
#define STORE_AUDIT_ROW_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/stmt.h"

/* The start of a query whose rows audit_row_read() reads: "SELECT ... FROM decision d ...". Rows
 * with a missing part are yielded too, so that verification finds them. */
extern const char audit_row_select[];

/* Reads the current row of such a query. Its texts are those of the statement, lists live in
 * `arena`. `chain` is the value stored with the row. ERR_CORRUPT when it holds what
 * audit_append() never writes. ERR_NO_MEMORY. */
enum error audit_row_read(const struct stmt *stmt, struct arena *arena, struct audit_row *row,
			  uint8_t chain[AUDIT_CHAIN_BYTES]) ATTR_MUST_CHECK;

/* The same for events: "SELECT ... FROM event e". `event` gets the texts, and `row` points to it. */
extern const char audit_event_select[];
enum error audit_event_read(const struct stmt *stmt, struct audit_event *event,
			    struct audit_row *row,
			    uint8_t chain[AUDIT_CHAIN_BYTES]) ATTR_MUST_CHECK;

#endif
