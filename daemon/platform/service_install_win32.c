/*
 * Installing: the directories with their access lists, a configuration to begin with, the service, the
 * source of its events. Each step takes what is there for done, so that installing again repairs.
 */
#include "platform/system_win32.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/paths.h"
#include "platform/peer.h"
#include "platform/security_win32.h"
#include "platform/service.h"

enum {
	PROGRAM_UNITS = 1024,
	STOP_POLL_MS = 100,
	STOP_LIMIT_MS = 90000,
	FAILURES_FORGOTTEN_S = 3600,
};

static const wchar_t event_source[] =
	L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" SERVICE_NAME;

/* The system's own file whose messages 1 to 1000 are their first insertion. */
static const wchar_t event_messages[] = L"%SystemRoot%\\System32\\EventCreate.exe";

/* What the service may do to a directory. */
enum grant { GRANT_READ, GRANT_CHANGE };

static enum error set_list(HANDLE directory, const char *path, enum grant grant, struct buf *why)
{
	PSECURITY_DESCRIPTOR descriptor = NULL;
	enum error error = ERR_NONE;
	char sddl[256];

	snprintf(sddl, sizeof(sddl), "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;%s;;;%s)",
		 grant == GRANT_READ ? "0x1200a9" : "FA", SERVICE_SID);
	if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1,
								  &descriptor, NULL) ||
	    !SetKernelObjectSecurity(
		    directory, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, descriptor))
		error = why_win32(why, path, "set the access list", GetLastError());
	LocalFree(descriptor);
	return error;
}

/* Everybody may make a folder below ProgramData. One that a stranger made is not taken over, as its
 * maker may hold on to it; and a junction in its place would have the rights of another one set. */
static enum error check_origin(HANDLE directory, const char *path, struct buf *why)
{
	BY_HANDLE_FILE_INFORMATION info;
	PSECURITY_DESCRIPTOR descriptor = NULL;
	struct account owner = {.length = 0};
	PSID sid = NULL;

	if (!GetFileInformationByHandle(directory, &info))
		return why_win32(why, path, "examine", GetLastError());
	if ((info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0 ||
	    (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
		return why_error(why, ERR_INVALID, "%s: is a link or no directory; remove it",
				 path);
	if (GetSecurityInfo(directory, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &sid, NULL, NULL,
			    NULL, &descriptor) == ERROR_SUCCESS)
		owner = account_of_sid(sid);
	LocalFree(descriptor);
	if (account_is_trusted(&owner))
		return ERR_NONE;
	buf_printf(why, "%s: is owned by ", path);
	account_append(&owner, why);
	return why_error(why, ERR_INVALID,
			 ", who is no administrator: look who made it, and remove "
			 "it");
}

static enum error own_directory(const wchar_t *wide, const char *path, enum grant grant,
				struct buf *why)
{
	HANDLE directory =
		CreateFileW(wide, READ_CONTROL | WRITE_DAC | WRITE_OWNER | FILE_READ_ATTRIBUTES,
			    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
			    FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
	enum error error;

	if (directory == INVALID_HANDLE_VALUE)
		return why_win32(why, path, "open", GetLastError());
	error = check_origin(directory, path, why);
	if (error == ERR_NONE)
		error = set_list(directory, path, grant, why);
	CloseHandle(directory);
	return error;
}

static enum error make_directory(const char *path, enum grant grant, struct buf *why)
{
	wchar_t *wide = wide_path(path, why);
	enum error error = ERR_NONE;

	if (wide == NULL)
		return ERR_INVALID;
	if (!CreateDirectoryW(wide, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
		error = why_win32(why, path, "create the directory", GetLastError());
	if (error == ERR_NONE)
		error = own_directory(wide, path, grant, why);
	mem_free(wide);
	return error;
}

/* "C:\ProgramData\wsauthz" of "C:\ProgramData\wsauthz\wsauthz.yaml". */
static void cut_last_part(char *path)
{
	char *slash = strrchr(path, '\\');

	if (slash != NULL)
		*slash = '\0';
}

static enum error make_directories(struct buf *why)
{
	const struct platform_paths *paths = platform_paths();
	char top[PLATFORM_PATH_MAX];
	enum error error;

	snprintf(top, sizeof(top), "%s", paths->config);
	cut_last_part(top);
	error = make_directory(top, GRANT_READ, why);
	if (error == ERR_NONE)
		error = make_directory(paths->policy, GRANT_READ, why);
	if (error == ERR_NONE)
		error = make_directory(paths->state, GRANT_CHANGE, why);
	return error;
}

/* Without one at its usual place there is one with every setting at its default. */
static enum error make_config(struct buf *why)
{
	static const char text[] = "# wsauthzd: every setting has a default.\n";
	const char *path = platform_paths()->config;
	wchar_t *wide = wide_path(path, why);
	enum error error = ERR_NONE;
	DWORD written = 0;
	HANDLE file;

	if (wide == NULL)
		return ERR_INVALID;
	file = CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
	mem_free(wide);
	if (file == INVALID_HANDLE_VALUE)
		return GetLastError() == ERROR_FILE_EXISTS
			       ? ERR_NONE
			       : why_win32(why, path, "create", GetLastError());
	if (!WriteFile(file, text, sizeof(text) - 1, &written, NULL))
		error = why_win32(why, path, "write", GetLastError());
	CloseHandle(file);
	return error;
}

static enum error make_event_source(struct buf *why)
{
	const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
	LSTATUS status;
	HKEY key;

	status = RegCreateKeyExW(HKEY_LOCAL_MACHINE, event_source, 0, NULL, 0, KEY_SET_VALUE, NULL,
				 &key, NULL);
	if (status != ERROR_SUCCESS)
		return why_win32(why, "event log", "register the source wsauthz", (DWORD)status);
	status = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ,
				(const BYTE *)event_messages, sizeof(event_messages));
	if (status == ERROR_SUCCESS)
		status = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types,
					sizeof(types));
	RegCloseKey(key);
	return status == ERROR_SUCCESS
		       ? ERR_NONE
		       : why_win32(why, "event log", "register the source wsauthz", (DWORD)status);
}

/* The command line of the service: quoted, so that no blank in it can make another program of it. */
static enum error write_command(const wchar_t *config, wchar_t *out, size_t units, struct buf *why)
{
	wchar_t program[PROGRAM_UNITS];
	DWORD length = GetModuleFileNameW(NULL, program, PROGRAM_UNITS);
	int written = -1;

	if (length != 0 && length < PROGRAM_UNITS && wcschr(config, L'"') == NULL)
		written = swprintf(out, units, L"\"%ls\" --service --config \"%ls\"", program,
				   config);
	/* What does not fit is a negative number to C, and to mingw the length it would have had. */
	if (written < 0 || (size_t)written >= units)
		return why_error(
			why, ERR_INVALID,
			"the paths of the program and of the configuration are too long, or "
			"hold a quotation mark");
	return ERR_NONE;
}

/* Restarts, a service SID of its own, and no privilege but the one that every process needs. What an
 * older system does not know is left out. */
static void refine(SC_HANDLE service)
{
	SC_ACTION restarts[] = {
		{SC_ACTION_RESTART, 200}, {SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}};
	wchar_t text[] = L"Decides who may do what over Windows Remote Management";
	wchar_t privileges[] = L"SeChangeNotifyPrivilege\0"; /* and a second zero: a list */
	SERVICE_FAILURE_ACTIONSW failures;
	SERVICE_DESCRIPTIONW description = {text};
	SERVICE_SID_INFO sid = {SERVICE_SID_TYPE_UNRESTRICTED};
	SERVICE_REQUIRED_PRIVILEGES_INFOW required = {privileges};
	SERVICE_FAILURE_ACTIONS_FLAG also_on_errors = {TRUE};

	memset(&failures, 0, sizeof(failures));
	failures.dwResetPeriod = FAILURES_FORGOTTEN_S;
	failures.cActions = ARRAY_COUNT(restarts);
	failures.lpsaActions = restarts;
	(void)ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description);
	(void)ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failures);
	(void)ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &also_on_errors);
	(void)ChangeServiceConfig2W(service, SERVICE_CONFIG_SERVICE_SID_INFO, &sid);
	(void)ChangeServiceConfig2W(service, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required);
}

static enum error make_service(const wchar_t *command, struct buf *why)
{
	static const wchar_t account[] = L"NT AUTHORITY\\LocalService";
	static const wchar_t title[] = L"WinRM authorization (wsauthz)";
	SC_HANDLE manager =
		OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
	SC_HANDLE service = NULL;
	enum error error = ERR_NONE;

	if (manager == NULL)
		return why_win32(why, "service manager", "register a service", GetLastError());
	service = CreateServiceW(manager, SERVICE_NAME, title, SERVICE_ALL_ACCESS,
				 SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
				 SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, account, L"");
	if (service == NULL && GetLastError() == ERROR_SERVICE_EXISTS) {
		service = OpenServiceW(manager, SERVICE_NAME, SERVICE_ALL_ACCESS);
		if (service != NULL &&
		    !ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
					  SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, account,
					  L"", title))
			error = why_win32(why, "wsauthz", "change the service", GetLastError());
	}
	if (service == NULL)
		error = why_win32(why, "wsauthz", "create the service", GetLastError());
	else if (error == ERR_NONE)
		refine(service);
	if (service != NULL)
		CloseServiceHandle(service);
	CloseServiceHandle(manager);
	return error;
}

enum error service_install(const char *config_path, struct buf *why)
{
	wchar_t *config = wide_path(config_path, why);
	wchar_t command[2 * PROGRAM_UNITS];
	enum error error = ERR_NONE;

	if (config == NULL)
		return ERR_INVALID;
	if (!path_is_absolute(config_path))
		error = why_error(why, ERR_INVALID,
				  "%s: a service starts elsewhere; the path must be absolute",
				  config_path);
	if (error == ERR_NONE)
		error = make_directories(why);
	if (error == ERR_NONE)
		error = make_config(why);
	if (error == ERR_NONE)
		error = make_event_source(why);
	if (error == ERR_NONE)
		error = write_command(config, command, ARRAY_COUNT(command), why);
	if (error == ERR_NONE)
		error = make_service(command, why);
	mem_free(config);
	return error;
}

/* Asks it to stop and waits until it has. */
static enum error stop_service(SC_HANDLE service, struct buf *why)
{
	SERVICE_STATUS_PROCESS status;
	SERVICE_STATUS asked;
	DWORD size;

	if (!ControlService(service, SERVICE_CONTROL_STOP, &asked) &&
	    GetLastError() == ERROR_SERVICE_NOT_ACTIVE)
		return ERR_NONE;
	for (DWORD waited_ms = 0; waited_ms < STOP_LIMIT_MS; waited_ms += STOP_POLL_MS) {
		if (!QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status,
					  sizeof(status), &size))
			return why_win32(why, "wsauthz", "ask for its state", GetLastError());
		if (status.dwCurrentState == SERVICE_STOPPED)
			return ERR_NONE;
		Sleep(STOP_POLL_MS);
	}
	return why_error(why, ERR_TIMEOUT, "wsauthz: the service does not stop");
}

enum error service_uninstall(struct buf *why)
{
	SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
	SC_HANDLE service;
	enum error error;

	if (manager == NULL)
		return why_win32(why, "service manager", "connect", GetLastError());
	service = OpenServiceW(manager, SERVICE_NAME, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
	if (service == NULL) {
		error = why_win32(why, "wsauthz", "open the service", GetLastError());
	} else {
		error = stop_service(service, why);
		if (error == ERR_NONE && !DeleteService(service))
			error = why_win32(why, "wsauthz", "remove the service", GetLastError());
		CloseServiceHandle(service);
	}
	if (error == ERR_NONE)
		(void)RegDeleteKeyW(HKEY_LOCAL_MACHINE, event_source);
	CloseServiceHandle(manager);
	return error;
}
