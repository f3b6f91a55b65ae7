#include "platform/system_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/lock.h"
#include "platform/paths.h"
#include "platform/process.h"
#include "platform/security_win32.h"

struct daemon_lock {
	HANDLE file;
};

/* Locks keep others from reading, so what is locked lies far behind the text. */
static OVERLAPPED locked_place(void)
{
	OVERLAPPED place;

	memset(&place, 0, sizeof(place));
	place.OffsetHigh = 0x40000000;
	return place;
}

static enum error report_holder(HANDLE file, const char *path, struct buf *why)
{
	DWORD length = 0;
	char text[24];
	struct str line;
	uint64_t pid;

	if (!ReadFile(file, text, sizeof(text), &length, NULL))
		length = 0;
	line = str_make(text, length);
	if (line.length != 0 && line.ptr[line.length - 1] == '\n')
		line.length--;
	if (!str_to_u64(line, &pid))
		return why_error(why, ERR_BUSY, "already running (lock %s)", path);
	return why_error(why, ERR_BUSY, "already running (pid %llu, lock %s)",
			 (unsigned long long)pid, path);
}

/* The pid is for the message above alone. */
static bool write_pid(HANDLE file)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)process_id());
	DWORD written;

	return SetEndOfFile(file) && WriteFile(file, text, (DWORD)length, &written, NULL) &&
	       written == (DWORD)length;
}

static HANDLE open_lock_file(const char *path, struct buf *why)
{
	SECURITY_ATTRIBUTES attributes = {sizeof(attributes), security_private(false), FALSE};
	wchar_t *wide = wide_path(path, why);
	HANDLE file = INVALID_HANDLE_VALUE;

	if (wide != NULL && attributes.lpSecurityDescriptor != NULL) {
		file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE,
				   FILE_SHARE_READ | FILE_SHARE_WRITE, &attributes, OPEN_ALWAYS,
				   FILE_FLAG_OPEN_REPARSE_POINT, NULL);
		if (file == INVALID_HANDLE_VALUE)
			why_win32(why, path, "open the lock file", GetLastError());
	}
	LocalFree(attributes.lpSecurityDescriptor);
	mem_free(wide);
	return file;
}

enum error daemon_lock_take(const char *directory, struct daemon_lock **out, struct buf *why)
{
	OVERLAPPED place = locked_place();
	char path[PLATFORM_PATH_MAX + 8];
	struct daemon_lock *lock = NULL;
	enum error error = ERR_NONE;
	HANDLE file;

	if (snprintf(path, sizeof(path), "%s\\lock", directory) >= (int)sizeof(path))
		return why_error(why, ERR_INVALID, "%s: the path is too long", directory);
	file = open_lock_file(path, why);
	if (file == INVALID_HANDLE_VALUE)
		return ERR_IO;
	if (!LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
			&place)) {
		DWORD number = GetLastError();

		error = number == ERROR_LOCK_VIOLATION || number == ERROR_IO_PENDING
				? report_holder(file, path, why)
				: why_win32(why, path, "lock", number);
		goto out;
	}
	if (!write_pid(file)) {
		error = why_win32(why, path, "write", GetLastError());
		goto out;
	}
	lock = mem_alloc(sizeof(*lock));
	if (lock == NULL) {
		error = why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
		goto out;
	}
	lock->file = file;
	file = INVALID_HANDLE_VALUE;
	*out = lock;
out:
	close_handle(file);
	return error;
}

void daemon_lock_release(struct daemon_lock *lock)
{
	if (lock == NULL)
		return;
	CloseHandle(lock->file);
	mem_free(lock);
}
