#include "winrm-host/calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "winrm-host/report.h"

enum {
	BUCKETS = 4096,
	QUARANTINE_COUNT = 1024, /* calls whose memory stays poisoned after their end */
	URL_BYTES_MAX = 2048,
};
static const DWORD redirect_code = 0x80338199;

/* What the plug-in is shown until it completes. */
struct exhibit {
	WSMAN_SENDER_DETAILS details; /* first: its address is the call's name */
	WSMAN_CERTIFICATE_DETAILS certificate;
	WCHAR name[CALLS_NAME_BYTES], mechanism[64], url[64];
	WCHAR subject[64], issuer[64], thumbprint[64], subject_name[64];
};

/* What it is shown until its callback returns. */
struct uris {
	WCHAR action[CALLS_URI_BYTES], resource[CALLS_URI_BYTES];
};

struct pending {
	struct pending *next;
	struct exhibit *exhibit;
	struct uris *uris; /* of an operation, poisoned since the callback returned */
	enum call_kind kind;
	HANDLE token;
	const char *name;
	bool may_administrate;
	enum { OPEN, COMPLETED, TIMED_OUT } state;
	bool callback_returned;
	pthread_cond_t completed;
	struct call_result result;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct pending *buckets[BUCKETS];
static struct exhibit *quarantine[QUARANTINE_COUNT];
static size_t quarantine_next;
static struct calls_options options;
static struct plugin_functions functions;

void calls_open(const struct calls_options *opened_with)
{
	options = *opened_with;
}

void calls_set_options(const struct calls_options *changed)
{
	pthread_mutex_lock(&mutex);
	options = *changed;
	pthread_mutex_unlock(&mutex);
}

void calls_set_functions(const struct plugin_functions *loaded)
{
	functions = *loaded;
}

static struct pending **bucket_of(const void *details)
{
	return &buckets[((uintptr_t)details >> 12) % BUCKETS];
}

/* Under the mutex, as the next ones. */
static struct pending *find(const void *details)
{
	struct pending *pending = *bucket_of(details);

	while (pending != NULL && pending->exhibit != details)
		pending = pending->next;
	return pending;
}

static void remove_pending(struct pending *pending)
{
	struct pending **link = bucket_of(pending->exhibit);

	while (*link != pending)
		link = &(*link)->next;
	*link = pending->next;
}

static void put_into_quarantine(struct exhibit *exhibit)
{
	struct exhibit **place = &quarantine[quarantine_next++ % QUARANTINE_COUNT];

	if (*place != NULL)
		guard_free(*place, sizeof(**place));
	*place = exhibit;
}

/* Also forgets the calls that timed out and were never completed. */
void calls_close(void)
{
	for (size_t i = 0; i < QUARANTINE_COUNT; i++) {
		if (quarantine[i] != NULL)
			guard_free(quarantine[i], sizeof(*quarantine[i]));
		quarantine[i] = NULL;
	}
	for (size_t i = 0; i < BUCKETS; i++) {
		while (buckets[i] != NULL) {
			struct pending *next = buckets[i]->next;

			guard_free(buckets[i]->exhibit, sizeof(struct exhibit));
			pthread_cond_destroy(&buckets[i]->completed);
			free(buckets[i]);
			buckets[i] = next;
		}
	}
}

/* Texts. */

static void widen(const char *text, WCHAR *out, size_t unit_count)
{
	size_t i = 0;

	for (; text[i] != '\0' && i + 1 < unit_count; i++)
		out[i] = (WCHAR)(unsigned char)text[i];
	out[i] = 0;
}

static void narrow(PCWSTR text, char *out, size_t size)
{
	size_t i = 0;

	for (; text != NULL && text[i] != 0 && i + 1 < size; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? (char)text[i] : '?';
	out[i] = '\0';
}

static bool is_bare_url(const char *text)
{
	return strncmp(text, "https://", 8) == 0 && text[8] != '\0' &&
	       text[strcspn(text, " <>\"?")] == '\0' && strlen(text) <= URL_BYTES_MAX;
}

static bool names_policy(const char *text)
{
	return strstr(text, ".cedar") != NULL || strstr(text, ":\\") != NULL ||
	       strstr(text, "/etc/") != NULL || strstr(text, "permit") != NULL ||
	       strstr(text, "forbid") != NULL;
}

/* Completions. */

static void check_outcome(const struct pending *pending)
{
	const struct call_result *result = &pending->result;

	if (result->code != 0 && result->context != NULL)
		report_broken("context-with-error", "for %s", pending->name);
	if (result->code == redirect_code && !is_bare_url(result->text))
		report_broken("redirect-url", "%s", result->text);
	if (result->code != 0 && result->code != redirect_code && names_policy(result->text))
		report_broken("names-policy", "%s", result->text);
}

static void note_outcome(const struct pending *pending)
{
	const struct call_result *result = &pending->result;

	report_count(REPORT_COMPLETIONS);
	if (!pending->callback_returned)
		report_count(REPORT_EARLY_COMPLETIONS);
	if (result->context != NULL)
		report_count(REPORT_CONTEXTS_RETURNED);
	if (result->code != 0)
		report_count(REPORT_DENIALS);
	else if (pending->kind == CALL_USER)
		report_count(REPORT_ALLOWED_USERS);
	else if (pending->kind == CALL_OPERATION)
		report_count(REPORT_ALLOWED_OPERATIONS);
}

/* Under the mutex: the call that may be completed so, or NULL with what to return. */
static struct pending *begin_completion(enum call_kind kind, const void *details, DWORD flags,
					DWORD *status)
{
	struct pending *pending;

	*status = ERROR_INVALID_PARAMETER;
	if (details == NULL || flags != 0) {
		report_broken("completion-arguments", "details %p, flags %u", details,
			      (unsigned)flags);
		return NULL;
	}
	pending = find(details);
	if (pending == NULL) {
		report_broken("unknown-call", "details %p", details);
		return NULL;
	}
	if (pending->kind != kind) {
		report_broken("wrong-function", "kind %d for %d", (int)kind, (int)pending->kind);
		return NULL;
	}
	*status = NO_ERROR;
	if (pending->state == COMPLETED) {
		report_broken("completed-twice", "for %s", pending->name);
		return NULL;
	}
	return pending;
}

/* Under the mutex. A call that timed out has nobody waiting; its context goes back at once. */
static void *end_completion(struct pending *pending, void *context, DWORD code, PCWSTR text)
{
	bool is_late = pending->state == TIMED_OUT;

	pending->result.code = code;
	pending->result.context = context;
	narrow(text, pending->result.text, sizeof(pending->result.text));
	check_outcome(pending);
	note_outcome(pending);
	pending->state = COMPLETED;
	if (is_late) {
		report_count(REPORT_LATE_COMPLETIONS);
		return context;
	}
	guard_poison(pending->exhibit, sizeof(*pending->exhibit));
	pthread_cond_signal(&pending->completed);
	return NULL;
}

DWORD calls_user_complete(WSMAN_SENDER_DETAILS *details, DWORD flags, void *context, HANDLE token,
			  BOOL is_administrator, DWORD code, PCWSTR text)
{
	struct pending *pending;
	void *orphan = NULL;
	DWORD status;

	pthread_mutex_lock(&mutex);
	pending = begin_completion(CALL_USER, details, flags, &status);
	if (pending != NULL) {
		if (code == 0 && token == NULL)
			report_broken("allowed-without-token", "%s", pending->name);
		else if (code == 0 && token != pending->token)
			report_broken("other-token", "%s", pending->name);
		if (code == 0 && (is_administrator != FALSE) != pending->may_administrate)
			report_broken("administrator", "%s: %d", pending->name,
				      (int)is_administrator);
		orphan = end_completion(pending, context, code, text);
	}
	pthread_mutex_unlock(&mutex);
	calls_release_context(orphan);
	return status;
}

DWORD calls_operation_complete(WSMAN_SENDER_DETAILS *details, DWORD flags, void *context,
			       DWORD code, PCWSTR text)
{
	struct pending *pending;
	void *orphan = NULL;
	DWORD status;

	pthread_mutex_lock(&mutex);
	pending = begin_completion(CALL_OPERATION, details, flags, &status);
	if (pending != NULL)
		orphan = end_completion(pending, context, code, text);
	pthread_mutex_unlock(&mutex);
	calls_release_context(orphan);
	return status;
}

DWORD calls_quota_complete(WSMAN_SENDER_DETAILS *details, DWORD flags,
			   const WSMAN_AUTHZ_QUOTA *quota, DWORD code, PCWSTR text)
{
	struct pending *pending;
	DWORD status;

	pthread_mutex_lock(&mutex);
	pending = begin_completion(CALL_QUOTA, details, flags, &status);
	if (pending != NULL) {
		pending->result.has_quota = quota != NULL && code == 0;
		if (pending->result.has_quota) {
			pending->result.quota = *quota;
			if (quota->maxAllowedConcurrentShells == 0 ||
			    quota->maxAllowedConcurrentOperations == 0 ||
			    quota->timeslotSize == 0 || quota->maxAllowedOperationsPerTimeslot == 0)
				report_broken("zero-quota", "for %s", pending->name);
		}
		if (quota == NULL && code == 0)
			status = ERROR_INVALID_PARAMETER; /* the default applies */
		end_completion(pending, NULL, code, text);
	}
	pthread_mutex_unlock(&mutex);
	return status;
}

void calls_release_context(void *context)
{
	if (context == NULL)
		return;
	report_count(REPORT_CONTEXTS_RELEASED);
	functions.authz_release_context(context);
}

/* Calls. */

static void fill(struct exhibit *exhibit, const struct call_sender *sender)
{
	widen(sender->name, exhibit->name, CALLS_NAME_BYTES);
	widen(sender->mechanism, exhibit->mechanism, 64);
	widen("https://host.contoso.example/wsman", exhibit->url, 64);
	widen("CN=alice", exhibit->subject, 64);
	widen("CN=Contoso CA", exhibit->issuer, 64);
	widen("0123456789abcdef0123456789abcdef01234567", exhibit->thumbprint, 64);
	widen("alice.contoso.example", exhibit->subject_name, 64);
	exhibit->certificate = (WSMAN_CERTIFICATE_DETAILS){
		.subject = exhibit->subject,
		.issuerName = exhibit->issuer,
		.issuerThumbprint = exhibit->thumbprint,
		.subjectName = exhibit->subject_name,
	};
	exhibit->details = (WSMAN_SENDER_DETAILS){
		.senderName = exhibit->name,
		.authenticationMechanism = exhibit->mechanism,
		.clientToken = sender->token,
		.httpURL = exhibit->url,
	};
	if (sender->has_certificate)
		exhibit->details.certificateDetails = &exhibit->certificate;
	else if (sender->has_garbage_certificate)
		exhibit->details.certificateDetails = (WSMAN_CERTIFICATE_DETAILS *)(uintptr_t)16;
}

static struct pending *new_pending(const struct call *call)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	struct pending **bucket;

	if (pending == NULL)
		port_fail("out of memory");
	pending->exhibit = guard_new(sizeof(*pending->exhibit));
	fill(pending->exhibit, call->sender);
	pending->kind = call->kind;
	pending->token = call->sender->token;
	pending->name = call->sender->name;
	pending->may_administrate = call->sender->may_administrate;
	pthread_cond_init(&pending->completed, NULL);
	pthread_mutex_lock(&mutex);
	bucket = bucket_of(pending->exhibit);
	pending->next = *bucket;
	*bucket = pending;
	pthread_mutex_unlock(&mutex);
	return pending;
}

static struct uris *new_uris(const struct call *call)
{
	struct uris *uris = guard_new(sizeof(*uris));

	widen(call->action_uri, uris->action, CALLS_URI_BYTES);
	widen(call->resource_uri, uris->resource, CALLS_URI_BYTES);
	return uris;
}

static void call_back(const struct call *call, WSMAN_SENDER_DETAILS *details,
		      const struct uris *uris)
{
	switch (call->kind) {
	case CALL_USER: functions.authz_user(call->plugin_context, details, 0); break;
	case CALL_OPERATION:
		functions.authz_operation(call->plugin_context, details, 0, call->operation,
					  uris->action, uris->resource);
		break;
	case CALL_QUOTA: functions.authz_query_quota(call->plugin_context, details, 0); break;
	}
}

static void count_call(enum call_kind kind)
{
	switch (kind) {
	case CALL_USER: report_count(REPORT_USER_CALLS); break;
	case CALL_OPERATION: report_count(REPORT_OPERATION_CALLS); break;
	case CALL_QUOTA: report_count(REPORT_QUOTA_CALLS); break;
	}
}

/* The callback, on a thread that is the client's for as long as it runs. Its duration is that of the
 * plug-in's code alone. */
static void call_back_checked(const struct call *call, struct pending *pending)
{
	HANDLE identity = options.impersonates ? call->sender->token : NULL;
	WSMAN_SENDER_DETAILS *details = &pending->exhibit->details;
	unsigned language = thread_language();
	struct uris *uris = NULL;
	int64_t begin_us;

	if (call->kind == CALL_OPERATION)
		uris = new_uris(call);
	count_call(call->kind);
	if (identity != NULL)
		impersonate(identity);
	begin_us = port_now_us();
	call_back(call, details, uris);
	report_duration(port_now_us() - begin_us);
	if (uris != NULL)
		guard_poison(uris, sizeof(*uris));
	pending->uris = uris;
	if (identity != NULL && !is_impersonating(identity))
		report_broken("identity-changed", "%s", call->sender->name);
	if (identity != NULL)
		revert();
	if (thread_language() != language)
		report_broken("language-changed", "%s", call->sender->name);
}

/* Under the mutex. */
static void wait_for_completion(struct pending *pending)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(options.timeout_ms / 1000);
	until.tv_nsec += (long)(options.timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (pending->state == OPEN &&
	       pthread_cond_timedwait(&pending->completed, &mutex, &until) == 0)
		continue;
}

void calls_make(const struct call *call, struct call_result *out)
{
	struct pending *pending = new_pending(call);

	call_back_checked(call, pending);
	pthread_mutex_lock(&mutex);
	pending->callback_returned = true;
	wait_for_completion(pending);
	*out = pending->result;
	if (pending->state == OPEN) {
		/* Stays known and poisoned, for a completion that comes late. */
		pending->state = TIMED_OUT;
		pending->name = "a call that timed out";
		guard_poison(pending->exhibit, sizeof(*pending->exhibit));
		report_broken("timed-out-call", "%s", call->sender->name);
		out->timed_out = true;
	} else {
		remove_pending(pending);
		put_into_quarantine(pending->exhibit);
	}
	pthread_mutex_unlock(&mutex);
	if (pending->uris != NULL)
		guard_free(pending->uris, sizeof(*pending->uris));
	pending->uris = NULL;
	if (out->timed_out)
		return;
	pthread_cond_destroy(&pending->completed);
	free(pending);
}
