/* wsauthzctl authorize: what the active policy says to a request; not recorded. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "authz/operation.h"
#include "base/attributes.h"
#include "base/log.h"
#include "cedar/diag.h"
#include "ctl/ctl.h"
#include "ctl/decision.h"
#include "ctl/link.h"
#include "ctl/output.h"
#include "ctl/resource.h"
#include "ctl/sids.h"

enum { ANSWER_MAX_BYTES = 1 << 20 };

struct authorize_options {
	const char *user, *sid, *mechanism, *application, *action, *method, *resource, *url;
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
	OPTION("--group", ARG_LIST, groups, "SID|NAME",
	       "an enabled group of the token, by SID or its name in directory.json; may be given "
	       "more than once"),
	OPTION("--deny-only-group", ARG_LIST, deny_only_groups, "SID|NAME",
	       "a deny-only group of the token; may be given more than once"),
	OPTION("--elevated", ARG_FLAG, elevated, NULL, "the token is elevated"),
	OPTION("--mechanism", ARG_TEXT, mechanism, "NAME",
	       "the authentication mechanism (default Kerberos)"),
	OPTION("--application", ARG_TEXT, application, "NAME",
	       "the application that asks (default wsman)"),
	OPTION("--action", ARG_TEXT, action, "ACTION",
	       "Connect, Get, Invoke, ... or an action URI (default Connect)"),
	OPTION("--method", ARG_TEXT, method, "NAME", "of Invoke: the method, such as StartService"),
	OPTION("--resource", ARG_TEXT, resource, "URI",
	       "the resource URI, or an alias such as wmicimv2/Win32_Service; not for Connect and "
	       "Administer"),
	OPTION("--url", ARG_TEXT, url, "URL", "the URL that received the request (default none)"),
	{NULL, ARG_FLAG, 0, NULL, NULL},
};
#undef OPTION

/* False after a message when options are missing that the others call for. */
static bool check(const struct authorize_options *options)
{
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
	return true;
}

/* The action that is meant, however it is written, or an action URI. False after a message. */
static bool read_action(const struct authorize_options *options, struct str *action)
{
	struct str names[ACTION_COUNT], near, given = str_from(options->action);

	*action = given.length != 0 ? given : action_name(ACTION_CONNECT);
	for (size_t i = 0; i < ACTION_COUNT; i++) {
		names[i] = action_name((enum action)i);
		if (str_equal_ascii_case(*action, names[i])) {
			*action = names[i];
			return true;
		}
	}
	if (str_find_byte(given, ':') != NULL)
		return true;
	near = diag_nearest(given, names, ACTION_COUNT);
	if (near.length != 0)
		output_error("authorize: there is no action '%s'; did you mean %.*s?",
			     options->action, STR_ARGS(near));
	else
		output_error("authorize: there is no action '%s'; a method of a class is --action "
			     "Invoke --method %s",
			     options->action, options->action);
	return false;
}

/* Makes the action URI of a method, which begins with the resource. False after a message. */
static bool add_method(const char *method, struct str resource, struct arena *arena,
		       struct str *action)
{
	const char *selectors = str_find_byte(resource, '?');
	struct buf uri;

	if (!str_equal(*action, action_name(ACTION_INVOKE))) {
		output_error("authorize: --method is of --action Invoke");
		return false;
	}
	if (selectors != NULL)
		resource.length = (size_t)(selectors - resource.ptr);
	buf_init(&uri, ANSWER_MAX_BYTES);
	buf_printf(&uri, "%.*s/%s", STR_ARGS(resource), method);
	*action = arena_copy(arena, buf_str(&uri));
	buf_deinit(&uri);
	if (action->ptr == NULL)
		output_error("%s", error_text(ERR_NO_MEMORY));
	return action->ptr != NULL;
}

static bool read_resource(const char *text, struct arena *arena, struct str *resource)
{
	struct buf uri;

	buf_init(&uri, ANSWER_MAX_BYTES);
	resource_expand(&uri, str_from(text));
	*resource = arena_copy(arena, buf_str(&uri));
	buf_deinit(&uri);
	if (resource->ptr == NULL)
		output_error("%s", error_text(ERR_NO_MEMORY));
	return resource->ptr != NULL;
}

/* What is asked, as the daemon takes it. False after a message. */
static bool read_question(const struct authorize_options *options, struct arena *arena,
			  Wsauthz__AdminAuthorize *question)
{
	struct str action, resource;

	if (!read_action(options, &action) || !read_resource(options->resource, arena, &resource))
		return false;
	if (!str_equal(action, action_name(ACTION_CONNECT)) &&
	    !str_equal(action, action_name(ACTION_ADMINISTER)) && options->resource == NULL) {
		output_error("authorize: %.*s on what? Give --resource URI", STR_ARGS(action));
		return false;
	}
	if (options->method != NULL && !add_method(options->method, resource, arena, &action))
		return false;
	question->action = link_bytes(action);
	question->resource_uri = link_bytes(resource);
	return true;
}

static ProtobufCBinaryData text_or(const char *text, const char *fallback)
{
	return link_bytes(str_from(text != NULL ? text : fallback));
}

static bool fill(struct sids *sids, const char *option, const struct arg_list *list,
		 ProtobufCBinaryData *out)
{
	for (size_t i = 0; i < list->count; i++) {
		struct str sid;

		if (!sids_resolve(sids, option, list->items[i], &sid))
			return false;
		out[i] = link_bytes(sid);
	}
	return true;
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

/* The token's SIDs. False after a message. */
static bool read_token(const struct authorize_options *options, struct sids *sids,
		       Wsauthz__Token *token)
{
	struct str user;

	if (!sids_resolve(sids, "--sid", options->sid, &user) ||
	    !fill(sids, "--group", &options->groups, token->group_sids) ||
	    !fill(sids, "--deny-only-group", &options->deny_only_groups,
		  token->deny_only_group_sids))
		return false;
	token->user_sid = link_bytes(user);
	token->n_group_sids = options->groups.count;
	token->n_deny_only_group_sids = options->deny_only_groups.count;
	token->elevated = options->elevated;
	return true;
}

static enum ctl_exit run(const struct ctl *ctl, const void *opaque, char **operands,
			 int operand_count)
{
	const struct authorize_options *options = opaque;
	ProtobufCBinaryData groups[ARG_LIST_MAX], deny_only[ARG_LIST_MAX];
	Wsauthz__Token token = WSAUTHZ__TOKEN__INIT;
	Wsauthz__Sender sender = WSAUTHZ__SENDER__INIT;
	Wsauthz__AdminAuthorize question = WSAUTHZ__ADMIN_AUTHORIZE__INIT;
	enum ctl_exit code = CTL_USAGE;
	struct sids sids;

	(void)operands;
	(void)operand_count;
	sids_init(&sids, ctl);
	token.group_sids = groups;
	token.deny_only_group_sids = deny_only;
	sender.name = text_or(options->user, "");
	sender.mechanism = text_or(options->mechanism, "Kerberos");
	sender.http_url = text_or(options->url, "");
	if (options->sid != NULL)
		sender.token = &token;
	question.sender = &sender;
	question.application = text_or(options->application, "wsman");
	if (check(options) && read_question(options, &sids.arena, &question) &&
	    (options->sid == NULL || read_token(options, &sids, &token)))
		code = ask(ctl, &question);
	sids_deinit(&sids);
	return code;
}

const struct ctl_command authorize_command = {
	.words = "authorize",
	.operands = "",
	.summary = "what the active policy says to a request; nothing is recorded",
	.options = authorize_options,
	.options_size = sizeof(struct authorize_options),
	.run = run,
};
