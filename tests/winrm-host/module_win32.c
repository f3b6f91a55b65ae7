/*
 * The plug-in as a DLL, as it is shipped. In the table of what it imports three functions of the
 * system are replaced by ours: CreateFileW() and ReportEventW(), whose calls are recorded, and
 * GetTokenInformation(), which knows our tokens.
 */
#include <windows.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tlhelp32.h>
#include <winternl.h>

#include "winrm-host/calls.h"
#include "winrm-host/event_record.h"
#include "winrm-host/port.h"
#include "winrm-host/tokens_win32.h"
#include "winrm-host/wsmsvc.h"

/* Of NtQueryInformationThread(), which winternl.h does not name. */
enum { THREAD_START_ADDRESS = 9 };

/* What client-plugin/channel_win32.c must ask for, by its numbers, lest both be wrong together. */
static const DWORD exact_rights = 0x0012019B;
static const DWORD exact_flags = 0x40000000 | 0x00100000 | 0x00010000 | 0x00080000;

static atomic_size_t connect_count, exact_connect_count, host_connect_count;
static atomic_bool is_access_denied;
static DWORD host_thread_mark = TLS_OUT_OF_INDEXES;

/* Recording. */

void module_note_host_thread(void)
{
	if (host_thread_mark != TLS_OUT_OF_INDEXES)
		TlsSetValue(host_thread_mark, &host_thread_mark);
}

static bool is_host_thread(void)
{
	HANDLE token;

	if (TlsGetValue(host_thread_mark) != NULL)
		return true;
	if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token))
		return false;
	CloseHandle(token);
	return true; /* it runs as somebody else */
}

static HANDLE WINAPI record_create_file(LPCWSTR name, DWORD rights, DWORD share,
					LPSECURITY_ATTRIBUTES security, DWORD disposition,
					DWORD flags, HANDLE template)
{
	atomic_fetch_add(&connect_count, 1);
	if (rights == exact_rights && share == 0 && security == NULL &&
	    disposition == OPEN_EXISTING && flags == exact_flags && template == NULL)
		atomic_fetch_add(&exact_connect_count, 1);
	if (is_host_thread())
		atomic_fetch_add(&host_connect_count, 1);
	if (atomic_load(&is_access_denied)) {
		SetLastError(ERROR_ACCESS_DENIED);
		return INVALID_HANDLE_VALUE;
	}
	return CreateFileW(name, rights, share, security, disposition, flags, template);
}

void module_set_access(bool is_granted)
{
	atomic_store(&is_access_denied, !is_granted);
}

/* Wine keeps no events: what it is given is what there is to see. The log is asked all the same. */
static BOOL WINAPI record_event(HANDLE log, WORD type, WORD category, DWORD id, PSID user,
				WORD text_count, DWORD data_bytes, LPCWSTR *texts, LPVOID data)
{
	char text[EVENT_RECORD_BYTES] = "";

	if (text_count == 1)
		WideCharToMultiByte(CP_UTF8, 0, texts[0], -1, text, sizeof(text), NULL, NULL);
	event_record_put(id, text, is_host_thread());
	return ReportEventW(log, type, category, id, user, text_count, data_bytes, texts, data);
}

size_t module_connects_by_host(void)
{
	return atomic_load(&host_connect_count);
}

size_t module_connects(void)
{
	return atomic_load(&connect_count);
}

size_t module_exact_connects(void)
{
	return atomic_load(&exact_connect_count);
}

/* The table of imports. */

static void *at(const uint8_t *base, DWORD offset)
{
	return (void *)(uintptr_t)(base + offset);
}

static void replace(IMAGE_THUNK_DATA *place, void *function)
{
	ULONG_PTR value = (ULONG_PTR)function;
	DWORD before;

	if (!VirtualProtect(place, sizeof(*place), PAGE_READWRITE, &before))
		port_fail("the imports of the plug-in are not writable: error %lu", GetLastError());
	memcpy(&place->u1.Function, &value, sizeof(value));
	VirtualProtect(place, sizeof(*place), before, &before);
}

static void replace_if_ours(IMAGE_THUNK_DATA *place, const char *name)
{
	if (strcmp(name, "CreateFileW") == 0)
		replace(place, (void *)(uintptr_t)record_create_file);
	else if (strcmp(name, "ReportEventW") == 0)
		replace(place, (void *)(uintptr_t)record_event);
	else if (strcmp(name, "GetTokenInformation") == 0)
		replace(place, (void *)(uintptr_t)tokens_get_information);
}

/* What one imported DLL gives: the names lie beside the addresses. */
static void replace_imports_of(const uint8_t *base, const IMAGE_IMPORT_DESCRIPTOR *import)
{
	const IMAGE_THUNK_DATA *name = at(base, import->OriginalFirstThunk);
	IMAGE_THUNK_DATA *place = at(base, import->FirstThunk);

	for (; name->u1.AddressOfData != 0; name++, place++) {
		const IMAGE_IMPORT_BY_NAME *by_name;

		if (IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal))
			continue;
		by_name = at(base, (DWORD)name->u1.AddressOfData);
		replace_if_ours(place, (const char *)by_name->Name);
	}
}

static const IMAGE_NT_HEADERS *headers_of(const uint8_t *base)
{
	const IMAGE_DOS_HEADER *dos = at(base, 0);

	return at(base, (DWORD)dos->e_lfanew);
}

static void replace_imports(HMODULE module)
{
	const uint8_t *base = (const uint8_t *)module;
	const IMAGE_DATA_DIRECTORY *directory =
		&headers_of(base)->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
	const IMAGE_IMPORT_DESCRIPTOR *import = at(base, directory->VirtualAddress);

	for (; import->Name != 0; import++)
		replace_imports_of(base, import);
}

/* Loading. */

/* The completion functions of WinRM, in the DLL beside this program. It stays. */
static void open_wsmsvc(void)
{
	static const struct wsmsvc_functions completions = {
		.user_complete = calls_user_complete,
		.operation_complete = calls_operation_complete,
		.quota_complete = calls_quota_complete,
	};
	HMODULE wsmsvc = LoadLibraryW(L"WsmSvc.dll");
	wsmsvc_connect *connect = NULL;

	if (wsmsvc != NULL)
		connect = (wsmsvc_connect *)(uintptr_t)GetProcAddress(wsmsvc, WSMSVC_CONNECT);
	if (connect == NULL)
		port_fail("WsmSvc.dll is not the one of this program");
	connect(&completions);
	host_thread_mark = TlsAlloc();
}

/* A function pointer of the type of `out`. */
static bool find(HMODULE module, const char *name, void *out)
{
	FARPROC function = GetProcAddress(module, name);

	memcpy(out, &function, sizeof(function));
	return function != NULL;
}

static bool find_functions(HMODULE module, struct plugin_functions *out)
{
	find(module, "WSManPluginAuthzQueryQuota", &out->authz_query_quota);
	return find(module, "WSManPluginStartup", &out->startup) &&
	       find(module, "WSManPluginShutdown", &out->shutdown) &&
	       find(module, "WSManPluginAuthzUser", &out->authz_user) &&
	       find(module, "WSManPluginAuthzOperation", &out->authz_operation) &&
	       find(module, "WSManPluginAuthzReleaseContext", &out->authz_release_context);
}

bool module_load(const char *name, struct module *out)
{
	struct module loaded = {.handle = NULL};
	HMODULE handle;

	if (host_thread_mark == TLS_OUT_OF_INDEXES)
		open_wsmsvc();
	handle = LoadLibraryA(name);
	if (handle == NULL)
		return false;
	if (!find_functions(handle, &loaded.functions)) {
		FreeLibrary(handle);
		return false;
	}
	replace_imports(handle);
	loaded.handle = handle;
	*out = loaded;
	return true;
}

bool module_unload(struct module *module)
{
	HMODULE handle = module->handle;
	WCHAR path[MAX_PATH];
	bool is_gone;

	GetModuleFileNameW(handle, path, MAX_PATH);
	FreeLibrary(handle);
	is_gone = GetModuleHandleW(path) == NULL;
	*module = (struct module){.handle = NULL};
	return is_gone;
}

/* Threads that began in the plug-in's code. */

static bool began_in(DWORD thread_id, const uint8_t *base, size_t size)
{
	HANDLE thread = OpenThread(THREAD_QUERY_INFORMATION, FALSE, thread_id);
	const uint8_t *begin = NULL;
	NTSTATUS status;

	if (thread == NULL)
		return false; /* it has ended */
	status = NtQueryInformationThread(thread, (THREADINFOCLASS)THREAD_START_ADDRESS, &begin,
					  sizeof(begin), NULL);
	CloseHandle(thread);
	return status == 0 && begin >= base && begin < base + size;
}

size_t module_thread_count(const struct module *module)
{
	const uint8_t *base = module->handle;
	size_t size = headers_of(base)->OptionalHeader.SizeOfImage;
	HANDLE threads = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
	THREADENTRY32 entry = {.dwSize = sizeof(entry)};
	size_t count = 0;

	if (threads == INVALID_HANDLE_VALUE)
		port_fail("no list of threads: error %lu", GetLastError());
	for (BOOL more = Thread32First(threads, &entry); more;
	     more = Thread32Next(threads, &entry)) {
		if (entry.th32OwnerProcessID == GetCurrentProcessId() &&
		    began_in(entry.th32ThreadID, base, size))
			count++;
	}
	CloseHandle(threads);
	return count;
}
