#include "platform/system_win32.h"

#include <sddl.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/peer.h"
#include "platform/peer_rules.h"
#include "platform/peer_win32.h"
#include "platform/security_win32.h"

enum { ACCOUNT_NAME_MAX = 512, DOMAIN_UNITS = 256 };

static bool read_groups(HANDLE token, struct peer *peer)
{
	TOKEN_GROUPS *groups = token_query(token, TokenGroups);

	if (groups == NULL)
		return false;
	for (DWORD i = 0; i < groups->GroupCount; i++) {
		DWORD attributes = groups->Groups[i].Attributes;

		if ((attributes & SE_GROUP_ENABLED) == 0 ||
		    (attributes & SE_GROUP_USE_FOR_DENY_ONLY) != 0)
			continue;
		if (peer->group_count == PEER_GROUPS_MAX) {
			peer->group_count = 0;
			break;
		}
		peer->groups[peer->group_count++] = account_of_sid(groups->Groups[i].Sid);
	}
	mem_free(groups);
	return true;
}

static bool read_token(HANDLE token, struct peer *peer)
{
	TOKEN_USER *user = token_query(token, TokenUser);

	if (user == NULL)
		return false;
	peer->user = account_of_sid(user->User.Sid);
	mem_free(user);
	return peer->user.length != 0 && read_groups(token, peer);
}

/* The client as its token was when it opened the pipe. One that opened it so that it could change its
 * token later (dynamic tracking) has shown none yet, and is nobody. */
void peer_of_pipe(HANDLE pipe, struct peer *out)
{
	HANDLE token = NULL;
	ULONG pid = 0;

	out->valid = false;
	out->pid = 0;
	out->user = (struct account){.length = 0};
	out->group_count = 0;
	if (!ImpersonateNamedPipeClient(pipe))
		return;
	if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token))
		token = NULL;
	/* A thread that cannot become itself again must not go on. */
	if (!RevertToSelf())
		TerminateProcess(GetCurrentProcess(), 1);
	if (token == NULL)
		return;
	out->valid = read_token(token, out);
	CloseHandle(token);
	if (GetNamedPipeClientProcessId(pipe, &pid))
		out->pid = pid;
}

static void append_account(const struct account *account, char *out, size_t size)
{
	struct buf text;

	buf_init_fixed(&text, out, size);
	account_append(account, &text);
	(void)buf_text(&text);
}

void peer_text(const struct peer *peer, char out[PEER_TEXT_MAX])
{
	char account[SID_TEXT_MAX];

	if (!peer->valid) {
		snprintf(out, PEER_TEXT_MAX, "unknown peer");
		return;
	}
	append_account(&peer->user, account, sizeof(account));
	snprintf(out, PEER_TEXT_MAX, "%s, pid %llu", account, (unsigned long long)peer->pid);
}

void peer_account(const struct peer *peer, char out[PEER_TEXT_MAX])
{
	out[0] = '\0';
	if (peer->valid)
		append_account(&peer->user, out, PEER_TEXT_MAX);
}

/* An account by its SID, or by its name as this machine and its domain know it. */
static bool find_account(struct str name, struct account *out)
{
	wchar_t domain[DOMAIN_UNITS], *wide;
	uint8_t sid[SECURITY_MAX_SID_SIZE];
	DWORD sid_bytes = sizeof(sid), domain_units = DOMAIN_UNITS;
	char text[SID_TEXT_MAX];
	SID_NAME_USE use;
	bool found;

	if (name.length == 0 || name.length > ACCOUNT_NAME_MAX)
		return false;
	if (str_starts_with(name, STR("S-1-")) && name.length < sizeof(text) &&
	    str_find_byte(name, '\0') == NULL) {
		memcpy(text, name.ptr, name.length);
		text[name.length] = '\0';
		*out = account_of_text(text);
		return out->length != 0;
	}
	wide = wide_new(name);
	if (wide == NULL)
		return false;
	found = LookupAccountNameW(NULL, wide, sid, &sid_bytes, domain, &domain_units, &use);
	mem_free(wide);
	if (!found || use == SidTypeDomain || use == SidTypeInvalid || use == SidTypeUnknown)
		return false;
	*out = account_of_sid(sid);
	return out->length != 0;
}

enum error account_find_sid(struct str name, char out[SID_TEXT_MAX])
{
	struct account account;

	if (!find_account(name, &account))
		return ERR_NOT_FOUND;
	append_account(&account, out, SID_TEXT_MAX);
	return ERR_NONE;
}

/* A user is among its groups where it is a virtual account, such as that of an application pool which
 * runs as somebody else. */
static enum error add(struct peer_rules *rules, bool is_user, struct account account,
		      struct buf *why)
{
	enum error error = peer_rules_add(rules, PEER_GROUP, account, why);

	return error == ERR_NONE && is_user ? peer_rules_add(rules, PEER_USER, account, why)
					    : error;
}

static enum error add_by_name(struct peer_rules *rules, bool is_user, struct str name,
			      struct buf *why)
{
	struct account account;

	if (!find_account(name, &account))
		return why_error(why, ERR_NOT_FOUND, "there is no %s '%.*s' on this system",
				 is_user ? "user" : "group", STR_ARGS(name));
	return add(rules, is_user, account, why);
}

enum error peer_rules_add_user(struct peer_rules *rules, struct str name, struct buf *why)
{
	return add_by_name(rules, true, name, why);
}

enum error peer_rules_add_group(struct peer_rules *rules, struct str name, struct buf *why)
{
	return add_by_name(rules, false, name, why);
}

enum error peer_rules_add_own(struct peer_rules *rules)
{
	static const char *const administrators[] = {"S-1-5-18", "S-1-5-32-544"};
	struct account own;
	/* Not the account of the service, which other services run under as well. */
	enum error error = account_own(&own);
	struct buf why;

	buf_init(&why, 256);
	if (error == ERR_NONE)
		error = add(rules, true, own, &why);
	for (size_t i = 0; error == ERR_NONE && i < ARRAY_COUNT(administrators); i++)
		error = add(rules, true, account_of_text(administrators[i]), &why);
	buf_deinit(&why);
	return error;
}
