/*
 * A request in Cedar's words: the User with its groups, the Resource with its prefixes, the
 * Application, and the context of schema/wsauthz.cedarschema.
 */
#ifndef AUTHZ_ENTITIES_H
#define AUTHZ_ENTITIES_H

#include <stdint.h>

#include "authz/identity.h"
#include "authz/operation.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"
#include "cedar/cedar.h"

/* The instant of a request as policies see it. */
struct session_time {
	int64_t utc_ms;       /* since 1970-01-01 */
	int64_t local_day_ms; /* since local midnight */
	struct str weekday;   /* local, "Monday" to "Sunday" */
};

/* Of the offset only whole minutes count, because the audit keeps no more. */
struct session_time session_time_of(int64_t wall_us, int32_t utc_offset_s);

/* What the questions of one request share. */
struct entities {
	struct cedar_request *request;
	const struct operation *operation; /* NULL without one */
	cedar_uid user;
	cedar_uid application;
	cedar_uid resource; /* CEDAR_NO_UID without an operation */
	struct cedar_value session;
};

/* Defines the entities in `request`, which was begun; `operation` may be NULL. Memory comes from
 * `arena` and must live as long as the questions. Failures are kept in the request until it is to
 * answer; false when `arena` is spent. */
bool entities_define(struct cedar_request *request, struct arena *arena,
		     const struct identity *identity, const struct session_time *time,
		     const struct operation *operation, struct entities *entities) ATTR_MUST_CHECK;

/* Asks `action`: Connect or Administer on the Application, any other on the Resource, which must
 * then be defined. */
void entities_ask(const struct entities *entities, enum action action);

/* Appends the context of `operation`, or of Connect when it is NULL, as Cedar's JSON, without the
 * attributes time, localTime and weekday. */
void entities_write_context(struct buf *out, const struct identity *identity,
			    const struct operation *operation);

#endif
