/*
 * The daemon as a service: what it and the service manager tell each other, how it is installed, and
 * what the manager knows of it. `why`: platform/why.h.
 */
#ifndef PLATFORM_SERVICE_H
#define PLATFORM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* What the service manager asks of the daemon other than by signals. */
enum service_request {
	SERVICE_ASKS_STOP,
	SERVICE_ASKS_RELOAD, /* the policy */
};

/* The argument that the service manager of Windows starts this program with, and on which main() has
 * service_run() call `run(arg)`, as the body of the service; returns what it returned, or 1 when
 * somebody else started the program. Elsewhere it just calls. Once a process. */
#define SERVICE_ARGUMENT "--service"
int service_run(int (*run)(void *arg), void *arg);

/* Has `on_request` called, on any thread, for each request of the service manager until the next
 * call; NULL for none. When it returns the function before is not running any more. */
void service_listen(void (*on_request)(void *arg, enum service_request request), void *arg);

/* Registers this program as a service that starts with the machine and serves with the configuration
 * `config_path`, makes the directories of platform_paths() and the log's event source; an
 * installation that is there is brought up to date. And the reverse, which stops the service first
 * and leaves the directories. On systems whose service manager reads files instead: ERR_UNSUPPORTED.
 * All errors with `why`. Needs an administrator. */
enum error service_install(const char *config_path, struct buf *why) ATTR_MUST_CHECK;
enum error service_uninstall(struct buf *why) ATTR_MUST_CHECK;

/* Writes one newline to `descriptor` and closes it: "ready" for whoever started us with
 * --ready-fd. */
enum error ready_fd_notify(int descriptor) ATTR_MUST_CHECK;

/* Sends `state`, "READY=1" or "STOPPING=1", to the service manager, and "WATCHDOG=1" to one that
 * wants it, by the protocol of sd_notify(3) or as the state of the service. Does nothing and
 * succeeds when there is no manager. */
enum error service_notify(const char *state) ATTR_MUST_CHECK;

/* The sockets that the manager listens on for us, by the protocol of sd_listen_fds(3): their number,
 * 0 without any. */
unsigned service_socket_count(void);

/* The one of them that listens at `path`: a descriptor, which is the caller's to close, once; -1
 * when there is none. */
int service_socket_take(const char *path);

/* How often the manager wants WATCHDOG=1: half its time-out in milliseconds, 0 for never. */
uint64_t service_watchdog_ms(void);

/* What the service manager knows of the service. */

enum { SERVICE_COMMAND_MAX = 8192, SERVICE_ACCOUNT_MAX = 512 }; /* bytes with the zero */

enum service_start {
	SERVICE_STARTS_WITH_MACHINE,
	SERVICE_STARTS_ON_REQUEST,
	SERVICE_STARTS_NEVER,
};

/* What an older system, or one that is not the real thing, may not tell. */
enum service_fact { SERVICE_FACT_UNKNOWN, SERVICE_FACT_YES, SERVICE_FACT_NO };

struct service_facts {
	char command[SERVICE_COMMAND_MAX]; /* with its arguments */
	char account[SERVICE_ACCOUNT_MAX]; /* "NT AUTHORITY\\LocalService" */
	enum service_start start;
	bool is_alone; /* in its process */
	bool runs;
	uint64_t pid;               /* 0 unless it runs */
	enum service_fact has_sid;  /* its own, in its token */
	enum service_fact restarts; /* when it fails */
};

/* ERR_NOT_FOUND when there is no service wsauthz; ERR_DENIED, ERR_LIMIT and so on. All with `why`. */
enum error service_inspect(struct service_facts *out, struct buf *why) ATTR_MUST_CHECK;

#endif
