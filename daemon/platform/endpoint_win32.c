/*
 * A named pipe is a set of instances, one a connection. Some of them always wait for clients, so that
 * the name is never free for somebody else to take; the first says that it must be the first of all.
 * What waits is overlapped: a thread of the system's pool waits for the events and only tells the
 * owner, who then looks at all instances himself.
 *
 * libuv could make the instances, but with rights for everybody and for other machines.
 */
#include "platform/system_win32.h"

#include <fcntl.h>
#include <io.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>

#include <aclapi.h>

#include "base/mem.h"
#include "platform/endpoint.h"
#include "platform/inspect.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/peer_win32.h"
#include "platform/security_win32.h"

enum {
	SLOTS_MAX = 16,
	PIPE_BYTES = 64 * 1024, /* of each direction's buffer */
	SDDL_BYTES = 64 * 1024,
};

/* An instance that waits. */
struct slot {
	HANDLE pipe; /* INVALID_HANDLE_VALUE when it could not be made */
	OVERLAPPED waiting;
	HANDLE wait; /* NULL when nobody is to be told */
	bool is_connected;
	struct endpoint *endpoint;
};

struct endpoint {
	wchar_t *path;
	HANDLE mutex;
	PSECURITY_DESCRIPTOR descriptor;
	size_t slot_count;
	size_t next; /* to be looked at, so that all have their turn */
	struct slot slots[SLOTS_MAX];
	void (*on_waiting)(void *arg);
	void *arg;
};

/* The descriptor. */

static bool is_administrators(const struct account *account)
{
	const struct account known[] = {account_of_text("S-1-5-18"),
					account_of_text("S-1-5-32-544")};

	return account_equal(account, &known[0]) || account_equal(account, &known[1]);
}

struct list {
	struct buf *sddl;
	const struct account *owner;
	bool has_strangers; /* who are no administrators */
};

static void append_access(struct list *list, const struct account *account)
{
	struct buf entry;

	if (account_equal(account, list->owner))
		return;
	buf_init(&entry, SID_TEXT_MAX + 32);
	buf_printf(&entry, "(A;;0x%08x;;;", (unsigned)PIPE_CLIENT_RIGHTS);
	account_append(account, &entry);
	buf_append_byte(&entry, ')');
	/* One that is in more than one list, or user and group in one, has its entry already. */
	if (entry.failed != ERR_NONE) {
		list->sddl->failed = entry.failed;
	} else if (strstr(buf_text(list->sddl), buf_text(&entry)) == NULL) {
		buf_append_str(list->sddl, buf_str(&entry));
		list->has_strangers |= !is_administrators(account);
	}
	buf_deinit(&entry);
}

/* Network logons and anonymous ones are out before anybody is let in, and nobody but us may add an
 * instance. Administrators, who could take it anyway, may look at the list. A door that only administrators go through takes no program of lower integrity. */
static void write_sddl(const struct endpoint_options *options, const struct account *owner,
		       struct buf *sddl)
{
	struct list list = {sddl, owner, false};

	buf_append_str(sddl, STR("O:"));
	account_append(owner, sddl);
	buf_append_str(sddl, STR("G:"));
	account_append(owner, sddl);
	buf_append_str(sddl, STR("D:P(D;;GA;;;NU)(D;;GA;;;AN)(A;;GA;;;"));
	account_append(owner, sddl);
	buf_printf(sddl, ")(A;;0x%08x;;;BA)", (unsigned)PIPE_LOOK_RIGHTS);
	for (size_t i = 0; i < options->rules_count; i++) {
		const struct peer_rules *rules = &options->rules[i];

		for (uint32_t j = 0; j < rules->user_count; j++)
			append_access(&list, &rules->users[j]);
		for (uint32_t j = 0; j < rules->group_count; j++)
			append_access(&list, &rules->groups[j]);
	}
	if (options->is_for_administrators && !list.has_strangers)
		buf_append_str(sddl, STR("S:(ML;;NWNR;;;HI)"));
}

/* A process may not label anything above its own integrity. */
static bool is_of_high_integrity(void)
{
	TOKEN_MANDATORY_LABEL *label = NULL;
	bool is_high = false;
	HANDLE token;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return false;
	label = token_query(token, TokenIntegrityLevel);
	if (label != NULL) {
		PSID sid = label->Label.Sid;
		DWORD count = *GetSidSubAuthorityCount(sid);

		is_high = count != 0 &&
			  *GetSidSubAuthority(sid, count - 1) >= SECURITY_MANDATORY_HIGH_RID;
	}
	mem_free(label);
	CloseHandle(token);
	return is_high;
}

static enum error make_descriptor(struct endpoint *endpoint, const struct endpoint_options *options,
				  struct buf *why)
{
	struct endpoint_options wanted = *options;
	struct account owner;
	enum error error = account_own(&owner);
	struct buf sddl;

	if (error != ERR_NONE)
		return why_error(why, error, "%s: cannot tell who we are", options->path);
	wanted.is_for_administrators = options->is_for_administrators && is_of_high_integrity();
	buf_init(&sddl, SDDL_BYTES);
	write_sddl(&wanted, &owner, &sddl);
	if (sddl.failed != ERR_NONE)
		error = why_error(why, sddl.failed, "%s: %s", options->path,
				  error_text(sddl.failed));
	else if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(
			 buf_text(&sddl), SDDL_REVISION_1, &endpoint->descriptor, NULL))
		error = why_win32(why, options->path, "make the access list", GetLastError());
	buf_deinit(&sddl);
	return error;
}

/* The name. */

/* Whether the mutex of that name is of somebody who could be a daemon. */
static bool is_of_daemon(HANDLE mutex)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	struct account account = {.length = 0};
	PSID owner = NULL;

	if (GetSecurityInfo(mutex, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL,
			    NULL, &descriptor) == ERROR_SUCCESS)
		account = account_of_sid(owner);
	LocalFree(descriptor);
	return account_is_trusted(&account);
}

/* Two daemons must not share a name. The system sees to it when the first instance is made; the mutex
 * says so before anything is made, and where the system does not. One that a stranger made to keep
 * us from starting means nothing. */
static enum error take_name(struct endpoint *endpoint, const char *path, struct buf *why)
{
	SECURITY_ATTRIBUTES attributes = {sizeof(attributes), security_owned(), FALSE};
	wchar_t name[ENDPOINT_PATH_MAX + 16] = L"Global\\";
	enum error error = ERR_NONE;

	if (attributes.lpSecurityDescriptor == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s: cannot make an access list", path);
	wcscat(name, endpoint->path);
	for (wchar_t *c = name + wcslen(L"Global\\"); *c != L'\0'; c++) {
		if (*c == L'\\')
			*c = L'-';
	}
	endpoint->mutex = CreateMutexW(&attributes, FALSE, name);
	if (endpoint->mutex != NULL && GetLastError() == ERROR_ALREADY_EXISTS &&
	    is_of_daemon(endpoint->mutex))
		error = why_error(why, ERR_EXISTS, "%s: another process listens there", path);
	LocalFree(attributes.lpSecurityDescriptor);
	return error;
}

/* Instances. */

/* Makes an instance and has it wait; ERROR_SUCCESS or the system's error. */
static DWORD open_slot(struct slot *slot, bool is_first)
{
	const struct endpoint *endpoint = slot->endpoint;
	SECURITY_ATTRIBUTES attributes = {sizeof(attributes), endpoint->descriptor, FALSE};
	DWORD error;

	slot->is_connected = false;
	slot->pipe = CreateNamedPipeW(
		endpoint->path,
		PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED |
			(is_first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0),
		PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
		PIPE_UNLIMITED_INSTANCES, PIPE_BYTES, PIPE_BYTES, 0, &attributes);
	if (slot->pipe == INVALID_HANDLE_VALUE)
		return GetLastError();
	error = ConnectNamedPipe(slot->pipe, &slot->waiting) ? ERROR_PIPE_CONNECTED
							     : GetLastError();
	switch (error) {
	case ERROR_IO_PENDING: return ERROR_SUCCESS;
	/* It is there already, or was and is gone: both show when it is looked at. */
	case ERROR_PIPE_CONNECTED:
	case ERROR_NO_DATA: slot->is_connected = true; return ERROR_SUCCESS;
	}
	CloseHandle(slot->pipe);
	slot->pipe = INVALID_HANDLE_VALUE;
	return error;
}

/* Waits until the system has let go of `waiting`. */
static void close_slot(struct slot *slot)
{
	DWORD ignored;

	if (slot->pipe == INVALID_HANDLE_VALUE)
		return;
	if (!slot->is_connected) {
		CancelIoEx(slot->pipe, &slot->waiting);
		(void)GetOverlappedResult(slot->pipe, &slot->waiting, &ignored, TRUE);
	}
	CloseHandle(slot->pipe);
	slot->pipe = INVALID_HANDLE_VALUE;
}

static enum error open_slots(struct endpoint *endpoint, const char *path, struct buf *why)
{
	for (size_t i = 0; i < endpoint->slot_count; i++) {
		struct slot *slot = &endpoint->slots[i];
		DWORD error;

		/* The wait of the pool takes the signal; who looks asks the operation itself. */
		slot->waiting.hEvent = CreateEventW(NULL, FALSE, FALSE, NULL);
		error = slot->waiting.hEvent != NULL ? open_slot(slot, i == 0) : GetLastError();
		if (error == ERROR_ACCESS_DENIED && i == 0)
			return why_error(why, ERR_EXISTS,
					 "%s: another process listens there, or the system lets "
					 "only a service have this name",
					 path);
		if (error != ERROR_SUCCESS)
			return why_win32(why, path, "create the pipe", error);
	}
	return ERR_NONE;
}

enum error endpoint_open(const struct endpoint_options *options, struct endpoint **out,
			 struct buf *why)
{
	struct endpoint *endpoint;
	enum error error;

	if (strlen(options->path) > ENDPOINT_PATH_MAX)
		return why_error(why, ERR_INVALID,
				 "%s: the name of a pipe is limited to %d bytes, this one has %zu",
				 options->path, ENDPOINT_PATH_MAX, strlen(options->path));
	if (!endpoint_path_is_valid(options->path))
		return why_error(why, ERR_INVALID, "%s: %s", options->path, endpoint_path_rule);
	if (options->group.length != 0)
		return why_error(why, ERR_INVALID,
				 "a pipe is given to no group ('%.*s'); name those who may open it "
				 "in users and groups",
				 STR_ARGS(options->group));
	endpoint = mem_calloc(1, sizeof(*endpoint));
	if (endpoint == NULL)
		return why_error(why, ERR_NO_MEMORY, "%s", error_text(ERR_NO_MEMORY));
	endpoint->slot_count =
		options->queue_length < SLOTS_MAX ? options->queue_length : SLOTS_MAX;
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		endpoint->slots[i].pipe = INVALID_HANDLE_VALUE;
		endpoint->slots[i].endpoint = endpoint;
	}
	endpoint->path = wide_path(options->path, why);
	error = endpoint->path != NULL ? ERR_NONE : ERR_INVALID;
	if (error == ERR_NONE)
		error = make_descriptor(endpoint, options, why);
	if (error == ERR_NONE)
		error = take_name(endpoint, options->path, why);
	if (error == ERR_NONE)
		error = open_slots(endpoint, options->path, why);
	if (error != ERR_NONE) {
		endpoint_close(endpoint);
		return error;
	}
	*out = endpoint;
	return ERR_NONE;
}

bool endpoint_is_passed(const struct endpoint *endpoint)
{
	(void)endpoint;
	return false;
}

static void stop_waits(struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->slot_count; i++) {
		struct slot *slot = &endpoint->slots[i];

		if (slot->wait != NULL)
			(void)UnregisterWaitEx(slot->wait, INVALID_HANDLE_VALUE);
		slot->wait = NULL;
	}
}

void endpoint_close(struct endpoint *endpoint)
{
	if (endpoint == NULL)
		return;
	stop_waits(endpoint);
	for (size_t i = 0; i < endpoint->slot_count; i++) {
		close_slot(&endpoint->slots[i]);
		close_handle(endpoint->slots[i].waiting.hEvent);
	}
	close_handle(endpoint->mutex);
	LocalFree(endpoint->descriptor);
	mem_free(endpoint->path);
	mem_free(endpoint);
}

int endpoint_descriptor(const struct endpoint *endpoint)
{
	(void)endpoint;
	return -1;
}

static void CALLBACK on_event(void *arg, BOOLEAN is_timeout)
{
	const struct endpoint *endpoint = arg;

	(void)is_timeout;
	endpoint->on_waiting(endpoint->arg);
}

enum error endpoint_notify(struct endpoint *endpoint, void (*on_waiting)(void *arg), void *arg)
{
	stop_waits(endpoint);
	if (on_waiting == NULL)
		return ERR_NONE;
	endpoint->on_waiting = on_waiting;
	endpoint->arg = arg;
	for (size_t i = 0; i < endpoint->slot_count; i++) {
		struct slot *slot = &endpoint->slots[i];

		if (!RegisterWaitForSingleObject(&slot->wait, slot->waiting.hEvent, on_event,
						 endpoint, INFINITE, WT_EXECUTEINWAITTHREAD)) {
			slot->wait = NULL;
			stop_waits(endpoint);
			return ERR_IO;
		}
	}
	on_waiting(arg);
	return ERR_NONE;
}

enum slot_state { SLOT_WAITS, SLOT_CONNECTED, SLOT_FAILED };

static enum slot_state look_at(struct slot *slot)
{
	DWORD ignored;

	if (slot->is_connected)
		return SLOT_CONNECTED;
	if (GetOverlappedResult(slot->pipe, &slot->waiting, &ignored, FALSE)) {
		slot->is_connected = true;
		return SLOT_CONNECTED;
	}
	return GetLastError() == ERROR_IO_INCOMPLETE ? SLOT_WAITS : SLOT_FAILED;
}

/* Hands the instance on and has a new one wait in its place before anything is done with it. */
static enum endpoint_outcome hand_on(struct slot *slot, struct endpoint_connection *out)
{
	HANDLE pipe = slot->pipe;
	int descriptor;

	(void)open_slot(slot, false); /* tried again when it is looked at next */
	descriptor = _open_osfhandle((intptr_t)pipe, _O_RDWR | _O_BINARY);
	if (descriptor < 0) {
		CloseHandle(pipe);
		return ENDPOINT_EXHAUSTED;
	}
	out->descriptor = descriptor;
	peer_of_pipe(pipe, &out->peer);
	return ENDPOINT_ACCEPTED;
}

enum endpoint_outcome endpoint_accept(struct endpoint *endpoint, struct endpoint_connection *out)
{
	for (size_t i = 0; i < endpoint->slot_count; i++) {
		struct slot *slot = &endpoint->slots[endpoint->next];

		endpoint->next = (endpoint->next + 1) % endpoint->slot_count;
		if (slot->pipe == INVALID_HANDLE_VALUE && open_slot(slot, false) != ERROR_SUCCESS)
			return ENDPOINT_EXHAUSTED;
		switch (look_at(slot)) {
		case SLOT_WAITS: break;
		case SLOT_CONNECTED: return hand_on(slot, out);
		case SLOT_FAILED:
			slot->is_connected = true; /* nothing of it is pending any more */
			close_slot(slot);
			return open_slot(slot, false) == ERROR_SUCCESS ? ENDPOINT_GONE
								       : ENDPOINT_EXHAUSTED;
		}
	}
	return ENDPOINT_EMPTY;
}

/* A new pipe has room for a few bytes; one that has not loses them. */
static void write_last(HANDLE pipe, const void *bytes, size_t length)
{
	OVERLAPPED write;
	DWORD written;

	memset(&write, 0, sizeof(write));
	write.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (write.hEvent == NULL)
		return;
	if (!WriteFile(pipe, bytes, (DWORD)length, NULL, &write) &&
	    GetLastError() == ERROR_IO_PENDING) {
		CancelIoEx(pipe, &write);
		(void)GetOverlappedResult(pipe, &write, &written, TRUE);
	}
	CloseHandle(write.hEvent);
}

void endpoint_refuse(const struct endpoint_connection *connection, const void *bytes, size_t length)
{
	if (length != 0)
		write_last((HANDLE)_get_osfhandle(connection->descriptor), bytes, length);
	_close(connection->descriptor);
}
