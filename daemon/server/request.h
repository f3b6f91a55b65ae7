/*
 * One request in flight: the memory it takes, the policy it began under, and the one reply it gets.
 * A request belongs to the loop thread, except that its audit row is read by the writer while it is
 * on its way to the audit. Requests are used again, so that the steady state takes no memory.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "authz/decide.h"
#include "base/arena.h"
#include "base/map.h"
#include "server/audit_queue.h"
#include "server/repeats.h"
#include "server/session.h"

enum {
	REQUEST_ARENA_FIRST_BYTES = 4000, /* a request with a few groups takes half of it */
	REQUEST_KEEP_BYTES = 64 * 1024,   /* a request that took more gives its memory back */
	REQUEST_FREE_MAX = 256,           /* requests kept for use again */
};

struct request {
	struct map_node node; /* in session->in_flight */
	struct request *next_free;
	struct service *service;
	struct session *session; /* NULL when the reply has left or nobody waits for it */
	bool is_waiting;         /* in session->in_flight */
	uint64_t id;
	struct instant instant; /* when the frame was complete */
	uint64_t started_ns;    /* the same by uv_hrtime(), for measurement only */
	struct arena arena;
	struct arena_mark empty;
	struct repeat *repeat;     /* held; NULL when the question was read for this request */
	struct snapshot *snapshot; /* referenced; NULL when no policy was active */
	struct decision decision;
	struct audit_entry audit;
	struct policy_waiter reload; /* of an admin request */
};

/* A request of `session`, not yet waiting for anything. NULL when there is no memory. */
struct request *request_new(struct session *session);

/* Ends a request, which must not wait any more. */
void request_free(struct request *request);

/* Memory that is kept until the request ends. */
size_t request_held_bytes(const struct request *request);

/* Whether the request was refused memory because it took all that one request may. */
bool request_took_all(const struct request *request);

/* For struct budget. */
void *request_take(void *request, size_t size);

/* The request will be answered later. ERR_EXISTS when its id waits already, ERR_NO_MEMORY. */
enum error request_wait(struct request *request) ATTR_MUST_CHECK;

/* It was answered, or never will be: nothing of it remains with its session. */
void request_detach(struct request *request);

/* Refuses the request, which is then detached. */
void request_refuse(struct request *request, enum refusal_reason reason, const char *detail);

/* The session ends: its requests go on without it, and their replies are dropped. */
void request_orphan_all(struct session *session);

/* Frees the requests that were kept. */
void request_pool_deinit(struct service *service);

#endif
