/*
 * A plug-in that breaks one rule of the contract at a time, so that the simulator's checks can be
 * seen to find it. The name of the application says which: "wsman/FAULT". With "wsman/sound" it
 * keeps all of them, and completes before the callback returns.
 */
#include "winrm-host/faulty_plugin.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "winrm-host/port.h"

enum fault {
	SOUND,
	ADMINISTRATOR,
	COMPLETES_NEVER,
	COMPLETES_TWICE,
	COMPLETES_WITH_FLAGS,
	COMPLETES_WRONGLY,
	FAILS_TO_START,
	NAMES_FILES,
	NO_TOKEN,
	REDIRECTS_BY_XML,
	REVERTS,
	THREAD_STAYS,
	WAITS,
	ZERO_QUOTA,
	FAULT_COUNT
};

static const char *const fault_names[FAULT_COUNT] = {
	"sound",   "administrator",  "never",       "twice",      "flags",
	"wrong",   "fails-to-start", "names-files", "no-token",   "redirect-by-xml",
	"reverts", "thread-stays",   "waits",       "zero-quota",
};

struct application {
	enum fault fault;
	FAULTY_THREAD thread;
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	bool runs, end;
};

static bool is_named(PCWSTR wide, const char *name)
{
	while (*name != '\0' && *wide == (WCHAR)*name) {
		wide++;
		name++;
	}
	return *wide == 0 && *name == '\0';
}

static enum fault find_fault(PCWSTR application)
{
	while (*application != 0 && *application != '/')
		application++;
	for (size_t i = 0; *application != 0 && i < FAULT_COUNT; i++) {
		if (is_named(application + 1, fault_names[i]))
			return (enum fault)i;
	}
	return SOUND;
}

static void stay(struct application *application)
{
	pthread_mutex_lock(&application->mutex);
	application->runs = true;
	pthread_cond_signal(&application->condition);
	while (!application->end)
		pthread_cond_wait(&application->condition, &application->mutex);
	pthread_mutex_unlock(&application->mutex);
}

/* The thread begins in this code and not in that of the C library, as wsauthz.dll's does: by that
 * the host knows whose it is. */
#ifdef _WIN32
static DWORD WINAPI run(LPVOID arg)
{
	stay(arg);
	return 0;
}

static bool begin_thread(struct application *application)
{
	application->thread = CreateThread(NULL, 0, run, application, 0, NULL);
	return application->thread != NULL;
}

static void end_thread(struct application *application)
{
	WaitForSingleObject(application->thread, INFINITE);
	CloseHandle(application->thread);
}
#else
static void *run(void *arg)
{
	stay(arg);
	return NULL;
}

static bool begin_thread(struct application *application)
{
	return pthread_create(&application->thread, NULL, run, application) == 0;
}

static void end_thread(struct application *application)
{
	pthread_join(application->thread, NULL);
}
#endif

DWORD WINAPI FAULTY(WSManPluginStartup)(DWORD flags, PCWSTR applicationIdentification,
					PCWSTR extraInfo, PVOID *pluginContext)
{
	enum fault fault = find_fault(applicationIdentification);
	struct application *application;

	(void)flags;
	(void)extraInfo;
	if (fault == FAILS_TO_START)
		return ERROR_NOT_ENOUGH_MEMORY;
	application = calloc(1, sizeof(*application));
	if (application == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	application->fault = fault;
	pthread_mutex_init(&application->mutex, NULL);
	pthread_cond_init(&application->condition, NULL);
	if (!begin_thread(application))
		abort();
	pthread_mutex_lock(&application->mutex);
	while (!application->runs)
		pthread_cond_wait(&application->condition, &application->mutex);
	pthread_mutex_unlock(&application->mutex);
	*pluginContext = application;
	return NO_ERROR;
}

DWORD WINAPI FAULTY(WSManPluginShutdown)(PVOID pluginContext, DWORD flags, DWORD reason)
{
	struct application *application = pluginContext;

	(void)flags;
	(void)reason;
	if (application->fault == THREAD_STAYS)
		return NO_ERROR;
	pthread_mutex_lock(&application->mutex);
	application->end = true;
	pthread_cond_signal(&application->condition);
	pthread_mutex_unlock(&application->mutex);
	end_thread(application);
	pthread_mutex_destroy(&application->mutex);
	pthread_cond_destroy(&application->condition);
	free(application);
	return NO_ERROR;
}

/* Keeps the host's thread for 100 ms. */
static void wait_a_while(void)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 <
		 100);
}

VOID WINAPI FAULTY(WSManPluginAuthzUser)(PVOID pluginContext, WSMAN_SENDER_DETAILS *senderDetails,
					 DWORD flags)
{
	const struct application *application = pluginContext;
	HANDLE token = application->fault == NO_TOKEN ? NULL : senderDetails->clientToken;
	PVOID context = pluginContext;

	(void)flags;
	switch (application->fault) {
	case COMPLETES_NEVER: return;
	case COMPLETES_TWICE:
		WSManPluginAuthzUserComplete(senderDetails, 0, context, token, FALSE, 0, NULL);
		break;
	case COMPLETES_WITH_FLAGS:
		WSManPluginAuthzUserComplete(senderDetails, 1, NULL, token, FALSE, 0, NULL);
		break;
	case COMPLETES_WRONGLY:
		WSManPluginAuthzOperationComplete(senderDetails, 0, NULL, 0, NULL);
		break;
	case NAMES_FILES:
		WSManPluginAuthzUserComplete(senderDetails, 0, NULL, NULL, FALSE, 5,
					     u"denied by C:\\policy\\users.cedar");
		return;
	case REDIRECTS_BY_XML:
		WSManPluginAuthzUserComplete(senderDetails, 0, NULL, NULL, FALSE, 0x80338199,
					     u"<url>https://contoso.example</url>");
		return;
	case REVERTS: FAULTY_REVERT(); break;
	case WAITS: wait_a_while(); break;
	case SOUND:
	case ADMINISTRATOR:
	case FAILS_TO_START:
	case NO_TOKEN:
	case THREAD_STAYS:
	case ZERO_QUOTA:
	case FAULT_COUNT: break;
	}
	WSManPluginAuthzUserComplete(senderDetails, 0, context, token,
				     application->fault == ADMINISTRATOR, 0, NULL);
}

VOID WINAPI FAULTY(WSManPluginAuthzOperation)(PVOID pluginContext,
					      WSMAN_SENDER_DETAILS *senderDetails, DWORD flags,
					      DWORD operation, PCWSTR action, PCWSTR resourceUri)
{
	(void)flags;
	(void)operation;
	(void)action;
	(void)resourceUri;
	WSManPluginAuthzOperationComplete(senderDetails, 0, pluginContext, 0, NULL);
}

VOID WINAPI FAULTY(WSManPluginAuthzQueryQuota)(PVOID pluginContext,
					       WSMAN_SENDER_DETAILS *senderDetails, DWORD flags)
{
	const struct application *application = pluginContext;
	WSMAN_AUTHZ_QUOTA quota = {2, 2, 60, 10};

	(void)flags;
	if (application->fault == ZERO_QUOTA)
		quota.timeslotSize = 0;
	WSManPluginAuthzQueryQuotaComplete(senderDetails, 0, &quota, 0, NULL);
}

VOID WINAPI FAULTY(WSManPluginAuthzReleaseContext)(PVOID userAuthorizationContext)
{
	(void)userAuthorizationContext;
}
