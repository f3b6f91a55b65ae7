/* In a process group of its own. */
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include "support/daemon.h"
#include "winrm-host/daemon_real.h"
#include "winrm-host/port.h"
#include "winrm-host/report.h"
#include "winrm-host/users.h"

static struct daemon daemon_process;

void real_open(void)
{
	char owner[16];

	daemon_init(&daemon_process, &(struct daemon_options){.policy = users_policy});
	snprintf(owner, sizeof(owner), "%u", (unsigned)getuid());
	setting_put_text("Endpoint", daemon_process.authorize_path);
	setting_put_text("ServerOwner", owner);
}

bool real_runs(void)
{
	return daemon_process.pid > 0;
}

void real_start(void)
{
	if (!daemon_start(&daemon_process, NULL)) {
		daemon_deinit(&daemon_process, true);
		port_fail("the daemon did not start");
	}
}

void real_kill(void)
{
	if (real_runs())
		daemon_kill(&daemon_process);
}

void real_write_policy(const char *text)
{
	daemon_write_policy(&daemon_process, "policy.cedar", text);
}

void real_add_rows(struct audit_rows *rows)
{
	char pattern[160];
	glob_t segments;

	snprintf(pattern, sizeof(pattern), "%s/audit-*.db", daemon_process.state_dir);
	if (glob(pattern, 0, NULL, &segments) != 0)
		port_fail("%s: no audit", pattern);
	for (size_t i = 0; i < segments.gl_pathc; i++)
		audit_rows_add(rows, segments.gl_pathv[i]);
	globfree(&segments);
}

void real_close(void)
{
	daemon_deinit(&daemon_process, report_broken_count(NULL) != 0);
}
