/*
 * The body of a service: a thread of the system's choice runs it, and the service manager calls from
 * another. A process has one body, and the manager's calls carry no context, so what they share is
 * static.
 */
#include "platform/service.h"
#include "platform/system_win32.h"

#include <io.h>
#include <stdio.h>
#include <string.h>

enum { START_WAIT_MS = 30000, STOP_WAIT_MS = 90000 };

static struct {
	CRITICAL_SECTION lock; /* of the next four */
	SERVICE_STATUS_HANDLE status;
	DWORD state, checkpoint;
	void (*on_request)(void *arg, enum service_request request);
	void *request_arg;

	int (*run)(void *arg);
	void *run_arg;
	int exit_code;
	bool is_running; /* set before the body starts */
} body;

bool service_is_running(void)
{
	return body.is_running;
}

static void report(DWORD state, DWORD wait_ms, DWORD exit_code)
{
	SERVICE_STATUS status;

	memset(&status, 0, sizeof(status));
	EnterCriticalSection(&body.lock);
	body.state = state;
	status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
	status.dwCurrentState = state;
	if (state == SERVICE_RUNNING)
		status.dwControlsAccepted =
			SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE;
	if (state == SERVICE_START_PENDING || state == SERVICE_STOP_PENDING)
		status.dwCheckPoint = ++body.checkpoint;
	status.dwWaitHint = wait_ms;
	if (exit_code != 0) {
		status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
		status.dwServiceSpecificExitCode = exit_code;
	}
	(void)SetServiceStatus(body.status, &status);
	LeaveCriticalSection(&body.lock);
}

/* Under the lock, so that service_listen() can promise that the function is not running. */
static void pass_on(enum service_request request)
{
	EnterCriticalSection(&body.lock);
	if (body.on_request != NULL)
		body.on_request(body.request_arg, request);
	LeaveCriticalSection(&body.lock);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
	(void)type;
	(void)data;
	(void)context;
	switch (control) {
	case SERVICE_CONTROL_STOP:
	case SERVICE_CONTROL_SHUTDOWN:
		report(SERVICE_STOP_PENDING, STOP_WAIT_MS, 0);
		pass_on(SERVICE_ASKS_STOP);
		return NO_ERROR;
	case SERVICE_CONTROL_PARAMCHANGE: pass_on(SERVICE_ASKS_RELOAD); return NO_ERROR;
	case SERVICE_CONTROL_INTERROGATE: return NO_ERROR;
	}
	return ERROR_CALL_NOT_IMPLEMENTED;
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
	(void)argc;
	(void)argv;
	body.status = RegisterServiceCtrlHandlerExW(SERVICE_NAME, on_control, NULL);
	if (body.status == NULL)
		return;
	body.is_running = true;
	report(SERVICE_START_PENDING, START_WAIT_MS, 0);
	body.exit_code = body.run(body.run_arg);
	report(SERVICE_STOPPED, 0, body.exit_code != 0 ? (DWORD)body.exit_code : (DWORD)NO_ERROR);
}

int service_run(int (*run)(void *arg), void *arg)
{
	wchar_t name[] = SERVICE_NAME;
	const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};

	InitializeCriticalSection(&body.lock);
	body.run = run;
	body.run_arg = arg;
	body.exit_code = 1;
	if (!StartServiceCtrlDispatcherW(table)) {
		fputs("wsauthzd: only the service manager can start the service\n", stderr);
		return 1;
	}
	return body.exit_code;
}

void service_listen(void (*on_request)(void *arg, enum service_request request), void *arg)
{
	if (!body.is_running)
		return;
	EnterCriticalSection(&body.lock);
	body.on_request = on_request;
	body.request_arg = arg;
	LeaveCriticalSection(&body.lock);
}

enum error service_notify(const char *state)
{
	if (!body.is_running)
		return ERR_NONE;
	if (strcmp(state, "READY=1") == 0)
		report(SERVICE_RUNNING, 0, 0);
	else if (strcmp(state, "STOPPING=1") == 0)
		report(SERVICE_STOP_PENDING, STOP_WAIT_MS, 0);
	return ERR_NONE;
}

/* The manager of Windows makes no pipes for others. */
unsigned service_socket_count(void)
{
	return 0;
}

int service_socket_take(const char *path)
{
	(void)path;
	return -1;
}

/* Nor does it watch anybody. */
uint64_t service_watchdog_ms(void)
{
	return 0;
}

enum error ready_fd_notify(int descriptor)
{
	bool is_written = _write(descriptor, "\n", 1) == 1;

	_close(descriptor);
	return is_written ? ERR_NONE : ERR_IO;
}
