#include "platform/system_win32.h"

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/watch.h"

struct watch {
	HANDLE change;
	int64_t rest_until_ms; /* no change is told before */
};

enum error watch_open(const char *directory, struct watch **out, struct buf *why)
{
	const DWORD changes = FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE |
			      FILE_NOTIFY_CHANGE_LAST_WRITE;
	struct watch *watch = mem_calloc(1, sizeof(*watch));
	wchar_t *wide = wide_path(directory, why);
	enum error error = ERR_NONE;

	if (watch == NULL || wide == NULL) {
		error = why_error(why, ERR_NO_MEMORY, "%s: cannot watch it", directory);
		goto out;
	}
	watch->change = FindFirstChangeNotificationW(wide, FALSE, changes);
	if (watch->change == INVALID_HANDLE_VALUE) {
		error = why_win32(why, directory, "watch", GetLastError());
		goto out;
	}
	*out = watch;
	watch = NULL;
out:
	mem_free(wide);
	mem_free(watch);
	return error;
}

void watch_close(struct watch *watch)
{
	if (watch == NULL)
		return;
	FindCloseChangeNotification(watch->change);
	mem_free(watch);
}

enum error watch_wait(struct watch *watch, int timeout_ms)
{
	switch (WaitForSingleObject(watch->change, timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms)) {
	case WAIT_OBJECT_0: break;
	case WAIT_TIMEOUT: return ERR_TIMEOUT;
	default: return ERR_IO;
	}
	/* Changes that come meanwhile are told with the one that was noticed. */
	int64_t now_ms = clock_boot_ms(platform_clock());
	if (watch->rest_until_ms > now_ms)
		Sleep((DWORD)(watch->rest_until_ms - now_ms));
	watch->rest_until_ms = clock_boot_ms(platform_clock()) + WATCH_PACE_MS;
	return FindNextChangeNotification(watch->change) ? ERR_NONE : ERR_IO;
}
