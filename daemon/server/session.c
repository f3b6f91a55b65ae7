#include "server/session.h"

#include <string.h>

#include "base/mem.h"
#include "platform/process.h"
#include "server/request.h"

/* "The connection is closed", says proto/authz.proto of these. */
static bool ends_connection(enum refusal_reason reason)
{
	switch (reason) {
	case REFUSAL_BAD_REQUEST:
	case REFUSAL_WRONG_CHANNEL:
	case REFUSAL_VERSION:
	case REFUSAL_FRAME_SIZE:
	case REFUSAL_PEER_NOT_ALLOWED: return true;
	case REFUSAL_NONE:
	case REFUSAL_BUSY:
	case REFUSAL_DUPLICATE_ID:
	case REFUSAL_NOT_HELLO:
	case REFUSAL_AUDIT_FAILED:
	case REFUSAL_NO_POLICY:
	case REFUSAL_SHUTTING_DOWN:
	case REFUSAL_DEADLINE:
	case REFUSAL_INTERNAL:
	case REFUSAL_NOT_PERMITTED:
	case REFUSAL_COUNT: break;
	}
	return false;
}

static void log_refusal(struct session *session, const struct session_refusal *refusal)
{
	struct service *service = session->service;

	log_event_limited(service->log, LOG_WARNING, "request.refused", &service->rates.refusals,
			  "%s channel, connection %llu of %s: %s: %s%s%s", session->channel->name,
			  (unsigned long long)session->number, session->peer,
			  refusal_text(refusal->reason), refusal->field,
			  refusal->field[0] != '\0' ? " " : "", refusal->detail);
}

void session_refuse(struct session *session, const struct session_refusal *refusal)
{
	uint8_t *frame;
	size_t length;

	session->service->metrics.refused[refusal->reason]++;
	log_refusal(session, refusal);
	frame = conn_reserve(&session->conn, SESSION_REFUSAL_MAX_BYTES);
	if (frame != NULL) {
		length = session->channel->encode_refusal(session->epoch, refusal, frame,
							  SESSION_REFUSAL_MAX_BYTES);
		conn_sent(&session->conn, length);
	}
	if (ends_connection(refusal->reason))
		conn_finish(&session->conn, CONN_END_REFUSED);
}

void session_greeted(struct session *session)
{
	session->is_greeted = true;
	session->owner->greeted_count++;
	conn_open(&session->conn);
}

static struct session *session_of(struct conn *conn)
{
	return CONTAINER_OF(conn, struct session, conn);
}

static void on_frame(struct conn *conn, const uint8_t *payload, size_t payload_bytes)
{
	struct session *session = session_of(conn);

	session->channel->on_message(session, payload, payload_bytes);
}

static void on_bad_frame(struct conn *conn, uint32_t payload_bytes)
{
	struct session *session = session_of(conn);
	char detail[128];

	session->service->metrics.limited[LIMIT_FRAME_BYTES]++;
	snprintf(detail, sizeof(detail), "a frame of %lu bytes; the limit is %lu, and 0 is none",
		 (unsigned long)payload_bytes, (unsigned long)session->channel->max_payload_bytes);
	session_refuse(session, &(struct session_refusal){0, REFUSAL_FRAME_SIZE, "", detail});
}

static void log_end(const struct session *session, enum conn_end end)
{
	struct service *service = session->service;

	if (end == CONN_END_PEER || end == CONN_END_STOP)
		log_debug(service->log, "conn.closed", "connection %llu: %s",
			  (unsigned long long)session->number, conn_end_text(end));
	else
		log_event_limited(
			service->log, LOG_WARNING, "conn.ended", &service->rates.connections,
			"%s channel, connection %llu of %s: %s", session->channel->name,
			(unsigned long long)session->number, session->peer, conn_end_text(end));
}

void session_add_undelivered(struct service *service, uint64_t decision_id)
{
	char memory[64];
	struct buf detail;

	buf_init_fixed(&detail, memory, sizeof(memory));
	buf_printf(&detail, "{\"decision_id\":%llu}", (unsigned long long)decision_id);
	audit_events_add(service->events, "decision.undelivered", STR(""), buf_str(&detail));
}

/* Forgets the answers that the socket took, which come before those it did not. */
static void forget_written(struct session *session)
{
	uint64_t written_bytes = session->conn.written_bytes;
	size_t count = 0;

	while (count < session->answer_count && session->answers[count].end_bytes <= written_bytes)
		count++;
	if (count == 0)
		return;
	session->answer_count -= count;
	memmove(session->answers, session->answers + count,
		session->answer_count * sizeof(*session->answers));
}

static bool grow_answers(struct session *session)
{
	size_t capacity = session->answer_capacity != 0 ? 2 * session->answer_capacity
							: SESSION_ANSWERS_FIRST;
	struct session_answer *answers = mem_resize(session->answers, capacity, sizeof(*answers));

	if (answers == NULL)
		return false;
	session->answers = answers;
	session->answer_capacity = capacity;
	return true;
}

void session_watch_answer(struct session *session, uint64_t decision_id)
{
	if (session->answer_count == session->answer_capacity) {
		forget_written(session);
		if (session->answer_count >= session->answer_capacity / 2 &&
		    !grow_answers(session)) {
			session_add_undelivered(session->service, decision_id);
			conn_abort(&session->conn, CONN_END_MEMORY);
			return;
		}
	}
	session->answers[session->answer_count++] =
		(struct session_answer){session->conn.sent_bytes, decision_id};
}

/* The peer never got those. */
static void tell_undelivered(struct session *session)
{
	forget_written(session);
	session->service->metrics.undelivered += session->answer_count;
	for (size_t i = 0; i < session->answer_count; i++)
		session_add_undelivered(session->service, session->answers[i].decision_id);
	mem_free(session->answers);
}

static void on_closed(struct conn *conn, enum conn_end end)
{
	struct session *session = session_of(conn);
	struct session_owner *owner = session->owner;

	session->service->metrics.ended[end]++;
	log_end(session, end);
	request_orphan_all(session);
	tell_undelivered(session);
	if (session->previous != NULL)
		session->previous->next = session->next;
	else
		owner->first = session->next;
	if (session->next != NULL)
		session->next->previous = session->previous;
	owner->count--;
	if (session->is_greeted)
		owner->greeted_count--;
	map_deinit(&session->in_flight);
	mem_free((char *)(uintptr_t)session->application.ptr);
	mem_free(session);
	owner->on_gone(owner);
}

enum error session_start(struct session_owner *owner, const struct endpoint_connection *connection,
			 enum role role)
{
	static const struct conn_owner conn_owner = {on_frame, on_bad_frame, on_closed};
	struct session *session = mem_calloc(1, sizeof(*session));
	enum error error = session != NULL ? ERR_NONE : ERR_NO_MEMORY;

	if (error == ERR_NONE)
		error = platform_random(session->epoch, sizeof(session->epoch));
	if (error != ERR_NONE) {
		endpoint_refuse(connection, NULL, 0);
		mem_free(session);
		return error;
	}
	session->service = owner->service;
	session->channel = owner->channel;
	session->owner = owner;
	session->number = ++owner->service->connection_count;
	session->role = role;
	session->report_rate = (struct log_rate)FAILURE_REPORTS_OF_CONNECTION;
	peer_text(&connection->peer, session->peer);
	peer_account(&connection->peer, session->account);
	map_init(&session->in_flight);
	session->next = owner->first;
	if (owner->first != NULL)
		owner->first->previous = session;
	owner->first = session;
	owner->count++;
	conn_start(&session->conn, owner->pool, &conn_owner, &owner->limits,
		   connection->descriptor);
	return ERR_NONE;
}

void session_finish_all(struct session_owner *owner, enum conn_end end)
{
	for (struct session *session = owner->first; session != NULL; session = session->next)
		conn_finish(&session->conn, end);
}

void session_abort_all(struct session_owner *owner, enum conn_end end)
{
	for (struct session *session = owner->first; session != NULL; session = session->next)
		conn_abort(&session->conn, end);
}
