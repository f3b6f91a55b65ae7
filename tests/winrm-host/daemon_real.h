/* The real daemon as each system runs it; daemon_real.c makes a struct daemon_control of it. */
#ifndef WINRM_HOST_DAEMON_REAL_H
#define WINRM_HOST_DAEMON_REAL_H

#include <stdbool.h>

#include "winrm-host/audit_rows.h"

/* Makes its directory with users_policy, and sets the plug-in's settings. It does not run yet. */
void real_open(void);

bool real_runs(void);

/* Returns when it serves. Not when it runs already. */
void real_start(void);

/* Ends it at once. Nothing when it does not run. */
void real_kill(void);

/* Takes effect when it starts. */
void real_write_policy(const char *text);

/* Adds up the rows of all segments of its audit. */
void real_add_rows(struct audit_rows *rows);

/* Ends it and removes its directory. */
void real_close(void);

#endif
