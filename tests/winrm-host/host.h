/*
 * The model of the WinRM host: applications, user records, operations and quotas, in the order of
 * calls that the contract documents. A request may come from any thread; what a request meets is
 * its outcome, as its client would see it.
 *
 * Rules: "leftover-contexts", "module-stays", "shutdown-failed", "threads-left" and those of
 * calls.h.
 */
#ifndef WINRM_HOST_HOST_H
#define WINRM_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "winrm-host/port.h"
#include "winrm-host/verbs.h"

enum outcome {
	OUTCOME_OK,
	OUTCOME_DENIED,     /* SOAP fault, WSManFault code 5 */
	OUTCOME_REDIRECTED, /* HTTP 302 */
	OUTCOME_FAILED,     /* a failure without detail */
	OUTCOME_TIMED_OUT,  /* 0x80338029 */
	OUTCOME_QUOTA,      /* wsman:QuotaLimit */
	OUTCOME_HTTP_500,   /* the application did not start */
	OUTCOME_COUNT
};

const char *outcome_name(enum outcome outcome);

struct host_options {
	bool supports_quota;  /* SupportsQuota of the configuration */
	bool lets_first_race; /* first requests of one user are not gathered into one */
	bool impersonates;
	bool gives_no_token;
	bool gives_garbage_certificate;
	uint32_t startup_flags;
	int64_t operation_timeout_ms, idle_ms, refresh_ms;
	const char *mechanism;
};

void host_open(const struct host_options *opened_with);

/* Ends what is open, shuts all applications down, and checks that nothing is left behind. */
void host_close(void);

/* May be changed while no request runs. */
struct host_options *host_options(void);
void host_apply_options(void);

/* Loads the plug-in by name or path; ends the program when it cannot be loaded. Unloading expects
 * that no application runs. */
void host_load(const char *plugin);
void host_unload(void);

/* Starts the application `name`: what the plug-in's Startup returned. An application that did not start answers with HTTP 500. */
uint32_t host_start(const char *name);

/* Releases the contexts of user records and calls the plug-in's Shutdown. Questions that are open
 * are left to it; operations that last must have been ended. */
void host_stop(const char *name);

struct operation; /* one that lasts */

/* A request to the application `name` of a user, "alice" of the domain CONTOSO. A long operation that was allowed is
 * returned, when the caller wants it, and else ended at once. */
enum outcome host_request(const char *name, const char *user, const struct verb *verb,
			  const char *resource_uri, struct operation **lasting);

/* A follow-on request of a lasting operation. */
enum outcome host_follow(struct operation *operation, const struct verb *verb);

void host_end(struct operation *operation);

/* Moves the host's clock on; ends the user records that are idle for too long. */
void host_advance(int64_t ms);

#endif
