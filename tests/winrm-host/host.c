#include "winrm-host/host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winrm-host/calls.h"
#include "winrm-host/report.h"
#include "winrm-host/users.h"

enum {
	RECORD_BUCKETS = 256,
	EVENT_USER_AUTHORIZED = 290,
	EVENT_OPERATION_AUTHORIZED = 291,
	EVENT_QUOTA_UPDATED = 292,
	EVENT_USER_FAILED = 192,
};
static const uint32_t redirect_code = 0x80338199;

/* What applies to a user of whom the plug-in leaves it to the host. WinRM's own numbers are not
 * published. */
static const WSMAN_AUTHZ_QUOTA default_quota = {
	.maxAllowedConcurrentShells = 30,
	.maxAllowedConcurrentOperations = 1500,
	.timeslotSize = 2,
	.maxAllowedOperationsPerTimeslot = 1000000,
};

/* What the host knows of a user of an application. */
struct record {
	struct record *next;
	struct application *application;
	struct call_sender sender;
	enum { RECORD_NONE, RECORD_AUTHORIZING, RECORD_ACTIVE, RECORD_REAUTHORIZING } state;
	void *context;
	WSMAN_AUTHZ_QUOTA quota;
	int64_t last_activity_ms, authorized_ms;
	int64_t slot_ms; /* when the timeslot began */
	uint32_t slot_count;
	uint32_t operation_count, shell_count; /* that last */
};

struct application {
	struct application *next;
	char name[64];
	void *plugin_context;
	bool is_running;
	struct record *records[RECORD_BUCKETS];
};

struct operation {
	struct record *record;
	const struct verb *verb;
	void *context;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all of it */
static pthread_cond_t authorized = PTHREAD_COND_INITIALIZER;
static struct host_options options;
static struct module module;
static bool is_loaded;
static struct application *applications;
static int64_t skipped_ms; /* what host_advance() added to the clock */

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[OUTCOME_COUNT] = {
		"ok", "denied", "redirected", "failed", "timed-out", "quota", "http-500",
	};

	return names[outcome];
}

static int64_t now_ms(void)
{
	return port_now_us() / 1000 + skipped_ms;
}

struct host_options *host_options(void)
{
	return &options;
}

void host_apply_options(void)
{
	calls_set_options(&(struct calls_options){
		.impersonates = options.impersonates,
		.timeout_ms = options.operation_timeout_ms,
	});
}

void host_open(const struct host_options *opened_with)
{
	options = *opened_with;
	host_apply_options();
}

/* The plug-in and its applications. */

void host_load(const char *plugin)
{
	if (!module_load(plugin, &module))
		port_fail("%s: no such plug-in, or it lacks a function", plugin);
	calls_set_functions(&module.functions);
	is_loaded = true;
}

void host_unload(void)
{
	if (is_loaded && !module_unload(&module))
		report_broken("module-stays", "the plug-in cannot be unloaded");
	is_loaded = false;
}

static struct application *find_application(const char *name)
{
	struct application *application = applications;

	while (application != NULL && strcmp(application->name, name) != 0)
		application = application->next;
	if (application == NULL)
		port_fail("no application %s", name);
	return application;
}

static struct application *add_application(const char *name)
{
	struct application *application;

	for (application = applications; application != NULL; application = application->next) {
		if (strcmp(application->name, name) == 0)
			return application;
	}
	application = calloc(1, sizeof(*application));
	if (application == NULL)
		port_fail("out of memory");
	snprintf(application->name, sizeof(application->name), "%s", name);
	application->next = applications;
	applications = application;
	return application;
}

uint32_t host_start(const char *name)
{
	struct application *application = add_application(name);
	WCHAR wide[64];
	uint32_t status;
	size_t i = 0;

	for (; name[i] != '\0' && i < 63; i++)
		wide[i] = (WCHAR)(unsigned char)name[i];
	wide[i] = 0;
	application->plugin_context = NULL;
	status = module.functions.startup(options.startup_flags, wide, NULL,
					  &application->plugin_context);
	application->is_running = status == NO_ERROR;
	return status;
}

static void release_contexts(struct application *application)
{
	for (size_t i = 0; i < RECORD_BUCKETS; i++) {
		for (struct record *record = application->records[i]; record != NULL;
		     record = record->next) {
			calls_release_context(record->context);
			record->context = NULL;
			if (record->state == RECORD_ACTIVE)
				record->state = RECORD_NONE;
		}
	}
}

static void free_records(struct application *application)
{
	for (size_t i = 0; i < RECORD_BUCKETS; i++) {
		while (application->records[i] != NULL) {
			struct record *next = application->records[i]->next;

			token_close(application->records[i]->sender.token);
			free(application->records[i]);
			application->records[i] = next;
		}
	}
}

static bool any_runs(void)
{
	const struct application *application = applications;

	while (application != NULL && !application->is_running)
		application = application->next;
	return application != NULL;
}

void host_stop(const char *name)
{
	struct application *application;
	bool was_running;

	pthread_mutex_lock(&mutex);
	application = find_application(name);
	was_running = application->is_running;
	application->is_running = false;
	release_contexts(application);
	pthread_mutex_unlock(&mutex);
	if (!was_running)
		return;
	if (module.functions.shutdown(application->plugin_context, 0, 3) != NO_ERROR)
		report_broken("shutdown-failed", "%s", application->name);
	if (!any_runs() && module_thread_count(&module) != 0) {
		report_broken("threads-left", "%zu threads of the plug-in run",
			      module_thread_count(&module));
		is_loaded = false; /* it is not unloaded: they would take the host with them */
	}
}

void host_close(void)
{
	while (applications != NULL) {
		struct application *next = applications->next;

		host_stop(applications->name);
		free_records(applications);
		free(applications);
		applications = next;
	}
	host_unload();
}

/* User records. */

static struct record *find_record(struct application *application, const char *user)
{
	struct record **bucket = &application->records[users_number(user) % RECORD_BUCKETS];
	const char *mechanism = options.mechanism;
	char name[CALLS_NAME_BYTES];
	struct record *record;

	snprintf(name, sizeof(name), "CONTOSO\\%s", user);
	for (record = *bucket; record != NULL; record = record->next) {
		if (strcmp(record->sender.name, name) == 0 &&
		    strcmp(record->sender.mechanism, mechanism) == 0)
			return record;
	}
	record = calloc(1, sizeof(*record));
	if (record == NULL)
		port_fail("out of memory");
	record->application = application;
	memcpy(record->sender.name, name, sizeof(name));
	record->sender.mechanism = mechanism;
	record->sender.token = options.gives_no_token ? NULL : token_open(user);
	record->sender.has_certificate = strcmp(mechanism, "ClientCertificate") == 0;
	record->sender.has_garbage_certificate = options.gives_garbage_certificate;
	record->sender.may_administrate = users_role(user) == USERS_ADMIN;
	record->next = *bucket;
	*bucket = record;
	return record;
}

static enum outcome outcome_of(const struct call_result *result, enum call_kind kind)
{
	if (result->timed_out)
		return OUTCOME_TIMED_OUT;
	if (result->code == NO_ERROR)
		return OUTCOME_OK;
	if (result->code == ERROR_ACCESS_DENIED)
		return OUTCOME_DENIED;
	if (result->code == redirect_code && kind == CALL_USER)
		return OUTCOME_REDIRECTED;
	return OUTCOME_FAILED;
}

/* Asks the plug-in about a user and then, as configured, for its quota. Not under the mutex. */
static enum outcome ask_user(struct record *record, void **context, WSMAN_AUTHZ_QUOTA *quota)
{
	struct call call = {
		.kind = CALL_USER,
		.plugin_context = record->application->plugin_context,
		.sender = &record->sender,
	};
	struct call_result result;
	enum outcome outcome;

	calls_make(&call, &result);
	outcome = outcome_of(&result, CALL_USER);
	report_event(outcome == OUTCOME_OK ? EVENT_USER_AUTHORIZED : EVENT_USER_FAILED,
		     record->sender.name + sizeof("CONTOSO"), record->application->name,
		     result.code);
	if (outcome != OUTCOME_OK)
		return outcome;
	*context = result.context;
	*quota = default_quota;
	if (!options.supports_quota || module.functions.authz_query_quota == NULL)
		return OUTCOME_OK;
	call.kind = CALL_QUOTA;
	calls_make(&call, &result);
	outcome = outcome_of(&result, CALL_QUOTA);
	report_event(EVENT_QUOTA_UPDATED, record->sender.name + sizeof("CONTOSO"),
		     record->application->name, result.code);
	if (outcome != OUTCOME_OK)
		calls_release_context(*context);
	else if (result.has_quota)
		*quota = result.quota;
	else
		report_count(REPORT_DEFAULT_QUOTAS);
	return outcome;
}

/* Under the mutex, which it leaves while it asks. The record is then active, or gone. The old
 * context goes when the new one is here, or known not to come. */
static enum outcome authorize(struct record *record)
{
	bool again = record->state == RECORD_ACTIVE;
	void *context = NULL, *old = NULL;
	WSMAN_AUTHZ_QUOTA quota;
	enum outcome outcome;

	record->state = again ? RECORD_REAUTHORIZING : RECORD_AUTHORIZING;
	pthread_mutex_unlock(&mutex);
	outcome = ask_user(record, &context, &quota);
	pthread_mutex_lock(&mutex);
	old = record->context;
	record->context = NULL;
	record->state = RECORD_NONE;
	if (outcome == OUTCOME_OK) {
		record->state = RECORD_ACTIVE;
		record->context = context;
		record->quota = quota;
		record->authorized_ms = now_ms();
	}
	pthread_cond_broadcast(&authorized);
	calls_release_context(old);
	return outcome;
}

/* Under the mutex: makes sure that the user is let in. */
static enum outcome enter(struct record *record)
{
	while (record->state == RECORD_AUTHORIZING && !options.lets_first_race)
		pthread_cond_wait(&authorized, &mutex);
	if (record->state == RECORD_NONE || record->state == RECORD_AUTHORIZING)
		return authorize(record);
	if (record->state == RECORD_ACTIVE &&
	    now_ms() - record->authorized_ms >= options.refresh_ms)
		return authorize(record);
	return OUTCOME_OK;
}

/* Quotas, under the mutex. */

static bool takes_slot(struct record *record)
{
	int64_t now = now_ms();

	if (now - record->slot_ms >= (int64_t)record->quota.timeslotSize * 1000) {
		record->slot_ms = now;
		record->slot_count = 0;
	}
	if (record->slot_count >= record->quota.maxAllowedOperationsPerTimeslot)
		return false;
	record->slot_count++;
	return true;
}

static bool fits_quota(struct record *record, const struct verb *verb)
{
	if (!takes_slot(record))
		return false;
	if (!verb->is_top_level)
		return true;
	if (verb->is_shell && record->shell_count >= record->quota.maxAllowedConcurrentShells)
		return false;
	/* A shell is counted as a shell only. */
	return verb->is_shell ||
	       record->operation_count < record->quota.maxAllowedConcurrentOperations;
}

static void count_operation(struct record *record, const struct verb *verb, uint32_t change)
{
	if (verb->is_shell)
		record->shell_count += change;
	else
		record->operation_count += change;
	record->last_activity_ms = now_ms();
}

/* Requests. */

static enum outcome ask_operation(struct record *record, const struct verb *verb,
				  const char *resource_uri, void **context)
{
	const struct call call = {
		.kind = CALL_OPERATION,
		.plugin_context = record->application->plugin_context,
		.sender = &record->sender,
		.operation = verb_number(verb),
		.action_uri = verb->action_uri,
		.resource_uri = resource_uri,
	};
	struct call_result result;

	calls_make(&call, &result);
	report_event(EVENT_OPERATION_AUTHORIZED, record->sender.name + sizeof("CONTOSO"),
		     resource_uri, result.code);
	*context = result.code == NO_ERROR ? result.context : NULL;
	return outcome_of(&result, CALL_OPERATION);
}

static struct operation *new_operation(struct record *record, const struct verb *verb,
				       void *context)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	if (operation == NULL)
		port_fail("out of memory");
	*operation = (struct operation){.record = record, .verb = verb, .context = context};
	return operation;
}

enum outcome host_request(const char *name, const char *user, const struct verb *verb,
			  const char *resource_uri, struct operation **lasting)
{
	struct application *application;
	struct record *record;
	struct operation *operation;
	enum outcome outcome;
	void *context = NULL;

	pthread_mutex_lock(&mutex);
	application = find_application(name);
	if (!application->is_running) {
		pthread_mutex_unlock(&mutex);
		return OUTCOME_HTTP_500;
	}
	record = find_record(application, user);
	outcome = enter(record);
	if (outcome == OUTCOME_OK && !fits_quota(record, verb))
		outcome = OUTCOME_QUOTA;
	if (outcome != OUTCOME_OK || !verb->is_top_level) {
		pthread_mutex_unlock(&mutex);
		return outcome;
	}
	count_operation(record, verb, 1);
	pthread_mutex_unlock(&mutex);

	outcome = ask_operation(record, verb, resource_uri, &context);
	operation = new_operation(record, verb, context);
	if (outcome == OUTCOME_OK && verb->is_long && lasting != NULL)
		*lasting = operation;
	else
		host_end(operation);
	return outcome;
}

enum outcome host_follow(struct operation *operation, const struct verb *verb)
{
	bool fits;

	pthread_mutex_lock(&mutex);
	fits = fits_quota(operation->record, verb);
	operation->record->last_activity_ms = now_ms();
	pthread_mutex_unlock(&mutex);
	return fits ? OUTCOME_OK : OUTCOME_QUOTA;
}

void host_end(struct operation *operation)
{
	calls_release_context(operation->context);
	pthread_mutex_lock(&mutex);
	count_operation(operation->record, operation->verb, (uint32_t)-1);
	pthread_mutex_unlock(&mutex);
	free(operation);
}

static void expire(struct record *record)
{
	if (record->state != RECORD_ACTIVE || record->operation_count + record->shell_count != 0 ||
	    now_ms() - record->last_activity_ms < options.idle_ms)
		return;
	calls_release_context(record->context);
	record->context = NULL;
	record->state = RECORD_NONE;
}

void host_advance(int64_t ms)
{
	pthread_mutex_lock(&mutex);
	skipped_ms += ms;
	for (struct application *application = applications; application != NULL;
	     application = application->next) {
		for (size_t i = 0; i < RECORD_BUCKETS; i++) {
			for (struct record *record = application->records[i]; record != NULL;
			     record = record->next)
				expire(record);
		}
	}
	pthread_mutex_unlock(&mutex);
}
