/*
 * The settings of the plug-in; one implementation per system. On Windows they are values of
 * HKEY_LOCAL_MACHINE\SOFTWARE\wsauthz in the 64-bit view of the registry, all optional:
 *
 *	Endpoint          REG_SZ     the daemon's pipe
 *	ServerOwner       REG_SZ     the SID that must own it; the service's own by default
 *	ReplyTimeoutMs    REG_DWORD  see struct client_settings; 0 or absent for the default
 *	ConnectTimeoutMs  REG_DWORD
 *	MaxPending        REG_DWORD
 *
 * Elsewhere, for tests, they are environment variables: WSAUTHZ_ENDPOINT and so on.
 */
#ifndef CLIENT_PLUGIN_SETTINGS_H
#define CLIENT_PLUGIN_SETTINGS_H

#include <stdint.h>

#include "client-plugin/client.h"

enum {
	SETTINGS_ENDPOINT_BYTES = 256, /* with the zero, as the next */
	SETTINGS_OWNER_BYTES = 187,
};

struct plugin_settings {
	char endpoint[SETTINGS_ENDPOINT_BYTES];
	char server_owner[SETTINGS_OWNER_BYTES];
	uint32_t reply_timeout_ms, connect_timeout_ms, max_pending;
};

/* The key and its values by name, which ends with NULL. */
#define SETTINGS_KEY "SOFTWARE\\wsauthz"
extern const char *const settings_names[];

/* What is wrong with which of them. */
struct settings_fault {
	const char *name, *rule; /* "MaxPending", "must be a REG_DWORD" */
};

/* CLIENT_INVALID with the `fault` when a value is of the wrong type or too long, or cannot be read. */
enum client_reason settings_load(struct plugin_settings *out, struct settings_fault *fault);

#endif
