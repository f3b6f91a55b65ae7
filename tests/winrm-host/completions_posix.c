/* WinRM's completion functions, where no DLL is needed to offer them. */
#include "winrm-host/calls.h"

DWORD WINAPI WSManPluginAuthzUserComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					  PVOID userAuthorizationContext, HANDLE impersonationToken,
					  BOOL userIsAdministrator, DWORD errorCode,
					  PCWSTR extendedErrorInformation)
{
	return calls_user_complete(senderDetails, flags, userAuthorizationContext,
				   impersonationToken, userIsAdministrator, errorCode,
				   extendedErrorInformation);
}

DWORD WINAPI WSManPluginAuthzOperationComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					       PVOID userAuthorizationContext, DWORD errorCode,
					       PCWSTR extendedErrorInformation)
{
	return calls_operation_complete(senderDetails, flags, userAuthorizationContext, errorCode,
					extendedErrorInformation);
}

DWORD WINAPI WSManPluginAuthzQueryQuotaComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
						WSMAN_AUTHZ_QUOTA *quota, DWORD errorCode,
						PCWSTR extendedErrorInformation)
{
	return calls_quota_complete(senderDetails, flags, quota, errorCode,
				    extendedErrorInformation);
}
