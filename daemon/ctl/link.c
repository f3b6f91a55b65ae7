#include "ctl/link.h"

#include <string.h>

#include "base/mem.h"
#include "ctl/output.h"
#include "platform/channel.h"
#include "platform/peer.h"

enum { CONNECT_TIMEOUT_MS = 2000, WHY_MAX = 4096, FIRST_READ = 64 * 1024 };

struct link {
	struct channel *channel;
	const char *path;
	uint64_t next_id;
	struct buf in, out;
	unsigned char *memory; /* what a reply is unpacked into, BUDGET_ADMIN_BYTES */
	struct budget budget;
};

ProtobufCBinaryData link_bytes(struct str text)
{
	return authz_bytes(text.ptr, text.length);
}

struct str link_str(ProtobufCBinaryData bytes)
{
	return str_make((const char *)bytes.data, bytes.len);
}

void link_close(struct link *link)
{
	if (link == NULL)
		return;
	channel_close(link->channel);
	buf_deinit(&link->in);
	buf_deinit(&link->out);
	mem_free(link->memory);
	mem_free(link);
}

static enum ctl_exit send_request(struct link *link, const Wsauthz__AdminRequest *request)
{
	size_t capacity = admin_request_frame_bytes(request);
	struct wire_diag diag = {0};
	size_t length = 0;
	char *frame, text[256];
	enum error error;

	buf_clear(&link->out);
	frame = buf_reserve(&link->out, capacity);
	if (frame == NULL) {
		output_error("the request takes %zu bytes, more than the channel carries",
			     capacity);
		return CTL_INVALID;
	}
	if (admin_request_encode(request, (uint8_t *)frame, capacity, &length, &diag) != WIRE_OK) {
		wire_diag_print(&diag, text, sizeof(text));
		output_error("%s", text);
		return CTL_USAGE;
	}
	error = channel_write(link->channel, frame, length, LINK_TIMEOUT_MS);
	if (error != ERR_NONE) {
		output_error("%s: sending the request: %s", link->path, error_text(error));
		return CTL_UNREACHABLE;
	}
	return CTL_DONE;
}

/* Reads until the buffer starts with a whole frame. */
static enum ctl_exit receive_frame(struct link *link, struct frame *frame)
{
	buf_clear(&link->in);
	for (;;) {
		size_t length = 0;
		char *room;
		enum error error;

		switch (frame_find((const uint8_t *)link->in.data, link->in.length,
				   FRAME_ADMIN_MAX_BYTES, frame)) {
		case FRAME_COMPLETE: return CTL_DONE;
		case FRAME_REFUSED:
			output_error("%s: what answers there is not wsauthzd", link->path);
			return CTL_UNREACHABLE;
		case FRAME_MORE: break;
		}
		room = buf_reserve(&link->in, FIRST_READ);
		error = room != NULL ? channel_read(link->channel, room, FIRST_READ,
						    LINK_TIMEOUT_MS, &length)
				     : ERR_NO_MEMORY;
		if (error != ERR_NONE) {
			output_error("%s: waiting for the reply: %s", link->path,
				     error_text(error));
			return CTL_UNREACHABLE;
		}
		buf_grow(&link->in, length);
	}
}

static const char *refusal_text(Wsauthz__Refusal__Reason reason)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
		&wsauthz__refusal__reason__descriptor, (int)reason);

	return value != NULL ? value->name : "UNKNOWN";
}

enum ctl_exit link_call(struct link *link, Wsauthz__AdminRequest *request,
			Wsauthz__AdminReply__BodyCase expected, const Wsauthz__AdminReply **reply)
{
	Wsauthz__AdminReply *message;
	struct wire_diag diag = {0};
	struct frame frame;
	enum ctl_exit code;
	char text[256];

	request->id = link->next_id++;
	code = send_request(link, request);
	if (code == CTL_DONE)
		code = receive_frame(link, &frame);
	if (code != CTL_DONE)
		return code;
	budget_init_buffer(&link->budget, link->memory, BUDGET_ADMIN_BYTES);
	if (admin_reply_decode(frame.payload, frame.payload_bytes, &link->budget, &message,
			       &diag) != WIRE_OK) {
		wire_diag_print(&diag, text, sizeof(text));
		output_error("%s: the reply is malformed: %s", link->path, text);
		return CTL_UNREACHABLE;
	}
	if (message->body_case == WSAUTHZ__ADMIN_REPLY__BODY_REFUSAL) {
		struct str detail = link_str(message->refusal->detail);
		output_error("the daemon refused: %s%s%.*s", refusal_text(message->refusal->reason),
			     detail.length != 0 ? ": " : "", STR_ARGS(detail));
		switch (message->refusal->reason) {
		case WSAUTHZ__REFUSAL__REASON__BAD_REQUEST: return CTL_USAGE;
		case WSAUTHZ__REFUSAL__REASON__NOT_PERMITTED:
		case WSAUTHZ__REFUSAL__REASON__PEER_NOT_ALLOWED: return CTL_DENIED;
		default: return CTL_UNREACHABLE;
		}
	}
	if (message->id != request->id || message->body_case != expected) {
		output_error("%s: the reply does not answer the request", link->path);
		return CTL_UNREACHABLE;
	}
	*reply = message;
	return CTL_DONE;
}

static enum ctl_exit connect_channel(struct link *link)
{
	enum error error;
	struct buf why;

	buf_init(&why, WHY_MAX);
	error = channel_open(link->path, CONNECT_TIMEOUT_MS, &link->channel, &why);
	if (error != ERR_NONE)
		output_error("%s%s", buf_text(&why),
			     error == ERR_DENIED ? "; root may, and the members of its group" : "");
	buf_deinit(&why);
	if (error != ERR_NONE)
		return CTL_UNREACHABLE;
	if (!channel_is_trusted(link->channel)) {
		char peer[PEER_TEXT_MAX];
		peer_text(channel_peer(link->channel), peer);
		output_error("%s is served by %s, which is neither root, nor you, nor the owner of "
			     "its directory; nothing was sent",
			     link->path, peer);
		return CTL_UNREACHABLE;
	}
	return CTL_DONE;
}

static enum ctl_exit greet(struct link *link)
{
	Wsauthz__AdminHello hello = WSAUTHZ__ADMIN_HELLO__INIT;
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply;

	hello.protocol_major = AUTHZ_PROTOCOL_MAJOR;
	hello.protocol_minor = AUTHZ_PROTOCOL_MINOR;
	hello.program = link_bytes(STR("wsauthzctl"));
	hello.program_version = link_bytes(STR(WSAUTHZ_VERSION));
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_HELLO;
	request.hello = &hello;
	return link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_HELLO, &reply);
}

enum ctl_exit link_open(const struct ctl *ctl, struct link **out)
{
	struct link *link = mem_calloc(1, sizeof(*link));
	enum ctl_exit code;

	if (link == NULL || (link->memory = mem_alloc(BUDGET_ADMIN_BYTES)) == NULL) {
		output_error("out of memory");
		mem_free(link);
		return CTL_INVALID;
	}
	link->next_id = 1;
	buf_init(&link->in, FRAME_HEADER_BYTES + FRAME_ADMIN_MAX_BYTES + FIRST_READ);
	buf_init(&link->out, FRAME_HEADER_BYTES + FRAME_ADMIN_MAX_BYTES);
	code = ctl_find_admin(ctl, &link->path) ? connect_channel(link) : CTL_INVALID;
	if (code == CTL_DONE)
		code = greet(link);
	if (code == CTL_DONE)
		*out = link;
	else
		link_close(link);
	return code;
}
