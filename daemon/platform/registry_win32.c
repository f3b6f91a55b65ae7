#include "platform/system_win32.h"

#include "base/mem.h"
#include "platform/installation.h"
#include "platform/paths.h"
#include "platform/security_win32.h"

enum { VALUE_NAME_UNITS = 16384 }; /* the longest the system takes, with its zero */

static enum error list_values(HKEY key, const char *name,
			      enum error (*on_name)(void *arg, const char *name), void *arg,
			      struct buf *why)
{
	wchar_t *wide = mem_calloc(VALUE_NAME_UNITS, sizeof(*wide));
	enum error error = wide != NULL ? ERR_NONE : ERR_NO_MEMORY;

	for (DWORD i = 0; error == ERR_NONE; i++) {
		DWORD units = VALUE_NAME_UNITS;
		LSTATUS status = RegEnumValueW(key, i, wide, &units, NULL, NULL, NULL, NULL);
		struct buf text;

		if (status == ERROR_NO_MORE_ITEMS)
			break;
		if (status != ERROR_SUCCESS) {
			error = why_win32(why, name, "read the names of its values", (DWORD)status);
			break;
		}
		buf_init(&text, 4 * VALUE_NAME_UNITS);
		buf_append_wide(&text, wide);
		error = text.failed == ERR_NONE ? on_name(arg, buf_text(&text)) : text.failed;
		buf_deinit(&text);
	}
	mem_free(wide);
	return error;
}

enum error registry_check(const char *path, enum error (*on_name)(void *arg, const char *name),
			  void *arg, struct buf *why)
{
	wchar_t *wide = wide_path(path, why);
	enum error error;
	struct buf name;
	LSTATUS status;
	HKEY key;

	if (wide == NULL)
		return ERR_INVALID;
	status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide, 0,
			       KEY_QUERY_VALUE | READ_CONTROL | KEY_WOW64_64KEY, &key);
	mem_free(wide);
	buf_init(&name, 2 * PLATFORM_PATH_MAX);
	buf_printf(&name, "HKLM\\%s", path);
	if (status != ERROR_SUCCESS) {
		error = why_win32(why, buf_text(&name), "open", (DWORD)status);
	} else {
		error = security_check(key, buf_text(&name), SECURITY_KEY_NOT_WRITABLE, why);
		if (error == ERR_NONE)
			error = list_values(key, buf_text(&name), on_name, arg, why);
		RegCloseKey(key);
	}
	buf_deinit(&name);
	return error;
}
