#include "platform/system_win32.h"

#include <string.h>

#include "base/mem.h"
#include "platform/service.h"

enum { CONFIG_MAX_BYTES = 8192 }; /* the most that the manager gives */

/* The answer of the manager, aligned for what it is. */
union answer {
	QUERY_SERVICE_CONFIGW config;
	SERVICE_FAILURE_ACTIONSW failures;
	SERVICE_SID_INFO sid;
	SERVICE_STATUS_PROCESS status;
	BYTE bytes[CONFIG_MAX_BYTES];
};

static enum error copy_text(const wchar_t *wide, char *out, size_t size, const char *what,
			    struct buf *why)
{
	struct buf text;

	buf_init_fixed(&text, out, size);
	if (wide != NULL)
		buf_append_wide(&text, wide);
	(void)buf_text(&text);
	return text.failed == ERR_NONE
		       ? ERR_NONE
		       : why_error(why, ERR_LIMIT, "wsauthz: the service's %s is too long", what);
}

static enum service_start start_of(DWORD type)
{
	switch (type) {
	case SERVICE_BOOT_START:
	case SERVICE_SYSTEM_START:
	case SERVICE_AUTO_START: return SERVICE_STARTS_WITH_MACHINE;
	case SERVICE_DEMAND_START: return SERVICE_STARTS_ON_REQUEST;
	}
	return SERVICE_STARTS_NEVER;
}

static enum error read_config(SC_HANDLE service, union answer *answer, struct service_facts *out,
			      struct buf *why)
{
	enum error error;
	DWORD size;

	if (!QueryServiceConfigW(service, &answer->config, sizeof(*answer), &size))
		return why_win32(why, "wsauthz", "read the service's configuration",
				 GetLastError());
	out->start = start_of(answer->config.dwStartType);
	out->is_alone = (answer->config.dwServiceType & SERVICE_WIN32_OWN_PROCESS) != 0;
	error = copy_text(answer->config.lpBinaryPathName, out->command, sizeof(out->command),
			  "command", why);
	if (error == ERR_NONE)
		error = copy_text(answer->config.lpServiceStartName, out->account,
				  sizeof(out->account), "account", why);
	return error;
}

/* What a system does not answer stays unknown. */
static void read_refinements(SC_HANDLE service, union answer *answer, struct service_facts *out)
{
	DWORD size;

	memset(answer, 0, sizeof(*answer));
	if (QueryServiceConfig2W(service, SERVICE_CONFIG_SERVICE_SID_INFO, answer->bytes,
				 sizeof(*answer), &size))
		out->has_sid = answer->sid.dwServiceSidType != SERVICE_SID_TYPE_NONE
				       ? SERVICE_FACT_YES
				       : SERVICE_FACT_NO;
	memset(answer, 0, sizeof(*answer));
	if (QueryServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, answer->bytes,
				 sizeof(*answer), &size)) {
		out->restarts = SERVICE_FACT_NO;
		for (DWORD i = 0; i < answer->failures.cActions; i++) {
			if (answer->failures.lpsaActions[i].Type == SC_ACTION_RESTART)
				out->restarts = SERVICE_FACT_YES;
		}
	}
}

static enum error read_state(SC_HANDLE service, union answer *answer, struct service_facts *out,
			     struct buf *why)
{
	DWORD size;

	if (!QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, answer->bytes, sizeof(*answer),
				  &size))
		return why_win32(why, "wsauthz", "ask for the service's state", GetLastError());
	out->runs = answer->status.dwCurrentState == SERVICE_RUNNING;
	out->pid = out->runs ? answer->status.dwProcessId : 0;
	return ERR_NONE;
}

static enum error inspect(SC_HANDLE service, struct service_facts *out, struct buf *why)
{
	union answer *answer = mem_calloc(1, sizeof(*answer));
	enum error error;

	if (answer == NULL)
		return why_error(why, ERR_NO_MEMORY, "wsauthz: %s", error_text(ERR_NO_MEMORY));
	memset(out, 0, sizeof(*out));
	error = read_config(service, answer, out, why);
	if (error == ERR_NONE)
		error = read_state(service, answer, out, why);
	if (error == ERR_NONE)
		read_refinements(service, answer, out);
	mem_free(answer);
	return error;
}

enum error service_inspect(struct service_facts *out, struct buf *why)
{
	SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
	SC_HANDLE service;
	enum error error;

	if (manager == NULL)
		return why_win32(why, "service manager", "connect", GetLastError());
	service = OpenServiceW(manager, SERVICE_NAME, SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS);
	if (service == NULL) {
		error = why_win32(why, "wsauthz", "open the service", GetLastError());
	} else {
		error = inspect(service, out, why);
		CloseServiceHandle(service);
	}
	CloseServiceHandle(manager);
	return error;
}
