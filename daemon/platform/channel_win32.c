#include "platform/system_win32.h"

#include <aclapi.h>
#include <string.h>

#include "base/mem.h"
#include "platform/channel.h"
#include "platform/clock.h"
#include "platform/inspect.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/security_win32.h"

struct channel {
	HANDLE pipe;
	HANDLE event; /* manual */
	struct peer peer;
	bool is_trusted;
};

/* Whoever is at the other end learns who we are and can do nothing in our name. */
static const DWORD pipe_flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
				SECURITY_IDENTIFICATION | SECURITY_EFFECTIVE_ONLY;

static int64_t now_ms(void)
{
	return clock_boot_ms(platform_clock());
}

static DWORD left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - now_ms();

	return left > 0 ? (DWORD)left : 0;
}

enum error pipe_open(const char *path, DWORD rights, int timeout_ms, HANDLE *out, struct buf *why)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	wchar_t *wide = wide_path(path, why);
	HANDLE pipe = INVALID_HANDLE_VALUE;
	DWORD error = ERROR_SUCCESS;

	if (wide == NULL)
		return ERR_INVALID;
	for (;;) {
		DWORD left;

		pipe = CreateFileW(wide, rights, 0, NULL, OPEN_EXISTING, pipe_flags, NULL);
		error = pipe != INVALID_HANDLE_VALUE ? ERROR_SUCCESS : GetLastError();
		left = left_ms(deadline_ms);
		if (error != ERROR_PIPE_BUSY || left == 0)
			break;
		(void)WaitNamedPipeW(wide, left); /* the next attempt tells */
	}
	mem_free(wide);
	*out = pipe;
	if (error == ERROR_PIPE_BUSY)
		return why_error(why, ERR_TIMEOUT, "%s: no answer within %d ms", path, timeout_ms);
	if (error == ERROR_FILE_NOT_FOUND)
		return why_error(why, ERR_NOT_FOUND,
				 "%s: nobody listens there; is the daemon running?", path);
	return error != ERROR_SUCCESS ? why_win32(why, path, "connect", error) : ERR_NONE;
}

/* The owner of the pipe is who created its first instance. */
static void see_server(struct channel *channel)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	PSID owner = NULL;
	ULONG pid = 0;

	if (GetSecurityInfo(channel->pipe, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner,
			    NULL, NULL, NULL, &descriptor) == ERROR_SUCCESS &&
	    owner != NULL) {
		channel->peer.user = account_of_sid(owner);
		channel->peer.valid = channel->peer.user.length != 0;
	}
	LocalFree(descriptor);
	if (GetNamedPipeServerProcessId(channel->pipe, &pid))
		channel->peer.pid = pid;
	channel->is_trusted = channel->peer.valid && account_is_trusted(&channel->peer.user);
}

enum error channel_open(const char *path, int timeout_ms, struct channel **out, struct buf *why)
{
	struct channel *channel;
	enum error error;

	if (strlen(path) > ENDPOINT_PATH_MAX)
		return why_error(why, ERR_INVALID, "%s: the name of a pipe is too long", path);
	if (!endpoint_path_is_valid(path))
		return why_error(why, ERR_INVALID, "%s: %s", path, endpoint_path_rule);
	channel = mem_calloc(1, sizeof(*channel));
	if (channel == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
	channel->pipe = INVALID_HANDLE_VALUE;
	channel->event = CreateEventW(NULL, TRUE, FALSE, NULL);
	error = channel->event != NULL
			? pipe_open(path, PIPE_CLIENT_RIGHTS, timeout_ms, &channel->pipe, why)
			: why_win32(why, path, "make an event", GetLastError());
	if (error != ERR_NONE) {
		channel_close(channel);
		return error;
	}
	see_server(channel);
	*out = channel;
	return ERR_NONE;
}

void channel_close(struct channel *channel)
{
	if (channel == NULL)
		return;
	close_handle(channel->pipe);
	close_handle(channel->event);
	mem_free(channel);
}

/* A pipe has no half that could be closed alone. */
enum error channel_finish(struct channel *channel)
{
	(void)channel;
	return ERR_UNSUPPORTED;
}

const struct peer *channel_peer(const struct channel *channel)
{
	return &channel->peer;
}

bool channel_is_trusted(const struct channel *channel)
{
	return channel->is_trusted;
}

/* Waits for what was started, which `is_done` says has ended already; the system has let go of its
 * buffer when this returns. */
static enum error await(struct channel *channel, OVERLAPPED *operation, BOOL is_done,
			int64_t deadline_ms, DWORD *length)
{
	DWORD error = is_done ? ERROR_SUCCESS : GetLastError();
	bool is_late = false;

	if (error != ERROR_SUCCESS && error != ERROR_IO_PENDING)
		return error_from_win32(error);
	if (error == ERROR_IO_PENDING &&
	    WaitForSingleObject(channel->event, left_ms(deadline_ms)) != WAIT_OBJECT_0) {
		is_late = true;
		CancelIoEx(channel->pipe, operation);
	}
	if (GetOverlappedResult(channel->pipe, operation, length, TRUE))
		return ERR_NONE;
	return is_late ? ERR_TIMEOUT : error_from_win32(GetLastError());
}

enum error channel_write(struct channel *channel, const void *bytes, size_t length, int timeout_ms)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	const char *next = bytes;

	while (length != 0) {
		OVERLAPPED write;
		DWORD written = 0;
		enum error error;
		BOOL is_done;

		memset(&write, 0, sizeof(write));
		write.hEvent = channel->event;
		is_done = WriteFile(channel->pipe, next, (DWORD)length, NULL, &write);
		error = await(channel, &write, is_done, deadline_ms, &written);
		if (error != ERR_NONE)
			return error;
		next += written;
		length -= written;
	}
	return ERR_NONE;
}

enum error channel_read(struct channel *channel, void *bytes, size_t capacity, int timeout_ms,
			size_t *length)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	OVERLAPPED read;
	DWORD got = 0;
	enum error error;
	BOOL is_done;

	memset(&read, 0, sizeof(read));
	read.hEvent = channel->event;
	is_done = ReadFile(channel->pipe, bytes, (DWORD)capacity, NULL, &read);
	error = await(channel, &read, is_done, deadline_ms, &got);
	if (error != ERR_NONE)
		return error;
	if (got == 0)
		return ERR_CLOSED;
	*length = got;
	return ERR_NONE;
}
