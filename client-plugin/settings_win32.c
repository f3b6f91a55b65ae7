#include <windows.h>

#include <stdbool.h>
#include <string.h>

#include "client-plugin/settings.h"

static const char default_endpoint[] = "\\\\.\\pipe\\ProtectedPrefix\\LocalService\\wsauthz";

/* The SID of the service "wsauthz": S-1-5-80 and the SHA-1 of its name in capitals. */
static const char default_owner[] =
	"S-1-5-80-2547975705-2253474220-1768302429-2609100955-2658970097";

const char *const settings_names[] = {
	"Endpoint", "ServerOwner", "ReplyTimeoutMs", "ConnectTimeoutMs", "MaxPending", NULL,
};

static bool fail(struct settings_fault *fault, const char *name, const char *rule)
{
	*fault = (struct settings_fault){name, rule};
	return false;
}

/* A value that is absent leaves `out` alone. */
static bool load_text(HKEY key, const char *name, char *out, int size, struct settings_fault *fault)
{
	wchar_t text[SETTINGS_ENDPOINT_BYTES], wide_name[32] = L"";
	DWORD bytes = sizeof(text) - sizeof(text[0]);
	DWORD type;
	LSTATUS status;

	MultiByteToWideChar(CP_UTF8, 0, name, -1, wide_name, 32);
	status = RegQueryValueExW(key, wide_name, NULL, &type, (BYTE *)text, &bytes);
	if (status == ERROR_FILE_NOT_FOUND)
		return true;
	if (status == ERROR_MORE_DATA)
		return fail(fault, name, "is too long");
	if (status != ERROR_SUCCESS)
		return fail(fault, name, "cannot be read");
	if (type != REG_SZ)
		return fail(fault, name, "must be a REG_SZ");
	text[bytes / sizeof(text[0])] = L'\0'; /* the registry does not promise one */
	if (WideCharToMultiByte(CP_UTF8, 0, text, -1, out, size, NULL, NULL) <= 0)
		return fail(fault, name, "is too long");
	return true;
}

static bool load_number(HKEY key, const char *name, uint32_t *out, struct settings_fault *fault)
{
	DWORD value, bytes = sizeof(value), type;
	LSTATUS status = RegQueryValueExA(key, name, NULL, &type, (BYTE *)&value, &bytes);

	if (status == ERROR_FILE_NOT_FOUND)
		return true;
	if ((status != ERROR_SUCCESS && status != ERROR_MORE_DATA) || type != REG_DWORD)
		return fail(fault, name, "must be a REG_DWORD");
	*out = value;
	return true;
}

enum client_reason settings_load(struct plugin_settings *out, struct settings_fault *fault)
{
	struct plugin_settings read = {.reply_timeout_ms = 0};
	bool valid;
	LSTATUS status;
	HKEY key;

	memcpy(read.endpoint, default_endpoint, sizeof(default_endpoint));
	memcpy(read.server_owner, default_owner, sizeof(default_owner));
	/* A worker process of 32 bits reads the same settings as one of 64. */
	status = RegOpenKeyExA(HKEY_LOCAL_MACHINE, SETTINGS_KEY, 0,
			       KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key);
	if (status == ERROR_SUCCESS) {
		valid = load_text(key, "Endpoint", read.endpoint, sizeof(read.endpoint), fault) &&
			load_text(key, "ServerOwner", read.server_owner, sizeof(read.server_owner),
				  fault) &&
			load_number(key, "ReplyTimeoutMs", &read.reply_timeout_ms, fault) &&
			load_number(key, "ConnectTimeoutMs", &read.connect_timeout_ms, fault) &&
			load_number(key, "MaxPending", &read.max_pending, fault);
		RegCloseKey(key);
		if (!valid)
			return CLIENT_INVALID;
	} else if (status != ERROR_FILE_NOT_FOUND) {
		fail(fault, SETTINGS_KEY, "cannot be opened");
		return CLIENT_INVALID;
	}
	*out = read;
	return CLIENT_OK;
}
