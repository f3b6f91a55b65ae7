#include "platform/system_win32.h"

#include <limits.h>
#include <wchar.h>

#include "base/mem.h"

enum { SYSTEM_TEXT_UNITS = 512 };

enum error error_from_win32(DWORD number)
{
	switch (number) {
	case ERROR_SUCCESS: return ERR_NONE;
	case ERROR_NOT_ENOUGH_MEMORY:
	case ERROR_OUTOFMEMORY: return ERR_NO_MEMORY;
	case ERROR_TOO_MANY_OPEN_FILES:
	case ERROR_NO_SYSTEM_RESOURCES: return ERR_LIMIT;
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND:
	case ERROR_BAD_NETPATH:
	case ERROR_NONE_MAPPED:
	case ERROR_SERVICE_DOES_NOT_EXIST: return ERR_NOT_FOUND;
	case ERROR_FILE_EXISTS:
	case ERROR_ALREADY_EXISTS: return ERR_EXISTS;
	case ERROR_ACCESS_DENIED:
	case ERROR_PRIVILEGE_NOT_HELD:
	case ERROR_WRITE_PROTECT: return ERR_DENIED;
	case ERROR_SHARING_VIOLATION:
	case ERROR_LOCK_VIOLATION:
	case ERROR_PIPE_BUSY: return ERR_BUSY;
	case ERROR_BROKEN_PIPE:
	case ERROR_NO_DATA:
	case ERROR_PIPE_NOT_CONNECTED: return ERR_CLOSED;
	case ERROR_DISK_FULL:
	case ERROR_HANDLE_DISK_FULL: return ERR_FULL;
	case ERROR_INVALID_NAME:
	case ERROR_INVALID_PARAMETER:
	case ERROR_FILENAME_EXCED_RANGE:
	case ERROR_DIRECTORY: return ERR_INVALID;
	case ERROR_SEM_TIMEOUT:
	case WAIT_TIMEOUT: return ERR_TIMEOUT;
	}
	return ERR_IO;
}

/* The system ends its texts with a full stop and a line break. */
static void append_system_text(struct buf *out, DWORD number)
{
	wchar_t text[SYSTEM_TEXT_UNITS];
	DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
					      FORMAT_MESSAGE_MAX_WIDTH_MASK,
				      NULL, number, 0, text, SYSTEM_TEXT_UNITS, NULL);

	while (length != 0 && (text[length - 1] == L'.' || text[length - 1] == L' '))
		length--;
	text[length] = L'\0';
	if (length != 0)
		buf_append_wide(out, text);
	else
		buf_append_str(out, STR("unknown error"));
	buf_printf(out, " (%lu)", (unsigned long)number);
}

enum error why_win32(struct buf *why, const char *path, const char *verb, DWORD number)
{
	buf_printf(why, "%s: cannot %s: ", path, verb);
	append_system_text(why, number);
	return error_from_win32(number);
}

wchar_t *wide_new(struct str text)
{
	wchar_t *wide;
	int units;

	if (text.length > INT_MAX / 4 || str_find_byte(text, '\0') != NULL)
		return NULL;
	/* One unit of UTF-16 takes at least one byte of UTF-8. */
	wide = mem_calloc(text.length + 1, sizeof(*wide));
	if (wide == NULL || text.length == 0)
		return wide;
	units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.ptr, (int)text.length, wide,
				    (int)text.length);
	if (units <= 0) {
		mem_free(wide);
		return NULL;
	}
	return wide;
}

wchar_t *wide_path(const char *path, struct buf *why)
{
	wchar_t *wide = wide_new(str_from(path));

	if (wide == NULL)
		why_error(why, ERR_INVALID, "%s: is no path in UTF-8, or there is no memory", path);
	return wide;
}

void buf_append_wide(struct buf *out, const wchar_t *text)
{
	int units = (int)wcslen(text);
	int bytes;
	char *room;

	if (units == 0)
		return;
	bytes = WideCharToMultiByte(CP_UTF8, 0, text, units, NULL, 0, NULL, NULL);
	room = bytes > 0 ? buf_reserve(out, (size_t)bytes) : NULL;
	if (room != NULL &&
	    WideCharToMultiByte(CP_UTF8, 0, text, units, room, bytes, NULL, NULL) == bytes)
		buf_grow(out, (size_t)bytes);
}

void close_handle(HANDLE handle)
{
	if (handle != NULL && handle != INVALID_HANDLE_VALUE)
		CloseHandle(handle);
}
