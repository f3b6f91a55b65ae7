#include "unit/proto/samples.h"

#include "base/attributes.h"
#include "support/cmocka.h"

const uint8_t sample_epoch[AUTHZ_ID_BYTES] = {0xe0, 0xff, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
const uint8_t sample_instance[AUTHZ_ID_BYTES] = {0x10, 0x80, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
const uint8_t sample_record_id[AUTHZ_ID_BYTES] = {0xc3, 0x28, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

ProtobufCBinaryData sample_text(const char *text)
{
	return authz_bytes(text, strlen(text));
}

void sample_encode_request(const Wsauthz__Request *request, struct buf *out)
{
	size_t capacity = authz_request_frame_bytes(request), length = 0;
	struct wire_diag diag;
	char *frame = buf_reserve(out, capacity);

	assert_non_null(frame);
	assert_int_equal(authz_request_encode(request, (uint8_t *)frame, capacity, &length, &diag),
			 WIRE_OK);
	buf_grow(out, length);
}

void sample_encode_reply(const Wsauthz__Reply *reply, struct buf *out)
{
	size_t capacity = authz_reply_frame_bytes(reply), length = 0;
	struct wire_diag diag;
	char *frame = buf_reserve(out, capacity);

	assert_non_null(frame);
	assert_int_equal(authz_reply_encode(reply, (uint8_t *)frame, capacity, &length, &diag),
			 WIRE_OK);
	buf_grow(out, length);
}

void sample_request_frame(enum sample_request kind, uint64_t id, struct buf *out)
{
	ProtobufCBinaryData groups[] = {sample_text("S-1-5-32-545"), sample_text("S-1-1-0")};
	ProtobufCBinaryData deny_only[] = {sample_text("S-1-5-32-544")};
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	Wsauthz__Certificate certificate = WSAUTHZ__CERTIFICATE__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__AuthorizeOperation operation = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__QueryQuota quota = WSAUTHZ__QUERY_QUOTA__INIT;
	Wsauthz__ContextReleased released = WSAUTHZ__CONTEXT_RELEASED__INIT;
	Wsauthz__FailureCount counts[2] = {WSAUTHZ__FAILURE_COUNT__INIT,
					   WSAUTHZ__FAILURE_COUNT__INIT};
	Wsauthz__FailureCount *count_list[] = {&counts[0], &counts[1]};
	Wsauthz__FailureReport report = WSAUTHZ__FAILURE_REPORT__INIT;
	Wsauthz__Ping ping = WSAUTHZ__PING__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	token.user_sid = sample_text("S-1-5-21-1004336348-1177238915-682003330-512");
	token.group_sids = groups;
	token.n_group_sids = ARRAY_COUNT(groups);
	token.deny_only_group_sids = deny_only;
	token.n_deny_only_group_sids = ARRAY_COUNT(deny_only);
	token.elevated = 1;
	certificate.subject = sample_text("CN=Ren\xc3\xa9, O=Contoso");
	certificate.issuer_name = sample_text("CN=Contoso CA");
	certificate.issuer_thumbprint = sample_text("A9993E364706816ABA3E25717850C26C9CD0D89D");
	certificate.subject_name = sample_text("rene@contoso.example");
	sender.name = sample_text("CONTOSO\\alice");
	sender.mechanism = sample_text("Kerberos");
	sender.http_url = sample_text("https://host.contoso.example:5986/wsman");
	if (kind == SAMPLE_AUTHORIZE_OPERATION)
		sender.certificate = &certificate;
	else
		sender.token = &token;

	request.id = id;
	switch (kind) {
	case SAMPLE_HELLO:
		hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
		hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
		hello.instance = authz_bytes(sample_instance, sizeof(sample_instance));
		hello.application = sample_text("wsman/Contoso");
		hello.program = sample_text("test");
		hello.program_version = sample_text("1.0");
		hello.host_pid = 4711;
		request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
		request.hello = &hello;
		break;
	case SAMPLE_AUTHORIZE_USER:
		user.sender = &sender;
		request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
		request.authorize_user = &user;
		break;
	case SAMPLE_AUTHORIZE_OPERATION:
		operation.sender = &sender;
		operation.record_id = authz_bytes(sample_record_id, sizeof(sample_record_id));
		operation.action_uri =
			sample_text("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
		operation.resource_uri = sample_text(
			"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service");
		request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
		request.authorize_operation = &operation;
		break;
	case SAMPLE_QUERY_QUOTA:
		quota.sender = &sender;
		quota.record_id = authz_bytes(sample_record_id, sizeof(sample_record_id));
		request.body_case = WSAUTHZ__REQUEST__BODY_QUERY_QUOTA;
		request.query_quota = &quota;
		break;
	case SAMPLE_CONTEXT_RELEASED:
		released.record_id = authz_bytes(sample_record_id, sizeof(sample_record_id));
		request.body_case = WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED;
		request.context_released = &released;
		break;
	case SAMPLE_FAILURE_REPORT:
		counts[0].reason = WSAUTHZ__FAILURE_COUNT__REASON__NO_SERVER;
		counts[0].count = 3;
		counts[1].reason = WSAUTHZ__FAILURE_COUNT__REASON__DEADLINE;
		counts[1].count = 1;
		report.counts = count_list;
		report.n_counts = ARRAY_COUNT(count_list);
		report.from_us = 1767225600000000;
		report.to_us = 1767225660000000;
		request.body_case = WSAUTHZ__REQUEST__BODY_FAILURE_REPORT;
		request.failure_report = &report;
		break;
	case SAMPLE_PING:
	case SAMPLE_REQUEST_COUNT:
		request.body_case = WSAUTHZ__REQUEST__BODY_PING;
		request.ping = &ping;
		break;
	}
	sample_encode_request(&request, out);
}

static void set_verdict(Wsauthz__Decision *decision, uint32_t verdict)
{
	decision->verdict = verdict;
	decision->verdict_twin = ~verdict;
	decision->code = verdict_code(verdict);
	decision->policy_revision = 7;
	decision->decision_id = 1234567;
	decision->source = WSAUTHZ__DECISION__SOURCE__POLICY;
}

void sample_reply_frame(enum sample_reply kind, uint64_t id, struct buf *out)
{
	ProtobufCBinaryData reasons[] = {sample_text("helpdesk"), sample_text("policy 12")};
	Wsauthz__HelloReply hello = WSAUTHZ__HELLO_REPLY__INIT;
	Wsauthz__Decision decision = WSAUTHZ__DECISION__INIT;
	Wsauthz__Quota quota = WSAUTHZ__QUOTA__INIT;
	Wsauthz__QuotaReply quota_reply = WSAUTHZ__QUOTA_REPLY__INIT;
	Wsauthz__Pong pong = WSAUTHZ__PONG__INIT;
	Wsauthz__Refusal refusal = WSAUTHZ__REFUSAL__INIT;
	Wsauthz__Reply reply = WSAUTHZ__REPLY__INIT;

	reply.id = id;
	reply.epoch = authz_bytes(sample_epoch, sizeof(sample_epoch));
	reply.body_case = WSAUTHZ__REPLY__BODY_DECISION;
	reply.decision = &decision;
	switch (kind) {
	case SAMPLE_HELLO_REPLY:
		hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
		hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
		hello.server_version = sample_text("1.0.0");
		hello.max_frame_bytes = FRAME_AUTHZ_MAX_BYTES;
		hello.max_in_flight = 256;
		hello.policy_revision = 7;
		reply.body_case = WSAUTHZ__REPLY__BODY_HELLO;
		reply.hello = &hello;
		break;
	case SAMPLE_ALLOW:
		set_verdict(&decision, VERDICT_ALLOW);
		decision.record_id = authz_bytes(sample_record_id, sizeof(sample_record_id));
		decision.administrator = 1;
		decision.reasons = reasons;
		decision.n_reasons = ARRAY_COUNT(reasons);
		decision.reason_count = ARRAY_COUNT(reasons);
		break;
	case SAMPLE_DENY:
		set_verdict(&decision, VERDICT_DENY);
		decision.extended_information = sample_text("Ask the help desk, number 1234567.");
		break;
	case SAMPLE_REDIRECT:
		set_verdict(&decision, VERDICT_REDIRECT);
		decision.extended_information = sample_text("https://other.contoso.example/wsman");
		break;
	case SAMPLE_QUOTA:
		quota.max_concurrent_shells = 2;
		quota.max_concurrent_operations = 5;
		quota.timeslot_s = 60;
		quota.max_operations_per_timeslot = UINT32_MAX;
		quota_reply.quota = &quota;
		reply.body_case = WSAUTHZ__REPLY__BODY_QUOTA;
		reply.quota = &quota_reply;
		break;
	case SAMPLE_NO_QUOTA:
		reply.body_case = WSAUTHZ__REPLY__BODY_QUOTA;
		reply.quota = &quota_reply;
		break;
	case SAMPLE_PONG:
		reply.body_case = WSAUTHZ__REPLY__BODY_PONG;
		reply.pong = &pong;
		break;
	case SAMPLE_REFUSAL:
	case SAMPLE_REPLY_COUNT:
		refusal.reason = WSAUTHZ__REFUSAL__REASON__BUSY;
		refusal.detail = sample_text("256 requests are in flight");
		reply.body_case = WSAUTHZ__REPLY__BODY_REFUSAL;
		reply.refusal = &refusal;
		break;
	}
	sample_encode_reply(&reply, out);
}

struct str sample_payload(const struct buf *frame)
{
	struct frame found;

	assert_int_equal(frame_find((const uint8_t *)frame->data, frame->length,
				    FRAME_ADMIN_MAX_BYTES, &found),
			 FRAME_COMPLETE);
	assert_int_equal(found.needed_bytes, frame->length);
	return str_make((const char *)found.payload, found.payload_bytes);
}
