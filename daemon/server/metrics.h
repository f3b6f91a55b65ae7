/* What the daemon counts since it started. Loop thread. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stdint.h>

#include "server/conn.h"
#include "server/histogram.h"

/* Why the daemon did not decide; the numbers are those of Refusal.Reason in proto/authz.proto. */
#define REFUSAL_LIST(X)                                                                            \
	X(NONE, "none")                                                                            \
	X(BUSY, "busy")                                                                            \
	X(BAD_REQUEST, "bad request")                                                              \
	X(DUPLICATE_ID, "duplicate id")                                                            \
	X(WRONG_CHANNEL, "wrong channel")                                                          \
	X(VERSION, "version")                                                                      \
	X(NOT_HELLO, "not hello")                                                                  \
	X(FRAME_SIZE, "frame size")                                                                \
	X(AUDIT_FAILED, "audit failed")                                                            \
	X(NO_POLICY, "no policy")                                                                  \
	X(PEER_NOT_ALLOWED, "peer not allowed")                                                    \
	X(SHUTTING_DOWN, "shutting down")                                                          \
	X(DEADLINE, "deadline")                                                                    \
	X(INTERNAL, "internal")                                                                    \
	X(NOT_PERMITTED, "not permitted")

enum refusal_reason {
#define X(name, text) REFUSAL_##name,
	REFUSAL_LIST(X)
#undef X
		REFUSAL_COUNT
};

/* A static text; any value. */
const char *refusal_text(enum refusal_reason refusal);

/* Limits whose excess is refused or dropped, beside those that a decision names as its source. */
#define LIMIT_LIST(X)                                                                              \
	X(CONNECTIONS, "connections") /* of a channel */                                           \
	X(IN_FLIGHT, "in_flight")     /* requests of a connection */                               \
	X(AUDIT_QUEUE, "audit_queue") /* rows that wait for the disk */                            \
	X(FRAME_BYTES, "frame_bytes")                                                              \
	X(RATE, "rate")               /* of a principal */                                         \
	X(REQUEST, "request_memory")  /* of one request */                                         \
	X(MEMORY, "memory")           /* of all clients */                                         \
	X(DESCRIPTORS, "descriptors") /* of the process, or its memory */

enum limit {
#define X(name, text) LIMIT_##name,
	LIMIT_LIST(X)
#undef X
		LIMIT_COUNT
};

/* "connections", ...: a static text; any value. */
const char *limit_text(enum limit limit);

enum { METRICS_SOURCE_COUNT = 16, METRICS_FAILURE_COUNT = 32 };

struct metrics {
	/* Answers that left, by what they rest on (enum decision_source). */
	uint64_t allowed[METRICS_SOURCE_COUNT];
	uint64_t denied[METRICS_SOURCE_COUNT];
	uint64_t redirected[METRICS_SOURCE_COUNT];
	uint64_t refused[REFUSAL_COUNT];
	uint64_t limited[LIMIT_COUNT];
	/* Answers whose asker had gone. */
	uint64_t undelivered;
	/* Requests whose question was remembered from before (server/repeats.h). */
	uint64_t repeated;

	uint64_t accepted; /* connections, of both channels */
	uint64_t ended[CONN_END_COUNT];

	/* What clients answered by themselves, by FailureCount.Reason. */
	uint64_t reported[METRICS_FAILURE_COUNT];
	uint64_t held_reports; /* that became no event of their own */

	uint64_t reloads, failed_reloads;

	/* Of requests that were decided and recorded: from the whole frame to the decoded question,
	 * to the decision, to its durable row (in relaxed durability also counted behind the answer),
	 * and from the frame to the answer. */
	struct histogram decoding, deciding, recording, answering;
};

/* The sum over an array of counters. */
uint64_t metrics_sum(const uint64_t *counters, size_t count);

#endif
