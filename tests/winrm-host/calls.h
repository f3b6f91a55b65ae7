/*
 * Calls into the plug-in and their completions, as WinRM makes and takes them. What is passed lies
 * on pages of its own: `action` and `resourceUri` become inaccessible when the callback returns,
 * everything else inside the completion function before it returns, which is the harshest timing
 * that the contract allows. A call is known by the address of its sender details only.
 *
 * Rules: "completion-arguments", "unknown-call", "completed-twice", "wrong-function",
 * "identity-changed", "language-changed", "allowed-without-token", "other-token", "administrator",
 * "context-with-error", "zero-quota", "redirect-url", "names-policy", "timed-out-call".
 */
#ifndef WINRM_HOST_CALLS_H
#define WINRM_HOST_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "winrm-host/port.h"

enum { CALLS_TEXT_BYTES = 2400, CALLS_NAME_BYTES = 128, CALLS_URI_BYTES = 512 };

enum call_kind { CALL_USER, CALL_OPERATION, CALL_QUOTA };

/* Whom a call is about. */
struct call_sender {
	char name[CALLS_NAME_BYTES]; /* with its domain */
	const char *mechanism;
	HANDLE token;
	bool has_certificate, has_garbage_certificate;
	bool may_administrate;
};

struct call {
	enum call_kind kind;
	void *plugin_context;
	const struct call_sender *sender;
	uint32_t operation;
	const char *action_uri, *resource_uri; /* CALL_OPERATION */
};

struct call_result {
	bool timed_out;
	DWORD code;
	void *context;
	bool has_quota;
	WSMAN_AUTHZ_QUOTA quota;
	char text[CALLS_TEXT_BYTES]; /* extended error information; what is not ASCII is '?' */
};

struct calls_options {
	bool impersonates;
	int64_t timeout_ms; /* MaxOperationTimeoutSeconds */
};

/* For the life of the program. The plug-in's functions are borrowed. */
void calls_open(const struct calls_options *opened_with);
void calls_close(void);
void calls_set_functions(const struct plugin_functions *loaded);
void calls_set_options(const struct calls_options *changed);

/* Makes the call and waits for its completion, or until it times out. */
void calls_make(const struct call *call, struct call_result *out);

/* Gives back a context, unless it is NULL. */
void calls_release_context(void *context);

/* What the completion functions of WinRM do. */
DWORD calls_user_complete(WSMAN_SENDER_DETAILS *details, DWORD flags, void *context, HANDLE token,
			  BOOL is_administrator, DWORD code, PCWSTR text);
DWORD calls_operation_complete(WSMAN_SENDER_DETAILS *details, DWORD flags, void *context,
			       DWORD code, PCWSTR text);
DWORD calls_quota_complete(WSMAN_SENDER_DETAILS *details, DWORD flags,
			   const WSMAN_AUTHZ_QUOTA *quota, DWORD code, PCWSTR text);

#endif
