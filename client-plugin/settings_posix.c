#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client-plugin/settings.h"

const char *const settings_names[] = {
	"WSAUTHZ_ENDPOINT",           "WSAUTHZ_SERVER_OWNER", "WSAUTHZ_REPLY_TIMEOUT_MS",
	"WSAUTHZ_CONNECT_TIMEOUT_MS", "WSAUTHZ_MAX_PENDING",  NULL,
};

static bool load_text(const char *name, const char *fallback, char *out, size_t size,
		      struct settings_fault *fault)
{
	const char *text = secure_getenv(name);
	size_t length;

	if (text == NULL)
		text = fallback;
	length = strlen(text);
	if (length >= size) {
		*fault = (struct settings_fault){name, "is too long"};
		return false;
	}
	memcpy(out, text, length + 1);
	return true;
}

static bool load_number(const char *name, uint32_t *out, struct settings_fault *fault)
{
	const char *text = secure_getenv(name);
	unsigned long value;
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value > UINT32_MAX) {
		*fault = (struct settings_fault){name, "must be a number of 32 bits"};
		return false;
	}
	*out = (uint32_t)value;
	return true;
}

enum client_reason settings_load(struct plugin_settings *out, struct settings_fault *fault)
{
	struct plugin_settings read = {.reply_timeout_ms = 0};

	if (!load_text("WSAUTHZ_ENDPOINT", "/run/wsauthz/authorize.sock", read.endpoint,
		       sizeof(read.endpoint), fault) ||
	    !load_text("WSAUTHZ_SERVER_OWNER", "0", read.server_owner, sizeof(read.server_owner),
		       fault) ||
	    !load_number("WSAUTHZ_REPLY_TIMEOUT_MS", &read.reply_timeout_ms, fault) ||
	    !load_number("WSAUTHZ_CONNECT_TIMEOUT_MS", &read.connect_timeout_ms, fault) ||
	    !load_number("WSAUTHZ_MAX_PENDING", &read.max_pending, fault))
		return CLIENT_INVALID;
	*out = read;
	return CLIENT_OK;
}
