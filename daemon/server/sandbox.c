#include "server/sandbox.h"

#include <string.h>

#include "platform/paths.h"
#include "platform/sandbox.h"

/* The directory that holds `path`: what is put in the place of the path later lies there too. */
static const char *holder(const char *path, char out[PLATFORM_PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t length = slash != NULL && slash != path ? (size_t)(slash - path) : 1;

	if (length >= PLATFORM_PATH_MAX)
		return path;
	memcpy(out, path, length);
	out[length] = '\0';
	return out;
}

static enum error limit_files(const struct settings *settings, struct buf *why)
{
	char policy[PLATFORM_PATH_MAX], authorize[PLATFORM_PATH_MAX], admin[PLATFORM_PATH_MAX],
		metrics[PLATFORM_PATH_MAX], shadow[PLATFORM_PATH_MAX];
	const char *shadow_directory = settings->shadow_directory[0] != '\0'
					       ? settings->shadow_directory
					       : settings->policy_directory;
	const struct sandbox_path paths[] = {
		{settings->state_directory, SANDBOX_WRITE},
		/* A policy directory may be replaced as a whole. */
		{holder(settings->policy_directory, policy), SANDBOX_READ},
		{settings->policy_directory, SANDBOX_READ},
		{holder(shadow_directory, shadow), SANDBOX_READ},
		{shadow_directory, SANDBOX_READ},
		/* The sockets are removed at the end. */
		{holder(settings->authorize.socket, authorize), SANDBOX_REMOVE},
		{holder(settings->admin.socket, admin), SANDBOX_REMOVE},
		/* The last, for it may not be configured. */
		{holder(settings->metrics_file, metrics), SANDBOX_WRITE},
	};
	size_t count = ARRAY_COUNT(paths) - (settings->metrics_file[0] == '\0' ? 1 : 0);

	return sandbox_limit_files(paths, count, why);
}

/* A failure that was not asked to matter is a line in the log. */
static enum error judge(const struct settings *settings, const struct log *log, enum error error,
			const char *what, struct buf *reason, struct buf *why)
{
	if (error == ERR_NONE)
		return ERR_NONE;
	if (settings->sandbox == SANDBOX_REQUIRE) {
		buf_printf(why, "sandbox.mode is require, and %s are not limited: %s", what,
			   buf_text(reason));
		return error;
	}
	log_warning(log, "sandbox.missing", "%s are not limited: %s", what, buf_text(reason));
	return ERR_NONE;
}

enum error sandbox_enter(const struct settings *settings, const struct log *log, struct buf *why)
{
	bool kills = settings->sandbox_violation == VIOLATION_KILLS;
	enum error files, calls, error;
	struct buf reason;

	if (settings->sandbox == SANDBOX_OFF) {
		log_warning(log, "sandbox.off", "sandbox.mode is off: nothing is given up");
		return ERR_NONE;
	}
	buf_init(&reason, LOG_MESSAGE_MAX);
	files = limit_files(settings, &reason);
	error = judge(settings, log, files, "files", &reason, why);
	buf_clear(&reason);
	calls = error == ERR_NONE ? sandbox_limit_calls(kills, &reason) : error;
	if (error == ERR_NONE)
		error = judge(settings, log, calls, "system calls", &reason, why);
	buf_deinit(&reason);
	if (files == ERR_NONE && calls == ERR_NONE)
		log_info(log, "sandbox.entered", "files and system calls are limited%s",
			 kills ? "; a violation ends the daemon" : "");
	return error;
}
