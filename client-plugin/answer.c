#include "client-plugin/answer.h"

#include <string.h>

/* Reasons go over the wire by number. */
#define SAME(ours, theirs)                                                                         \
	_Static_assert((int)CLIENT_##ours == (int)WSAUTHZ__FAILURE_COUNT__REASON__##theirs,        \
		       "numbered differently in proto/authz.proto")
SAME(OK, UNSPECIFIED);
SAME(NO_SERVER, NO_SERVER);
SAME(WRONG_OWNER, WRONG_OWNER);
SAME(CONNECT_TIMEOUT, CONNECT_TIMEOUT);
SAME(DEADLINE, DEADLINE);
SAME(DISCONNECTED, DISCONNECTED);
SAME(MALFORMED, MALFORMED);
SAME(BAD_VERDICT, BAD_VERDICT);
SAME(STALE_REPLY, STALE_REPLY);
SAME(VERSION, VERSION);
SAME(REFUSED_BUSY, REFUSED_BUSY);
SAME(REFUSED_NO_POLICY, REFUSED_NO_POLICY);
SAME(REFUSED_AUDIT, REFUSED_AUDIT);
SAME(REFUSED_PEER, REFUSED_PEER);
SAME(REFUSED_OTHER, REFUSED_OTHER);
SAME(QUEUE_FULL, QUEUE_FULL);
SAME(NO_MEMORY, NO_MEMORY);
SAME(TOO_LARGE, TOO_LARGE);
SAME(SENDER, SENDER);
SAME(CLOSED, CLOSED);
_Static_assert((int)CLIENT_INFORMATION_BYTES == (int)AUTHZ_INFORMATION_BYTES, "texts differ");
_Static_assert((int)CLIENT_RECORD_ID_BYTES == (int)AUTHZ_ID_BYTES, "record ids differ in length");

struct client_answer answer_deny(enum client_reason reason)
{
	return (struct client_answer){
		.verdict = CLIENT_DENY,
		.reason = reason,
		.code = VERDICT_CODE_DENY,
		.information = "",
	};
}

enum client_reason answer_refusal_reason(Wsauthz__Refusal__Reason reason)
{
	switch ((int)reason) {
	case WSAUTHZ__REFUSAL__REASON__BUSY: return CLIENT_REFUSED_BUSY;
	case WSAUTHZ__REFUSAL__REASON__NO_POLICY: return CLIENT_REFUSED_NO_POLICY;
	case WSAUTHZ__REFUSAL__REASON__AUDIT_FAILED: return CLIENT_REFUSED_AUDIT;
	case WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED: return CLIENT_REFUSED_PEER;
	case WSAUTHZ__REFUSAL__REASON__VERSION: return CLIENT_VERSION;
	case WSAUTHZ__REFUSAL__REASON__DEADLINE: return CLIENT_DEADLINE;
	default: return CLIENT_REFUSED_OTHER;
	}
}

static struct client_answer read_decision(enum pending_kind kind, const Wsauthz__Decision *decision,
					  char text[AUTHZ_INFORMATION_BYTES + 1])
{
	uint32_t verdict = verdict_check(decision->verdict, decision->verdict_twin, decision->code);
	struct client_answer answer = answer_deny(CLIENT_OK);

	/* A quota is granted by a QuotaReply only, and a redirect must say where to. */
	if (verdict == 0 || (kind == PENDING_QUOTA && verdict != VERDICT_DENY) ||
	    (verdict == VERDICT_REDIRECT && decision->extended_information.len == 0))
		return answer_deny(CLIENT_BAD_VERDICT);
	if (verdict == VERDICT_ALLOW) {
		answer.verdict = CLIENT_ALLOW;
		answer.administrator = decision->administrator != 0;
	} else if (verdict == VERDICT_REDIRECT) {
		answer.verdict = CLIENT_REDIRECT;
	}
	answer.code = decision->code;
	if (decision->extended_information.len != 0)
		memcpy(text, decision->extended_information.data,
		       decision->extended_information.len);
	text[decision->extended_information.len] = '\0';
	answer.information = text;
	if (decision->record_id.len == AUTHZ_ID_BYTES) {
		answer.has_record = true;
		memcpy(answer.record_id, decision->record_id.data, AUTHZ_ID_BYTES);
	}
	answer.policy_revision = decision->policy_revision;
	answer.decision_id = decision->decision_id;
	return answer;
}

static struct client_answer read_quota(const Wsauthz__QuotaReply *reply)
{
	struct client_answer answer = answer_deny(CLIENT_OK);

	answer.verdict = CLIENT_ALLOW;
	answer.code = VERDICT_CODE_ALLOW;
	if (reply->quota != NULL) {
		answer.has_quota = true;
		answer.quota = (struct client_quota){
			.max_concurrent_shells = reply->quota->max_concurrent_shells,
			.max_concurrent_operations = reply->quota->max_concurrent_operations,
			.timeslot_s = reply->quota->timeslot_s,
			.max_operations_per_timeslot = reply->quota->max_operations_per_timeslot,
		};
	}
	return answer;
}

struct client_answer answer_read(enum pending_kind kind, const Wsauthz__Reply *reply,
				 char text[AUTHZ_INFORMATION_BYTES + 1])
{
	bool asks_decision =
		kind == PENDING_USER || kind == PENDING_OPERATION || kind == PENDING_QUOTA;

	if (reply->body_case == WSAUTHZ__REPLY__BODY_DECISION && asks_decision)
		return read_decision(kind, reply->decision, text);
	if (reply->body_case == WSAUTHZ__REPLY__BODY_QUOTA && kind == PENDING_QUOTA)
		return read_quota(reply->quota);
	if (reply->body_case == WSAUTHZ__REPLY__BODY_PONG && kind == PENDING_PING)
		return answer_deny(CLIENT_OK);
	if (reply->body_case == WSAUTHZ__REPLY__BODY_REFUSAL)
		return answer_deny(answer_refusal_reason(reply->refusal->reason));
	return answer_deny(CLIENT_MALFORMED);
}
