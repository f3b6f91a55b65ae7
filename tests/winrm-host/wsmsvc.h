/* Between winrm-host.exe and its WsmSvc.dll, which passes on the completions that it is called for. */
#ifndef WINRM_HOST_WSMSVC_H
#define WINRM_HOST_WSMSVC_H

#include "client-plugin/wsman.h"

/* As in calls.h. */
struct wsmsvc_functions {
	DWORD(*user_complete)
	(WSMAN_SENDER_DETAILS *details, DWORD flags, void *context, HANDLE token,
	 BOOL is_administrator, DWORD code, PCWSTR text);
	DWORD(*operation_complete)
	(WSMAN_SENDER_DETAILS *details, DWORD flags, void *context, DWORD code, PCWSTR text);
	DWORD(*quota_complete)
	(WSMAN_SENDER_DETAILS *details, DWORD flags, const WSMAN_AUTHZ_QUOTA *quota, DWORD code,
	 PCWSTR text);
};

/* The DLL's export of this name and type: where to pass them, borrowed. */
#define WSMSVC_CONNECT "winrm_host_connect"
typedef void wsmsvc_connect(const struct wsmsvc_functions *functions);

#endif
