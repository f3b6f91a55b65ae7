#include "client-plugin/plugin.h"

#include <stdbool.h>

#include "client-plugin/client.h"
#include "client-plugin/completion.h"
#include "client-plugin/context.h"
#include "client-plugin/events.h"
#include "client-plugin/limits.h"
#include "client-plugin/memory.h"
#include "client-plugin/pool.h"
#include "client-plugin/sender.h"
#include "client-plugin/settings.h"
#include "client-plugin/text.h"

/* What Startup makes and WinRM calls the plug-in context. */
struct application {
	struct client *client; /* NULL when the settings cannot be used */
	struct contexts *contexts;
};

/* A question on its way to the daemon. */
struct call {
	struct completion completion;
};

/* Starting and stopping. */

/* With what cannot be used of the settings when it is CLIENT_INVALID. */
static enum client_reason open_client(const char *name, struct client **out,
				      struct settings_fault *fault)
{
	struct plugin_settings settings;
	struct client_settings wanted;
	struct limits limits;
	enum client_reason reason = settings_load(&settings, fault);

	if (reason != CLIENT_OK)
		return reason;
	wanted = (struct client_settings){
		.endpoint = settings.endpoint,
		.server_owner = settings.server_owner,
		.application = name,
		.program = "wsauthz.dll",
		.program_version = WSAUTHZ_VERSION,
		.reply_timeout_ms = settings.reply_timeout_ms,
		.connect_timeout_ms = settings.connect_timeout_ms,
		.max_pending = settings.max_pending,
		.tell = events_tell,
	};
	fault->name = "ReplyTimeoutMs, ConnectTimeoutMs:";
	reason = limits_read(&wanted, &limits, &fault->rule);
	if (reason != CLIENT_OK)
		return reason;
	*fault = (struct settings_fault){"Endpoint, ServerOwner",
					 "or the name of the application is not valid"};
	return client_open(&wanted, out);
}

static enum client_reason open_application(const char *name, struct application **out)
{
	struct application *application = memory_calloc(1, sizeof(*application));
	struct settings_fault fault;
	enum client_reason reason;

	if (application == NULL)
		return CLIENT_NO_MEMORY;
	reason = open_client(name, &application->client, &fault);
	if (reason == CLIENT_INVALID)
		events_tell_settings(name, fault.name, fault.rule);
	if (reason == CLIENT_OK) {
		application->contexts = contexts_new(application->client);
		if (application->contexts == NULL)
			reason = CLIENT_NO_MEMORY;
	}
	if (reason != CLIENT_OK && reason != CLIENT_INVALID) {
		client_close(application->client);
		memory_free(application);
		return reason;
	}
	*out = application;
	return CLIENT_OK;
}

DWORD WINAPI WSManPluginStartup(DWORD flags, PCWSTR applicationIdentification, PCWSTR extraInfo,
				PVOID *pluginContext)
{
	struct application *application = NULL;
	struct pool pool = {.pieces = NULL};
	enum client_reason reason = CLIENT_SENDER;
	const char *name;

	(void)flags;
	(void)extraInfo;
	if (pluginContext != NULL && applicationIdentification != NULL &&
	    *applicationIdentification != 0)
		reason = text_copy(applicationIdentification, &pool, &name);
	if (reason == CLIENT_OK)
		reason = open_application(name, &application);
	pool_free(&pool);
	if (reason == CLIENT_NO_MEMORY)
		return ERROR_NOT_ENOUGH_MEMORY;
	if (reason != CLIENT_OK)
		return ERROR_INVALID_PARAMETER;
	*pluginContext = application;
	return NO_ERROR;
}

DWORD WINAPI WSManPluginShutdown(PVOID pluginContext, DWORD flags, DWORD reason)
{
	struct application *application = pluginContext;

	(void)flags;
	(void)reason;
	if (application == NULL)
		return NO_ERROR;
	if (application->client != NULL)
		client_stop(application->client);
	contexts_free(application->contexts);
	client_close(application->client);
	memory_free(application);
	return NO_ERROR;
}

/* Asking. */

static void on_answer(void *arg, const struct client_answer *answer)
{
	struct call *call = arg;

	completion_finish(&call->completion, answer);
	memory_free(call);
}

/* What is asked besides the sender. */
struct subject {
	PCWSTR action, resource_uri; /* COMPLETION_OPERATION */
};

/* The callback may run, and `call` be gone, before this returns CLIENT_OK. */
static enum client_reason hand_over(struct call *call, const struct client_sender *sender,
				    const char *action, const char *resource_uri)
{
	struct client *client = call->completion.client;

	switch (call->completion.kind) {
	case COMPLETION_USER: return client_authorize_user(client, sender, on_answer, call);
	case COMPLETION_OPERATION:
		return client_authorize_operation(client, sender, NULL, action, resource_uri,
						  on_answer, call);
	case COMPLETION_QUOTA: break;
	}
	return client_query_quota(client, sender, NULL, on_answer, call);
}

/* Copies what WinRM passed and asks. Reasons that the client did not see are counted here. */
static enum client_reason ask(const struct completion *completion, const struct subject *subject)
{
	const char *action = "", *resource_uri = "";
	struct pool pool = {.pieces = NULL};
	struct call *call = NULL;
	struct sender sender;
	enum client_reason reason;
	bool is_counted = false;

	if (completion->client == NULL)
		return CLIENT_INVALID;
	reason = sender_copy(completion->key, &pool, &sender);
	if (reason == CLIENT_OK)
		reason = text_copy(subject->action, &pool, &action);
	if (reason == CLIENT_OK)
		reason = text_copy(subject->resource_uri, &pool, &resource_uri);
	if (reason == CLIENT_OK) {
		call = memory_calloc(1, sizeof(*call));
		if (call == NULL)
			reason = CLIENT_NO_MEMORY;
	}
	if (reason == CLIENT_OK) {
		call->completion = *completion;
		reason = hand_over(call, &sender.details, action, resource_uri);
		if (reason != CLIENT_OK)
			memory_free(call);
		is_counted = true;
	}
	if (!is_counted)
		client_count_failure(completion->client, reason);
	pool_free(&pool);
	return reason;
}

static void ask_or_deny(enum completion_kind kind, PVOID plugin_context,
			WSMAN_SENDER_DETAILS *details, const struct subject *subject)
{
	const struct application *application = plugin_context;
	struct completion completion = {.kind = kind, .key = details};
	enum client_reason reason;

	if (details == NULL)
		return; /* there is no call to complete */
	completion.token = details->clientToken;
	if (application != NULL) {
		completion.client = application->client;
		completion.contexts = application->contexts;
	}
	reason = ask(&completion, subject);
	if (reason != CLIENT_OK)
		completion_deny(&completion, reason);
}

VOID WINAPI WSManPluginAuthzUser(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
				 DWORD flags)
{
	(void)flags;
	ask_or_deny(COMPLETION_USER, pluginContext, senderDetails, &(struct subject){NULL, NULL});
}

VOID WINAPI WSManPluginAuthzOperation(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
				      DWORD flags, DWORD operation, PCWSTR action,
				      PCWSTR resourceUri)
{
	(void)flags;
	(void)operation;
	ask_or_deny(COMPLETION_OPERATION, pluginContext, senderDetails,
		    &(struct subject){.action = action, .resource_uri = resourceUri});
}

VOID WINAPI WSManPluginAuthzQueryQuota(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
				       DWORD flags)
{
	(void)flags;
	ask_or_deny(COMPLETION_QUOTA, pluginContext, senderDetails, &(struct subject){NULL, NULL});
}

VOID WINAPI WSManPluginAuthzReleaseContext(PVOID userAuthorizationContext)
{
	if (userAuthorizationContext != NULL)
		context_put(userAuthorizationContext);
}
