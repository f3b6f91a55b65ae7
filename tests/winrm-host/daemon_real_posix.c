/* The real daemon, in a process group and a directory of its own. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/daemon.h"
#include "winrm-host/audit_rows.h"
#include "winrm-host/daemon_control.h"
#include "winrm-host/port.h"
#include "winrm-host/report.h"
#include "winrm-host/users.h"

static struct daemon daemon_process;

static void start(void)
{
	if (daemon_process.pid < 0 && !daemon_start(&daemon_process, NULL)) {
		daemon_deinit(&daemon_process, true);
		port_fail("the daemon did not start");
	}
}

static void kill_process(void)
{
	if (daemon_process.pid > 0)
		daemon_kill(&daemon_process);
}

/* Another policy, by a new start: connections end, user records stay. */
static bool set_mode(const char *mode)
{
	bool was_running = daemon_process.pid > 0;

	if (strcmp(mode, "chaos") == 0)
		return true; /* what real life is to it, the scenario does */
	if (strcmp(mode, "deny") != 0 && strcmp(mode, "answer") != 0)
		return false;
	kill_process();
	daemon_write_policy(&daemon_process, "policy.cedar",
			    strcmp(mode, "deny") == 0 ? users_policy_deny_all : users_policy);
	if (was_running)
		start();
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
	char pattern[160];
	glob_t segments;

	snprintf(pattern, sizeof(pattern), "%s/audit-*.db", daemon_process.state_dir);
	if (glob(pattern, 0, NULL, &segments) != 0)
		port_fail("%s: no audit", pattern);
	for (size_t i = 0; i < segments.gl_pathc; i++)
		audit_rows_add(&rows, segments.gl_pathv[i]);
	globfree(&segments);
	audit_rows_check(&rows, allowed_users, allowed_operations, exactly);
	return true;
}

static void close_daemon(void)
{
	daemon_deinit(&daemon_process, report_broken_count(NULL) != 0);
}

const struct daemon_control *daemon_real(void)
{
	static const struct daemon_control control = {
		.start = start,
		.kill = kill_process,
		.set_mode = set_mode,
		.await = await,
		.get = get,
		.check_audit = check_audit,
		.close = close_daemon,
	};
	char owner[16];

	daemon_init(&daemon_process, &(struct daemon_options){.policy = users_policy});
	snprintf(owner, sizeof(owner), "%u", (unsigned)getuid());
	setting_put_text("Endpoint", daemon_process.authorize_path);
	setting_put_text("ServerOwner", owner);
	return &control;
}
