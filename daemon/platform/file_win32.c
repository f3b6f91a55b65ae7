#include "platform/file_win32.h"

#include <sddl.h>
#include <string.h>

#include "base/mem.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/security_win32.h"
#include "platform/system_win32.h"

enum { READ_CHUNK_BYTES = 1 << 20 };

HANDLE file_open_quiet(const wchar_t *path, const char *name, enum error *error, struct buf *why)
{
	HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
				  FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
	DWORD number = GetLastError();

	if (file != INVALID_HANDLE_VALUE)
		*error = ERR_NONE;
	else if (number == ERROR_SHARING_VIOLATION)
		*error = why_error(why, ERR_BUSY, "%s: is open for writing; try again", name);
	else
		*error = why_win32(why, name, "open", number);
	return file;
}

static enum error check_kind(HANDLE handle, const char *name, bool wants_directory,
			     BY_HANDLE_FILE_INFORMATION *info, struct buf *why)
{
	const char *wanted = wants_directory ? "a directory" : "a regular file";

	if (GetFileType(handle) != FILE_TYPE_DISK)
		return why_error(why, ERR_INVALID, "%s: is a device, not %s", name, wanted);
	if (!GetFileInformationByHandle(handle, info))
		return why_win32(why, name, "examine", GetLastError());
	if ((info->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
		return why_error(why, ERR_INVALID, "%s: is a symbolic link, not %s", name, wanted);
	if (((info->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) != wants_directory)
		return why_error(why, ERR_INVALID, "%s: is %s, not %s", name,
				 wants_directory ? "a file" : "a directory", wanted);
	return ERR_NONE;
}

enum error file_check(HANDLE file, const char *name, size_t max_bytes, size_t *size,
		      struct buf *why)
{
	BY_HANDLE_FILE_INFORMATION info;
	enum error error = check_kind(file, name, false, &info, why);
	uint64_t bytes;

	if (error == ERR_NONE)
		error = security_check(file, name, SECURITY_NOT_WRITABLE, why);
	if (error != ERR_NONE)
		return error;
	bytes = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
	if (bytes > max_bytes)
		return why_error(why, ERR_LIMIT, "%s: has %llu bytes; the limit is %zu", name,
				 (unsigned long long)bytes, max_bytes);
	*size = (size_t)bytes;
	return ERR_NONE;
}

enum error directory_check(HANDLE directory, const char *name, struct buf *why)
{
	BY_HANDLE_FILE_INFORMATION info;
	enum error error = check_kind(directory, name, true, &info, why);

	return error == ERR_NONE ? security_check(directory, name, SECURITY_NOT_WRITABLE, why)
				 : error;
}

enum error file_read_exactly(HANDLE file, const char *name, char *out, size_t size, struct buf *why)
{
	size_t done = 0;

	while (done < size) {
		DWORD chunk = size - done < READ_CHUNK_BYTES ? (DWORD)(size - done)
							     : (DWORD)READ_CHUNK_BYTES;
		DWORD got = 0;

		if (!ReadFile(file, out + done, chunk, &got, NULL))
			return why_win32(why, name, "read", GetLastError());
		if (got == 0)
			return why_error(why, ERR_BUSY,
					 "%s: was changed while it was read; try again", name);
		done += got;
	}
	return ERR_NONE;
}

/* Creates it when it is missing; false with `why`. */
static bool create_directory(const wchar_t *path, const char *name, struct buf *why)
{
	SECURITY_ATTRIBUTES attributes = {sizeof(attributes), security_private(true), FALSE};
	DWORD error = ERROR_SUCCESS;

	if (attributes.lpSecurityDescriptor == NULL) {
		why_error(why, ERR_NO_MEMORY, "%s: cannot make its access list", name);
		return false;
	}
	if (!CreateDirectoryW(path, &attributes))
		error = GetLastError();
	LocalFree(attributes.lpSecurityDescriptor);
	if (error == ERROR_SUCCESS || error == ERROR_ALREADY_EXISTS)
		return true;
	why_win32(why, name, "create the directory", error);
	return false;
}

enum error directory_make_private(const char *path, struct buf *why)
{
	wchar_t *wide = wide_path(path, why);
	BY_HANDLE_FILE_INFORMATION info;
	enum error error = ERR_INVALID;
	HANDLE directory = INVALID_HANDLE_VALUE;

	if (wide != NULL && create_directory(wide, path, why)) {
		directory = CreateFileW(
			wide, READ_CONTROL | FILE_READ_ATTRIBUTES,
			FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
			FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
		error = directory != INVALID_HANDLE_VALUE
				? check_kind(directory, path, true, &info, why)
				: why_win32(why, path, "open the directory", GetLastError());
	}
	if (error == ERR_NONE)
		error = security_check(directory, path, SECURITY_PRIVATE, why);
	if (error == ERR_NONE)
		error = security_check_ancestors(directory, path, why);
	close_handle(directory);
	mem_free(wide);
	return error;
}

/* Delivers one name; "." and ".." are none. */
static enum error deliver(const wchar_t *name, enum error (*on_name)(void *arg, const char *name),
			  void *arg)
{
	struct buf text;
	enum error error;

	if (wcscmp(name, L".") == 0 || wcscmp(name, L"..") == 0)
		return ERR_NONE;
	buf_init(&text, 4 * MAX_PATH);
	buf_append_wide(&text, name);
	error = text.failed == ERR_NONE ? on_name(arg, buf_text(&text)) : text.failed;
	buf_deinit(&text);
	return error;
}

enum error directory_list_names(const char *path,
				enum error (*on_name)(void *arg, const char *name), void *arg)
{
	enum error error = ERR_NONE;
	WIN32_FIND_DATAW entry;
	struct buf pattern;
	wchar_t *wide;
	HANDLE search;

	buf_init(&pattern, PLATFORM_PATH_MAX + 8);
	buf_printf(&pattern, "%s\\*", path);
	wide = pattern.failed == ERR_NONE ? wide_new(buf_str(&pattern)) : NULL;
	buf_deinit(&pattern);
	if (wide == NULL)
		return ERR_NO_MEMORY;
	search = FindFirstFileW(wide, &entry);
	mem_free(wide);
	if (search == INVALID_HANDLE_VALUE)
		return error_from_win32(GetLastError());
	do {
		error = deliver(entry.cFileName, on_name, arg);
	} while (error == ERR_NONE && FindNextFileW(search, &entry));
	if (error == ERR_NONE && GetLastError() != ERROR_NO_MORE_FILES)
		error = error_from_win32(GetLastError());
	FindClose(search);
	return error;
}

enum error file_create_private(const char *path)
{
	SECURITY_ATTRIBUTES attributes = {sizeof(attributes), security_private(false), FALSE};
	wchar_t *wide = wide_new(str_from(path));
	enum error error = ERR_NO_MEMORY;
	HANDLE file;

	if (wide != NULL && attributes.lpSecurityDescriptor != NULL) {
		file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, &attributes,
				   CREATE_NEW, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
		error = file != INVALID_HANDLE_VALUE ? ERR_NONE : error_from_win32(GetLastError());
		close_handle(file);
	}
	LocalFree(attributes.lpSecurityDescriptor);
	mem_free(wide);
	return error;
}

/* By the access list and not by the read-only attribute, with which the file could not be removed
 * when its time has come. */
enum error file_make_readonly(const char *path)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	wchar_t *wide = wide_new(str_from(path));
	struct account own;
	enum error error = account_own(&own);
	struct buf sddl;

	buf_init(&sddl, 1024);
	buf_append_str(&sddl, STR("D:P(A;;FRSDWD;;;SY)(A;;FRSDWD;;;BA)(A;;FRSDWD;;;"));
	if (error == ERR_NONE)
		account_append(&own, &sddl);
	buf_append_byte(&sddl, ')');
	if (wide == NULL || sddl.failed != ERR_NONE)
		error = ERR_NO_MEMORY;
	if (error == ERR_NONE && (!ConvertStringSecurityDescriptorToSecurityDescriptorA(
					  buf_text(&sddl), SDDL_REVISION_1, &descriptor, NULL) ||
				  !SetFileSecurityW(wide, DACL_SECURITY_INFORMATION, descriptor)))
		error = error_from_win32(GetLastError());
	LocalFree(descriptor);
	buf_deinit(&sddl);
	mem_free(wide);
	return error;
}

static enum error read_checked(const char *path, size_t max_bytes, bool is_secret, struct buf *out,
			       struct buf *why)
{
	wchar_t *wide = wide_path(path, why);
	enum error error = ERR_INVALID;
	size_t size = 0;
	HANDLE file;
	char *room;

	buf_clear(out);
	if (wide == NULL)
		return error;
	file = file_open_quiet(wide, path, &error, why);
	mem_free(wide);
	if (error != ERR_NONE)
		return error;
	error = file_check(file, path, max_bytes, &size, why);
	if (error == ERR_NONE && is_secret)
		error = security_check(file, path, SECURITY_PRIVATE, why);
	if (error == ERR_NONE) {
		room = buf_reserve(out, size);
		error = room != NULL ? file_read_exactly(file, path, room, size, why)
				     : why_error(why, out->failed, "%s: %s", path,
						 error_text(out->failed));
	}
	if (error == ERR_NONE)
		buf_grow(out, size);
	CloseHandle(file);
	return error;
}

enum error file_read_trusted(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	return read_checked(path, max_bytes, false, out, why);
}

enum error file_read_secret(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	return read_checked(path, max_bytes, true, out, why);
}
