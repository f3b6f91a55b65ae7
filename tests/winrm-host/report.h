/*
 * What a run found: counters, broken rules, and the trace. Any thread.
 *
 * A broken rule is named, counted and printed; a run without broken rules has passed. The trace has
 * one JSON object a line, with the numbers that WinRM's own trace gives to the same events.
 */
#ifndef WINRM_HOST_REPORT_H
#define WINRM_HOST_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum report_counter {
	REPORT_USER_CALLS,      /* calls of WSManPluginAuthzUser */
	REPORT_OPERATION_CALLS, /* of WSManPluginAuthzOperation */
	REPORT_QUOTA_CALLS,     /* of WSManPluginAuthzQueryQuota */
	REPORT_COMPLETIONS,
	REPORT_LATE_COMPLETIONS,  /* after the host gave up on the call */
	REPORT_EARLY_COMPLETIONS, /* before the callback returned */
	REPORT_ALLOWED_USERS,
	REPORT_ALLOWED_OPERATIONS,
	REPORT_DENIALS,
	REPORT_CONTEXTS_RETURNED,
	REPORT_CONTEXTS_RELEASED,
	REPORT_DEFAULT_QUOTAS, /* the plug-in left the quota to the host */
	REPORT_SLOW_CALLBACKS, /* took more than 50 ms */
	REPORT_COUNTER_COUNT
};

void report_open(const char *trace_path); /* NULL for no trace */
void report_close(void);

void report_count(enum report_counter counter);
uint64_t report_get(enum report_counter counter);

/* The counter of this name, such as "user_calls"; REPORT_COUNTER_COUNT when there is none. */
enum report_counter report_find(const char *name);

/* A rule was broken. */
void report_broken(const char *rule, const char *format, ...);

/* How often this rule was broken; with NULL, any. */
size_t report_broken_count(const char *rule);

/* This rule was to be broken: what was counted of it does not fail the run. */
void report_forgive(const char *rule);

/* A line of the trace: an event's number, whom and what it was about, and a code. */
void report_event(unsigned event, const char *user, const char *subject, uint32_t code);

/* How long a callback took. */
void report_duration(int64_t duration_us);

/* The duration that this share, in thousandths, of the callbacks did not exceed. */
int64_t report_quantile_us(unsigned thousandths);

#endif
