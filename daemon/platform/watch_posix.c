#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/watch.h"

enum { EVENTS = IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO };

struct watch {
	int descriptor;
	int64_t rest_until_ms; /* no change is told before */
};

enum error watch_open(const char *directory, struct watch **out, struct buf *why)
{
	struct watch *watch = mem_calloc(1, sizeof(*watch));

	if (watch == NULL)
		return ERR_NO_MEMORY;
	watch->descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->descriptor < 0 ||
	    inotify_add_watch(watch->descriptor, directory, EVENTS | IN_ONLYDIR) < 0) {
		enum error error = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;

		buf_printf(why, "%s: cannot be watched for changes: %s", directory,
			   strerror(errno));
		watch_close(watch);
		return error;
	}
	*out = watch;
	return ERR_NONE;
}

void watch_close(struct watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->descriptor >= 0)
		close(watch->descriptor);
	mem_free(watch);
}

/* Changes that come meanwhile are told with the one that was noticed. */
static void rest(const struct watch *watch)
{
	int64_t left_ms = watch->rest_until_ms - clock_boot_ms(platform_clock());

	/* A signal ends it early, which costs nothing but one look more. */
	if (left_ms > 0)
		(void)poll(NULL, 0, (int)left_ms);
}

enum error watch_wait(struct watch *watch, int timeout_ms)
{
	struct pollfd poll_for = {.fd = watch->descriptor, .events = POLLIN};
	char bytes[4096] __attribute__((aligned(8)));
	int ready;

	do
		ready = poll(&poll_for, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return ERR_TIMEOUT;
	if (ready < 0)
		return ERR_IO;
	rest(watch);
	/* What exactly changed the caller finds out by looking. */
	while (read(watch->descriptor, bytes, sizeof(bytes)) > 0)
		;
	watch->rest_until_ms = clock_boot_ms(platform_clock()) + WATCH_PACE_MS;
	return ERR_NONE;
}
