#include "unit/client-plugin/fake_host.h"

#include <string.h>

static struct fake_host host;

struct fake_host *fake_host(void)
{
	return &host;
}

void fake_host_reset(void)
{
	memset(&host, 0, sizeof(host));
}

WSMAN_SENDER_DETAILS fake_host_sender(void)
{
	static const char *const groups[] = {"S-1-5-32-580", "S-1-5-21-1-2-3-1101"};
	static const char *const deny_only[] = {"S-1-5-32-544"};
	static struct client_token token = {
		.user_sid = "S-1-5-21-1-2-3-2001",
		.group_sids = groups,
		.group_count = 2,
		.deny_only_group_sids = deny_only,
		.deny_only_group_count = 1,
	};

	return (WSMAN_SENDER_DETAILS){
		.senderName = u"CONTOSO\\alice",
		.authenticationMechanism = u"Kerberos",
		.clientToken = &token,
		.httpURL = u"https://host/wsman",
	};
}

bool fake_host_text_holds(const char *part)
{
	size_t length = strlen(part);

	for (const WCHAR *at = host.last.text;; at++) {
		size_t same = 0;

		while (same < length && at[same] == (WCHAR)part[same])
			same++;
		if (same == length)
			return true;
		if (*at == 0)
			return false;
	}
}

static struct fake_completion *note(enum fake_completion_kind kind, const void *details,
				    DWORD flags, DWORD code, PCWSTR text)
{
	struct fake_completion *last = &host.last;

	memset(last, 0, sizeof(*last));
	last->kind = kind;
	last->details = details;
	last->flags = flags;
	last->code = code;
	for (size_t i = 0; text != NULL && text[i] != 0 && i + 1 < FAKE_HOST_TEXT_UNITS; i++)
		last->text[i] = text[i];
	host.completion_count++;
	return last;
}

DWORD WINAPI WSManPluginAuthzUserComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					  PVOID userAuthorizationContext, HANDLE impersonationToken,
					  BOOL userIsAdministrator, DWORD errorCode,
					  PCWSTR extendedErrorInformation)
{
	struct fake_completion *last =
		note(FAKE_USER, senderDetails, flags, errorCode, extendedErrorInformation);

	last->context = userAuthorizationContext;
	last->token = impersonationToken;
	last->administrator = userIsAdministrator;
	return host.status;
}

DWORD WINAPI WSManPluginAuthzOperationComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					       PVOID userAuthorizationContext, DWORD errorCode,
					       PCWSTR extendedErrorInformation)
{
	struct fake_completion *last =
		note(FAKE_OPERATION, senderDetails, flags, errorCode, extendedErrorInformation);

	last->context = userAuthorizationContext;
	return host.status;
}

DWORD WINAPI WSManPluginAuthzQueryQuotaComplete(WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
						WSMAN_AUTHZ_QUOTA *quota, DWORD errorCode,
						PCWSTR extendedErrorInformation)
{
	struct fake_completion *last =
		note(FAKE_QUOTA, senderDetails, flags, errorCode, extendedErrorInformation);

	last->has_quota = quota != NULL;
	if (quota != NULL)
		last->quota = *quota;
	return host.status;
}
