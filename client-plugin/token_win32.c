#include <windows.h>

#include <sddl.h>
#include <string.h>

#include "client-plugin/token.h"
#include "proto/authz.h"

/* So much the groups of most users take. A token is an object of the kernel, and asking it for the
 * size first would be one call more in each callback. */
enum { GROUPS_BYTES = 4096 };

/* What GetTokenInformation() says, in memory of the pool; `size` is what is tried first. */
static enum client_reason query(HANDLE token, TOKEN_INFORMATION_CLASS class, DWORD size,
				struct pool *pool, void **out)
{
	void *information = pool_take(pool, size);

	if (information == NULL)
		return CLIENT_NO_MEMORY;
	if (!GetTokenInformation(token, class, information, size, &size)) {
		if (GetLastError() != ERROR_INSUFFICIENT_BUFFER)
			return CLIENT_SENDER;
		information = pool_take(pool, size);
		if (information == NULL)
			return CLIENT_NO_MEMORY;
		if (!GetTokenInformation(token, class, information, size, &size))
			return CLIENT_SENDER;
	}
	*out = information;
	return CLIENT_OK;
}

static enum client_reason copy_sid(PSID sid, struct pool *pool, const char **out)
{
	char *text, *copy;
	size_t size;

	if (!ConvertSidToStringSidA(sid, &text))
		return CLIENT_SENDER;
	size = strlen(text) + 1;
	copy = pool_take(pool, size);
	if (copy != NULL)
		memcpy(copy, text, size);
	LocalFree(text);
	if (copy == NULL)
		return CLIENT_NO_MEMORY;
	*out = copy;
	return CLIENT_OK;
}

static enum client_reason read_groups(const TOKEN_GROUPS *groups, struct pool *pool,
				      struct client_token *read)
{
	const char **enabled, **deny_only;
	enum client_reason reason = CLIENT_OK;

	enabled = pool_take(pool, groups->GroupCount * sizeof(*enabled));
	deny_only = pool_take(pool, groups->GroupCount * sizeof(*deny_only));
	if (enabled == NULL || deny_only == NULL)
		return CLIENT_NO_MEMORY;
	for (DWORD i = 0; reason == CLIENT_OK && i < groups->GroupCount; i++) {
		DWORD attributes = groups->Groups[i].Attributes;
		PSID sid = groups->Groups[i].Sid;

		if (attributes & SE_GROUP_USE_FOR_DENY_ONLY)
			reason = copy_sid(sid, pool, &deny_only[read->deny_only_group_count++]);
		else if (attributes & SE_GROUP_ENABLED)
			reason = copy_sid(sid, pool, &enabled[read->group_count++]);
	}
	read->group_sids = enabled;
	read->deny_only_group_sids = deny_only;
	if (reason == CLIENT_OK &&
	    read->group_count + read->deny_only_group_count > AUTHZ_GROUPS_MAX)
		return CLIENT_TOO_LARGE;
	return reason;
}

enum client_reason token_read(HANDLE token, struct pool *pool, struct client_token *out)
{
	struct client_token read = {.user_sid = NULL};
	TOKEN_ELEVATION elevation = {.TokenIsElevated = 0};
	DWORD size = sizeof(elevation);
	enum client_reason reason;
	void *user = NULL, *groups = NULL;

	reason = query(token, TokenUser, sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE, pool, &user);
	if (reason == CLIENT_OK)
		reason = copy_sid(((const TOKEN_USER *)user)->User.Sid, pool, &read.user_sid);
	if (reason == CLIENT_OK)
		reason = query(token, TokenGroups, GROUPS_BYTES, pool, &groups);
	if (reason == CLIENT_OK)
		reason = read_groups(groups, pool, &read);
	if (reason != CLIENT_OK)
		return reason;
	if (!GetTokenInformation(token, TokenElevation, &elevation, size, &size))
		return CLIENT_SENDER;
	read.elevated = elevation.TokenIsElevated != 0;
	*out = read;
	return CLIENT_OK;
}
