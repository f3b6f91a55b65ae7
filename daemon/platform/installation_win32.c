#include "platform/system_win32.h"

#include <string.h>

#include "base/mem.h"
#include "platform/file.h"
#include "platform/file_win32.h"
#include "platform/installation.h"
#include "platform/paths.h"
#include "platform/security_win32.h"

enum { MODULE_UNITS = 1024 };

enum error module_beside(const char *name, struct buf *path, struct buf *why)
{
	wchar_t module[MODULE_UNITS];
	DWORD units = GetModuleFileNameW(NULL, module, MODULE_UNITS);
	wchar_t *slash;

	if (units == 0 || units >= MODULE_UNITS)
		return why_error(why, ERR_LIMIT, "the path of this program is too long");
	slash = wcsrchr(module, L'\\');
	if (slash == NULL)
		return why_error(why, ERR_LIMIT, "the system does not say where this program is");
	slash[1] = L'\0';
	buf_append_wide(path, module);
	buf_append_str(path, str_from(name));
	return path->failed == ERR_NONE
		       ? ERR_NONE
		       : why_error(why, path->failed, "%s: %s", name, error_text(path->failed));
}

enum error path_expand(const char *path, struct buf *out, struct buf *why)
{
	wchar_t expanded[MODULE_UNITS], *wide = wide_path(path, why);
	DWORD units;

	if (wide == NULL)
		return ERR_INVALID;
	units = ExpandEnvironmentStringsW(wide, expanded, MODULE_UNITS);
	mem_free(wide);
	if (units == 0 || units > MODULE_UNITS)
		return why_error(why, ERR_LIMIT, "%s: the path is too long", path);
	buf_append_wide(out, expanded);
	return out->failed == ERR_NONE
		       ? ERR_NONE
		       : why_error(why, out->failed, "%s: %s", path, error_text(out->failed));
}

/* What lies beside a program is loaded by it, so its directory matters like the file. */
static enum error check_directory_of(const wchar_t *file, const char *name, struct buf *why)
{
	wchar_t path[MODULE_UNITS], *slash;
	enum error error = ERR_NONE;
	HANDLE directory;

	if (GetFullPathNameW(file, MODULE_UNITS, path, NULL) >= MODULE_UNITS)
		return why_error(why, ERR_LIMIT, "%s: the path is too long", name);
	slash = wcsrchr(path, L'\\');
	if (slash == NULL)
		return why_error(why, ERR_INVALID, "%s: is no path of a file", name);
	slash[1] = L'\0';
	directory = CreateFileW(path, READ_CONTROL | FILE_READ_ATTRIBUTES,
				FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
				OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	if (directory == INVALID_HANDLE_VALUE)
		return why_win32(why, name, "open the directory of it", GetLastError());
	error = directory_check(directory, name, why);
	if (error == ERR_NONE)
		error = security_check_ancestors(directory, name, why);
	CloseHandle(directory);
	return error;
}

enum error module_read(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	enum error error = file_read_trusted(path, max_bytes, out, why);
	struct buf directory;
	wchar_t *wide;

	if (error != ERR_NONE)
		return error;
	wide = wide_path(path, why);
	if (wide == NULL)
		return ERR_INVALID;
	buf_init(&directory, 2 * PLATFORM_PATH_MAX);
	buf_printf(&directory, "the directory of %s", path);
	error = check_directory_of(wide, buf_text(&directory), why);
	buf_deinit(&directory);
	mem_free(wide);
	return error;
}
