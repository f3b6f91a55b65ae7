#include <windows.h>

#include <stdbool.h>
#include <string.h>

#include "client-plugin/settings.h"

static const char default_endpoint[] = "\\\\.\\pipe\\ProtectedPrefix\\LocalService\\wsauthz";

/* The SID of the service "wsauthz": S-1-5-80 and the SHA-1 of its name in capitals. */
static const char default_owner[] =
	"S-1-5-80-2547975705-2253474220-1768302429-2609100955-2658970097";

/* A value that is absent leaves `out` alone. */
static bool load_text(HKEY key, const wchar_t *name, char *out, int size)
{
	wchar_t text[SETTINGS_ENDPOINT_BYTES];
	DWORD bytes = sizeof(text) - sizeof(text[0]);
	DWORD type;
	LSTATUS status = RegQueryValueExW(key, name, NULL, &type, (BYTE *)text, &bytes);

	if (status == ERROR_FILE_NOT_FOUND)
		return true;
	if (status != ERROR_SUCCESS || type != REG_SZ)
		return false;
	text[bytes / sizeof(text[0])] = L'\0'; /* the registry does not promise one */
	return WideCharToMultiByte(CP_UTF8, 0, text, -1, out, size, NULL, NULL) > 0;
}

static bool load_number(HKEY key, const wchar_t *name, uint32_t *out)
{
	DWORD value, bytes = sizeof(value), type;
	LSTATUS status = RegQueryValueExW(key, name, NULL, &type, (BYTE *)&value, &bytes);

	if (status == ERROR_FILE_NOT_FOUND)
		return true;
	if (status != ERROR_SUCCESS || type != REG_DWORD)
		return false;
	*out = value;
	return true;
}

enum client_reason settings_load(struct settings *out)
{
	struct settings read = {.reply_timeout_ms = 0};
	bool valid;
	LSTATUS status;
	HKEY key;

	memcpy(read.endpoint, default_endpoint, sizeof(default_endpoint));
	memcpy(read.server_owner, default_owner, sizeof(default_owner));
	/* A worker process of 32 bits reads the same settings as one of 64. */
	status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\wsauthz", 0,
			       KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key);
	if (status == ERROR_SUCCESS) {
		valid = load_text(key, L"Endpoint", read.endpoint, sizeof(read.endpoint)) &&
			load_text(key, L"ServerOwner", read.server_owner,
				  sizeof(read.server_owner)) &&
			load_number(key, L"ReplyTimeoutMs", &read.reply_timeout_ms) &&
			load_number(key, L"ConnectTimeoutMs", &read.connect_timeout_ms) &&
			load_number(key, L"MaxPending", &read.max_pending);
		RegCloseKey(key);
		if (!valid)
			return CLIENT_INVALID;
	} else if (status != ERROR_FILE_NOT_FOUND) {
		return CLIENT_INVALID;
	}
	*out = read;
	return CLIENT_OK;
}
