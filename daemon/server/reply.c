#include "server/reply.h"

#include <string.h>

#include "server/version.h"

static ProtobufCBinaryData text_bytes(struct str text)
{
	return authz_bytes(text.ptr, text.length);
}

/* The sources that have no number on the wire are denials that no policy made. */
static Wsauthz__Decision__Source wire_source(enum decision_source source)
{
	switch (source) {
	case DECISION_FROM_POLICY: return WSAUTHZ__DECISION__SOURCE__POLICY;
	case DECISION_FROM_RECORD: return WSAUTHZ__DECISION__SOURCE__RECORD;
	case DECISION_FROM_BLOCK: return WSAUTHZ__DECISION__SOURCE__BLOCK;
	case DECISION_FROM_REVOKED: return WSAUTHZ__DECISION__SOURCE__REVOKED;
	case DECISION_FROM_BREAK_GLASS: return WSAUTHZ__DECISION__SOURCE__BREAK_GLASS;
	case DECISION_FROM_POLICY_ERROR:
	case DECISION_FROM_LIMIT: return WSAUTHZ__DECISION__SOURCE__POLICY_ERROR;
	case DECISION_FROM_NONE:
	case DECISION_FROM_DEFAULT:
	case DECISION_FROM_NO_POLICY:
	case DECISION_FROM_MALFORMED:
	case DECISION_FROM_RESOURCES:
	case DECISION_FROM_INTERNAL: break;
	}
	return WSAUTHZ__DECISION__SOURCE__DEFAULT;
}

static uint32_t wire_verdict(enum decision_verdict verdict)
{
	switch (verdict) {
	case DECISION_ALLOW: return VERDICT_ALLOW;
	case DECISION_REDIRECT: return VERDICT_REDIRECT;
	case DECISION_DENY: break;
	}
	return VERDICT_DENY;
}

void reply_fill_decision(const struct decision *decision, uint64_t decision_id,
			 struct reply_parts *parts, Wsauthz__Decision *message)
{
	size_t count = decision->reason_count;

	if (count > AUTHZ_REASONS_MAX)
		count = AUTHZ_REASONS_MAX;
	for (size_t i = 0; i < count; i++)
		parts->reasons[i] = text_bytes(decision->reasons[i]);
	wsauthz__decision__init(message);
	message->verdict = wire_verdict(decision->verdict);
	message->verdict_twin = ~message->verdict;
	message->code = verdict_code(message->verdict);
	message->extended_information = text_bytes(decision->extended_information);
	message->administrator = message->verdict == VERDICT_ALLOW && decision->administrator;
	if (!record_id_is_none(decision->record_id))
		message->record_id =
			authz_bytes(decision->record_id.bytes, sizeof(decision->record_id.bytes));
	message->policy_revision = decision->revision;
	message->decision_id = decision_id;
	message->source = wire_source(decision->source);
	message->n_reasons = count;
	message->reasons = parts->reasons;
	message->reason_count = (uint32_t)decision->reason_count;
}

void reply_fill_quota(const struct quota *quota, Wsauthz__Quota *message)
{
	wsauthz__quota__init(message);
	message->max_concurrent_shells = quota->max_shells;
	message->max_concurrent_operations = quota->max_operations;
	message->timeslot_s = quota->timeslot_s;
	message->max_operations_per_timeslot = quota->max_operations_per_timeslot;
}

/* False when it cannot leave. */
static bool send_reply(struct session *session, uint64_t id, Wsauthz__Reply *reply)
{
	struct wire_diag diag;
	uint8_t *frame;
	size_t capacity, length = 0;

	reply->id = id;
	reply->epoch = authz_bytes(session->epoch, sizeof(session->epoch));
	capacity = authz_reply_frame_bytes(reply);
	frame = conn_reserve(&session->conn, capacity);
	if (frame == NULL) {
		session->service->metrics.undelivered++;
		return false;
	}
	if (authz_reply_encode(reply, frame, capacity, &length, &diag) == WIRE_OK) {
		conn_sent(&session->conn, length);
		return true;
	}
	log_error(session->service->log, "reply.not_encoded", "request %llu: %s %s",
		  (unsigned long long)id, diag.path, wire_error_text(diag.error));
	session->service->metrics.undelivered++;
	conn_abort(&session->conn, CONN_END_IO);
	return false;
}

void reply_hello(struct session *session, uint64_t id, uint32_t minor)
{
	const struct snapshot *snapshot = policy_snapshot(session->service->policy);
	Wsauthz__HelloReply hello = WSAUTHZ__HELLO_REPLY__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = minor;
	hello.server_version = authz_bytes(server_version(), strlen(server_version()));
	hello.max_frame_bytes = session->channel->max_payload_bytes;
	hello.max_in_flight = session->conn.limits->max_in_flight;
	hello.policy_revision = snapshot != NULL ? snapshot_revision(snapshot) : 0;
	reply.body_case = WSAUTHZ__REPLY__BODY_HELLO;
	reply.hello = &hello;
	(void)send_reply(session, id, &reply);
}

void reply_pong(struct session *session, uint64_t id)
{
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;
	Wsauthz__Pong pong = WSAUTHZ__PONG__INIT;

	reply.body_case = WSAUTHZ__REPLY__BODY_PONG;
	reply.pong = &pong;
	(void)send_reply(session, id, &reply);
}

bool reply_decision(struct session *session, uint64_t id, const struct decision *decision,
		    uint64_t decision_id)
{
	Wsauthz__QuotaReply quota = WSAUTHZ__QUOTA_REPLY__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;
	Wsauthz__Decision message;
	struct reply_parts parts;

	if (decision->question->kind == QUESTION_QUOTA && decision->verdict == DECISION_ALLOW) {
		if (decision->has_quota) {
			reply_fill_quota(&decision->quota, &parts.quota);
			quota.quota = &parts.quota;
		}
		reply.body_case = WSAUTHZ__REPLY__BODY_QUOTA;
		reply.quota = &quota;
	} else {
		reply_fill_decision(decision, decision_id, &parts, &message);
		reply.body_case = WSAUTHZ__REPLY__BODY_DECISION;
		reply.decision = &message;
	}
	return send_reply(session, id, &reply);
}

size_t reply_encode_refusal(const uint8_t epoch[SESSION_EPOCH_BYTES],
			    const struct session_refusal *refusal, uint8_t *frame,
			    size_t capacity_bytes)
{
	Wsauthz__Refusal message = WSAUTHZ__REFUSAL__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;
	size_t length = 0;

	message.reason = (Wsauthz__Refusal__Reason)refusal->reason;
	message.detail = authz_bytes(refusal->detail, strlen(refusal->detail));
	message.field = authz_bytes(refusal->field, strlen(refusal->field));
	reply.id = refusal->id;
	reply.epoch = authz_bytes(epoch, SESSION_EPOCH_BYTES);
	reply.body_case = WSAUTHZ__REPLY__BODY_REFUSAL;
	reply.refusal = &message;
	return authz_reply_encode(&reply, frame, capacity_bytes, &length, NULL) == WIRE_OK ? length
											   : 0;
}
