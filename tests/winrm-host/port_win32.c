#include <windows.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>

#include "winrm-host/port.h"

_Noreturn void port_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "winrm-host: ");
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

static _Noreturn void fail(const char *what)
{
	port_fail("%s: error %lu", what, GetLastError());
}

int64_t port_now_us(void)
{
	LARGE_INTEGER count, per_second;

	QueryPerformanceCounter(&count);
	QueryPerformanceFrequency(&per_second);
	return count.QuadPart / per_second.QuadPart * 1000000 +
	       count.QuadPart % per_second.QuadPart * 1000000 / per_second.QuadPart;
}

/* Memory. */

void *guard_new(size_t size)
{
	void *memory = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	if (memory == NULL)
		fail("VirtualAlloc");
	return memory;
}

void guard_poison(void *memory, size_t size)
{
	DWORD before;

	if (!VirtualProtect(memory, size, PAGE_NOACCESS, &before))
		fail("VirtualProtect");
}

void guard_free(void *memory, size_t size)
{
	(void)size;
	VirtualFree(memory, 0, MEM_RELEASE);
}

/* What the process holds. */

/* Wine 8 counts nothing, and asking it for the list of all handles can crash its server: it reads on
 * behind the empty table of a process that begins or ends. So every value that a handle may have
 * there, a small multiple of four, is asked about. */
static size_t probe_handles(void)
{
	const uintptr_t step = 4, end = 1 << 14;
	size_t count = 0;
	DWORD flags;

	for (uintptr_t value = step; value < end; value += step)
		count += GetHandleInformation((HANDLE)value, &flags) != 0;
	return count;
}

size_t census_handles(void)
{
	DWORD count = 0;

	GetProcessHandleCount(GetCurrentProcess(), &count);
	return count != 0 ? count : probe_handles();
}

/* A lock has a handle once somebody had to wait for it, a condition has two. */
size_t census_own_handles(void)
{
	return 8;
}

size_t census_threads(void)
{
	HANDLE threads = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
	THREADENTRY32 entry = {.dwSize = sizeof(entry)};
	size_t count = 0;

	if (threads == INVALID_HANDLE_VALUE)
		fail("list of threads");
	for (BOOL more = Thread32First(threads, &entry); more; more = Thread32Next(threads, &entry))
		count += entry.th32OwnerProcessID == GetCurrentProcessId();
	CloseHandle(threads);
	return count;
}

unsigned thread_language(void)
{
	return GetThreadUILanguage();
}

/*
 * Settings. The plug-in reads HKEY_LOCAL_MACHINE, which for this process is a key of its own below
 * the user's: no rights are needed, and programs that run at once do not meet. The key lives in
 * memory only and is removed at the end; one that was left is that of a process that was ended.
 */

static void name_machine_key(WCHAR name[64])
{
	swprintf(name, 64, L"Software\\winrm-host-%lu", GetCurrentProcessId());
}

static void remove_machine_key(void)
{
	WCHAR name[64];

	name_machine_key(name);
	RegDeleteTreeW(HKEY_CURRENT_USER, name);
}

static HKEY settings_key(void)
{
	static HKEY settings;
	WCHAR name[64];
	HKEY machine;

	if (settings != NULL)
		return settings;
	name_machine_key(name);
	remove_machine_key();
	atexit(remove_machine_key);
	if (RegCreateKeyExW(HKEY_CURRENT_USER, name, 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS,
			    NULL, &machine, NULL) != ERROR_SUCCESS ||
	    RegCreateKeyExW(machine, L"SOFTWARE\\wsauthz", 0, NULL, REG_OPTION_VOLATILE,
			    KEY_ALL_ACCESS, NULL, &settings, NULL) != ERROR_SUCCESS ||
	    RegOverridePredefKey(HKEY_LOCAL_MACHINE, machine) != ERROR_SUCCESS)
		port_fail("no registry key for the settings");
	RegCloseKey(machine);
	return settings;
}

void setting_put_text(const char *name, const char *value)
{
	LSTATUS status;

	if (value != NULL)
		status = RegSetValueExA(settings_key(), name, 0, REG_SZ, (const BYTE *)value,
					(DWORD)strlen(value) + 1);
	else
		status = RegDeleteValueA(settings_key(), name);
	if (status != ERROR_SUCCESS)
		port_fail("setting %s: error %ld", name, status);
}

void setting_put_number(const char *name, uint32_t value)
{
	if (RegSetValueExA(settings_key(), name, 0, REG_DWORD, (const BYTE *)&value,
			   sizeof(value)) != ERROR_SUCCESS)
		port_fail("setting %s", name);
}

const char *port_other_owner(void)
{
	return "S-1-5-21-1-2-3-4242";
}

/* Processes. */

struct process {
	HANDLE process, in, out;
};

/* A pipe of which the child inherits one end. */
static void make_pipe(HANDLE *ours, HANDLE *theirs, bool we_write)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
	HANDLE read, write;

	if (!CreatePipe(&read, &write, &inherited, 0))
		fail("pipe");
	*ours = we_write ? write : read;
	*theirs = we_write ? read : write;
	SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0);
}

/* Arguments here are paths and names without quotes. */
static void write_command(const char *const *arguments, char *out, size_t size)
{
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; arguments[i] != NULL && length < size; i++)
		length += (size_t)snprintf(out + length, size - length, "%s\"%s\"",
					   i == 0 ? "" : " ", arguments[i]);
	if (length >= size)
		port_fail("a command line that is too long");
}

struct process *process_start(const char *path, const char *const *arguments,
			      enum process_output lines)
{
	struct process *process = calloc(1, sizeof(*process));
	STARTUPINFOA startup = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES};
	PROCESS_INFORMATION started;
	char command[1024];
	HANDLE theirs;

	if (process == NULL)
		port_fail("out of memory");
	make_pipe(&process->in, &startup.hStdInput, true);
	make_pipe(&process->out, &theirs, false);
	startup.hStdOutput = lines == PROCESS_OUTPUT ? theirs : GetStdHandle(STD_OUTPUT_HANDLE);
	startup.hStdError = lines == PROCESS_ERRORS ? theirs : GetStdHandle(STD_ERROR_HANDLE);
	write_command(arguments, command, sizeof(command));
	if (!CreateProcessA(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &started))
		fail(path);
	process->process = started.hProcess;
	CloseHandle(started.hThread);
	CloseHandle(startup.hStdInput);
	CloseHandle(theirs);
	return process;
}

/* A program that has ended shows when it is read from. */
void process_write_line(struct process *process, const char *line)
{
	DWORD written;

	WriteFile(process->in, line, (DWORD)strlen(line), &written, NULL);
	WriteFile(process->in, "\n", 1, &written, NULL);
}

bool process_read_line(struct process *process, char *line, size_t size)
{
	size_t length = 0;
	DWORD count;
	char c;

	while (ReadFile(process->out, &c, 1, &count, NULL) && count == 1) {
		if (c == '\n') {
			line[length] = '\0';
			return true;
		}
		if (c != '\r' && length + 1 < size)
			line[length++] = c;
	}
	return false;
}

void process_end(struct process *process)
{
	TerminateProcess(process->process, 1);
	WaitForSingleObject(process->process, INFINITE);
}

void process_free(struct process *process)
{
	CloseHandle(process->process);
	CloseHandle(process->in);
	CloseHandle(process->out);
	free(process);
}

void endpoint_name(char *out, size_t size)
{
	snprintf(out, size, "\\\\.\\pipe\\winrm-host-%lu", GetCurrentProcessId());
}
