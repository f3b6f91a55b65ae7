/*
 * A request in Cedar's words: the User with its groups, the Resource with its prefixes, the
 * Application, and the context of schema/wsauthz.cedarschema.
 */
#ifndef AUTHZ_ENTITIES_H
#define AUTHZ_ENTITIES_H

#include "authz/identity.h"
#include "authz/operation.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cedar/cedar.h"

/* The instant of a request as policies see it. */
struct session_time {
	int64_t utc_ms;       /* since 1970-01-01 */
	int64_t local_day_ms; /* since local midnight */
	struct str weekday;   /* local: "Monday" to "Sunday" */
};

struct session_time session_time_of(int64_t wall_us, int32_t utc_offset_s);

/* The uids of one question. */
struct entities {
	cedar_uid principal;
	cedar_uid application;
	cedar_uid resource; /* CEDAR_NO_UID unless there is an operation */
	struct cedar_value session;
};

/* Defines User and Application in `request`, which was begun. Failures are sticky in it. */
void entities_define_user(struct cedar_request *request, const struct identity *identity,
			  const struct session_time *time, struct arena *arena,
			  struct entities *entities);

/* Defines the Resource and its prefixes. */
void entities_define_operation(struct cedar_request *request, const struct operation *operation,
			       struct arena *arena, struct entities *entities);

/* Asks Connect or Administer on the Application, or the operation on its Resource. */
void entities_ask_application(struct cedar_request *request, const struct entities *entities,
			      enum action action);
void entities_ask_operation(struct cedar_request *request, const struct entities *entities,
			    const struct operation *operation);

/* The context of `operation`, or of Connect when it is NULL, as Cedar's JSON, without time,
 * localTime and weekday. ptr is NULL when memory is spent. */
struct str entities_context_json(struct arena *arena, const struct identity *identity,
				 const struct operation *operation) ATTR_MUST_CHECK;

#endif
