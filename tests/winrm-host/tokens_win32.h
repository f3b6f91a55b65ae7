/* Tokens of users who exist on no machine, for the plug-in to read. */
#ifndef WINRM_HOST_TOKENS_WIN32_H
#define WINRM_HOST_TOKENS_WIN32_H

#include <windows.h>

/* GetTokenInformation(), except that a token of token_open() has the user and the groups it was
 * opened for. Any thread. */
BOOL WINAPI tokens_get_information(HANDLE token, TOKEN_INFORMATION_CLASS class, LPVOID out,
				   DWORD size, PDWORD needed);

#endif
