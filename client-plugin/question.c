#include "client-plugin/question.h"

#include <string.h>

#include "client-plugin/memory.h"
#include "proto/authz.h"

static ProtobufCBinaryData bytes_of(const char *text)
{
	return authz_bytes(text, text != NULL ? strlen(text) : 0);
}

/* The messages of one question; they borrow everything but the lists of groups. */
struct parts {
	Wsauthz__Request request;
	Wsauthz__AuthorizeUser user;
	Wsauthz__AuthorizeOperation operation;
	Wsauthz__QueryQuota quota;
	Wsauthz__ContextReleased released;
	Wsauthz__Ping ping;
	Wsauthz__Sender sender;
	Wsauthz__Token token;
	Wsauthz__Certificate certificate;
};

static void init_parts(struct parts *parts)
{
	wsauthz__request__init(&parts->request);
	wsauthz__authorize_user__init(&parts->user);
	wsauthz__authorize_operation__init(&parts->operation);
	wsauthz__query_quota__init(&parts->quota);
	wsauthz__context_released__init(&parts->released);
	wsauthz__ping__init(&parts->ping);
	wsauthz__sender__init(&parts->sender);
	wsauthz__token__init(&parts->token);
	wsauthz__certificate__init(&parts->certificate);
}

/* A list of texts as the message wants it; NULL for an empty list. */
static enum client_reason list_of(const char *const *texts, size_t count, ProtobufCBinaryData **out)
{
	ProtobufCBinaryData *list = NULL;

	if (count > AUTHZ_GROUPS_MAX)
		return CLIENT_TOO_LARGE;
	if (count != 0) {
		list = memory_calloc(count, sizeof(*list));
		if (list == NULL)
			return CLIENT_NO_MEMORY;
		for (size_t i = 0; i < count; i++)
			list[i] = bytes_of(texts[i]);
	}
	*out = list;
	return CLIENT_OK;
}

static enum client_reason set_token(struct parts *parts, const struct client_token *token)
{
	enum client_reason reason;

	parts->token.user_sid = bytes_of(token->user_sid);
	parts->token.elevated = token->elevated;
	reason = list_of(token->group_sids, token->group_count, &parts->token.group_sids);
	if (reason != CLIENT_OK)
		return reason;
	parts->token.n_group_sids = token->group_count;
	reason = list_of(token->deny_only_group_sids, token->deny_only_group_count,
			 &parts->token.deny_only_group_sids);
	if (reason != CLIENT_OK)
		return reason;
	parts->token.n_deny_only_group_sids = token->deny_only_group_count;
	parts->sender.token = &parts->token;
	return CLIENT_OK;
}

static enum client_reason set_sender(struct parts *parts, const struct client_sender *sender)
{
	parts->sender.name = bytes_of(sender->name);
	parts->sender.mechanism = bytes_of(sender->mechanism);
	parts->sender.http_url = bytes_of(sender->http_url);
	if (sender->certificate != NULL) {
		const struct client_certificate *certificate = sender->certificate;

		parts->certificate.subject = bytes_of(certificate->subject);
		parts->certificate.issuer_name = bytes_of(certificate->issuer_name);
		parts->certificate.issuer_thumbprint = bytes_of(certificate->issuer_thumbprint);
		parts->certificate.subject_name = bytes_of(certificate->subject_name);
		parts->sender.certificate = &parts->certificate;
	}
	return sender->token != NULL ? set_token(parts, sender->token) : CLIENT_OK;
}

static void set_body(struct parts *parts, const struct question *question)
{
	Wsauthz__Request *request = &parts->request;
	ProtobufCBinaryData record_id =
		authz_bytes(question->record_id, question->record_id != NULL ? AUTHZ_ID_BYTES : 0);

	switch (question->kind) {
	case PENDING_USER:
		parts->user.sender = &parts->sender;
		request->body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER;
		request->authorize_user = &parts->user;
		break;
	case PENDING_OPERATION:
		parts->operation.sender = &parts->sender;
		parts->operation.record_id = record_id;
		parts->operation.action_uri = bytes_of(question->action_uri);
		parts->operation.resource_uri = bytes_of(question->resource_uri);
		request->body_case = WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION;
		request->authorize_operation = &parts->operation;
		break;
	case PENDING_QUOTA:
		parts->quota.sender = &parts->sender;
		parts->quota.record_id = record_id;
		request->body_case = WSAUTHZ__REQUEST__BODY_QUERY_QUOTA;
		request->query_quota = &parts->quota;
		break;
	case PENDING_PING:
		request->body_case = WSAUTHZ__REQUEST__BODY_PING;
		request->ping = &parts->ping;
		break;
	case PENDING_RELEASE:
		parts->released.record_id = record_id;
		request->body_case = WSAUTHZ__REQUEST__BODY_CONTEXT_RELEASED;
		request->context_released = &parts->released;
		break;
	}
}

static enum client_reason reason_of(enum wire_error error)
{
	if (error == WIRE_OK)
		return CLIENT_OK;
	if (error == WIRE_FRAME_SIZE || error == WIRE_TOO_LONG || error == WIRE_TOO_MANY_ELEMENTS)
		return CLIENT_TOO_LARGE;
	return CLIENT_SENDER; /* a required text is missing, or one is no valid text */
}

static enum client_reason pack(const struct parts *parts, struct pending **out)
{
	size_t frame_bytes = authz_request_frame_bytes(&parts->request);
	struct pending *pending;
	enum client_reason reason;

	if (frame_bytes > FRAME_HEADER_BYTES + FRAME_AUTHZ_MAX_BYTES)
		return CLIENT_TOO_LARGE;
	pending = pending_new(frame_bytes);
	if (pending == NULL)
		return CLIENT_NO_MEMORY;
	reason = reason_of(authz_request_encode(&parts->request, pending->frame, frame_bytes,
						&pending->frame_bytes, NULL));
	if (reason != CLIENT_OK) {
		pending_free(pending);
		return reason;
	}
	pending->id = parts->request.id;
	*out = pending;
	return CLIENT_OK;
}

enum client_reason question_pack(const struct question *question, uint64_t id, struct pending **out)
{
	struct pending *pending = NULL;
	enum client_reason reason = CLIENT_OK;
	struct parts parts;

	init_parts(&parts);
	parts.request.id = id;
	if (question->sender != NULL)
		reason = set_sender(&parts, question->sender);
	set_body(&parts, question);
	if (reason == CLIENT_OK)
		reason = pack(&parts, &pending);
	memory_free(parts.token.group_sids);
	memory_free(parts.token.deny_only_group_sids);
	if (reason != CLIENT_OK)
		return reason;
	pending->kind = question->kind;
	*out = pending;
	return CLIENT_OK;
}
