/* The daemon that a scenario runs with: the fake one, as a process, or where there is one the real
 * wsauthzd in a directory of its own. The plug-in's settings Endpoint and ServerOwner follow it. */
#ifndef WINRM_HOST_DAEMON_CONTROL_H
#define WINRM_HOST_DAEMON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct daemon_control {
	void (*start)(void);
	void (*kill)(void);
	/* As the fake daemon calls it. False when this daemon has no such mode. */
	bool (*set_mode)(const char *mode);
	/* Waits until so many questions came since the start. False when that cannot be told. */
	bool (*await)(unsigned long question_count);
	/* One of the fake daemon's statistics. False when there is no such. */
	bool (*get)(const char *name, unsigned long *value);
	/* Checks that every user and operation that the host was allowed has a row in the audit, and
	 * returns how many rows allow. Rules: "allowed-without-row". False when there is no audit. */
	bool (*check_audit)(uint64_t allowed_users, uint64_t allowed_operations, bool exactly);
	void (*close)(void);
};

/* `path` is that of fake-wsauthzd. Nothing runs yet. */
const struct daemon_control *daemon_fake(const char *path);

/* Absent where only the plug-in is built. */
const struct daemon_control *daemon_real(void);

#endif
