#include "platform/system_win32.h"

#include <aclapi.h>
#include <string.h>

#include "base/mem.h"
#include "platform/inspect.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/security_win32.h"

enum error path_inspect(const char *path, struct path_facts *out, struct buf *why)
{
	(void)path;
	(void)out;
	(void)why;
	return ERR_UNSUPPORTED;
}

enum error path_inspect_parent(const char *path, struct path_facts *out,
			       char parent[PLATFORM_PATH_MAX], struct buf *why)
{
	parent[0] = '\0';
	return path_inspect(path, out, why);
}

static void write_account(PSID sid, char out[SID_TEXT_MAX])
{
	struct account account = account_of_sid(sid);
	struct buf text;

	buf_init_fixed(&text, out, SID_TEXT_MAX);
	account_append(&account, &text);
	(void)buf_text(&text);
}

/* Entries of kinds that no pipe and no file has are kept with an account of nobody. */
static enum error read_list(PACL list, const char *path, struct access_facts *out, struct buf *why)
{
	if (list->AceCount > ACCESS_ENTRIES_MAX)
		return why_error(why, ERR_LIMIT, "%s: has %u entries; the limit is %d", path,
				 (unsigned)list->AceCount, ACCESS_ENTRIES_MAX);
	for (DWORD i = 0; i < list->AceCount; i++) {
		struct access_entry *entry = &out->entries[out->entry_count];
		const ACCESS_ALLOWED_ACE *allowed;
		void *ace;

		if (!GetAce(list, i, &ace))
			return why_win32(why, path, "read the access list", GetLastError());
		allowed = ace;
		if ((allowed->Header.AceFlags & INHERIT_ONLY_ACE) != 0)
			continue;
		*entry = (struct access_entry){.rights = allowed->Mask, .account = "nobody"};
		entry->is_denied = allowed->Header.AceType == ACCESS_DENIED_ACE_TYPE;
		if (entry->is_denied || allowed->Header.AceType == ACCESS_ALLOWED_ACE_TYPE)
			write_account((PSID)(uintptr_t)&allowed->SidStart, entry->account);
		out->entry_count++;
	}
	return ERR_NONE;
}

/* The label is in another list than the entries. A system that does not tell has none to show. */
static void read_label(HANDLE object, SE_OBJECT_TYPE type, struct access_facts *out)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	PACL list = NULL;

	if (GetSecurityInfo(object, type, LABEL_SECURITY_INFORMATION, NULL, NULL, NULL, &list,
			    &descriptor) != ERROR_SUCCESS)
		return;
	for (DWORD i = 0; list != NULL && i < list->AceCount; i++) {
		const SYSTEM_MANDATORY_LABEL_ACE *label;
		PSID level;
		void *ace;

		if (!GetAce(list, i, &ace))
			break;
		label = ace;
		if (label->Header.AceType != SYSTEM_MANDATORY_LABEL_ACE_TYPE ||
		    (label->Header.AceFlags & INHERIT_ONLY_ACE) != 0)
			continue;
		level = (PSID)(uintptr_t)&label->SidStart;
		if (*GetSidSubAuthorityCount(level) == 0)
			continue;
		out->has_label = true;
		out->label_level = *GetSidSubAuthority(level, *GetSidSubAuthorityCount(level) - 1u);
		out->label_rules = label->Mask;
	}
	LocalFree(descriptor);
}

static enum error inspect(HANDLE object, SE_OBJECT_TYPE type, const char *path,
			  struct access_facts *out, struct buf *why)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	enum error error = ERR_NONE;
	PSID owner = NULL;
	PACL list = NULL;
	DWORD result;

	memset(out, 0, sizeof(*out));
	result = GetSecurityInfo(object, type,
				 OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
				 NULL, &list, NULL, &descriptor);
	if (result != ERROR_SUCCESS)
		return why_win32(why, path, "read the access list", result);
	write_account(owner, out->owner);
	out->has_list = list != NULL;
	if (list != NULL)
		error = read_list(list, path, out, why);
	LocalFree(descriptor);
	read_label(object, type, out);
	return error;
}

enum error endpoint_inspect(const char *path, int timeout_ms, struct access_facts *out,
			    struct buf *why)
{
	HANDLE pipe = INVALID_HANDLE_VALUE;
	enum error error = pipe_open(path, READ_CONTROL, timeout_ms, &pipe, why);

	if (error == ERR_NONE)
		error = inspect(pipe, SE_KERNEL_OBJECT, path, out, why);
	close_handle(pipe);
	return error;
}

enum error path_inspect_access(const char *path, struct access_facts *out, struct buf *why)
{
	wchar_t *wide = wide_path(path, why);
	BY_HANDLE_FILE_INFORMATION info;
	enum error error = ERR_NONE;
	HANDLE file;

	if (wide == NULL)
		return ERR_INVALID;
	file = CreateFileW(wide, READ_CONTROL | FILE_READ_ATTRIBUTES,
			   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
			   OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS,
			   NULL);
	mem_free(wide);
	if (file == INVALID_HANDLE_VALUE)
		return why_win32(why, path, "open", GetLastError());
	if (!GetFileInformationByHandle(file, &info))
		error = why_win32(why, path, "examine", GetLastError());
	else if ((info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
		error = why_error(why, ERR_INVALID, "%s: is a link", path);
	if (error == ERR_NONE)
		error = inspect(file, SE_FILE_OBJECT, path, out, why);
	CloseHandle(file);
	return error;
}

enum error path_free_bytes(const char *path, uint64_t *out, struct buf *why)
{
	wchar_t *wide = wide_path(path, why);
	ULARGE_INTEGER available;
	enum error error = ERR_NONE;

	if (wide == NULL)
		return ERR_INVALID;
	if (GetDiskFreeSpaceExW(wide, &available, NULL, NULL))
		*out = available.QuadPart;
	else
		error = why_win32(why, path, "examine the file system", GetLastError());
	mem_free(wide);
	return error;
}
