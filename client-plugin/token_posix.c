/* Where there are no access tokens, a program that hosts the plug-in describes one: a HANDLE is the
 * address of a struct client_token. */
#include <string.h>

#include "client-plugin/token.h"
#include "proto/authz.h"

static const char *copy(struct pool *pool, const char *text)
{
	size_t size = strlen(text) + 1;
	char *out = pool_take(pool, size);

	return out != NULL ? memcpy(out, text, size) : NULL;
}

static enum client_reason copy_list(struct pool *pool, const char *const *texts, size_t count,
				    const char *const **out)
{
	const char **list = pool_take(pool, count * sizeof(*list));

	if (list == NULL)
		return CLIENT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		list[i] = copy(pool, texts[i]);
		if (list[i] == NULL)
			return CLIENT_NO_MEMORY;
	}
	*out = list;
	return CLIENT_OK;
}

enum client_reason token_read(HANDLE token, struct pool *pool, struct client_token *out)
{
	const struct client_token *from = token;
	struct client_token read = *from;
	enum client_reason reason;

	if (from->user_sid == NULL)
		return CLIENT_SENDER;
	if (from->group_count + from->deny_only_group_count > AUTHZ_GROUPS_MAX)
		return CLIENT_TOO_LARGE;
	read.user_sid = copy(pool, from->user_sid);
	if (read.user_sid == NULL)
		return CLIENT_NO_MEMORY;
	reason = copy_list(pool, from->group_sids, from->group_count, &read.group_sids);
	if (reason == CLIENT_OK)
		reason = copy_list(pool, from->deny_only_group_sids, from->deny_only_group_count,
				   &read.deny_only_group_sids);
	if (reason == CLIENT_OK)
		*out = read;
	return reason;
}
