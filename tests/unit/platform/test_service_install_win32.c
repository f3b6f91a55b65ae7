/*
 * Installing and removing the service, with the service manager and the machine's part of the
 * registry replaced by ours (-Wl,--wrap): nothing outside the test's directory changes. What Wine
 * cannot have, junctions and owners, is shown by the functions that would tell of them.
 */
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/paths.h"
#include "platform/security_win32.h"
#include "platform/service.h"
#include "support/cmocka.h"
#include "support/fault.h"
#include "support/tmpdir.h"

enum { SET_MAX = 32, STATES_MAX = 4, PATH_BYTES = 400 };

#define ADMINISTRATORS "S-1-5-32-544"
#define STRANGER       "S-1-5-21-1-2-3-1001"
#define LIST_READ      "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;" SERVICE_SID ")"
#define LIST_CHANGE    "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" SERVICE_SID ")"

/* The world. */
static struct {
	/* Directories: one of them may be a junction, which leads to another folder. */
	char opened[PATH_BYTES]; /* what the last handle leads to */
	const char *owner;
	char junction[PATH_BYTES], target[PATH_BYTES];
	HANDLE junction_handle;
	struct {
		char path[PATH_BYTES];
		char *sddl;
	} set[SET_MAX];
	size_t set_count;

	/* The service manager. */
	DWORD manager_error, create_error, change_error, open_error, control_error, delete_error;
	bool exists;
	wchar_t command[4096], account[64];
	DWORD start_type;
	unsigned created_count, changed_count, deleted_count, open_handles;
	DWORD refined[16];
	size_t refined_count;
	DWORD restart_ms[4];
	DWORD sid_type;
	wchar_t privileges[64];
	DWORD states[STATES_MAX]; /* that the service passes through when it is told to stop */
	size_t state_count, state_at;
	DWORD slept_ms;
} world;

static struct platform_paths paths;
static char config[PATH_BYTES], policy[PATH_BYTES], state_path[PATH_BYTES], top[PATH_BYTES];

const struct platform_paths *__wrap_platform_paths(void);
const struct platform_paths *__wrap_platform_paths(void)
{
	return &paths;
}

/* Directories. */

typedef HANDLE WINAPI create_file(LPCWSTR, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD,
				  HANDLE);
typedef BOOL WINAPI get_information(HANDLE, LPBY_HANDLE_FILE_INFORMATION);
typedef DWORD WINAPI get_security(HANDLE, SE_OBJECT_TYPE, SECURITY_INFORMATION, PSID *, PSID *,
				  PACL *, PACL *, PSECURITY_DESCRIPTOR *);
typedef BOOL WINAPI set_security(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR);
extern create_file *__real___imp_CreateFileW;
extern get_information *__real___imp_GetFileInformationByHandle;

static HANDLE WINAPI fake_create_file(LPCWSTR name, DWORD rights, DWORD share,
				      LPSECURITY_ATTRIBUTES attributes, DWORD disposition,
				      DWORD flags, HANDLE template)
{
	char path[PATH_BYTES] = "";
	wchar_t target[PATH_BYTES];
	bool is_junction;
	HANDLE handle;

	WideCharToMultiByte(CP_UTF8, 0, name, -1, path, PATH_BYTES, NULL, NULL);
	is_junction = *world.junction != '\0' && strcmp(path, world.junction) == 0;
	if (is_junction && (flags & FILE_FLAG_OPEN_REPARSE_POINT) == 0) {
		MultiByteToWideChar(CP_UTF8, 0, world.target, -1, target, PATH_BYTES);
		name = target;
		snprintf(path, sizeof(path), "%s", world.target);
		is_junction = false;
	}
	handle = __real___imp_CreateFileW(name, rights, share, attributes, disposition, flags,
					  template);
	snprintf(world.opened, sizeof(world.opened), "%s", path);
	world.junction_handle = is_junction ? handle : NULL;
	return handle;
}

static BOOL WINAPI fake_get_information(HANDLE file, LPBY_HANDLE_FILE_INFORMATION out)
{
	BOOL done = __real___imp_GetFileInformationByHandle(file, out);

	if (file == world.junction_handle)
		out->dwFileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
	return done;
}

static DWORD WINAPI fake_get_security(HANDLE handle, SE_OBJECT_TYPE type,
				      SECURITY_INFORMATION wanted, PSID *owner, PSID *group,
				      PACL *dacl, PACL *sacl, PSECURITY_DESCRIPTOR *descriptor)
{
	(void)handle;
	(void)type;
	assert_int_equal(wanted, OWNER_SECURITY_INFORMATION);
	assert_true(group == NULL && dacl == NULL && sacl == NULL);
	if (!ConvertStringSidToSidA(world.owner, owner))
		return ERROR_INVALID_SID;
	*descriptor = *owner; /* what the caller frees */
	return ERROR_SUCCESS;
}

static BOOL WINAPI fake_set_security(HANDLE handle, SECURITY_INFORMATION what,
				     PSECURITY_DESCRIPTOR descriptor)
{
	(void)handle;
	assert_in_range(world.set_count, 0, SET_MAX - 1);
	assert_int_equal(what, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION);
	snprintf(world.set[world.set_count].path, PATH_BYTES, "%s", world.opened);
	assert_true(ConvertSecurityDescriptorToStringSecurityDescriptorA(
		descriptor, SDDL_REVISION_1, what, &world.set[world.set_count].sddl, NULL));
	world.set_count++;
	return TRUE;
}

create_file *__wrap___imp_CreateFileW = fake_create_file;
get_information *__wrap___imp_GetFileInformationByHandle = fake_get_information;
get_security *__wrap___imp_GetSecurityInfo = fake_get_security;
set_security *__wrap___imp_SetKernelObjectSecurity = fake_set_security;

/* The service manager. */

static const SC_HANDLE manager_handle = (SC_HANDLE)&world.manager_error;
static const SC_HANDLE service_handle = (SC_HANDLE)&world.exists;

static BOOL succeeds(DWORD error)
{
	SetLastError(error);
	return error == ERROR_SUCCESS;
}

static SC_HANDLE WINAPI fake_open_manager(LPCWSTR machine, LPCWSTR database, DWORD rights)
{
	(void)rights;
	assert_true(machine == NULL && database == NULL);
	if (!succeeds(world.manager_error))
		return NULL;
	world.open_handles++;
	return manager_handle;
}

static void keep(LPCWSTR command, LPCWSTR account, DWORD start_type)
{
	swprintf(world.command, ARRAY_COUNT(world.command), L"%ls", command);
	swprintf(world.account, ARRAY_COUNT(world.account), L"%ls", account);
	world.start_type = start_type;
}

static SC_HANDLE WINAPI fake_create_service(SC_HANDLE manager, LPCWSTR name, LPCWSTR title,
					    DWORD rights, DWORD type, DWORD start_type,
					    DWORD on_error, LPCWSTR command, LPCWSTR group,
					    LPDWORD tag, LPCWSTR dependencies, LPCWSTR account,
					    LPCWSTR password)
{
	(void)title;
	(void)rights;
	(void)on_error;
	(void)group;
	(void)tag;
	(void)dependencies;
	(void)password;
	assert_ptr_equal(manager, manager_handle);
	assert_true(wcscmp(name, L"wsauthz") == 0);
	assert_int_equal(type, SERVICE_WIN32_OWN_PROCESS);
	if (!succeeds(world.exists ? ERROR_SERVICE_EXISTS : world.create_error))
		return NULL;
	keep(command, account, start_type);
	world.exists = true;
	world.created_count++;
	world.open_handles++;
	return service_handle;
}

static SC_HANDLE WINAPI fake_open_service(SC_HANDLE manager, LPCWSTR name, DWORD rights)
{
	(void)rights;
	assert_ptr_equal(manager, manager_handle);
	assert_true(wcscmp(name, L"wsauthz") == 0);
	if (!succeeds(world.exists ? world.open_error : ERROR_SERVICE_DOES_NOT_EXIST))
		return NULL;
	world.open_handles++;
	return service_handle;
}

static BOOL WINAPI fake_change(SC_HANDLE service, DWORD type, DWORD start_type, DWORD on_error,
			       LPCWSTR command, LPCWSTR group, LPDWORD tag, LPCWSTR dependencies,
			       LPCWSTR account, LPCWSTR password, LPCWSTR title)
{
	(void)type;
	(void)on_error;
	(void)group;
	(void)tag;
	(void)dependencies;
	(void)password;
	(void)title;
	assert_ptr_equal(service, service_handle);
	if (!succeeds(world.change_error))
		return FALSE;
	keep(command, account, start_type);
	world.changed_count++;
	return TRUE;
}

static BOOL WINAPI fake_change_more(SC_HANDLE service, DWORD level, LPVOID information)
{
	assert_ptr_equal(service, service_handle);
	assert_in_range(world.refined_count, 0, ARRAY_COUNT(world.refined) - 1);
	world.refined[world.refined_count++] = level;
	if (level == SERVICE_CONFIG_FAILURE_ACTIONS) {
		const SERVICE_FAILURE_ACTIONSW *failures = information;

		for (DWORD i = 0; i < failures->cActions; i++)
			world.restart_ms[i] = failures->lpsaActions[i].Delay;
	} else if (level == SERVICE_CONFIG_SERVICE_SID_INFO) {
		world.sid_type = ((SERVICE_SID_INFO *)information)->dwServiceSidType;
	} else if (level == SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO) {
		const wchar_t *list =
			((SERVICE_REQUIRED_PRIVILEGES_INFOW *)information)->pmszRequiredPrivileges;

		swprintf(world.privileges, ARRAY_COUNT(world.privileges), L"%ls", list);
		assert_int_equal(list[wcslen(list) + 1], L'\0'); /* one, and the list ends */
	}
	SetLastError(ERROR_INVALID_LEVEL);
	return FALSE; /* as on a system that knows none of it */
}

static BOOL WINAPI fake_control(SC_HANDLE service, DWORD control, LPSERVICE_STATUS out)
{
	assert_ptr_equal(service, service_handle);
	assert_int_equal(control, SERVICE_CONTROL_STOP);
	memset(out, 0, sizeof(*out));
	return succeeds(world.control_error);
}

static BOOL WINAPI fake_query(SC_HANDLE service, SC_STATUS_TYPE level, LPBYTE out, DWORD size,
			      LPDWORD needed)
{
	SERVICE_STATUS_PROCESS status = {.dwCurrentState = world.states[world.state_at]};

	assert_ptr_equal(service, service_handle);
	assert_int_equal(level, SC_STATUS_PROCESS_INFO);
	assert_int_equal(size, sizeof(status));
	memcpy(out, &status, sizeof(status));
	*needed = sizeof(status);
	if (world.state_at + 1 < world.state_count)
		world.state_at++;
	return TRUE;
}

static BOOL WINAPI fake_delete(SC_HANDLE service)
{
	assert_ptr_equal(service, service_handle);
	if (!succeeds(world.delete_error))
		return FALSE;
	world.exists = false;
	world.deleted_count++;
	return TRUE;
}

static BOOL WINAPI fake_close(SC_HANDLE handle)
{
	assert_true(handle == service_handle || handle == manager_handle);
	assert_int_not_equal(world.open_handles, 0);
	world.open_handles--;
	return TRUE;
}

static void WINAPI fake_sleep(DWORD ms)
{
	world.slept_ms += ms;
}

typedef SC_HANDLE WINAPI open_manager(LPCWSTR, LPCWSTR, DWORD);
typedef SC_HANDLE WINAPI create_service(SC_HANDLE, LPCWSTR, LPCWSTR, DWORD, DWORD, DWORD, DWORD,
					LPCWSTR, LPCWSTR, LPDWORD, LPCWSTR, LPCWSTR, LPCWSTR);
typedef SC_HANDLE WINAPI open_service(SC_HANDLE, LPCWSTR, DWORD);
typedef BOOL WINAPI change_service(SC_HANDLE, DWORD, DWORD, DWORD, LPCWSTR, LPCWSTR, LPDWORD,
				   LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR);
typedef BOOL WINAPI change_more(SC_HANDLE, DWORD, LPVOID);
typedef BOOL WINAPI control_service(SC_HANDLE, DWORD, LPSERVICE_STATUS);
typedef BOOL WINAPI query_service(SC_HANDLE, SC_STATUS_TYPE, LPBYTE, DWORD, LPDWORD);
typedef BOOL WINAPI with_service(SC_HANDLE);
typedef void WINAPI sleep_ms(DWORD);
open_manager *__wrap___imp_OpenSCManagerW = fake_open_manager;
create_service *__wrap___imp_CreateServiceW = fake_create_service;
open_service *__wrap___imp_OpenServiceW = fake_open_service;
change_service *__wrap___imp_ChangeServiceConfigW = fake_change;
change_more *__wrap___imp_ChangeServiceConfig2W = fake_change_more;
control_service *__wrap___imp_ControlService = fake_control;
query_service *__wrap___imp_QueryServiceStatusEx = fake_query;
with_service *__wrap___imp_DeleteService = fake_delete;
with_service *__wrap___imp_CloseServiceHandle = fake_close;
sleep_ms *__wrap___imp_Sleep = fake_sleep;

/* The fixture. */

#define SOURCE_KEY L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\wsauthz"

struct fixture {
	struct tmpdir dir;
	struct buf why;
	wchar_t machine_name[64];
	HKEY machine; /* what HKEY_LOCAL_MACHINE is meanwhile */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	tmpdir_create(&f->dir);
	buf_init(&f->why, 4096);
	memset(&world, 0, sizeof(world));
	world.owner = ADMINISTRATORS;
	world.states[0] = SERVICE_STOPPED;
	world.state_count = 1;
	tmpdir_path(&f->dir, "wsauthz", top, sizeof(top));
	for (char *c = top; *c != '\0'; c++) {
		if (*c == '/')
			*c = '\\';
	}
	snprintf(config, sizeof(config), "%s\\wsauthz.yaml", top);
	snprintf(policy, sizeof(policy), "%s\\policy", top);
	snprintf(state_path, sizeof(state_path), "%s\\state", top);
	paths = (struct platform_paths){.config = config, .policy = policy, .state = state_path};
	swprintf(f->machine_name, ARRAY_COUNT(f->machine_name), L"Software\\test-install-%lu",
		 GetCurrentProcessId());
	assert_int_equal(RegCreateKeyExW(HKEY_CURRENT_USER, f->machine_name, 0, NULL, 0,
					 KEY_ALL_ACCESS, NULL, &f->machine, NULL),
			 ERROR_SUCCESS);
	assert_int_equal(RegOverridePredefKey(HKEY_LOCAL_MACHINE, f->machine), ERROR_SUCCESS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	RegOverridePredefKey(HKEY_LOCAL_MACHINE, NULL);
	RegCloseKey(f->machine);
	RegDeleteTreeW(HKEY_CURRENT_USER, f->machine_name);
	for (size_t i = 0; i < world.set_count; i++)
		LocalFree(world.set[i].sddl);
	assert_int_equal(world.open_handles, 0);
	buf_deinit(&f->why);
	tmpdir_remove(&f->dir);
	free(f);
	return 0;
}

static void expect_why(struct fixture *f, const char *text)
{
	if (strstr(buf_text(&f->why), text) == NULL)
		fail_msg("'%s' does not say '%s'", buf_text(&f->why), text);
}

static void install(struct fixture *f)
{
	buf_clear(&f->why);
	if (service_install(config, &f->why) != ERR_NONE)
		fail_msg("%s", buf_text(&f->why));
}

static void expect_refusal(struct fixture *f, enum error error, const char *why)
{
	buf_clear(&f->why);
	assert_int_equal(service_install(config, &f->why), error);
	expect_why(f, why);
	assert_int_equal(world.created_count, 0);
}

static void expect_set(size_t index, const char *path, const char *sddl)
{
	assert_true(index < world.set_count);
	assert_string_equal(world.set[index].path, path);
	assert_string_equal(world.set[index].sddl, sddl);
}

static bool is_directory(const char *path)
{
	DWORD attributes = GetFileAttributesA(path);

	return attributes != INVALID_FILE_ATTRIBUTES &&
	       (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

static size_t read_config(char *out, size_t size)
{
	FILE *file = fopen(config, "rb");
	size_t length;

	assert_non_null(file);
	length = fread(out, 1, size - 1, file);
	out[length] = '\0';
	fclose(file);
	return length;
}

/* Directories. */

static void each_directory_is_made_for_whom_it_is(void **state)
{
	install(*state);
	assert_true(is_directory(top) && is_directory(policy) && is_directory(state_path));
	assert_int_equal(world.set_count, 3);
	expect_set(0, top, LIST_READ);
	expect_set(1, policy, LIST_READ);
	expect_set(2, state_path, LIST_CHANGE);
}

static void installing_again_repairs_the_access_lists(void **state)
{
	install(*state);
	install(*state);
	assert_int_equal(world.set_count, 6);
	expect_set(3, top, LIST_READ);
	expect_set(5, state_path, LIST_CHANGE);
}

static void a_folder_that_a_stranger_made_is_not_taken_over(void **state)
{
	struct fixture *f = *state;

	assert_true(CreateDirectoryA(top, NULL));
	world.owner = STRANGER;
	expect_refusal(f, ERR_INVALID, "who is no administrator: look who made it, and remove it");
	expect_why(f, STRANGER);
	assert_int_equal(world.set_count, 0);
	world.owner = "S-1-5-18"; /* the system itself is trusted */
	install(f);
}

/* Rights of the folder that a junction leads to must not be set: whoever made the junction would get
 * rights of the service, or the service rights of that folder. */
static void a_junction_is_not_followed(void **state)
{
	char *const places[] = {top, policy, state_path};
	struct fixture *f = *state;
	size_t before;

	tmpdir_path(&f->dir, "elsewhere", world.target, sizeof(world.target));
	assert_true(CreateDirectoryA(world.target, NULL));
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		(void)CreateDirectoryA(places[i], NULL);
		snprintf(world.junction, sizeof(world.junction), "%s", places[i]);
		before = world.set_count;
		expect_refusal(f, ERR_INVALID, "is a link or no directory; remove it");
		expect_why(f, places[i]);
		assert_int_equal(world.set_count, before + i);
		for (size_t j = 0; j < world.set_count; j++)
			assert_string_not_equal(world.set[j].path, world.target);
	}
}

static void a_file_in_the_place_of_a_directory_is_told(void **state)
{
	struct fixture *f = *state;

	tmpdir_write(&f->dir, "wsauthz", "", 0);
	expect_refusal(f, ERR_INVALID, "is a link or no directory; remove it");
	assert_int_equal(world.set_count, 0);
}

/* The configuration. */

static void a_configuration_is_made_once(void **state)
{
	struct fixture *f = *state;
	char text[200];

	install(f);
	assert_true(read_config(text, sizeof(text)) != 0);
	assert_non_null(strstr(text, "every setting has a default"));
	tmpdir_write(&f->dir, "wsauthz/wsauthz.yaml", "log:\n", 5);
	install(f);
	assert_int_equal(read_config(text, sizeof(text)), 5);
}

static void a_path_that_cannot_be_a_command_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[5000];

	assert_int_equal(service_install("wsauthz.yaml", &f->why), ERR_INVALID);
	expect_why(f, "the path must be absolute");
	assert_false(is_directory(top));
	buf_clear(&f->why);
	assert_int_equal(service_install("C:\\a\" --evil \"b.yaml", &f->why), ERR_INVALID);
	expect_why(f, "hold a quotation mark");
	memset(path, 'x', sizeof(path));
	memcpy(path, "C:\\", 3);
	path[sizeof(path) - 1] = '\0';
	buf_clear(&f->why);
	assert_int_equal(service_install(path, &f->why), ERR_INVALID);
	expect_why(f, "too long");
	buf_clear(&f->why);
	assert_int_equal(service_install("C:\\\xff.yaml", &f->why), ERR_INVALID);
	assert_int_equal(world.created_count, 0);
}

/* The event log. */

static void the_source_of_events_has_a_file_of_messages(void **state)
{
	wchar_t file[200] = L"";
	DWORD types = 0, size = sizeof(file);
	HKEY key;

	install(*state);
	assert_int_equal(RegOpenKeyExW(HKEY_LOCAL_MACHINE, SOURCE_KEY, 0, KEY_READ, &key),
			 ERROR_SUCCESS);
	assert_int_equal(
		RegQueryValueExW(key, L"EventMessageFile", NULL, NULL, (BYTE *)file, &size),
		ERROR_SUCCESS);
	size = sizeof(types);
	assert_int_equal(
		RegQueryValueExW(key, L"TypesSupported", NULL, NULL, (BYTE *)&types, &size),
		ERROR_SUCCESS);
	RegCloseKey(key);
	assert_true(wcscmp(file, L"%SystemRoot%\\System32\\EventCreate.exe") == 0);
	assert_int_equal(types,
			 EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE);
}

/* The service. */

static void the_command_is_quoted(void **state)
{
	wchar_t program[1024], expected[4096];

	install(*state);
	assert_true(GetModuleFileNameW(NULL, program, ARRAY_COUNT(program)) != 0);
	swprintf(expected, ARRAY_COUNT(expected), L"\"%ls\" --service --config \"%hs\"", program,
		 config);
	if (wcscmp(world.command, expected) != 0)
		fail_msg("%ls", world.command);
	assert_true(wcscmp(world.account, L"NT AUTHORITY\\LocalService") == 0);
	assert_int_equal(world.start_type, SERVICE_AUTO_START);
	assert_int_equal(world.created_count, 1);
}

static void the_service_has_one_privilege_and_restarts(void **state)
{
	install(*state);
	assert_int_equal(world.refined_count, 5);
	assert_int_equal(world.restart_ms[0], 200);
	assert_int_equal(world.restart_ms[1], 1000);
	assert_int_equal(world.restart_ms[2], 5000);
	assert_int_equal(world.sid_type, SERVICE_SID_TYPE_UNRESTRICTED);
	assert_true(wcscmp(world.privileges, L"SeChangeNotifyPrivilege") == 0);
}

static void a_service_that_is_there_is_brought_up_to_date(void **state)
{
	world.exists = true;
	install(*state);
	assert_int_equal(world.created_count, 0);
	assert_int_equal(world.changed_count, 1);
	assert_int_equal(world.refined_count, 5);
	assert_non_null(wcsstr(world.command, L"--service --config"));
}

static void what_the_service_manager_refuses_is_told(void **state)
{
	struct fixture *f = *state;

	world.manager_error = ERROR_ACCESS_DENIED;
	expect_refusal(f, ERR_DENIED, "service manager: cannot register a service: ");
	world.manager_error = ERROR_SUCCESS;
	world.create_error = ERROR_ACCESS_DENIED;
	expect_refusal(f, ERR_DENIED, "wsauthz: cannot create the service: ");
	world.create_error = ERROR_SUCCESS;
	world.exists = true;
	world.change_error = ERROR_ACCESS_DENIED;
	expect_refusal(f, ERR_DENIED, "wsauthz: cannot change the service: ");
	world.open_error = ERROR_ACCESS_DENIED;
	expect_refusal(f, ERR_DENIED, "wsauthz: cannot create the service: ");
	assert_int_equal(world.refined_count, 0);
}

static void installing_survives_every_lack_of_memory(void **state)
{
	struct fixture *f = *state;
	uint64_t n = 0;

	for (;; n++) {
		enum error error;

		fault_arm(n, FAULT_ONCE);
		error = service_install(config, &f->why);
		if (!fault_disarm()) {
			assert_int_equal(error, ERR_NONE);
			break;
		}
		assert_int_not_equal(error, ERR_NONE);
		assert_int_equal(world.created_count, 0);
		for (size_t i = 0; i < world.set_count; i++)
			LocalFree(world.set[i].sddl);
		world.set_count = 0;
	}
	assert_true(n >= 5);
}

/* Removing. */

static void a_service_is_stopped_and_removed(void **state)
{
	struct fixture *f = *state;
	HKEY key;

	install(f);
	world.states[0] = SERVICE_STOP_PENDING;
	world.states[1] = SERVICE_STOP_PENDING;
	world.states[2] = SERVICE_STOPPED;
	world.state_count = 3;
	assert_int_equal(service_uninstall(&f->why), ERR_NONE);
	assert_int_equal(world.deleted_count, 1);
	assert_int_equal(world.slept_ms, 200);
	assert_int_equal(RegOpenKeyExW(HKEY_LOCAL_MACHINE, SOURCE_KEY, 0, KEY_READ, &key),
			 ERROR_FILE_NOT_FOUND);
	assert_true(is_directory(state_path)); /* what was decided stays */
}

static void a_service_that_does_not_run_is_removed_at_once(void **state)
{
	struct fixture *f = *state;

	install(f);
	world.control_error = ERROR_SERVICE_NOT_ACTIVE;
	assert_int_equal(service_uninstall(&f->why), ERR_NONE);
	assert_int_equal(world.deleted_count, 1);
	assert_int_equal(world.slept_ms, 0);
}

static void a_service_that_does_not_stop_is_not_removed(void **state)
{
	struct fixture *f = *state;

	install(f);
	world.states[0] = SERVICE_STOP_PENDING;
	assert_int_equal(service_uninstall(&f->why), ERR_TIMEOUT);
	expect_why(f, "the service does not stop");
	assert_int_equal(world.deleted_count, 0);
	assert_int_equal(world.slept_ms, 90000);
}

static void what_cannot_be_removed_is_told(void **state)
{
	struct fixture *f = *state;
	HKEY key;

	assert_int_equal(service_uninstall(&f->why), ERR_NOT_FOUND);
	expect_why(f, "wsauthz: cannot open the service: ");
	install(f);
	buf_clear(&f->why);
	world.delete_error = ERROR_ACCESS_DENIED;
	assert_int_equal(service_uninstall(&f->why), ERR_DENIED);
	expect_why(f, "wsauthz: cannot remove the service: ");
	buf_clear(&f->why);
	world.manager_error = ERROR_ACCESS_DENIED;
	assert_int_equal(service_uninstall(&f->why), ERR_DENIED);
	expect_why(f, "service manager: cannot connect: ");
	/* Its events can still be read. */
	assert_int_equal(RegOpenKeyExW(HKEY_LOCAL_MACHINE, SOURCE_KEY, 0, KEY_READ, &key),
			 ERROR_SUCCESS);
	RegCloseKey(key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_directory_is_made_for_whom_it_is),
		TEST(installing_again_repairs_the_access_lists),
		TEST(a_folder_that_a_stranger_made_is_not_taken_over),
		TEST(a_junction_is_not_followed),
		TEST(a_file_in_the_place_of_a_directory_is_told),
		TEST(a_configuration_is_made_once),
		TEST(a_path_that_cannot_be_a_command_is_refused),
		TEST(the_source_of_events_has_a_file_of_messages),
		TEST(the_command_is_quoted),
		TEST(the_service_has_one_privilege_and_restarts),
		TEST(a_service_that_is_there_is_brought_up_to_date),
		TEST(what_the_service_manager_refuses_is_told),
		TEST(installing_survives_every_lack_of_memory),
		TEST(a_service_is_stopped_and_removed),
		TEST(a_service_that_does_not_run_is_removed_at_once),
		TEST(a_service_that_does_not_stop_is_not_removed),
		TEST(what_cannot_be_removed_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
