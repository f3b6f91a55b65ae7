#include "platform/security_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/system_win32.h"

struct account account_of_sid(PSID sid)
{
	struct account account = {.length = 0};
	DWORD length = IsValidSid(sid) ? GetLengthSid(sid) : 0;

	if (length != 0 && length <= ACCOUNT_MAX_BYTES) {
		memcpy(account.bytes, sid, length);
		account.length = (uint8_t)length;
	}
	return account;
}

PSID account_sid(const struct account *account)
{
	return (PSID)(uintptr_t)account->bytes;
}

struct account account_of_text(const char *text)
{
	struct account account = {.length = 0};
	PSID sid;

	if (!ConvertStringSidToSidA(text, &sid))
		return account;
	account = account_of_sid(sid);
	LocalFree(sid);
	return account;
}

void account_append(const struct account *account, struct buf *out)
{
	char *text;

	if (account->length == 0 || !ConvertSidToStringSidA(account_sid(account), &text)) {
		buf_append_str(out, STR("nobody"));
		return;
	}
	buf_append_str(out, str_from(text));
	LocalFree(text);
}

bool account_equal(const struct account *a, const struct account *b)
{
	return a->length != 0 && a->length == b->length &&
	       memcmp(a->bytes, b->bytes, a->length) == 0;
}

void *token_query(HANDLE token, TOKEN_INFORMATION_CLASS class)
{
	DWORD size = 0;
	void *information;

	GetTokenInformation(token, class, NULL, 0, &size);
	if (GetLastError() != ERROR_INSUFFICIENT_BUFFER)
		return NULL;
	information = mem_alloc(size);
	if (information != NULL && !GetTokenInformation(token, class, information, size, &size)) {
		mem_free(information);
		return NULL;
	}
	return information;
}

static enum error token_has_group(HANDLE token, const struct account *account, bool *found)
{
	TOKEN_GROUPS *groups = token_query(token, TokenGroups);

	if (groups == NULL)
		return ERR_NO_MEMORY;
	*found = false;
	for (DWORD i = 0; i < groups->GroupCount; i++) {
		if ((groups->Groups[i].Attributes & SE_GROUP_ENABLED) != 0 &&
		    EqualSid(groups->Groups[i].Sid, account_sid(account)))
			*found = true;
	}
	mem_free(groups);
	return ERR_NONE;
}

/* `wants_service`: the service's SID when the token has it. */
static enum error account_of_process(bool wants_service, struct account *out)
{
	struct account service = account_of_text(SERVICE_SID);
	enum error error = ERR_NONE;
	bool is_service = false;
	TOKEN_USER *user;
	HANDLE token;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return ERR_IO;
	user = token_query(token, TokenUser);
	if (user == NULL)
		error = ERR_NO_MEMORY;
	else if (wants_service)
		error = token_has_group(token, &service, &is_service);
	if (error == ERR_NONE)
		*out = is_service ? service : account_of_sid(user->User.Sid);
	mem_free(user);
	CloseHandle(token);
	return error;
}

enum error account_own(struct account *out)
{
	return account_of_process(true, out);
}

enum error account_user(struct account *out)
{
	return account_of_process(false, out);
}

bool account_is_trusted(const struct account *account)
{
	static const char *const trusted[] = {
		"S-1-5-18",     /* the system */
		"S-1-5-32-544", /* administrators */
		/* Who installs the system's own files. */
		"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
		SERVICE_SID,
	};
	struct account own;

	for (size_t i = 0; i < ARRAY_COUNT(trusted); i++) {
		struct account known = account_of_text(trusted[i]);

		if (account_equal(&known, account))
			return true;
	}
	return account_user(&own) == ERR_NONE && account_equal(&own, account);
}

/* For the owner, when `has_owner`, the system and administrators, with `more` entries in the list. */
static PSECURITY_DESCRIPTOR make_descriptor(bool has_owner, const char *inherit, const char *more)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	struct account own;
	struct buf sddl;

	if (account_own(&own) != ERR_NONE)
		return NULL;
	buf_init(&sddl, 1024);
	if (has_owner) {
		buf_append_str(&sddl, STR("O:"));
		account_append(&own, &sddl);
	}
	buf_printf(&sddl, "D:P(A;%s;GA;;;SY)(A;%s;GA;;;BA)(A;%s;GA;;;", inherit, inherit, inherit);
	account_append(&own, &sddl);
	buf_printf(&sddl, ")%s", more);
	if (sddl.failed != ERR_NONE || !ConvertStringSecurityDescriptorToSecurityDescriptorA(
					       buf_text(&sddl), SDDL_REVISION_1, &descriptor, NULL))
		descriptor = NULL;
	buf_deinit(&sddl);
	return descriptor;
}

PSECURITY_DESCRIPTOR security_private(bool is_directory)
{
	return make_descriptor(false, is_directory ? "OICI" : "", "");
}

PSECURITY_DESCRIPTOR security_owned(void)
{
	return make_descriptor(true, "", "");
}

PSECURITY_DESCRIPTOR security_published(void)
{
	return make_descriptor(false, "", "(A;;FR;;;WD)");
}

static DWORD forbidden_rights(enum security_demand demand)
{
	const DWORD moving = DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_ALL | FILE_DELETE_CHILD;

	switch (demand) {
	case SECURITY_NOT_WRITABLE:
		return moving | GENERIC_WRITE | FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA |
		       FILE_WRITE_ATTRIBUTES;
	case SECURITY_NOT_MOVABLE: return moving;
	case SECURITY_KEY_NOT_WRITABLE:
		return DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_ALL | GENERIC_WRITE |
		       KEY_SET_VALUE | KEY_CREATE_SUB_KEY | KEY_CREATE_LINK;
	case SECURITY_PRIVATE: break;
	}
	return ~(DWORD)SYNCHRONIZE;
}

/* What an entry of an access list grants to whom. False for one that grants nothing here. */
static bool grants(const ACE_HEADER *ace, DWORD *rights, struct account *account)
{
	const ACCESS_ALLOWED_ACE *allowed = (const ACCESS_ALLOWED_ACE *)ace;

	if ((ace->AceFlags & INHERIT_ONLY_ACE) != 0)
		return false;
	switch (ace->AceType) {
	case ACCESS_ALLOWED_ACE_TYPE:
	case ACCESS_ALLOWED_CALLBACK_ACE_TYPE:
		*rights = allowed->Mask;
		*account = account_of_sid((PSID)(uintptr_t)&allowed->SidStart);
		return true;
	case ACCESS_ALLOWED_OBJECT_ACE_TYPE:
	case ACCESS_ALLOWED_CALLBACK_OBJECT_ACE_TYPE:
	case ACCESS_ALLOWED_COMPOUND_ACE_TYPE:
		/* No file has them; whoever it is meant for, it is nobody we know. */
		*rights = allowed->Mask;
		*account = (struct account){.length = 0};
		return true;
	}
	return false;
}

static enum error check_list(PACL list, const char *name, enum security_demand demand,
			     struct buf *why)
{
	DWORD forbidden = forbidden_rights(demand);

	if (list == NULL)
		return why_error(why, ERR_INVALID,
				 "%s: has no access list: everybody may change it", name);
	for (DWORD i = 0; i < list->AceCount; i++) {
		struct account account;
		DWORD rights;
		void *ace;

		if (!GetAce(list, i, &ace))
			return why_error(why, ERR_INVALID, "%s: the access list is damaged", name);
		if (!grants(ace, &rights, &account) || (rights & forbidden) == 0 ||
		    account_is_trusted(&account))
			continue;
		buf_printf(why, "%s: ", name);
		account_append(&account, why);
		return why_error(why, ERR_INVALID,
				 " has rights on it (0x%lx) that only administrators and the "
				 "service may have; take them away, for instance with icacls",
				 (unsigned long)rights);
	}
	return ERR_NONE;
}

enum error security_check(HANDLE handle, const char *name, enum security_demand demand,
			  struct buf *why)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	struct account account;
	enum error error = ERR_NONE;
	PSID owner = NULL;
	PACL list = NULL;
	DWORD result;

	result = GetSecurityInfo(
		handle, demand == SECURITY_KEY_NOT_WRITABLE ? SE_REGISTRY_KEY : SE_FILE_OBJECT,
		OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL, &list, NULL,
		&descriptor);
	if (result != ERROR_SUCCESS)
		return why_win32(why, name, "read the access list", result);
	account = account_of_sid(owner);
	if (!account_is_trusted(&account)) {
		buf_printf(why, "%s: is owned by ", name);
		account_append(&account, why);
		error = why_error(why, ERR_INVALID,
				  "; the owner must be an administrator, the system, the service "
				  "or who runs this program");
	}
	if (error == ERR_NONE)
		error = check_list(list, name, demand, why);
	LocalFree(descriptor);
	return error;
}

/* Cuts the last part off "\\?\C:\a\b"; false at the root of the volume. */
static bool to_parent(wchar_t *path)
{
	wchar_t *slash = wcsrchr(path, L'\\');

	if (slash == NULL || slash == path)
		return false;
	if (slash[1] == L'\0')
		return false;
	/* A drive keeps its slash; a share has no list of its own to look at. */
	slash[slash[-1] == L':' ? 1 : 0] = L'\0';
	return wcsncmp(path, L"\\\\?\\UNC", 7) != 0 || wcschr(path + 8, L'\\') != NULL;
}

enum error security_check_ancestors(HANDLE directory, const char *name, struct buf *why)
{
	wchar_t *path = mem_calloc(PLATFORM_PATH_MAX, sizeof(*path));
	enum error error = ERR_NONE;
	DWORD units;

	if (path == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
	units = GetFinalPathNameByHandleW(directory, path, PLATFORM_PATH_MAX, 0);
	if (units == 0 || units >= PLATFORM_PATH_MAX)
		error = why_error(why, ERR_INVALID, "%s: cannot resolve the path", name);
	while (error == ERR_NONE && to_parent(path)) {
		struct buf shown;
		HANDLE parent = CreateFileW(path, READ_CONTROL,
					    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
					    NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

		buf_init(&shown, 4 * PLATFORM_PATH_MAX);
		buf_append_wide(&shown, path);
		if (parent == INVALID_HANDLE_VALUE)
			error = why_win32(why, buf_text(&shown), "open the directory",
					  GetLastError());
		else
			error = security_check(parent, buf_text(&shown), SECURITY_NOT_MOVABLE, why);
		buf_deinit(&shown);
		close_handle(parent);
	}
	mem_free(path);
	return error;
}
