/*
 * A peer's conversation over one connection: who it is, what it said in its Hello, and which of its
 * requests wait for their reply. The same for both channels; what differs is in session_channel.
 * Loop thread.
 */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "platform/endpoint.h"
#include "platform/peer.h"
#include "server/conn.h"
#include "server/metrics.h"
#include "server/role.h"
#include "server/service.h"

enum { SESSION_EPOCH_BYTES = 16, SESSION_REFUSAL_MAX_BYTES = 1024 };
enum { SESSION_ANSWERS_FIRST = 64 /* room for answers that are watched, at first */ };

struct session;

/* What a refusal says. */
struct session_refusal {
	uint64_t id; /* of the request; 0 when it could not be read */
	enum refusal_reason reason;
	const char *field;  /* of a bad request, else "" */
	const char *detail; /* one sentence */
};

/* A channel: the authorize channel or the admin channel. */
struct session_channel {
	const char *name; /* for messages */
	bool is_for_administrators;
	uint32_t max_payload_bytes;
	void (*on_message)(struct session *session, const uint8_t *payload, size_t payload_bytes);
	/* Writes a refusal as a frame and returns its length, 0 when it cannot be written. */
	size_t (*encode_refusal)(const uint8_t epoch[SESSION_EPOCH_BYTES],
				 const struct session_refusal *refusal, uint8_t *frame,
				 size_t capacity_bytes);
};

/* Where sessions live: what they share, how many they are, and who is told of their end. */
struct session_owner {
	struct service *service;
	const struct session_channel *channel;
	struct conn_pool *pool;
	struct conn_limits limits;
	struct session *first;
	uint32_t count;
	uint32_t greeted_count; /* that said Hello */
	/* A session is gone. */
	void (*on_gone)(struct session_owner *owner);
};

/* The answer to a decision, on its way to the socket. */
struct session_answer {
	uint64_t end_bytes; /* of the connection's output, behind it */
	uint64_t decision_id;
};

struct session {
	struct conn conn;
	struct service *service;
	const struct session_channel *channel;
	struct session_owner *owner;
	struct session *previous, *next;
	uint64_t number;
	uint8_t epoch[SESSION_EPOCH_BYTES];
	char peer[PEER_TEXT_MAX]; /* who it is, for messages */
	enum role role;
	char account[PEER_TEXT_MAX]; /* as the audit keeps it */
	bool is_greeted;
	struct str application;      /* of the Hello; owned */
	uint64_t host_pid;           /* of the Hello; a label */
	struct map in_flight;        /* requests that wait for their reply, by id */
	struct log_rate report_rate; /* of events about its client's failures */
	struct session_answer *answers;
	size_t answer_count, answer_capacity;
};

/* Begins a session of a peer with this role on a connection, whose descriptor is taken over also on
 * failure. ERR_NO_MEMORY, ERR_IO (no random numbers). */
enum error session_start(struct session_owner *owner, const struct endpoint_connection *connection,
			 enum role role) ATTR_MUST_CHECK;

/* The peer said Hello. */
void session_greeted(struct session *session);

/* Answers that nothing was decided, counts it and, where the contract says so, ends the
 * connection. */
void session_refuse(struct session *session, const struct session_refusal *refusal);

/* The answer to this decision was just sent. Should the connection end before the socket took all of
 * it, an event of the audit says that it was not delivered; without memory to watch it that is so at
 * once. */
void session_watch_answer(struct session *session, uint64_t decision_id);

/* Adds that event. */
void session_add_undelivered(struct service *service, uint64_t decision_id);

/* Ends all sessions: finishing ones answer what is in flight. */
void session_finish_all(struct session_owner *owner, enum conn_end end);
void session_abort_all(struct session_owner *owner, enum conn_end end);

#endif
