#include "server/question.h"

static bool read_token(struct arena *arena, const Wsauthz__Token *token, struct sender *sender)
{
	size_t count = token->n_group_sids + token->n_deny_only_group_sids;
	struct sender_group *groups = arena_calloc(arena, count, sizeof(*groups));

	if (groups == NULL)
		return false;
	for (size_t i = 0; i < token->n_group_sids; i++)
		groups[i] = (struct sender_group){question_text(token->group_sids[i]), false};
	for (size_t i = 0; i < token->n_deny_only_group_sids; i++)
		groups[token->n_group_sids + i] =
			(struct sender_group){question_text(token->deny_only_group_sids[i]), true};
	sender->has_token = true;
	sender->elevated = token->elevated;
	sender->user_sid = question_text(token->user_sid);
	sender->groups = groups;
	sender->group_count = count;
	return true;
}

static bool read_certificate(struct arena *arena, const Wsauthz__Certificate *message,
			     struct sender *sender)
{
	struct sender_certificate *certificate = arena_alloc(arena, sizeof(*certificate));

	if (certificate == NULL)
		return false;
	*certificate = (struct sender_certificate){
		.subject = question_text(message->subject),
		.subject_name = question_text(message->subject_name),
		.issuer = question_text(message->issuer_name),
		.issuer_thumbprint = question_text(message->issuer_thumbprint),
	};
	sender->certificate = certificate;
	return true;
}

bool question_sender(struct arena *arena, const Wsauthz__Sender *message, struct sender *sender)
{
	*sender = (struct sender){
		.name = question_text(message->name),
		.mechanism = question_text(message->mechanism),
		.http_url = question_text(message->http_url),
	};
	if (message->token != NULL && !read_token(arena, message->token, sender))
		return false;
	return message->certificate == NULL ||
	       read_certificate(arena, message->certificate, sender);
}

bool question_of(struct arena *arena, struct str application, const Wsauthz__Request *message,
		 struct question *question)
{
	const Wsauthz__Sender *from = NULL;
	struct question read = {.application = application};
	struct sender *sender;

	switch (message->body_case) {
	case WSAUTHZ__REQUEST__BODY_AUTHORIZE_USER:
		read.kind = QUESTION_USER;
		from = message->authorize_user->sender;
		break;
	case WSAUTHZ__REQUEST__BODY_AUTHORIZE_OPERATION:
		read.kind = QUESTION_OPERATION;
		read.action_uri = question_text(message->authorize_operation->action_uri);
		read.resource_uri = question_text(message->authorize_operation->resource_uri);
		from = message->authorize_operation->sender;
		break;
	case WSAUTHZ__REQUEST__BODY_QUERY_QUOTA:
		read.kind = QUESTION_QUOTA;
		from = message->query_quota->sender;
		break;
	default: break;
	}
	if (from == NULL)
		return false;
	sender = arena_alloc(arena, sizeof(*sender));
	if (sender == NULL || !question_sender(arena, from, sender))
		return false;
	read.sender = sender;
	*question = read;
	return true;
}
