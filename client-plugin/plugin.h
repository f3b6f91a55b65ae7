/*
 * The six functions by which an IIS-hosted WinRM endpoint asks its authorization plug-in, as
 * documented with wsman.h ("WSMAN_PLUGIN_STARTUP" and its neighbours). wsauthz.def exports them
 * undecorated.
 *
 * Each Startup makes an application of its own: one client, one connection, one thread, which its
 * Shutdown ends. The three questions never wait: they copy what they are given, hand it to the
 * client's thread, and return. Each is completed exactly once, on that thread or, when the question
 * cannot even be asked, before the function returns; whatever is not an intact, timely permission
 * of the daemon is completed with ERROR_ACCESS_DENIED.
 */
#ifndef CLIENT_PLUGIN_PLUGIN_H
#define CLIENT_PLUGIN_PLUGIN_H

#include "client-plugin/wsman.h"

/* Succeeds whether or not there is a daemon, and with settings that cannot be used: then every
 * question is denied and says so, where a failure would take the whole endpoint down without a
 * word. `flags` and `extraInfo` are not looked at. ERROR_INVALID_PARAMETER without a name or a place
 * for the context, ERROR_NOT_ENOUGH_MEMORY; both leave `*pluginContext` alone. */
DWORD WINAPI WSManPluginStartup(DWORD flags, PCWSTR applicationIdentification, PCWSTR extraInfo,
				PVOID *pluginContext);

/* Denies what is open, ends the thread and frees the application with the contexts that were not
 * released. When it returns no code of the plug-in runs for this application. The host must have
 * stopped asking. Accepts NULL. */
DWORD WINAPI WSManPluginShutdown(PVOID pluginContext, DWORD flags, DWORD reason);

/* Completed with a context, the sender's own token and whether policy makes it an administrator; or
 * with ERROR_ACCESS_DENIED and a text; or with the redirect code and an https URL. A sender without
 * a token is denied: WinRM would run its operations as the worker process. */
VOID WINAPI WSManPluginAuthzUser(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
				 DWORD flags);

/* `operation` has no documented values and is not looked at. */
VOID WINAPI WSManPluginAuthzOperation(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
				      DWORD flags, DWORD operation, PCWSTR action,
				      PCWSTR resourceUri);

/* Completed with a quota, none of whose fields is 0; or with NO_ERROR and none, for which the host
 * takes its default; or with ERROR_ACCESS_DENIED. */
VOID WINAPI WSManPluginAuthzQueryQuota(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
				       DWORD flags);

/* Gives back a context, once for each completion that returned it. Accepts NULL. */
VOID WINAPI WSManPluginAuthzReleaseContext(PVOID userAuthorizationContext);

#endif
