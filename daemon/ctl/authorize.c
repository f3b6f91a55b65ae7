/* wsauthzctl authorize: what the active policy says to a request; not recorded. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/attributes.h"
#include "base/log.h"
#include "cedar/json_write.h"
#include "ctl/ctl.h"
#include "ctl/decision.h"
#include "ctl/link.h"
#include "ctl/output.h"

enum { ANSWER_MAX_BYTES = 1 << 20 };

struct authorize_options {
	const char *user, *sid, *mechanism, *application, *action, *resource, *url;
	struct arg_list groups, deny_only_groups;
	bool elevated;
};

#define OPTION(name, kind, member, value, help)                                                    \
	{                                                                                          \
		name, kind, offsetof(struct authorize_options, member), value, help                \
	}
static const struct arg_option authorize_options[] = {
	OPTION("--user", ARG_TEXT, user, "NAME", "the sender's name, such as CONTOSO\\alice"),
	OPTION("--sid", ARG_TEXT, sid, "SID", "the user's SID; without it the sender has no token"),
	OPTION("--group", ARG_LIST, groups, "SID",
	       "an enabled group of the token; may be repeated"),
	OPTION("--deny-only-group", ARG_LIST, deny_only_groups, "SID",
	       "a deny-only group of the token; may be repeated"),
	OPTION("--elevated", ARG_FLAG, elevated, NULL, "the token is elevated"),
	OPTION("--mechanism", ARG_TEXT, mechanism, "NAME",
	       "the authentication mechanism (default Kerberos)"),
	OPTION("--application", ARG_TEXT, application, "NAME",
	       "the application that asks (default wsman)"),
	OPTION("--action", ARG_TEXT, action, "ACTION",
	       "Connect, Get, Invoke, ... or an action URI (default Connect)"),
	OPTION("--resource", ARG_TEXT, resource, "URI",
	       "the resource URI; not for Connect and Administer"),
	OPTION("--url", ARG_TEXT, url, "URL", "the URL that received the request (default none)"),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
#undef OPTION

/* False after a message when options are missing that the others call for. */
static bool check(const struct authorize_options *options)
{
	const char *action = options->action;

	if (options->user == NULL) {
		output_error("authorize: who? Give --user NAME");
		return false;
	}
	if (options->sid == NULL && (options->groups.count != 0 ||
				     options->deny_only_groups.count != 0 || options->elevated)) {
		output_error("authorize: groups and --elevated belong to a token; give --sid SID "
			     "too");
		return false;
	}
	if (action != NULL && strcmp(action, "Connect") != 0 && strcmp(action, "Administer") != 0 &&
	    options->resource == NULL) {
		output_error("authorize: %s on what? Give --resource URI", action);
		return false;
	}
	return true;
}

static ProtobufCBinaryData text_or(const char *text, const char *fallback)
{
	return link_bytes(str_from(text != NULL ? text : fallback));
}

static size_t fill(ProtobufCBinaryData *out, const struct arg_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		out[i] = link_bytes(str_from(list->items[i]));
	return list->count;
}

static enum ctl_exit ask(const struct ctl *ctl, Wsauthz__AdminAuthorize *question)
{
	Wsauthz__AdminRequest request = WSAUTHZ__ADMIN_REQUEST__INIT;
	const Wsauthz__AdminReply *reply = NULL;
	struct link *link = NULL;
	enum ctl_exit code;
	struct buf out;

	buf_init(&out, ANSWER_MAX_BYTES);
	request.body_case = WSAUTHZ__ADMIN_REQUEST__BODY_AUTHORIZE;
	request.authorize = question;
	code = link_open(ctl, &link);
	if (code == CTL_DONE)
		code = link_call(link, &request, WSAUTHZ__ADMIN_REPLY__BODY_AUTHORIZE, &reply);
	if (code == CTL_DONE) {
		if (ctl->json)
			decision_json(&out, reply->authorize);
		else
			decision_print(&out, reply->authorize);
		output_text(stdout, buf_str(&out));
		code = decision_allows(reply->authorize->decision) ? CTL_DONE : CTL_DENIED;
	}
	link_close(link);
	buf_deinit(&out);
	return code;
}

static enum ctl_exit run(const struct ctl *ctl, const void *opaque, char **operands,
			 int operand_count)
{
	const struct authorize_options *options = opaque;
	ProtobufCBinaryData groups[ARG_LIST_MAX], deny_only[ARG_LIST_MAX];
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__AdminAuthorize question = WSAUTHZ__ADMIN_AUTHORIZE__INIT;

	(void)operands;
	(void)operand_count;
	if (!check(options))
		return CTL_USAGE;
	sender.name = text_or(options->user, "");
	sender.mechanism = text_or(options->mechanism, "Kerberos");
	sender.http_url = text_or(options->url, "");
	if (options->sid != NULL) {
		token.user_sid = text_or(options->sid, "");
		token.n_group_sids = fill(groups, &options->groups);
		token.group_sids = groups;
		token.n_deny_only_group_sids = fill(deny_only, &options->deny_only_groups);
		token.deny_only_group_sids = deny_only;
		token.elevated = options->elevated;
		sender.token = &token;
	}
	question.sender = &sender;
	question.application = text_or(options->application, "wsman");
	question.action = text_or(options->action, "Connect");
	question.resource_uri = text_or(options->resource, "");
	return ask(ctl, &question);
}

const struct ctl_command authorize_command = {
	.words = "authorize",
	.operands = "",
	.summary = "what the active policy says to a request; nothing is recorded",
	.options = authorize_options,
	.options_size = sizeof(struct authorize_options),
	.run = run,
};
