/*
 * What clients had to deny by themselves, as they report it: counted, logged, and an event of the
 * audit ("client.failures"). Whoever may report can report much, so events have a budget, of each
 * connection and of all together. A report beyond it is counted as every other, and its sums go into
 * the next event there is; at the latest when there is room again, or the daemon stops. Loop thread.
 */
#ifndef SERVER_FAILURE_REPORTS_H
#define SERVER_FAILURE_REPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "proto/authz.h"
#include "server/audit_events.h"
#include "server/metrics.h"

enum {
	/* Events of one connection: at once, and then one each so often. A client of this project
	 * reports at most once a minute, and once more at each connection. */
	FAILURE_REPORTS_BURST = 5,
	FAILURE_REPORTS_EACH_MS = 30 * 1000,
	/* The same, of all connections. */
	FAILURE_REPORTS_ALL_BURST = 50,
	FAILURE_REPORTS_ALL_EACH_MS = 3000,
};

#define FAILURE_REPORTS_OF_CONNECTION LOG_RATE_INIT(FAILURE_REPORTS_BURST, FAILURE_REPORTS_EACH_MS)

/* Reports that became no event of their own, as one. */
struct failure_sum {
	uint64_t report_count;
	uint64_t from_us, to_us; /* the first and the last moment that any of them tells of */
	uint64_t counts[METRICS_FAILURE_COUNT];
};

struct failure_reports {
	const struct log *log;
	const struct clock *clock;
	struct audit_events *events;
	struct metrics *metrics;
	struct log_rate log_rate; /* of lines */
	struct log_rate all;      /* of events */
	struct failure_sum held;
};

/* All are borrowed. */
void failure_reports_init(struct failure_reports *reports, const struct log *log,
			  const struct clock *clock, struct audit_events *events,
			  struct metrics *metrics);

/* Who reports. */
struct failure_reporter {
	uint64_t connection;
	struct str application;
	struct str account;
	struct log_rate *rate; /* of the connection's events */
};

/* Takes in a report, whose counts the pre-scan has bounded in number only. */
void failure_reports_add(struct failure_reports *reports, const struct failure_reporter *reporter,
			 const Wsauthz__FailureReport *report);

/* Makes an event of what was held back when there is room for one; to be called every second or so. */
void failure_reports_tick(struct failure_reports *reports);

/* The same without a look at the budget: before the daemon stops. */
void failure_reports_flush(struct failure_reports *reports);

#endif
