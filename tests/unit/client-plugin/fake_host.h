/*
 * The host's side of the plug-in, for one thread: remembers how calls were completed, and makes
 * senders. The client below the plug-in runs over the channel in memory (unit/client).
 */
#ifndef TESTS_CLIENT_PLUGIN_FAKE_HOST_H
#define TESTS_CLIENT_PLUGIN_FAKE_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "client-plugin/client.h"
#include "client-plugin/plugin.h"

enum { FAKE_HOST_TEXT_UNITS = 4096 };

enum fake_completion_kind { FAKE_NOTHING, FAKE_USER, FAKE_OPERATION, FAKE_QUOTA };

/* What the last completion said. */
struct fake_completion {
	enum fake_completion_kind kind;
	const void *details;
	DWORD flags, code;
	void *context;
	HANDLE token;
	bool administrator, has_quota;
	WSMAN_AUTHZ_QUOTA quota;
	WCHAR text[FAKE_HOST_TEXT_UNITS]; /* cut off; "" for NULL */
};

struct fake_host {
	struct fake_completion last;
	size_t completion_count;
	DWORD status; /* what the completion functions return */
};

/* The one host of this process, as it was reset last. */
struct fake_host *fake_host(void);
void fake_host_reset(void);

/* A sender with a token: alice, Kerberos, two groups and one to deny only. Static memory. */
WSMAN_SENDER_DETAILS fake_host_sender(void);

/* True when the text of the last completion holds `part`, which is ASCII. */
bool fake_host_text_holds(const char *part);

#endif
