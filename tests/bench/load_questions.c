#include "bench/load_questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/authz.h"

enum { GROUP_COUNT = 4 };

/* Nine bytes as a varint whatever the number added, so that a request is stamped in place. */
#define ID_BASE (UINT64_C(1) << 56)

const char load_questions_policy[LOAD_POLICY_BYTES] =
	"@id(\"operators-connect\") @idle_timeout(\"15m\") @max_shells(\"5\")\n"
	"permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-1101\",\n"
	"       action == WinRM::Action::\"Connect\", resource);\n"
	"@id(\"operators-read\")\n"
	"permit(principal in WinRM::Group::\"S-1-5-21-1-2-3-1101\",\n"
	"       action in WinRM::Action::\"Read\", resource);\n"
	"@id(\"no-basic\")\n"
	"forbid(principal, action, resource)\n"
	"when { context.session.mechanism == \"basic\" };\n";

static ProtobufCBinaryData text(const char *s)
{
	return authz_bytes(s, strlen(s));
}

static size_t encode(const Wsauthz__Request *request, unsigned char *frame, size_t capacity)
{
	struct wire_diag diag = {0};
	size_t length = 0;

	if (authz_request_encode(request, frame, capacity, &length, &diag) != WIRE_OK) {
		fprintf(stderr, "bench: the request does not encode\n");
		exit(1);
	}
	return length;
}

static size_t make_hello(unsigned char *frame)
{
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.instance = authz_bytes("0123456789abcdef", AUTHZ_ID_BYTES);
	hello.application = text("wsman/Bench");
	hello.program = text("wsauthz-bench");
	request.id = 1;
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	return encode(&request, frame, LOAD_HELLO_MAX);
}

/* An operation of about 450 bytes by a user of its own on each connection. */
static size_t make_request(size_t index, unsigned char *frame)
{
	static const char *const groups[GROUP_COUNT] = {
		"S-1-5-21-1-2-3-1101", "S-1-5-21-3623811015-3361044348-30300820-513",
		"S-1-5-32-545", "S-1-5-11"};
	char name[32], sid[64];
	ProtobufCBinaryData group_sids[GROUP_COUNT];
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__AuthorizeOperation operation = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	snprintf(name, sizeof(name), "CONTOSO\\user%04zu", index);
	snprintf(sid, sizeof(sid), "S-1-5-21-3623811015-3361044348-30300820-%zu", 2000 + index);
	for (size_t i = 0; i < GROUP_COUNT; i++)
		group_sids[i] = text(groups[i]);
	token.user_sid = text(sid);
	token.n_group_sids = GROUP_COUNT;
	token.group_sids = group_sids;
	sender.name = text(name);
	sender.mechanism = text("Kerberos");
	sender.http_url = text("https://server17.contoso.example:5986/wsman");
	sender.token = &token;
	operation.sender = &sender;
	operation.action_uri = text("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
	operation.resource_uri = text("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
				      "win32_operatingsystem");
	request.id = ID_BASE;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
	request.authorize_operation = &operation;
	return encode(&request, frame, LOAD_REQUEST_MAX);
}

/* Field 1 stands first: the tag, then the id. */
void load_questions_stamp(struct load_peer *peer, uint64_t number)
{
	unsigned char *varint = peer->request + FRAME_HEADER_BYTES + 1;
	uint64_t id = ID_BASE + number;

	for (int i = 0; i < 8; i++, id >>= 7)
		varint[i] = (unsigned char)(id | 0x80);
	varint[8] = (unsigned char)id;
}

/* The resource stands last. */
void load_questions_stamp_many(struct load_peer *peer, uint64_t number)
{
	unsigned char *end = peer->request + peer->request_bytes;
	unsigned resource = (unsigned)(number % LOAD_RESOURCES);

	load_questions_stamp(peer, number);
	end[-2] = (unsigned char)('0' + resource / 10);
	end[-1] = (unsigned char)('0' + resource % 10);
}

/* Decodes one reply in 64: enough to notice a daemon that does not allow, too few to slow the
 * client. */
bool load_questions_is_allow(const unsigned char *payload, size_t length)
{
	static uint64_t seen;
	static _Alignas(16) unsigned char memory[BUDGET_AUTHZ_BYTES];
	struct budget budget;
	Wsauthz__Reply *reply;

	if (seen++ % 64 != 0)
		return true;
	budget_init_buffer(&budget, memory, sizeof(memory));
	return authz_reply_decode(payload, length, &budget, &reply, NULL) == WIRE_OK &&
	       reply->body_case == WSAUTHZ__REPLY__BODY_DECISION &&
	       verdict_check(reply->decision->verdict, reply->decision->verdict_twin,
			     reply->decision->code) == VERDICT_ALLOW;
}

void load_questions_make(struct load_questions *all, size_t count, bool hello)
{
	size_t hello_bytes = make_hello(all->hello);

	for (size_t i = 0; i < count; i++) {
		all->peers[i] = (struct load_peer){
			hello ? all->hello : NULL,
			hello_bytes,
			all->requests[i],
			make_request(i, all->requests[i]),
		};
	}
}
