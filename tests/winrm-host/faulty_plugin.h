/* The functions of the faulty plug-in, where it is not a DLL of its own. */
#ifndef WINRM_HOST_FAULTY_PLUGIN_H
#define WINRM_HOST_FAULTY_PLUGIN_H

#include "client-plugin/wsman.h"

#ifdef _WIN32
#define FAULTY(NAME)    NAME
#define FAULTY_REVERT() RevertToSelf()
#define FAULTY_THREAD   HANDLE
#else
#include <pthread.h>
#define FAULTY(NAME)    faulty_##NAME
#define FAULTY_REVERT() revert()
#define FAULTY_THREAD   pthread_t
#endif

DWORD WINAPI FAULTY(WSManPluginStartup)(DWORD flags, PCWSTR applicationIdentification,
					PCWSTR extraInfo, PVOID *pluginContext);
DWORD WINAPI FAULTY(WSManPluginShutdown)(PVOID pluginContext, DWORD flags, DWORD reason);
VOID WINAPI FAULTY(WSManPluginAuthzUser)(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
					 DWORD flags);
VOID WINAPI FAULTY(WSManPluginAuthzOperation)(PVOID pluginContext,
					      WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					      DWORD operation, PCWSTR action, PCWSTR resourceUri);
VOID WINAPI FAULTY(WSManPluginAuthzQueryQuota)(PVOID pluginContext,
					       WSMAN_SENDER_DETAILS *senderDetails, DWORD flags);
VOID WINAPI FAULTY(WSManPluginAuthzReleaseContext)(PVOID userAuthorizationContext);

#endif
