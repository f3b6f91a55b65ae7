/* The real daemon, in a directory of its own. */
#include "winrm-host/daemon_real.h"

#include <string.h>

#include "winrm-host/daemon_control.h"
#include "winrm-host/users.h"

static void start(void)
{
	if (!real_runs())
		real_start();
}

/* Another policy, by a new start: connections end, user records stay. */
static bool set_mode(const char *mode)
{
	bool was_running = real_runs();

	if (strcmp(mode, "chaos") == 0)
		return true; /* what real life is to it, the scenario does */
	if (strcmp(mode, "deny") != 0 && strcmp(mode, "answer") != 0)
		return false;
	real_kill();
	real_write_policy(strcmp(mode, "deny") == 0 ? users_policy_deny_all : users_policy);
	if (was_running)
		real_start();
	return true;
}

static bool await(unsigned long question_count)
{
	(void)question_count;
	return false;
}

static bool get(const char *name, unsigned long *value)
{
	(void)name;
	(void)value;
	return false;
}

static bool check_audit(uint64_t allowed_users, uint64_t allowed_operations, bool exactly)
{
	struct audit_rows rows = {.users = 0};

	real_add_rows(&rows);
	audit_rows_check(&rows, allowed_users, allowed_operations, exactly);
	return true;
}

const struct daemon_control *daemon_real(void)
{
	static const struct daemon_control control = {
		.start = start,
		.kill = real_kill,
		.set_mode = set_mode,
		.await = await,
		.get = get,
		.check_audit = check_audit,
		.close = real_close,
	};

	real_open();
	return &control;
}
