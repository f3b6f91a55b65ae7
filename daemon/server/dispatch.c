#include "server/dispatch.h"

#include <string.h>

#include "base/mem.h"
#include "proto/prescan.h"
#include "server/authorize.h"
#include "server/question.h"
#include "server/reply.h"
#include "server/request.h"

static enum refusal_reason refusal_of_wire(enum wire_error error)
{
	switch (error) {
	case WIRE_WRONG_CHANNEL: return REFUSAL_WRONG_CHANNEL;
	case WIRE_FRAME_SIZE: return REFUSAL_FRAME_SIZE;
	case WIRE_NO_MEMORY: return REFUSAL_INTERNAL;
	default: return REFUSAL_BAD_REQUEST;
	}
}

void dispatch_refuse_malformed(struct session *session, const struct wire_diag *diag)
{
	session_refuse(session,
		       &(struct session_refusal){diag->id, refusal_of_wire(diag->error), diag->path,
						 wire_error_text(diag->error)});
}

bool dispatch_agree_version(struct session *session, uint64_t id, uint32_t major,
			    uint32_t peer_minor, uint32_t *minor)
{
	uint32_t own = AUTHZ_PROTOCOL_MINOR;

	if (major != AUTHZ_PROTOCOL_MAJOR) {
		char detail[96];

		snprintf(detail, sizeof(detail), "protocol %lu is not spoken here; %d is",
			 (unsigned long)major, AUTHZ_PROTOCOL_MAJOR);
		session_refuse(session, &(struct session_refusal){id, REFUSAL_VERSION, "", detail});
		return false;
	}
	*minor = peer_minor < own ? peer_minor : own;
	return true;
}

bool dispatch_admit(struct request *request, unsigned flags)
{
	struct session *session = request->session;
	const struct conn *conn = &session->conn;
	enum error error;

	if (session->is_greeted != ((flags & DISPATCH_HELLO) == 0)) {
		request_refuse(request, REFUSAL_NOT_HELLO,
			       session->is_greeted ? "Hello was said before"
						   : "the first request must be Hello");
		return false;
	}
	if ((flags & DISPATCH_LATER) == 0)
		return true;
	if (conn->in_flight >= conn->limits->max_in_flight) {
		session->service->metrics.limited[LIMIT_IN_FLIGHT]++;
		request_refuse(request, REFUSAL_BUSY, "too many requests are in flight");
		return false;
	}
	error = request_wait(request);
	if (error == ERR_NONE)
		return true;
	request_refuse(request, error == ERR_EXISTS ? REFUSAL_DUPLICATE_ID : REFUSAL_INTERNAL,
		       error == ERR_EXISTS ? "the id is in use" : error_text(error));
	return false;
}

/* Handlers take over the request. */

static void log_hello(struct session *session, const Wsauthz__Hello *hello)
{
	struct service *service = session->service;
	struct str program = question_text(hello->program);
	struct str version = question_text(hello->program_version);

	log_event_limited(service->log, LOG_INFO, "conn.hello", &service->rates.connections,
			  "connection %llu of %s: %.*s asks by %.*s%s%.*s",
			  (unsigned long long)session->number, session->peer,
			  STR_ARGS(session->application),
			  STR_ARGS(program.length != 0 ? program : STR("a program without a name")),
			  version.length != 0 ? " " : "", STR_ARGS(version));
}

static void handle_hello(struct request *request, const Wsauthz__Request *message)
{
	struct session *session = request->session;
	struct str application = question_text(message->hello->application);
	uint32_t minor;
	char *copy;

	if (dispatch_agree_version(session, request->id, message->hello->protocol_major,
				   message->hello->protocol_minor, &minor)) {
		copy = mem_copy_text(application.ptr, application.length);
		if (copy != NULL) {
			session->application = str_make(copy, application.length);
			session->host_pid = message->hello->host_pid;
			log_hello(session, message->hello);
			session_greeted(session);
			reply_hello(session, request->id, minor);
		} else {
			request_refuse(request, REFUSAL_INTERNAL, error_text(ERR_NO_MEMORY));
		}
	}
	request_free(request);
}

/* What the message asks, in the request's arena; NULL when memory is spent. */
static struct question *read_question(struct request *request, const Wsauthz__Request *message)
{
	struct question *question = arena_alloc(&request->arena, sizeof(*question));
	/* The session may be gone before the audit row is written. */
	struct str application = arena_copy(&request->arena, request->session->application);

	if (question == NULL || application.ptr == NULL ||
	    !question_of(&request->arena, application, message, question))
		return NULL;
	return question;
}

static void ask(struct request *request, struct question *question)
{
	if (question != NULL) {
		question->instant = request->instant;
		authorize_start(request, question);
		return;
	}
	request_refuse(request, REFUSAL_INTERNAL, error_text(ERR_NO_MEMORY));
	request_free(request);
}

static void handle_question(struct request *request, const Wsauthz__Request *message)
{
	ask(request, read_question(request, message));
}

static void handle_context_released(struct request *request, const Wsauthz__Request *message)
{
	struct service *service = request->service;
	struct record_id id;

	memcpy(id.bytes, message->context_released->record_id.data, sizeof(id.bytes));
	records_release(service->records, id);
	record_keeper_notice(service->keeper);
	request_free(request);
}

static void handle_failure_report(struct request *request, const Wsauthz__Request *message)
{
	struct session *session = request->session;
	struct failure_reporter reporter = {
		.connection = session->number,
		.application = session->application,
		.account = str_from(session->account),
		.rate = &session->report_rate,
	};

	failure_reports_add(&request->service->reports, &reporter, message->failure_report);
	reply_pong(session, request->id);
	request_free(request);
}

static void handle_ping(struct request *request, const Wsauthz__Request *message)
{
	(void)message;
	reply_pong(request->session, request->id);
	request_free(request);
}

struct rule {
	Wsauthz__Request__BodyCase body;
	unsigned flags;
	void (*handle)(struct request *request, const Wsauthz__Request *message);
};

static const struct rule rules[] = {
	{WSAUTHZ__REQUEST__BODY_HELLO, DISPATCH_HELLO, handle_hello},
	{WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER, DISPATCH_LATER, handle_question},
	{WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION, DISPATCH_LATER, handle_question},
	{WSAUTHZ__REQUEST__BODY_QUERY_QUOTA, DISPATCH_LATER, handle_question},
	{WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED, 0, handle_context_released},
	{WSAUTHZ__REQUEST__BODY_FAILURE_REPORT, 0, handle_failure_report},
	{WSAUTHZ__REQUEST__BODY_PING, 0, handle_ping},
};

static void handle(struct request *request, const Wsauthz__Request *message)
{
	request->id = message->id;
	for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
		if (rules[i].body != message->body_case)
			continue;
		if (dispatch_admit(request, rules[i].flags))
			rules[i].handle(request, message);
		else
			request_free(request);
		return;
	}
	/* The scan lets nothing through that is not in the table. */
	request_refuse(request, REFUSAL_INTERNAL, "the message is not known");
	request_free(request);
}

/* Asks what was asked before in the same bytes; false when the message has to be read. */
static bool ask_again(struct request *request, const uint8_t *payload, size_t payload_bytes)
{
	struct session *session = request->session;
	struct service *service = request->service;
	struct str text = str_make((const char *)payload, payload_bytes);
	struct question *question;

	if (!session->is_greeted)
		return false;
	request->repeat = repeats_find(service->repeats, policy_snapshot(service->policy),
				       session->application, text, &service->scratch);
	if (request->repeat == NULL)
		return false;
	service->metrics.repeated++;
	request->id = prescan_id(payload, payload_bytes);
	if (!dispatch_admit(request, DISPATCH_LATER)) {
		request_free(request);
		return true;
	}
	question = arena_alloc(&request->arena, sizeof(*question));
	if (question != NULL)
		*question = *repeat_question(request->repeat);
	ask(request, question);
	return true;
}

static void on_message(struct session *session, const uint8_t *payload, size_t payload_bytes)
{
	struct request *request = request_new(session);
	Wsauthz__Request *message = NULL;
	struct wire_diag diag;
	struct budget budget;

	if (request == NULL) {
		session_refuse(session, &(struct session_refusal){0, REFUSAL_INTERNAL, "",
								  error_text(ERR_NO_MEMORY)});
		return;
	}
	if (ask_again(request, payload, payload_bytes))
		return;
	budget_init(&budget, BUDGET_AUTHZ_BYTES, request_take, request);
	if (authz_request_decode(payload, payload_bytes, &budget, &message, &diag) == WIRE_OK) {
		handle(request, message);
	} else {
		request_free(request);
		dispatch_refuse_malformed(session, &diag);
	}
}

const struct session_channel dispatch_authorize_channel = {
	.name = "authorize",
	.max_payload_bytes = FRAME_AUTHZ_MAX_BYTES,
	.on_message = on_message,
	.encode_refusal = reply_encode_refusal,
};
