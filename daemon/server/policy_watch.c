#include "server/policy_watch.h"

#include <stdio.h>

enum { WATCH_PATH_MAX = 4096 };

static void on_event(uv_fs_event_t *event, const char *name, int events, int status);
static void on_quiet(uv_timer_t *timer);

/* Watches both directories anew: either may have been replaced by another of its name. A directory
 * "tests" that is missing is seen when it is made, by the change of its parent. Returns a code of
 * libuv. */
static int watch_both(struct policy_watch *watch)
{
	const char *directory = watch->options.directory;
	char tests[WATCH_PATH_MAX];
	int code;

	for (size_t i = 0; i < POLICY_WATCH_DIRECTORIES; i++)
		uv_fs_event_stop(&watch->events[i]);
	code = uv_fs_event_start(&watch->events[0], on_event, directory, 0);
	if (snprintf(tests, sizeof(tests), "%s/tests", directory) < (int)sizeof(tests))
		(void)uv_fs_event_start(&watch->events[1], on_event, tests, 0);
	return code;
}

/* Nobody tells when the directory itself comes back, or when the system has a watch again. */
static void look(struct policy_watch *watch)
{
	const struct policy_watch_options *options = &watch->options;
	int code = watch_both(watch);

	if (code == 0) {
		watch->lost_since_us = 0;
		return;
	}
	/* Only a closing handle is refused. */
	(void)uv_timer_start(&watch->quiet, on_quiet, options->quiet_ms, 0);
	if (watch->lost_since_us != 0)
		return;
	watch->lost_since_us = clock_wall_us(options->log->clock);
	log_warning(options->log, options->lost_event,
		    "%s: %s: changes are not noticed until it can be watched; use wsauthzctl "
		    "policy reload",
		    options->directory, uv_strerror(code));
}

static void on_quiet(uv_timer_t *timer)
{
	struct policy_watch *watch = timer->data;
	bool was_lost = watch->lost_since_us != 0;

	look(watch);
	if (watch->lost_since_us == 0 || !was_lost)
		watch->options.on_changed(watch->options.arg);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct policy_watch *watch = event->data;

	(void)name;
	(void)events;
	(void)status;
	/* Each event puts the moment off; only a closing handle is refused. */
	(void)uv_timer_start(&watch->quiet, on_quiet, watch->options.quiet_ms, 0);
}

void policy_watch_start(struct policy_watch *watch, uv_loop_t *loop,
			const struct policy_watch_options *options)
{
	*watch = (struct policy_watch){.options = *options};
	uv_timer_init(loop, &watch->quiet); /* cannot fail */
	watch->quiet.data = watch;
	for (size_t i = 0; i < POLICY_WATCH_DIRECTORIES; i++) {
		uv_fs_event_init(loop, &watch->events[i]); /* cannot fail */
		watch->events[i].data = watch;
	}
	look(watch);
}

int64_t policy_watch_lost_since_us(const struct policy_watch *watch)
{
	return watch->lost_since_us;
}
