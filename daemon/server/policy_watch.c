#include "server/policy_watch.h"

#include <stdio.h>

enum { WATCH_PATH_MAX = 4096 };

static void on_event(uv_fs_event_t *event, const char *name, int events, int status);

/* Watches both directories anew: either may have been replaced by another of its name. A directory
 * that is missing is seen when it is made, by the change of its parent. */
static enum error watch_both(struct policy_watch *watch)
{
	char tests[WATCH_PATH_MAX];
	enum error error;

	for (size_t i = 0; i < POLICY_WATCH_DIRECTORIES; i++)
		uv_fs_event_stop(&watch->events[i]);
	error = uv_fs_event_start(&watch->events[0], on_event, watch->directory, 0) == 0 ? ERR_NONE
											 : ERR_IO;
	if (snprintf(tests, sizeof(tests), "%s/tests", watch->directory) < (int)sizeof(tests))
		(void)uv_fs_event_start(&watch->events[1], on_event, tests, 0);
	return error;
}

static void on_quiet(uv_timer_t *timer)
{
	struct policy_watch *watch = timer->data;
	bool was_lost = watch->is_lost;

	watch->is_lost = watch_both(watch) != ERR_NONE;
	/* Nobody tells when the directory itself comes back; only a closing handle is refused. */
	if (watch->is_lost)
		(void)uv_timer_start(timer, on_quiet, watch->quiet_ms, 0);
	if (!watch->is_lost || !was_lost)
		watch->on_changed(watch->arg);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct policy_watch *watch = event->data;

	(void)name;
	(void)events;
	(void)status;
	/* Each event puts the moment off; only a closing handle is refused. */
	(void)uv_timer_start(&watch->quiet, on_quiet, watch->quiet_ms, 0);
}

enum error policy_watch_start(struct policy_watch *watch, uv_loop_t *loop, const char *directory,
			      uint64_t quiet_ms, void (*on_changed)(void *arg), void *arg)
{
	*watch = (struct policy_watch){
		.directory = directory, .quiet_ms = quiet_ms, .on_changed = on_changed, .arg = arg};
	uv_timer_init(loop, &watch->quiet); /* cannot fail */
	watch->quiet.data = watch;
	for (size_t i = 0; i < POLICY_WATCH_DIRECTORIES; i++) {
		uv_fs_event_init(loop, &watch->events[i]); /* cannot fail */
		watch->events[i].data = watch;
	}
	return watch_both(watch);
}
