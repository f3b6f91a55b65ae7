#include <windows.h>

#include <pthread.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

#include "winrm-host/fake_listen.h"
#include "winrm-host/own_sid_win32.h"

enum { PIPE_BUFFER_BYTES = 65536 };

/* Reads and writes of one instance happen in different threads here, which Windows lets pass each
 * other only when they are overlapped. */
struct fake_peer {
	HANDLE pipe;
	OVERLAPPED read, write;
	void (*serve)(struct fake_peer *peer);
};

struct listener {
	wchar_t name[256];
	SECURITY_ATTRIBUTES security;
	HANDLE first;
	void (*serve)(struct fake_peer *peer);
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fake-wsauthzd: %s: error %lu\n", what, GetLastError());
	exit(2);
}

static HANDLE new_event(void)
{
	HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

	if (event == NULL)
		fail("CreateEvent");
	return event;
}

static HANDLE new_instance(struct listener *listener)
{
	HANDLE pipe = CreateNamedPipeW(listener->name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
				       PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT |
					       PIPE_REJECT_REMOTE_CLIENTS,
				       PIPE_UNLIMITED_INSTANCES, PIPE_BUFFER_BYTES,
				       PIPE_BUFFER_BYTES, 0, &listener->security);

	if (pipe == INVALID_HANDLE_VALUE)
		fail("CreateNamedPipe");
	return pipe;
}

static void *serve_peer(void *arg)
{
	struct fake_peer *peer = arg;

	peer->serve(peer);
	DisconnectNamedPipe(peer->pipe);
	CloseHandle(peer->pipe);
	CloseHandle(peer->read.hEvent);
	CloseHandle(peer->write.hEvent);
	free(peer);
	return NULL;
}

static void wait_for_peer(HANDLE pipe)
{
	OVERLAPPED overlapped = {.hEvent = new_event()};
	DWORD length;

	if (!ConnectNamedPipe(pipe, &overlapped) && GetLastError() == ERROR_IO_PENDING)
		GetOverlappedResult(pipe, &overlapped, &length, TRUE);
	CloseHandle(overlapped.hEvent);
}

static void *accept_peers(void *arg)
{
	struct listener *listener = arg;
	HANDLE pipe = listener->first;

	for (;;) {
		struct fake_peer *peer = calloc(1, sizeof(*peer));
		pthread_t thread;

		if (peer == NULL)
			abort();
		wait_for_peer(pipe);
		peer->pipe = pipe;
		peer->read.hEvent = new_event();
		peer->write.hEvent = new_event();
		peer->serve = listener->serve;
		pipe = new_instance(listener); /* there is always one to connect to */
		if (pthread_create(&thread, NULL, serve_peer, peer) != 0)
			abort();
		pthread_detach(thread);
	}
}

/* For the owner alone, as the real daemon does it for the accounts it serves. */
static void make_security(const char *owner, SECURITY_ATTRIBUTES *out)
{
	char text[512];

	snprintf(text, sizeof(text), "O:%sG:%sD:P(A;;GA;;;%s)", owner, owner, owner);
	out->nLength = sizeof(*out);
	if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(text, SDDL_REVISION_1,
								  &out->lpSecurityDescriptor, NULL))
		fail(text);
}

void fake_listen(const char *endpoint, void (*serve)(struct fake_peer *peer), char *owner,
		 size_t owner_bytes)
{
	static struct listener listener;
	pthread_t thread;

	if (MultiByteToWideChar(CP_UTF8, 0, endpoint, -1, listener.name, 256) == 0)
		fail(endpoint);
	listener.serve = serve;
	if (!own_sid(owner, owner_bytes))
		fail("own SID");
	make_security(owner, &listener.security);
	listener.first = new_instance(&listener);
	if (pthread_create(&thread, NULL, accept_peers, &listener) != 0)
		fail("thread");
	pthread_detach(thread);
}

size_t fake_peer_read(struct fake_peer *peer, void *bytes, size_t size)
{
	DWORD length = 0;

	if (!ReadFile(peer->pipe, bytes, (DWORD)size, NULL, &peer->read) &&
	    GetLastError() != ERROR_IO_PENDING)
		return 0;
	return GetOverlappedResult(peer->pipe, &peer->read, &length, TRUE) ? length : 0;
}

bool fake_peer_write(struct fake_peer *peer, const void *bytes, size_t length)
{
	DWORD written = 0;

	if (!WriteFile(peer->pipe, bytes, (DWORD)length, NULL, &peer->write) &&
	    GetLastError() != ERROR_IO_PENDING)
		return false;
	return GetOverlappedResult(peer->pipe, &peer->write, &written, TRUE) && written == length;
}
