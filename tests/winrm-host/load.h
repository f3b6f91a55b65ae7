/* Requests from several threads at a time, and a daemon that is killed and started again meanwhile. */
#ifndef WINRM_HOST_LOAD_H
#define WINRM_HOST_LOAD_H

#include "winrm-host/daemon_control.h"
#include "winrm-host/host.h"

struct load_plan {
	const char *application, *user, *resource_uri; /* copied */
	const struct verb *verb;
	unsigned outcomes; /* expected: a bit for each */
	uint64_t count;
	unsigned user_count; /* above 1, users are numbered: op0, op1, ... */
	unsigned thread_count;
	unsigned restart_count; /* evenly over the requests */
	const struct daemon_control *daemon;
};

struct load_result {
	uint64_t count, unexpected_count;
	enum outcome unexpected; /* the last one */
};

struct load;

struct load *load_start(const struct load_plan *plan);

/* Restarts the daemon as planned, and waits until all requests have their outcome. */
struct load_result load_join(struct load *load);

#endif
