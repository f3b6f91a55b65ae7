/*
 * The types that WinRM and an authorization plug-in share, under WinRM's names. On Windows they are
 * the system's own. Elsewhere, where the same plug-in is built for tests, they stand here with the
 * same members: strings are UTF-16, and a HANDLE is what client-plugin/token_posix.c takes it for.
 */
#ifndef CLIENT_PLUGIN_WSMAN_H
#define CLIENT_PLUGIN_WSMAN_H

#include <stdint.h>

#ifdef _WIN32

#define WSMAN_API_VERSION_1_0 /* declares all of this; mingw-w64 10 cannot read its 1.1 */
#include <windows.h>

#include <wsman.h>

#else

#define WINAPI
#define VOID  void
#define FALSE 0
#define TRUE  1

#define NO_ERROR                0u
#define ERROR_ACCESS_DENIED     5u
#define ERROR_NOT_ENOUGH_MEMORY 8u
#define ERROR_INVALID_PARAMETER 87u

typedef int BOOL;
typedef uint32_t DWORD;
typedef uint16_t WCHAR;
typedef const uint16_t *PCWSTR;
typedef void *PVOID;
typedef void *HANDLE;

typedef struct {
	PCWSTR subject;
	PCWSTR issuerName;
	PCWSTR issuerThumbprint;
	PCWSTR subjectName;
} WSMAN_CERTIFICATE_DETAILS;

typedef struct {
	PCWSTR senderName;
	PCWSTR authenticationMechanism;
	WSMAN_CERTIFICATE_DETAILS *certificateDetails;
	HANDLE clientToken;
	PCWSTR httpURL;
} WSMAN_SENDER_DETAILS;

typedef struct {
	DWORD maxAllowedConcurrentShells;
	DWORD maxAllowedConcurrentOperations;
	DWORD timeslotSize;
	DWORD maxAllowedOperationsPerTimeslot;
} WSMAN_AUTHZ_QUOTA;

/* What the host offers; on Windows WsmSvc.dll exports them. */
DWORD WINAPI WSManPluginAuthzUserComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					  PVOID userAuthorizationContext, HANDLE impersonationToken,
					  BOOL userIsAdministrator, DWORD errorCode,
					  PCWSTR extendedErrorInformation);
DWORD WINAPI WSManPluginAuthzOperationComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					       PVOID userAuthorizationContext, DWORD errorCode,
					       PCWSTR extendedErrorInformation);
DWORD WINAPI WSManPluginAuthzQueryQuotaComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
						WSMAN_AUTHZ_QUOTA *quota, DWORD errorCode,
						PCWSTR extendedErrorInformation);

#endif

#endif
