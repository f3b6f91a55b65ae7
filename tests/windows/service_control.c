/* What an administrator does with the service: service-control start|reload|stop. Start and stop
 * return when it runs and when it has stopped. */
#include <windows.h>

#include <stdio.h>
#include <string.h>

enum { PAUSE_MS = 20 };

static DWORD state_of(SC_HANDLE service)
{
	SERVICE_STATUS_PROCESS status;
	DWORD size;

	memset(&status, 0, sizeof(status));
	if (!QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof(status),
				  &size))
		return 0;
	return status.dwCurrentState;
}

/* The manager of Wine tells nobody of a change, so it is asked until ctest's patience ends. False when
 * the service went another way. */
static BOOL wait_for(SC_HANDLE service, DWORD wanted, DWORD transition)
{
	DWORD state = state_of(service);

	while (state == transition) {
		Sleep(PAUSE_MS);
		state = state_of(service);
	}
	return state == wanted;
}

/* The manager is locked while it starts the services that start by themselves. */
static BOOL start(SC_HANDLE service)
{
	while (!StartServiceW(service, 0, NULL)) {
		if (GetLastError() != ERROR_SERVICE_DATABASE_LOCKED)
			return FALSE;
		Sleep(PAUSE_MS);
	}
	return wait_for(service, SERVICE_RUNNING, SERVICE_START_PENDING);
}

int main(int argc, char **argv)
{
	SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
	SC_HANDLE service = OpenServiceW(manager, L"wsauthz", SERVICE_ALL_ACCESS);
	const char *verb = argc == 2 ? argv[1] : "";
	SERVICE_STATUS status;
	BOOL done = FALSE;

	if (service == NULL)
		printf("no service: %lu\n", (unsigned long)GetLastError());
	else if (strcmp(verb, "start") == 0)
		done = start(service);
	else if (strcmp(verb, "reload") == 0)
		done = ControlService(service, SERVICE_CONTROL_PARAMCHANGE, &status);
	else if (strcmp(verb, "stop") == 0)
		done = ControlService(service, SERVICE_CONTROL_STOP, &status) &&
		       wait_for(service, SERVICE_STOPPED, SERVICE_STOP_PENDING);
	if (!done && service != NULL)
		printf("%s: error %lu, state %lu\n", verb, (unsigned long)GetLastError(),
		       (unsigned long)state_of(service));
	return done ? 0 : 1;
}
