#include "winrm-host/own_sid_win32.h"

#include <windows.h>

#include <sddl.h>
#include <stdio.h>

bool own_sid(char *out, size_t size)
{
	union {
		TOKEN_USER user;
		BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
	} information;
	bool is_known = false;
	char *text = NULL;
	DWORD length;
	HANDLE token;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return false;
	if (GetTokenInformation(token, TokenUser, &information, sizeof(information), &length) &&
	    ConvertSidToStringSidA(information.user.User.Sid, &text)) {
		snprintf(out, size, "%s", text);
		is_known = true;
	}
	LocalFree(text);
	CloseHandle(token);
	return is_known;
}
