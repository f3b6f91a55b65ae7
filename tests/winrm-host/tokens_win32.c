/*
 * Nobody but the system makes tokens of other users, and under Wine there is but one account. So each
 * token here is a duplicate of our own, an object that can be impersonated, and a list says whose it
 * is meant to be.
 */
#include "winrm-host/tokens_win32.h"

#include <sddl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winrm-host/port.h"
#include "winrm-host/users.h"

enum { BUCKETS = 1024, GROUPS_MAX = 2 };

struct token {
	struct token *next;
	HANDLE handle;
	PSID user, groups[GROUPS_MAX];
	DWORD group_count;
};

/* Guards the list. Every callback reads it, so readers must not wait for each other: what they wait is
 * counted as the time of the plug-in. */
static SRWLOCK lock = SRWLOCK_INIT;
static struct token *buckets[BUCKETS];

static _Noreturn void fail(const char *what)
{
	port_fail("%s: error %lu", what, GetLastError());
}

static struct token **bucket_of(HANDLE handle)
{
	return &buckets[((uintptr_t)handle >> 2) % BUCKETS];
}

/* Under the lock. */
static struct token *find(HANDLE handle)
{
	struct token *token = *bucket_of(handle);

	while (token != NULL && token->handle != handle)
		token = token->next;
	return token;
}

static PSID sid_of(const char *text)
{
	PSID sid;

	if (!ConvertStringSidToSidA(text, &sid))
		fail(text);
	return sid;
}

static HANDLE duplicate_own(void)
{
	HANDLE own, duplicate;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own) ||
	    !DuplicateTokenEx(own, TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE, NULL,
			      SecurityImpersonation, TokenImpersonation, &duplicate))
		fail("token");
	CloseHandle(own);
	return duplicate;
}

HANDLE token_open(const char *user)
{
	const char *group = users_group(users_role(user));
	struct token *token = calloc(1, sizeof(*token));
	struct token **bucket;
	char sid[48];

	if (token == NULL)
		port_fail("out of memory");
	snprintf(sid, sizeof(sid), "S-1-5-21-1-2-4-%u", users_number(user));
	token->user = sid_of(sid);
	token->groups[token->group_count++] = sid_of("S-1-5-32-580");
	if (group != NULL)
		token->groups[token->group_count++] = sid_of(group);
	token->handle = duplicate_own();
	AcquireSRWLockExclusive(&lock);
	bucket = bucket_of(token->handle);
	token->next = *bucket;
	*bucket = token;
	ReleaseSRWLockExclusive(&lock);
	return token->handle;
}

void token_close(HANDLE handle)
{
	struct token **link = bucket_of(handle);
	struct token *token;

	if (handle == NULL)
		return;
	AcquireSRWLockExclusive(&lock);
	while ((*link)->handle != handle)
		link = &(*link)->next;
	token = *link;
	*link = token->next;
	ReleaseSRWLockExclusive(&lock);
	CloseHandle(handle);
	LocalFree(token->user);
	for (DWORD i = 0; i < token->group_count; i++)
		LocalFree(token->groups[i]);
	free(token);
}

/* What GetTokenInformation() writes: a structure with pointers, and behind it what they point at. */

static BOOL write_sids(SID_AND_ATTRIBUTES *entries, size_t header_bytes, const PSID *sids,
		       DWORD count, void *out, DWORD size, PDWORD needed)
{
	BYTE *at = (BYTE *)out + header_bytes;
	DWORD total = (DWORD)header_bytes;

	for (DWORD i = 0; i < count; i++)
		total += GetLengthSid(sids[i]);
	*needed = total;
	if (size < total) {
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
		return FALSE;
	}
	for (DWORD i = 0; i < count; i++) {
		DWORD length = GetLengthSid(sids[i]);

		memcpy(at, sids[i], length);
		entries[i].Sid = at;
		entries[i].Attributes = SE_GROUP_ENABLED;
		at += length;
	}
	return TRUE;
}

static BOOL write_information(const struct token *token, TOKEN_INFORMATION_CLASS class, void *out,
			      DWORD size, PDWORD needed)
{
	TOKEN_GROUPS *groups = out;
	TOKEN_USER *user = out;
	BOOL written;

	if (class == TokenUser)
		return write_sids(&user->User, sizeof(*user), &token->user, 1, out, size, needed);
	written = write_sids(groups->Groups, sizeof(*groups) + sizeof(groups->Groups[0]),
			     token->groups, token->group_count, out, size, needed);
	if (written)
		groups->GroupCount = token->group_count;
	return written;
}

BOOL WINAPI tokens_get_information(HANDLE handle, TOKEN_INFORMATION_CLASS class, LPVOID out,
				   DWORD size, PDWORD needed)
{
	const struct token *token = NULL;
	BOOL written = FALSE;

	if (class == TokenUser || class == TokenGroups) {
		AcquireSRWLockShared(&lock);
		token = find(handle);
		if (token != NULL)
			written = write_information(token, class, out, size, needed);
		ReleaseSRWLockShared(&lock);
	}
	return token != NULL ? written : GetTokenInformation(handle, class, out, size, needed);
}

/* Taking on an identity. */

void impersonate(HANDLE token)
{
	module_note_host_thread();
	if (!SetThreadToken(NULL, token))
		fail("SetThreadToken");
}

static bool token_id(HANDLE token, LUID *out)
{
	TOKEN_STATISTICS statistics;
	DWORD size;

	if (!GetTokenInformation(token, TokenStatistics, &statistics, sizeof(statistics), &size))
		return false;
	*out = statistics.TokenId;
	return true;
}

bool is_impersonating(HANDLE token)
{
	LUID expected, found;
	HANDLE current;
	bool is_same;

	if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &current))
		return false;
	is_same = token_id(token, &expected) && token_id(current, &found) &&
		  memcmp(&expected, &found, sizeof(found)) == 0;
	CloseHandle(current);
	return is_same;
}

void revert(void)
{
	RevertToSelf();
}
