#include "server/health.h"

#include <assert.h>

#include "server/metrics_file.h"
#include "server/policy_watch.h"
#include "server/shadow.h"

/* What is found, on its way into the arena. */
struct examination {
	struct arena *arena;
	struct health *health;
	struct buf text; /* of the next problem */
	bool is_short_of_memory;
};

/* The text that was gathered becomes a problem. */
static void add(struct examination *examination, const char *code, int64_t since_us)
{
	struct health *health = examination->health;
	struct str text = buf_str(&examination->text);

	assert(health->count < HEALTH_PROBLEMS_MAX);
	text = arena_copy(examination->arena, text);
	if (text.ptr == NULL || examination->text.failed != ERR_NONE)
		examination->is_short_of_memory = true;
	else
		health->problems[health->count++] = (struct problem){code, text, since_us};
	buf_clear(&examination->text);
}

/* "policy.cedar:3:5: message" of the first error. */
static void append_error(struct buf *out, const struct policy_load *failure)
{
	const struct cedar_diag *diag = failure->diags.first;

	while (diag != NULL && diag->severity != CEDAR_ERROR)
		diag = diag->next;
	if (failure->obstacle.length != 0)
		buf_append_str(out, buf_str(&failure->obstacle));
	else if (diag == NULL)
		buf_append_str(out, str_from(error_text(failure->error)));
	else if (diag->line == 0)
		buf_printf(out, "%.*s: %.*s", STR_ARGS(diag->source), STR_ARGS(diag->message));
	else
		buf_printf(out, "%.*s:%u:%u: %.*s", STR_ARGS(diag->source), (unsigned)diag->line,
			   (unsigned)diag->column, STR_ARGS(diag->message));
}

static void examine_policy(struct examination *examination, const struct service *service)
{
	struct policy_status policy = policy_status(service->policy);
	struct buf *text = &examination->text;

	if (policy.snapshot == NULL) {
		buf_printf(text, "no policy is active: every request is denied");
		add(examination, "no_policy", service->started_us);
	}
	if (policy.failure != NULL) {
		buf_printf(text, "the policy was refused: ");
		append_error(text, policy.failure);
		add(examination, "policy_refused", policy.failure->finished_us);
	}
	if (policy.snapshot != NULL && policy.is_fallback) {
		buf_printf(text,
			   "the policy directory was invalid at start: revision %llu serves, the "
			   "last good one",
			   (unsigned long long)snapshot_revision(policy.snapshot));
		add(examination, "policy_fallback", policy.activated_us);
	}
}

static void examine_watch(struct examination *examination, const char *code, const char *directory,
			  int64_t lost_since_us)
{
	if (lost_since_us == 0)
		return;
	buf_printf(&examination->text,
		   "%s cannot be watched, so changes there are not noticed: use wsauthzctl policy "
		   "reload",
		   directory);
	add(examination, code, lost_since_us);
}

static void examine_watches(struct examination *examination, const struct service *service)
{
	const struct settings *settings = service->settings;

	if (service->policy_watch != NULL)
		examine_watch(examination, "policy_not_watched", settings->policy_directory,
			      policy_watch_lost_since_us(service->policy_watch));
	if (service->shadow != NULL)
		examine_watch(examination, "shadow_not_watched", settings->shadow_directory,
			      shadow_status(service->shadow).not_watched_since_us);
}

static void examine_audit(struct examination *examination, const struct service *service)
{
	int64_t since_us;

	buf_printf(&examination->text, "the audit cannot be written, so every request is denied: ");
	since_us = audit_queue_failing_since_us(service->audit, &examination->text);
	if (since_us != 0)
		add(examination, "audit_failing", since_us);
	buf_clear(&examination->text);
}

static void examine_metrics(struct examination *examination, const struct service *service)
{
	int64_t since_us = metrics_file_failing_since_us(service->metrics_file);

	if (since_us == 0)
		return;
	buf_printf(&examination->text, "the metrics cannot be written to %s",
		   service->settings->metrics_file);
	add(examination, "metrics_file", since_us);
}

bool health_examine(struct arena *arena, const struct service *service, struct health *health)
{
	struct examination examination = {.arena = arena, .health = health};

	health->count = 0;
	buf_init(&examination.text, SIZE_MAX);
	examine_policy(&examination, service);
	examine_watches(&examination, service);
	examine_audit(&examination, service);
	examine_metrics(&examination, service);
	buf_deinit(&examination.text);
	return !examination.is_short_of_memory;
}
