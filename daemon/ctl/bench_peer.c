#include "ctl/bench_peer.h"

#include <string.h>

#include "base/mem.h"

#define GROUP "S-1-5-21-1-2-3-1101"

enum { READ_BYTES = 64 * 1024, ANSWER_BUDGET_BYTES = 16 * 1024 };

const char bench_peer_policy[] =
	"@id(\"operators-connect\") @idle_timeout(\"15m\")\n"
	"permit(principal in WinRM::Group::\"" GROUP "\",\n"
	"       action == WinRM::Action::\"Connect\", resource);\n"
	"@id(\"operators-read\")\n"
	"permit(principal in WinRM::Group::\"" GROUP "\",\n"
	"       action in WinRM::Action::\"Read\",\n"
	"       resource in WinRM::Resource::\"wmicimv2\");\n"
	"@id(\"no-basic\")\n"
	"forbid(principal, action, resource) when { context.session.mechanism == \"basic\" };\n";

static ProtobufCBinaryData text(const char *words)
{
	return authz_bytes(words, strlen(words));
}

bool bench_peer_init(struct bench_peer *peer, struct channel *channel, struct buf *why)
{
	*peer = (struct bench_peer){.channel = channel, .next_id = 1};
	buf_init(&peer->in, SIZE_MAX);
	buf_init(&peer->out, SIZE_MAX);
	if (channel_is_trusted(channel))
		return true;
	buf_printf(why, "somebody else answers in place of the daemon that was started");
	return false;
}

void bench_peer_deinit(struct bench_peer *peer)
{
	channel_close(peer->channel);
	buf_deinit(&peer->in);
	buf_deinit(&peer->out);
}

/* Appends the request with the next id to what is to be sent. */
static bool add(struct bench_peer *peer, Wsauthz__Request *request, struct buf *why)
{
	size_t capacity, length = 0;
	struct wire_diag diag = {0};
	char *frame;

	request->id = peer->next_id++;
	capacity = authz_request_frame_bytes(request);
	frame = buf_reserve(&peer->out, capacity);
	if (frame == NULL ||
	    authz_request_encode(request, (uint8_t *)frame, capacity, &length, &diag) != WIRE_OK) {
		buf_printf(why, "the question could not be written");
		return false;
	}
	buf_grow(&peer->out, length);
	return true;
}

static bool send_all(struct bench_peer *peer, struct buf *why)
{
	enum error error = channel_write(peer->channel, peer->out.data, peer->out.length,
					 BENCH_PEER_TIMEOUT_MS);

	buf_clear(&peer->out);
	if (error != ERR_NONE)
		buf_printf(why, "asking: %s", error_text(error));
	return error == ERR_NONE;
}

/* Whether an answer is what it must be: Hello's own, or permission. */
static bool is_good(const struct frame *frame)
{
	uint8_t memory[ANSWER_BUDGET_BYTES];
	Wsauthz__Reply *reply = NULL;
	struct wire_diag diag;
	struct budget budget;

	budget_init_buffer(&budget, memory, sizeof(memory));
	if (authz_reply_decode(frame->payload, frame->payload_bytes, &budget, &reply, &diag) !=
	    WIRE_OK)
		return false;
	if (reply->body_case == WSAUTHZ__REPLY__BODY_HELLO)
		return true;
	return reply->body_case == WSAUTHZ__REPLY__BODY_DECISION &&
	       verdict_check(reply->decision->verdict, reply->decision->verdict_twin,
			     reply->decision->code) == VERDICT_ALLOW;
}

/* Takes `count` answers, of which the last is looked at. */
static bool receive(struct bench_peer *peer, size_t count, struct buf *why)
{
	buf_clear(&peer->in);
	while (count != 0) {
		struct frame frame;
		size_t length = 0, used = 0;
		enum error error;
		char *room = buf_reserve(&peer->in, READ_BYTES);

		error = room != NULL ? channel_read(peer->channel, room, READ_BYTES,
						    BENCH_PEER_TIMEOUT_MS, &length)
				     : ERR_NO_MEMORY;
		if (error != ERR_NONE) {
			buf_printf(why, "waiting for an answer: %s", error_text(error));
			return false;
		}
		buf_grow(&peer->in, length);
		while (count != 0 &&
		       frame_find((const uint8_t *)peer->in.data + used, peer->in.length - used,
				  FRAME_AUTHZ_MAX_BYTES, &frame) == FRAME_COMPLETE) {
			used += FRAME_HEADER_BYTES + frame.payload_bytes;
			count--;
		}
		if (count == 0 && peer->is_greeted && !is_good(&frame)) {
			buf_printf(why, "the daemon that was started did not allow what its policy "
					"permits");
			return false;
		}
		buf_consume(&peer->in, used);
	}
	return true;
}

/* The user who asks. */
struct asker {
	Wsauthz__Sender sender;
	Wsauthz__Token token;
	ProtobufCBinaryData groups[3];
};

static void asker_init(struct asker *asker)
{
	wsauthz__sender__init(&asker->sender);
	wsauthz__token__init(&asker->token);
	asker->groups[0] = text(GROUP);
	asker->groups[1] = text("S-1-5-32-545");
	asker->groups[2] = text("S-1-1-0");
	asker->token.user_sid = text("S-1-5-21-1-2-3-2001");
	asker->token.group_sids = asker->groups;
	asker->token.n_group_sids = 3;
	asker->sender.name = text("CONTOSO\\alice");
	asker->sender.mechanism = text("Kerberos");
	asker->sender.http_url = text("https://server.contoso.com:5986/wsman");
	asker->sender.token = &asker->token;
}

static bool add_connect(struct bench_peer *peer, struct buf *why)
{
	Wsauthz__AuthorizeUser user = WSAUTHZ__AUTHORIZE_USER__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct asker asker;

	asker_init(&asker);
	user.sender = &asker.sender;
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
	request.authorize_user = &user;
	return add(peer, &request, why);
}

static bool add_operation(struct bench_peer *peer, struct buf *why)
{
	Wsauthz__AuthorizeOperation operation = WSAUTHZ__AUTHORIZE_OPERATION__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;
	struct asker asker;

	asker_init(&asker);
	operation.sender = &asker.sender;
	operation.action_uri = text("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get");
	operation.resource_uri =
		text("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service");
	request.body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
	request.authorize_operation = &operation;
	return add(peer, &request, why);
}

bool bench_peer_greet(struct bench_peer *peer, struct buf *why)
{
	static const uint8_t instance[AUTHZ_ID_BYTES] = {1};
	Wsauthz__Hello hello = WSAUTHZ__HELLO__INIT;
	Wsauthz__Request request = WSAUTHZ__REQUEST__INIT;

	peer->is_greeted = true;
	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.instance = authz_bytes(instance, sizeof(instance));
	hello.application = text("wsman/Bench");
	hello.program = text("wsauthzctl bench");
	request.body_case = WSAUTHZ__REQUEST__BODY_HELLO;
	request.hello = &hello;
	return add(peer, &request, why) && send_all(peer, why) && receive(peer, 1, why) &&
	       add_connect(peer, why) && send_all(peer, why) && receive(peer, 1, why);
}

bool bench_peer_ask(struct bench_peer *peer, size_t count, struct buf *why)
{
	for (size_t i = 0; i < count; i++) {
		if (!add_operation(peer, why))
			return false;
	}
	return send_all(peer, why) && receive(peer, count, why);
}
