/* The DLL that a plug-in imports WinRM's completion functions from. */
#include "winrm-host/wsmsvc.h"

static const struct wsmsvc_functions *host;

wsmsvc_connect winrm_host_connect;

void winrm_host_connect(const struct wsmsvc_functions *functions)
{
	host = functions;
}

DWORD WINAPI WSManPluginAuthzUserComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					  PVOID userAuthorizationContext, HANDLE impersonationToken,
					  BOOL userIsAdministrator, DWORD errorCode,
					  PCWSTR extendedErrorInformation)
{
	return host->user_complete(senderDetails, flags, userAuthorizationContext,
				   impersonationToken, userIsAdministrator, errorCode,
				   extendedErrorInformation);
}

DWORD WINAPI WSManPluginAuthzOperationComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					       PVOID userAuthorizationContext, DWORD errorCode,
					       PCWSTR extendedErrorInformation)
{
	return host->operation_complete(senderDetails, flags, userAuthorizationContext, errorCode,
					extendedErrorInformation);
}

DWORD WINAPI WSManPluginAuthzQueryQuotaComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
						WSMAN_AUTHZ_QUOTA *quota, DWORD errorCode,
						PCWSTR extendedErrorInformation)
{
	return host->quota_complete(senderDetails, flags, quota, errorCode,
				    extendedErrorInformation);
}
