/*
 * The real wsauthzd in a private directory: configuration, policy, sockets, state and log.
 * Readiness is an event (--ready-fd), so nobody sleeps. POSIX; one thread.
 */
#ifndef TESTS_SUPPORT_DAEMON_H
#define TESTS_SUPPORT_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support/tmpdir.h"

struct daemon_options {
	const char
		*policy; /* content of policy/policy.cedar; NULL to leave the directory as it is */
	const char *settings; /* YAML appended to the configuration below, or NULL */
	const char *program;  /* a wsauthzd of the test's own; NULL: the one that was built */
	/* The test plays the service manager and listens at the two paths for the daemon, over
	 * restarts. */
	bool passes_sockets;
};

struct daemon {
	struct tmpdir dir;
	const char *program;
	char authorize_path[128]; /* socket of the authorize endpoint */
	char admin_path[128];
	char config_path[128];
	char policy_dir[128];
	char state_dir[128];
	char log_path[128]; /* what the daemon wrote to stderr, appended over restarts */
	pid_t pid;          /* -1 while it does not run */
	int passed[2];      /* sockets that the test listens on; -1 without */
};

/* Makes the directory and the configuration; starts nothing. */
void daemon_init(struct daemon *daemon, const struct daemon_options *options);

/* Starts the daemon and returns once it is ready. False when it ended before: `*exit_code` (may be
 * NULL) is then its exit status, 128 + signal when it was killed. */
bool daemon_start(struct daemon *daemon, int *exit_code);

/* SIGTERM, waits; returns the exit status as above. */
int daemon_stop(struct daemon *daemon);

/* SIGKILL, waits. */
void daemon_kill(struct daemon *daemon);

/* Stops the daemon if it runs and removes the directory. Prints the log to stderr first when
 * `show_log`. */
void daemon_deinit(struct daemon *daemon, bool show_log);

/* The whole log so far, zero-terminated, to be freed by the caller. */
char *daemon_log(const struct daemon *daemon);

/* Blocks until the log holds `text`; false when the daemon ended without it. The bound of the whole
 * test is ctest's. */
bool daemon_wait_log(const struct daemon *daemon, const char *text);

/* Writes policy/NAME. */
void daemon_write_policy(const struct daemon *daemon, const char *name, const char *text);

#endif
