/*
 * The channel over a named pipe: one thread, which waits for its overlapped reads and writes and for
 * an event. The thread belongs to the DLL and starts with the process's token, so that the pipe is
 * never opened as the user whom WinRM impersonates.
 */
#include <windows.h>

#include <aclapi.h>
#include <ntsecapi.h>
#include <sddl.h>
#include <stdbool.h>
#include <string.h>

#include "client-plugin/channel.h"
#include "client-plugin/memory.h"

enum {
	READ_BYTES = 64 * 1024,
	ENDPOINT_UNITS = 256,
	LONGEST_WAIT_MS = 60000,
	TICKS_PER_US = 10, /* of a FILETIME, which counts from 1601 */
};
static const int64_t unix_epoch_us = INT64_C(11644473600000000);

/* Read and write without FILE_APPEND_DATA, which on a pipe is the right to add an instance of it
 * and which the daemon grants to nobody; READ_CONTROL is to see the owner. */
static const DWORD pipe_rights = READ_CONTROL | SYNCHRONIZE | FILE_READ_DATA | FILE_WRITE_DATA |
				 FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | FILE_READ_EA |
				 FILE_WRITE_EA;

/* Whoever is at the other end learns who we are and can do nothing in our name. */
static const DWORD pipe_flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT |
				SECURITY_IDENTIFICATION | SECURITY_EFFECTIVE_ONLY;

struct channel {
	const struct channel_events *events;
	void *arg;
	wchar_t endpoint[ENDPOINT_UNITS];
	PSID server_owner;
	HANDLE thread;
	HANDLE wake; /* auto-reset */

	/* The channel's thread: */
	HANDLE pipe; /* INVALID_HANDLE_VALUE without a connection */
	OVERLAPPED read, write;
	bool reading, writing; /* the system holds the buffer */
	struct channel_obstacle obstacle;
	uint8_t bytes[READ_BYTES];
};

/* Time, randomness and the process. */

int64_t channel_now_ms(const struct channel *channel)
{
	(void)channel;
	return (int64_t)GetTickCount64(); /* counts sleep and hibernation */
}

int64_t channel_wall_us(const struct channel *channel)
{
	FILETIME now;

	(void)channel;
	GetSystemTimeAsFileTime(&now);
	return (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) / TICKS_PER_US -
	       unix_epoch_us;
}

enum client_reason channel_random(struct channel *channel, void *bytes, size_t length)
{
	(void)channel;
	return RtlGenRandom(bytes, (ULONG)length) ? CLIENT_OK : CLIENT_NO_MEMORY;
}

uint32_t channel_process_id(const struct channel *channel)
{
	(void)channel;
	return GetCurrentProcessId();
}

/* The connection. */

static void note_obstacle(struct channel *channel, DWORD error)
{
	channel->obstacle = (struct channel_obstacle){.system_error = error};
	switch (error) {
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND: channel->obstacle.kind = CHANNEL_ABSENT; break;
	case ERROR_ACCESS_DENIED: channel->obstacle.kind = CHANNEL_NO_ACCESS; break;
	case ERROR_PIPE_BUSY: channel->obstacle.kind = CHANNEL_BUSY; break;
	default: channel->obstacle.kind = CHANNEL_FAULT; break;
	}
}

const struct channel_obstacle *channel_obstacle(const struct channel *channel)
{
	return &channel->obstacle;
}

static void note_owner(struct channel *channel, PSID owner)
{
	char *text;

	if (!ConvertSidToStringSidA(owner, &text))
		return;
	if (strlen(text) < sizeof(channel->obstacle.owner))
		memcpy(channel->obstacle.owner, text, strlen(text) + 1);
	LocalFree(text);
}

/* The owner of the pipe is who created its first instance. */
static bool server_is_expected(struct channel *channel, HANDLE pipe)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	PSID owner = NULL;
	bool expected;

	channel->obstacle = (struct channel_obstacle){.kind = CHANNEL_FAULT};
	if (GetSecurityInfo(pipe, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL,
			    NULL, &descriptor) != ERROR_SUCCESS)
		return false;
	expected = owner != NULL && EqualSid(owner, channel->server_owner);
	if (owner != NULL && !expected)
		note_owner(channel, owner);
	LocalFree(descriptor);
	return expected;
}

/* Whether the system took the read or write; its event tells when it is done, also when it is
 * already. */
static bool was_started(BOOL done)
{
	return done || GetLastError() == ERROR_IO_PENDING;
}

static bool start_read(struct channel *channel)
{
	channel->reading = was_started(ReadFile(channel->pipe, channel->bytes,
						sizeof(channel->bytes), NULL, &channel->read));
	return channel->reading;
}

/* When all instances are taken the next attempt will do: nobody waits here. */
enum client_reason channel_connect(struct channel *channel)
{
	HANDLE pipe = CreateFileW(channel->endpoint, pipe_rights, 0, NULL, OPEN_EXISTING,
				  pipe_flags, NULL);

	if (pipe == INVALID_HANDLE_VALUE) {
		note_obstacle(channel, GetLastError());
		return CLIENT_NO_SERVER;
	}
	if (!server_is_expected(channel, pipe)) {
		CloseHandle(pipe);
		return CLIENT_WRONG_OWNER;
	}
	channel->pipe = pipe;
	if (!start_read(channel)) {
		note_obstacle(channel, GetLastError());
		channel_disconnect(channel);
		return CLIENT_NO_SERVER;
	}
	return CLIENT_OK;
}

/* Waits until the system has let go of the buffer. */
static void settle(struct channel *channel, OVERLAPPED *overlapped, bool *pending)
{
	DWORD length;

	if (*pending)
		GetOverlappedResult(channel->pipe, overlapped, &length, TRUE);
	*pending = false;
}

void channel_disconnect(struct channel *channel)
{
	if (channel->pipe == INVALID_HANDLE_VALUE)
		return;
	CancelIoEx(channel->pipe, NULL);
	settle(channel, &channel->read, &channel->reading);
	settle(channel, &channel->write, &channel->writing);
	CloseHandle(channel->pipe);
	channel->pipe = INVALID_HANDLE_VALUE;
}

/* A failure shows as the end of the pending read. */
void channel_write(struct channel *channel, const uint8_t *bytes, size_t length)
{
	channel->writing =
		was_started(WriteFile(channel->pipe, bytes, (DWORD)length, NULL, &channel->write));
	if (!channel->writing)
		CancelIoEx(channel->pipe, NULL);
}

static void end_connection(struct channel *channel)
{
	channel_disconnect(channel);
	channel->events->on_closed(channel->arg);
}

static void on_write_done(struct channel *channel)
{
	DWORD length;

	channel->writing = false;
	/* In byte mode a write is complete or it failed. */
	if (GetOverlappedResult(channel->pipe, &channel->write, &length, FALSE))
		channel->events->on_written(channel->arg);
	else
		end_connection(channel);
}

static void on_read_done(struct channel *channel)
{
	DWORD length;

	channel->reading = false;
	if (!GetOverlappedResult(channel->pipe, &channel->read, &length, FALSE)) {
		end_connection(channel);
		return;
	}
	channel->events->on_bytes(channel->arg, channel->bytes, length);
	if (channel->pipe != INVALID_HANDLE_VALUE && !start_read(channel))
		end_connection(channel);
}

/* The thread. */

void channel_wake(struct channel *channel)
{
	SetEvent(channel->wake);
}

void channel_yield(void)
{
	SwitchToThread();
}

static DWORD wait_ms(const struct channel *channel, int64_t until_ms)
{
	int64_t rest_ms;

	if (until_ms == INT64_MAX)
		return LONGEST_WAIT_MS;
	rest_ms = until_ms - channel_now_ms(channel);
	if (rest_ms < 0)
		return 0;
	return rest_ms < LONGEST_WAIT_MS ? (DWORD)rest_ms : LONGEST_WAIT_MS;
}

/* Waits for the pipe, a wake or the time. A finished write comes before a read, because others may
 * wait for its buffer, and both may be done when only one was seen. */
static void wait_for_event(struct channel *channel, int64_t until_ms)
{
	HANDLE events[3] = {channel->wake};
	DWORD count = 1;

	if (channel->writing)
		events[count++] = channel->write.hEvent;
	if (channel->reading)
		events[count++] = channel->read.hEvent;
	WaitForMultipleObjects(count, events, FALSE, wait_ms(channel, until_ms));
	if (channel->writing && WaitForSingleObject(channel->write.hEvent, 0) == WAIT_OBJECT_0)
		on_write_done(channel);
	if (channel->reading && WaitForSingleObject(channel->read.hEvent, 0) == WAIT_OBJECT_0)
		on_read_done(channel);
}

static DWORD WINAPI run(LPVOID arg)
{
	struct channel *channel = arg;

	for (;;) {
		int64_t until_ms = channel->events->on_turn(channel->arg, channel_now_ms(channel));

		if (until_ms == CHANNEL_STOP)
			return 0;
		wait_for_event(channel, until_ms);
	}
}

enum client_reason channel_start(struct channel *channel)
{
	channel->thread = CreateThread(NULL, 0, run, channel, 0, NULL);
	return channel->thread != NULL ? CLIENT_OK : CLIENT_NO_MEMORY;
}

void channel_join(struct channel *channel)
{
	WaitForSingleObject(channel->thread, INFINITE);
}

static enum client_reason make_events(struct channel *channel)
{
	channel->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
	channel->read.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	channel->write.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (channel->wake == NULL || channel->read.hEvent == NULL || channel->write.hEvent == NULL)
		return CLIENT_NO_MEMORY;
	return CLIENT_OK;
}

enum client_reason channel_new(const char *endpoint, const char *server_owner,
			       const struct channel_events *events, void *arg, struct channel **out)
{
	struct channel *channel;
	enum client_reason reason = CLIENT_OK;

	if (endpoint == NULL || *endpoint == '\0' || server_owner == NULL)
		return CLIENT_INVALID;
	channel = memory_calloc(1, sizeof(*channel));
	if (channel == NULL)
		return CLIENT_NO_MEMORY;
	channel->events = events;
	channel->arg = arg;
	channel->pipe = INVALID_HANDLE_VALUE;
	if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, endpoint, -1, channel->endpoint,
				ENDPOINT_UNITS) == 0 ||
	    !ConvertStringSidToSidA(server_owner, &channel->server_owner))
		reason = CLIENT_INVALID;
	if (reason == CLIENT_OK)
		reason = make_events(channel);
	if (reason != CLIENT_OK) {
		channel_free(channel);
		return reason;
	}
	*out = channel;
	return CLIENT_OK;
}

static void close_handle(HANDLE handle)
{
	if (handle != NULL)
		CloseHandle(handle);
}

void channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	channel_disconnect(channel);
	close_handle(channel->thread);
	close_handle(channel->wake);
	close_handle(channel->read.hEvent);
	close_handle(channel->write.hEvent);
	if (channel->server_owner != NULL)
		LocalFree(channel->server_owner);
	memory_free(channel);
}
