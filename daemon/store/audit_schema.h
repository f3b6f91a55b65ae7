/* What an audit segment is: its file, its schema and what may be done to it. For this layer only.
 */
#ifndef STORE_AUDIT_SCHEMA_H
#define STORE_AUDIT_SCHEMA_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/db.h"
#include "store/env.h"

/* Opens segment `number` of the audit in `directory`, as db_open() does. */
enum error audit_open_segment(const char *directory, uint32_t number, const struct store_env *env,
			      enum db_mode mode, struct db *db, struct buf *why) ATTR_MUST_CHECK;

#endif
