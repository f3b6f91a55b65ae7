/*
 * The documented views as tables of one SQLite connection, each over all segments of the audit or
 * over the state database, so that SQL sees the audit as one, however many files it is. Conditions
 * on columns are handed on to the files, times and ids choose the segments, and only the columns
 * that a question names are read.
 *
 * For this layer only.
 */
#ifndef STORE_AUDIT_VIEW_H
#define STORE_AUDIT_VIEW_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/audit_delivery.h"
#include "store/audit_reader.h"
#include "store/db.h"
#include "store/state.h"

/* What the tables share; lives as long as the connection. */
struct audit_views {
	struct audit_reader *reader; /* its list of segments does not change meanwhile */
	struct state *state;         /* NULL: there is none, and its views are not there */
	/* Called by every connection now and then while it works; true stops the statement. */
	bool (*should_stop)(void *arg);
	void *arg;
	struct audit_delivery delivery; /* as far as the statement asks for it */
};

/* Frees what statements had to find out. */
void audit_views_deinit(struct audit_views *shared);

/* Registers the views on `db`, whose authorizer is not set yet. */
enum error audit_views_add(struct audit_views *shared, struct db *db) ATTR_MUST_CHECK;

/* Appends "; there are v_decision, ..." for whoever named a table that is not there. */
void audit_views_list(struct buf *out);

/* Makes the connection ask shared->should_stop. */
void audit_views_watch(struct audit_views *shared, struct db *db);

#endif
