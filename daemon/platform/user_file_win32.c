#include "platform/system_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/paths.h"
#include "platform/security_win32.h"
#include "platform/user_file.h"

enum { CHUNK_BYTES = 16 * 1024, TEMPORARY_ATTEMPTS = 100 };

static enum error read_all(HANDLE file, const char *name, size_t max_bytes, struct buf *out,
			   struct buf *why)
{
	char chunk[CHUNK_BYTES];

	for (;;) {
		DWORD got = 0;

		if (!ReadFile(file, chunk, sizeof(chunk), &got, NULL)) {
			DWORD error = GetLastError();

			/* The end of a pipe. */
			if (error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF)
				return ERR_NONE;
			return why_win32(why, name, "read", error);
		}
		if (got == 0)
			return ERR_NONE;
		if (got > max_bytes - out->length)
			return why_error(why, ERR_LIMIT, "%s: has more than %zu bytes, the limit",
					 name, max_bytes);
		buf_append(out, chunk, got);
		if (out->failed != ERR_NONE)
			return why_error(why, out->failed, "%s: %s", name, error_text(out->failed));
	}
}

enum error file_read(const char *path, size_t max_bytes, struct buf *out, struct buf *why)
{
	enum error error;
	wchar_t *wide;
	HANDLE file;

	buf_clear(out);
	if (path == NULL)
		return read_all(GetStdHandle(STD_INPUT_HANDLE), "standard input", max_bytes, out,
				why);
	wide = wide_path(path, why);
	if (wide == NULL)
		return ERR_INVALID;
	file = CreateFileW(wide, GENERIC_READ,
			   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
			   OPEN_EXISTING, 0, NULL);
	mem_free(wide);
	if (file == INVALID_HANDLE_VALUE)
		return why_win32(why, path, "open", GetLastError());
	error = read_all(file, path, max_bytes, out, why);
	CloseHandle(file);
	return error;
}

static bool write_all(HANDLE file, struct str content)
{
	while (content.length != 0) {
		DWORD chunk =
			content.length < CHUNK_BYTES ? (DWORD)content.length : (DWORD)CHUNK_BYTES;
		DWORD written = 0;

		if (!WriteFile(file, content.ptr, chunk, &written, NULL))
			return false;
		content = str_make(content.ptr + written, content.length - written);
	}
	return FlushFileBuffers(file);
}

/* Where the path leads in the end, to be freed with mem_free(). NULL with `why`. */
static wchar_t *resolve(const char *path, struct buf *why)
{
	wchar_t *wide = wide_path(path, why), *real = NULL;
	HANDLE file = INVALID_HANDLE_VALUE;
	DWORD units = 0;

	if (wide == NULL)
		return NULL;
	file = CreateFileW(wide, FILE_READ_ATTRIBUTES,
			   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
			   OPEN_EXISTING, 0, NULL);
	mem_free(wide);
	if (file == INVALID_HANDLE_VALUE) {
		why_win32(why, path, "resolve the path", GetLastError());
		return NULL;
	}
	if (GetFileType(file) != FILE_TYPE_DISK)
		why_error(why, ERR_INVALID, "%s: is not a regular file", path);
	else
		real = mem_calloc(PLATFORM_PATH_MAX, sizeof(*real));
	if (real != NULL)
		units = GetFinalPathNameByHandleW(file, real, PLATFORM_PATH_MAX, 0);
	if (real != NULL && (units == 0 || units >= PLATFORM_PATH_MAX)) {
		why_error(why, ERR_INVALID, "%s: cannot resolve the path", path);
		mem_free(real);
		real = NULL;
	}
	CloseHandle(file);
	return real;
}

/* Creates "REAL.N" for the first free N; its name is in `out`. */
static HANDLE create_beside(const wchar_t *real, wchar_t *out, size_t units)
{
	HANDLE file = INVALID_HANDLE_VALUE;

	for (unsigned i = 0; i < TEMPORARY_ATTEMPTS; i++) {
		swprintf(out, units, L"%ls.%u", real, i);
		file = CreateFileW(out, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
		if (file != INVALID_HANDLE_VALUE || GetLastError() != ERROR_FILE_EXISTS)
			break;
	}
	return file;
}

/* Creates the file for everybody to read and writes it. */
static enum error write_published(const wchar_t *wide, const char *path, struct str content,
				  struct buf *why)
{
	SECURITY_ATTRIBUTES attributes = {sizeof(attributes), security_published(), FALSE};
	enum error error = ERR_NO_MEMORY;
	HANDLE file;

	if (attributes.lpSecurityDescriptor == NULL)
		return why_error(why, error, "%s: cannot make its access list", path);
	file = CreateFileW(wide, GENERIC_WRITE, 0, &attributes, CREATE_NEW,
			   FILE_FLAG_OPEN_REPARSE_POINT, NULL);
	LocalFree(attributes.lpSecurityDescriptor);
	if (file == INVALID_HANDLE_VALUE)
		return why_win32(why, path, "make a new file beside it", GetLastError());
	error = write_all(file, content) ? ERR_NONE : why_win32(why, path, "write", GetLastError());
	CloseHandle(file);
	return error;
}

enum error file_publish(const char *path, struct str content, struct buf *why)
{
	wchar_t *wide = wide_path(path, why), *temporary = NULL;
	enum error error = ERR_INVALID;
	struct buf name;

	buf_init(&name, SIZE_MAX);
	buf_printf(&name, "%s.new", path);
	if (wide != NULL)
		temporary = wide_path(buf_text(&name), why);
	if (temporary != NULL) {
		/* Left by a daemon that was ended. */
		(void)DeleteFileW(temporary);
		error = write_published(temporary, path, content, why);
		if (error == ERR_NONE && !MoveFileExW(temporary, wide, MOVEFILE_REPLACE_EXISTING))
			error = why_win32(why, path, "replace", GetLastError());
		if (error != ERR_NONE)
			(void)DeleteFileW(temporary);
	}
	mem_free(temporary);
	mem_free(wide);
	buf_deinit(&name);
	return error;
}

/* ReplaceFileW() gives the new file the owner, the access list and the attributes of the old one. */
enum error file_replace(const char *path, struct str content, struct buf *why)
{
	wchar_t *real = resolve(path, why);
	wchar_t *temporary = mem_calloc(PLATFORM_PATH_MAX + 16, sizeof(*temporary));
	enum error error = ERR_NONE;
	HANDLE file;

	if (real == NULL || temporary == NULL) {
		mem_free(real);
		mem_free(temporary);
		return ERR_INVALID;
	}
	file = create_beside(real, temporary, PLATFORM_PATH_MAX + 16);
	if (file == INVALID_HANDLE_VALUE) {
		error = why_win32(why, path, "make a new file beside it", GetLastError());
	} else {
		bool is_written = write_all(file, content);
		DWORD number = GetLastError();

		CloseHandle(file);
		if (!is_written)
			error = why_win32(why, path, "write", number);
		else if (!ReplaceFileW(real, temporary, NULL, REPLACEFILE_WRITE_THROUGH, NULL,
				       NULL))
			error = why_win32(why, path, "replace", GetLastError());
		if (error != ERR_NONE)
			DeleteFileW(temporary);
	}
	mem_free(temporary);
	mem_free(real);
	return error;
}
